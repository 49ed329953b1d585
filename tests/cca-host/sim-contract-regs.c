/*
 * Contract mode: the registers of a fixed CPU model
 *
 * The ID registers resemble a Neoverse N1 with 48-bit addresses; everything
 * else reads as what was written, or 0.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "sim-contract.h"
#include "sim-user.h"

typedef struct Reg {
    uint64_t id;            /* key of the table */
    uint64_t value[32];     /* up to 2048 bits */
} Reg;

static const struct {
    uint64_t id;
    uint64_t value;
} initial[] = {
    { ARM64_SYS_REG(3, 0, 0, 0, 0), 0x413fd0c1 },           /* MIDR */
    { ARM64_SYS_REG(3, 0, 0, 4, 0), 0x1100000011111111 },   /* PFR0 */
    { ARM64_SYS_REG(3, 0, 0, 4, 1), 0x0000000000000020 },   /* PFR1 */
    { ARM64_SYS_REG(3, 0, 0, 6, 0), 0x0000100010211120 },   /* ISAR0 */
    { ARM64_SYS_REG(3, 0, 0, 6, 1), 0x0000000000100001 },   /* ISAR1 */
    { ARM64_SYS_REG(3, 0, 0, 7, 0), 0x0000000000101125 },   /* MMFR0 */
    { ARM64_SYS_REG(3, 0, 0, 7, 1), 0x0000000010212122 },   /* MMFR1 */
    { ARM64_SYS_REG(3, 0, 0, 7, 2), 0x0000000000001011 },   /* MMFR2 */
    { ARM64_SYS_REG(3, 3, 0, 0, 1), 0x000000008444c004 },   /* CTR */
    { KVM_REG_ARM_PSCI_VERSION, 0x10001 },
};

static GHashTable *regs_of(SimVcpu *vcpu)
{
    return vcpu->backend;
}

static Reg *find(SimVcpu *vcpu, uint64_t id)
{
    return regs_of(vcpu) ? g_hash_table_lookup(regs_of(vcpu), &id) : NULL;
}

static Reg *make(SimVcpu *vcpu, uint64_t id, uint64_t value)
{
    Reg *reg = find(vcpu, id);

    if (!reg) {
        reg = g_new0(Reg, 1);
        reg->id = id;
        g_hash_table_insert(regs_of(vcpu), &reg->id, reg);
    }
    reg->value[0] = value;
    return reg;
}

void sim_contract_init_regs(SimVcpu *vcpu)
{
    const SimConfig *c = sim_config();
    /* More context-aware breakpoints than the fewest breakpoints */
    uint64_t dfr0 = 0x408 | (uint64_t)c->host_bps << 12 |
                    (uint64_t)c->host_wps << 20 |
                    (uint64_t)MIN(c->host_bps, 3) << 28;
    unsigned pmuver = c->host_pmu_counters ? 4 : 0;
    uint64_t sve = sim_sve_limit(vcpu->vm) ? 1ULL << 32 : 0;

    if (regs_of(vcpu)) {
        return;
    }
    vcpu->backend = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
                                          g_free);
    for (size_t i = 0; i < G_N_ELEMENTS(initial); i++) {
        make(vcpu, initial[i].id, initial[i].value);
    }
    find(vcpu, ARM64_SYS_REG(3, 0, 0, 4, 0))->value[0] |= sve;
    make(vcpu, SIM_REG_DFR0, (dfr0 & ~0xf00ULL) | pmuver << 8);
    make(vcpu, SIM_REG_MPIDR, 0x80000000u | (vcpu->id & 15) |
         (vcpu->id >> 4 & 255) << 8);
    make(vcpu, SIM_REG_PMCR, 0x41003000 |
         (uint64_t)c->host_pmu_counters << 11);
    for (unsigned n = 0; n < 31; n++) {
        make(vcpu, SIM_REG_X(n), 0);
    }
    make(vcpu, SIM_REG_PC, 0);
}

void sim_contract_free_regs(SimVcpu *vcpu)
{
    if (regs_of(vcpu)) {
        g_hash_table_unref(regs_of(vcpu));
    }
}

static size_t reg_size(uint64_t id)
{
    return 1u << ((id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT);
}

int sim_contract_get_reg(SimVcpu *vcpu, const struct kvm_one_reg *user)
{
    static const uint64_t zero[32];
    Reg *reg = find(vcpu, user->id);

    return sim_copy_to_user((void *)(uintptr_t)user->addr,
                            reg ? reg->value : zero, reg_size(user->id));
}

int sim_contract_set_reg(SimVcpu *vcpu, const struct kvm_one_reg *user)
{
    uint64_t value[32] = { 0 };

    if (sim_copy_from_user(value, (void *)(uintptr_t)user->addr,
                           reg_size(user->id))) {
        return -EFAULT;
    }
    memcpy(make(vcpu, user->id, 0)->value, value, sizeof(value));
    return 0;
}

int sim_contract_get_reg_list(SimVcpu *vcpu, struct kvm_reg_list *list)
{
    uint64_t count = g_hash_table_size(regs_of(vcpu));
    GHashTableIter it;
    gpointer value;
    uint64_t room, i = 0;

    if (sim_copy_from_user(&room, &list->n, sizeof(room)) ||
        sim_copy_to_user(&list->n, &count, sizeof(count))) {
        return -EFAULT;
    }
    if (room < count) {
        return -E2BIG;
    }
    g_hash_table_iter_init(&it, regs_of(vcpu));
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        if (sim_copy_to_user(&list->reg[i++], &((Reg *)value)->id, 8)) {
            return -EFAULT;
        }
    }
    return 0;
}

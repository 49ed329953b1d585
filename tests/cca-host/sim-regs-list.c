/*
 * KVM_GET_REG_LIST of a Realm's vCPU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "sim-backend.h"
#include "sim-user.h"

#define MAX_REGS 128

static void add(uint64_t ids[MAX_REGS], uint64_t *count, uint64_t id)
{
    g_assert(*count < MAX_REGS);
    ids[(*count)++] = id;
}

/*
 * Generation B lists all core registers, 43 of which it does not take (seen:
 * vCPUs and registers).  Those of the FPU go where there is SVE.
 */
static void add_core_that_cannot_be_set(uint64_t ids[MAX_REGS],
                                        uint64_t *count, bool sve)
{
    /* sp, pstate, sp_el1, elr_el1, spsr[5] */
    static const uint64_t words[] = {
        KVM_REG_ARM_CORE_REG(regs.sp), KVM_REG_ARM_CORE_REG(regs.pstate),
        KVM_REG_ARM_CORE_REG(sp_el1), KVM_REG_ARM_CORE_REG(elr_el1),
        KVM_REG_ARM_CORE_REG(spsr[0]), KVM_REG_ARM_CORE_REG(spsr[1]),
        KVM_REG_ARM_CORE_REG(spsr[2]), KVM_REG_ARM_CORE_REG(spsr[3]),
        KVM_REG_ARM_CORE_REG(spsr[4]),
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        add(ids, count, KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |
            words[i]);
    }
    for (unsigned n = 0; n < 32 && !sve; n++) {
        add(ids, count, SIM_REG_CORE128(
                KVM_REG_ARM_CORE_REG(fp_regs.vregs[0]) + 4 * n));
    }
    add(ids, count, SIM_REG_CORE32(KVM_REG_ARM_CORE_REG(fp_regs.fpsr)));
    add(ids, count, SIM_REG_CORE32(KVM_REG_ARM_CORE_REG(fp_regs.fpcr)));
}

/* Generation A lists what can be set, and nothing else */
int sim_get_reg_list(SimVcpu *vcpu, struct kvm_reg_list *list)
{
    bool sve = vcpu->features & (1u << KVM_ARM_VCPU_SVE);
    bool pmu = vcpu->features & (1u << KVM_ARM_VCPU_PMU_V3);
    uint64_t ids[MAX_REGS];
    uint64_t count = 0, room;

    if (!vcpu->initialised) {
        return -ENOEXEC;
    }
    if (!vcpu->vm->is_realm) {
        return sim_backend()->get_reg_list(vcpu, list);
    }
    for (int n = 0; n < 31; n++) {
        add(ids, &count, SIM_REG_X(n));
    }
    add(ids, &count, SIM_REG_PC);
    if (sim_generation()->lists_all_core) {
        add_core_that_cannot_be_set(ids, &count, sve);
    }
    add(ids, &count, SIM_REG_DFR0);
    if (pmu && sim_generation()->pmcr) {
        add(ids, &count, SIM_REG_PMCR);
    }
    if (sve) {
        add(ids, &count, KVM_REG_ARM64_SVE_VLS);
    }
    if (sim_copy_from_user(&room, &list->n, sizeof(room)) ||
        sim_copy_to_user(&list->n, &count, sizeof(count))) {
        return -EFAULT;
    }
    if (room < count) {
        return -E2BIG;
    }
    return sim_copy_to_user(list->reg, ids, count * sizeof(ids[0]));
}

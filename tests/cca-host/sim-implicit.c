/*
 * Generation B: POPULATE creates a Realm, and the first KVM_RUN activates it
 *
 * Any vCPU's first KVM_RUN does, of one that is powered off and with
 * immediate_exit, too (seen: first run).  What fails before the Realm is marked
 * dead can be tried again; after that mark, which success takes away, all is
 * lost.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "sim-backend.h"

#define FEATURE(n) (1u << (n))

bool sim_implicit_is_active(SimVm *vm)
{
    return sim_generation()->implicit && vm->is_realm &&
           (vm->realm.state == SIM_REALM_ACTIVE ||
            vm->realm.state == SIM_REALM_OFF);
}

int sim_implicit_ensure_created(SimVm *vm)
{
    int ret;

    switch (vm->realm.state) {
    case SIM_REALM_NONE:
        ret = sim_fail("REALM_CREATE") ?: sim_realm_create(vm);
        sim_report_call(vm, "REALM_CREATE", ret, "\"implicit\": true");
        if (!ret) {
            for (guint i = 0; i < vm->vcpus->len; i++) {
                SimVcpu *vcpu = g_ptr_array_index(vm->vcpus, i);

                if (!vcpu->initialised) {
                    sim_complain(vm, "vCPU %u is not initialised when the "
                                 "Realm is created", vcpu->id);
                }
            }
        }
        return ret;
    case SIM_REALM_NEW:
        return 0;
    case SIM_REALM_DEAD:
        return -ENXIO;
    default:
        return -EBUSY;
    }
}

void sim_implicit_vcpu_reset(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;

    if (!sim_generation()->implicit || !vm->is_realm) {
        return;
    }
    if (vm->realm.state != SIM_REALM_NONE) {
        sim_complain(vm, "vCPU %u is initialised after the Realm was created: "
                     "its pc and x0 to x7 are 0 again", vcpu->id);
    }
    memset(vcpu->x, 0, sizeof(vcpu->x));
    vcpu->pc = 0;
}

void sim_implicit_judge_new_vcpu(SimVm *vm, uint64_t id)
{
    if (sim_generation()->implicit && vm->is_realm &&
        vm->realm.state != SIM_REALM_NONE) {
        sim_complain(vm, "vCPU %" PRIu64 " is created after the Realm was: all "
                     "have to be there before", id);
    }
}

/* The n-th vCPU that was made has to have the MPIDR of number n */
static int create_recs(SimVm *vm)
{
    for (guint i = 0; i < vm->vcpus->len; i++) {
        SimVcpu *vcpu = g_ptr_array_index(vm->vcpus, i);
        int ret = sim_fail("VCPU_FINALIZE_REC");

        if (ret) {
            /* as it says */
        } else if (!vcpu->initialised || vcpu->id != i) {
            ret = -ENXIO;
        } else if (!(vcpu->features & FEATURE(KVM_ARM_VCPU_PSCI_0_2)) ||
                   ((vcpu->features & FEATURE(KVM_ARM_VCPU_SVE)) &&
                    !vcpu->sve_finalised)) {
            ret = -EINVAL;
        } else {
            ret = sim_rec_create(vcpu);
        }
        sim_report_call(vm, "VCPU_FINALIZE_REC", ret, "\"vcpu\": %u, \"pc\": "
                        "%" PRIu64 ", \"x0\": %" PRIu64 ", \"implicit\": true",
                        vcpu->id, vcpu->pc, vcpu->x[0]);
        if (ret) {
            return ret;
        }
    }
    return 0;
}

/* Where KVM's table of slots by number has slot @id: include/linux/hash.h */
static unsigned bucket(uint32_t id)
{
    return (id * 0x61c88647u) >> 25;
}

/* In a bucket the slot that came last is first */
static gint by_bucket(gconstpointer a, gconstpointer b)
{
    const SimSlot *s = *(SimSlot *const *)a, *t = *(SimSlot *const *)b;

    return bucket(s->id) != bucket(t->id)
        ? (gint)bucket(s->id) - (gint)bucket(t->id) : (t > s) - (t < s);
}

static int init_ripas(SimVm *vm)
{
    bool measured = sim_generation()->ripas_measured && sim_config()->measure;
    g_autoptr(GPtrArray) slots = g_ptr_array_new();

    for (guint i = vm->slots->len; i > 0; i--) {
        g_ptr_array_add(slots, g_ptr_array_index(vm->slots, i - 1));
    }
    g_ptr_array_sort(slots, by_bucket);
    for (guint i = 0; i < slots->len; i++) {
        SimSlot *slot = g_ptr_array_index(slots, i);
        uint64_t end = slot->gpa + slot->size;
        int ret;

        if (!slot->gmem) {
            continue;
        }
        ret = sim_fail("REALM_INIT_RIPAS");
        if (!ret) {
            if (measured) {
                sim_rim_ripas(&vm->realm.rim, slot->gpa, end, true);
            }
            sim_ranges_add(&vm->realm.ripas, slot->gpa, end);
        }
        ret = MIN(ret, 0);
        sim_report_call(vm, "REALM_INIT_RIPAS", ret, "\"base\": %" PRIu64
                        ", \"size\": %" PRIu64 ", \"implicit\": true",
                        slot->gpa, slot->size);
        if (ret) {
            return ret;
        }
    }
    return 0;
}

static int activate(SimVm *vm)
{
    int ret = create_recs(vm) ?: init_ripas(vm);

    if (ret) {
        return ret;
    }
    sim_realm_judge_activation(vm);
    sim_huge_judge(vm);
    return sim_fail("REALM_ACTIVATE") ?: MIN(sim_backend()->activate(vm), 0);
}

static int first_run(SimVm *vm)
{
    const SimGeneration *g = sim_generation();
    int ret;

    if (!vm->has_vgic) {
        return -g->no_vgic;
    }
    if (!vm->vgic_inited) {
        return -g->vgic_not_ready;
    }
    sim_realm_step(vm, "REALM_ACTIVATE", 0);
    ret = sim_implicit_ensure_created(vm);
    if (ret) {
        return ret;
    }
    ret = activate(vm);
    vm->realm.state = ret ? SIM_REALM_DEAD : SIM_REALM_ACTIVE;
    vm->dead = ret && g->dead_is_eio;
    sim_report_call(vm, "REALM_ACTIVATE", ret, "\"implicit\": true");
    sim_realm_step(vm, "REALM_ACTIVATE", ret);
    return ret;
}

/* The page at the boot pc was never there: "unhandled instruction abort" */
static bool nothing_to_execute(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;
    uint64_t pc = vm->realm.boot_pc;
    SimSlot *slot = sim_slot_at(vm, pc);

    return vcpu->id == 0 && !vcpu->run->immediate_exit && slot && slot->gmem &&
           !vcpu->entered &&
           !sim_ranges_any(&vm->realm.populated, pc, pc + 1);
}

int sim_implicit_before_run(SimVcpu *vcpu)
{
    SimVm *vm = vcpu->vm;
    int ret;

    switch (vm->realm.state) {
    case SIM_REALM_NONE:
    case SIM_REALM_NEW:
        if ((vcpu->features & FEATURE(KVM_ARM_VCPU_PMU_V3)) &&
            !vcpu->pmu_inited) {
            return -EINVAL;
        }
        ret = first_run(vm);
        if (ret) {
            return ret;
        }
        break;
    case SIM_REALM_DEAD:
        if (vm->realm.failed) {
            sim_realm_step(vm, "KVM_RUN", 0);
        }
        return -EINVAL;
    default:
        break;
    }
    if (vm->realm.state == SIM_REALM_ACTIVE && nothing_to_execute(vcpu)) {
        return -ENXIO;
    }
    if (vcpu->mmio_exit && vcpu->run->exit_reason != KVM_EXIT_MMIO) {
        sim_complain(vm, "vCPU %u is run again with another exit_reason than "
                     "KVM left there: its access comes again for ever",
                     vcpu->id);
    }
    if (sim_generation()->bring_up_again && vcpu->id && !vcpu->brought_up &&
        vcpu->powered_off && !vcpu->run->immediate_exit) {
        /* a race in the kernel; here it is always lost once */
        vcpu->brought_up = true;
        return -EAGAIN;
    }
    vcpu->entered |= !vcpu->run->immediate_exit;
    return 0;
}

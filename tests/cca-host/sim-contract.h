/*
 * Contract mode: pieces of the backend that runs no vCPU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_CONTRACT_H
#define CCA_HOST_SIM_CONTRACT_H

#include "sim-backend.h"

/* Behind SimVm.backend */
typedef struct ContractVm {
    int off_event;          /* eventfd: readable once the Realm is off */
    struct kvm_irq_routing_entry *routes;   /* SimVm.routes of them */
    uint64_t its_base, its_size;            /* no ITS: 0 */
    GHashTable *delivered;  /* device << 32 | event -> count of MSIs */
    GHashTable *nowhere;    /* the same of those without an ITS */
} ContractVm;

#define DIRTY_LOG_MANUAL_CAPS \
    (KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET)

/* sim-contract-irq.c: KVM_SIGNAL_MSI, KVM_IRQFD, KVM_SET_GSI_ROUTING */
long sim_contract_irq_ioctl(SimVm *vm, unsigned long req, void *arg);
void sim_contract_irq_free(SimVm *vm);
/* An ITS is at @base */
void sim_contract_set_its(SimVm *vm, uint64_t base);
/* Sends what the VMM signalled through irqfds */
void sim_contract_irq_poll(SimVm *vm);
/*
 * Waits for an MSI since the last call with the same arguments; @nowhere: for
 * one that was sent to where no ITS is. False: none came in a long time.
 */
bool sim_contract_await_msi(SimVm *vm, uint32_t devid, uint32_t data,
                            bool nowhere);

/* sim-contract-caps.c */
int sim_contract_check_extension(SimSystem *sys, SimVm *vm, long cap);

/* sim-contract-regs.c: the registers of a fixed CPU model */
int sim_contract_get_reg(SimVcpu *vcpu, const struct kvm_one_reg *reg);
int sim_contract_set_reg(SimVcpu *vcpu, const struct kvm_one_reg *reg);
int sim_contract_get_reg_list(SimVcpu *vcpu, struct kvm_reg_list *list);
void sim_contract_init_regs(SimVcpu *vcpu);
void sim_contract_free_regs(SimVcpu *vcpu);

/*
 * sim-contract.c: a guest that has nothing to do. Waits for a signal that the VMM
 * has not blocked (-EINTR), or for the Realm's end (0, in vcpu->run)
 */
int sim_contract_wait(SimVcpu *vcpu);

/*
 * sim-exits.c: fills in vcpu->run from the next `exit` setting.  Returns
 * what KVM_RUN returns (0 or -errno), or 1 if no exit is left.
 */
int sim_exit_deliver(SimVcpu *vcpu);
/* Reports what the VMM made of the previous scripted exit */
void sim_exit_result(SimVcpu *vcpu);
/* A number of an exit, in this round */
uint64_t sim_exit_number(const char *text);

/*
 * sim-exit-touch.c: the guest uses its memory.  Returns 0, or what KVM_RUN
 * returns for what it does not have, and then it is called again.
 */
int sim_exit_touch(SimVcpu *vcpu, char **arg);
int sim_exit_poke(SimVcpu *vcpu, char **arg);
int sim_exit_load(SimVcpu *vcpu, char **arg);

/* sim-guard.c: host access to private memory */
void sim_guard_arm(SimVm *vm);
void sim_guard_convert(SimVm *vm, uint64_t gpa, uint64_t size, bool private);
/* The VM ends: its memory is an ordinary part of the VMM's again */
void sim_guard_forget(SimVm *vm);
void sim_guard_slot(SimVm *vm, SimSlot *slot, SimSlotChange change);

#endif

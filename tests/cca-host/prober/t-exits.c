/*
 * Scripted exits, power-off, and host access to private memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

static void memory_faults(Vm *vm)
{
    expect_fault(vm, RAM_BASE + 0x10000, 0x2000, false);
    OK(set_attributes(vm, RAM_BASE + 0x10000, 0x2000, false));
    expect_fault(vm, RAM_BASE + 0x10000, 0x2000, true);
    OK(set_attributes(vm, RAM_BASE + 0x10000, 0x2000, true));
    CHECK(madvise(vm->ram + 0x10000, 0x2000, MADV_DONTNEED) == 0);
    CHECK(report_has("\"DISCARD_SHARED\""));
    CHECK(complaints() == 0);
}

static long inject_abort(Vm *vm)
{
    struct kvm_vcpu_events abort = { .exception.ext_dabt_pending = 1 };

    return xioctl(vm->vcpu[0], KVM_SET_VCPU_EVENTS, &abort);
}

/* KVM_RUN that completes an access and does not enter the guest */
static void complete(Vm *vm)
{
    vm->run[0]->immediate_exit = 1;
    ERR(vcpu_run(vm, 0), EINTR);
    vm->run[0]->immediate_exit = 0;
}

/* Right after the exit it is too early, after the next entry too late */
static void abort_order(void)
{
    Vm *vm = realm_active(1);

    for (unsigned i = 0; i < 4; i++) {
        OK(vcpu_run(vm, 0));
        CHECK(vm->run[0]->exit_reason == KVM_EXIT_MMIO);
        ERR(inject_abort(vm), EINVAL);
        if (i & 1) {
            continue;           /* the access is completed by the next entry */
        }
        complete(vm);
        if (probe_v7) {
            ERR(inject_abort(vm), EINVAL);
        } else {
            OK(inject_abort(vm));
            ERR(inject_abort(vm), EINVAL);
        }
    }
    /* as often as it likes, as long as the guest does not run */
    complete(vm);
    complete(vm);
    if (!probe_v7) {
        OK(inject_abort(vm));
    }
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    ERR(inject_abort(vm), EINVAL);
    CHECK(complaints() == 0);
    CHECK(report_has("\"INJECT_ABORT\"") == !probe_v7);
    vm_free(vm);
}

const ProbeCase abort_cases[] = {
    { "an abort instead of an access is taken between completion and entry",
      abort_order },
    { NULL, NULL }
};

static void mmio(Vm *vm)
{
    struct kvm_run *run = vm->run[0];
    uint32_t data = 0xc0ffee;

    OK(vcpu_run(vm, 0));
    CHECK(run->exit_reason == KVM_EXIT_MMIO && !run->mmio.is_write);
    CHECK(run->mmio.phys_addr == 0x9000018 && run->mmio.len == 4);
    memcpy(run->mmio.data, &data, sizeof(data));
    OK(vcpu_run(vm, 0));
    CHECK(report_has("\"data\": 12648430"));
    CHECK(run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write);
    memcpy(&data, run->mmio.data, sizeof(data));
    CHECK(data == 65);
}

static void all_kinds(void)
{
    Vm *vm = realm_active(1);
    struct kvm_run *run = vm->run[0];

    memory_faults(vm);
    mmio(vm);
    OK(vcpu_run(vm, 0));
    CHECK(run->exit_reason == KVM_EXIT_HYPERCALL);
    CHECK(run->hypercall.nr == 0xc7000000);
    OK(set_reg64(vm, 0, SIM_REG_X(0), -1));
    CHECK(complaints() == 0);
    OK(vcpu_run(vm, 0));
    CHECK(run->exit_reason == KVM_EXIT_INTERNAL_ERROR);
    CHECK(run->internal.suberror == 4);
    ERR(vcpu_run(vm, 0), ENXIO);
    OK(vcpu_run(vm, 0));
    CHECK(run->exit_reason == KVM_EXIT_FAIL_ENTRY);
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    vm_free(vm);
}

static void not_converted(void)
{
    Vm *vm = realm_active(1);

    ERR(vcpu_run(vm, 0), EFAULT);
    ERR(vcpu_run(vm, 0), EFAULT);
    COMPLAINT("was not made shared as its exit asked");
    ERR(set_attributes(vm, RAM_BASE, 4096, true), ENOMEM);
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    COMPLAINT("KVM_RUN is called although SET_MEMORY_ATTRIBUTES failed");
    vm_free(vm);
}

const ProbeCase ignored_cases[] = {
    { "a memory fault that is ignored is a complaint", not_converted },
    { NULL, NULL }
};

const ProbeCase exit_cases[] = {
    { "exits of every kind are delivered in order", all_kinds },
    { NULL, NULL }
};

static void *run_second(void *opaque)
{
    Vm *vm = opaque;

    return (void *)vcpu_run(vm, 1);
}

static void power_off(void)
{
    Vm *vm = realm_active(2);
    pthread_t thread;
    void *ret;

    CHECK(pthread_create(&thread, NULL, run_second, vm) == 0);
    usleep(50000);
    OK(vcpu_run(vm, 0));
    CHECK(vm->run[0]->exit_reason == KVM_EXIT_SYSTEM_EVENT);
    CHECK(vm->run[0]->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN);
    CHECK(report_has("\"state\": \"OFF\""));
    if (probe_v7) {
        ERR(vcpu_run_for(vm, 0, 20), EINTR);
        vm->run[1]->immediate_exit = 1;
        pthread_kill(thread, SIGALRM);
        pthread_join(thread, &ret);
        CHECK((long)ret == -EINTR);
    } else {
        pthread_join(thread, &ret);
        CHECK(ret == NULL);
        CHECK(vm->run[1]->exit_reason == KVM_EXIT_SHUTDOWN);
        OK(vcpu_run(vm, 0));
        CHECK(vm->run[0]->exit_reason == KVM_EXIT_SHUTDOWN);
    }
    vm_free(vm);
}

static bool event_seen;

/* Returns true if it came first */
static void *run_and_look(void *opaque)
{
    OK(vcpu_run(opaque, 1));
    return (void *)(uintptr_t)!__atomic_load_n(&event_seen, __ATOMIC_SEQ_CST);
}

/*
 * As it was seen with version 7: some vCPUs leave, and once. Returns true if
 * the other one left first.
 */
static bool off_observed(void)
{
    Vm *vm = realm_active(2);
    pthread_t thread;
    void *first;

    event_seen = false;
    CHECK(pthread_create(&thread, NULL, run_and_look, vm) == 0);
    usleep(50000);
    OK(vcpu_run(vm, 0));
    __atomic_store_n(&event_seen, true, __ATOMIC_SEQ_CST);
    CHECK(vm->run[0]->exit_reason == KVM_EXIT_SYSTEM_EVENT);
    pthread_join(thread, &first);
    CHECK(vm->run[1]->exit_reason == KVM_EXIT_UNKNOWN);
    CHECK(vm->run[1]->hw.hardware_exit_reason == 0x8000003004);
    ERR(vcpu_run_for(vm, 1, 20), EINTR);
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    vm_free(vm);
    return first;
}

static void off_order(void)
{
    CHECK(off_observed());
}

static void off_last(void)
{
    CHECK(!off_observed());
}

const ProbeCase off_before_cases[] = {
    { "a vCPU leaves before the one that turned the Realm off", off_order },
    { NULL, NULL }
};

const ProbeCase off_after_cases[] = {
    { "a vCPU leaves after the one that turned the Realm off", off_last },
    { NULL, NULL }
};

const ProbeCase off_cases[] = {
    { "after a power-off every vCPU is shut down, or sleeps in v7",
      power_off },
    { NULL, NULL }
};

static void off_and_run(uint32_t reason)
{
    Vm *vm = realm_active(1);

    OK(vcpu_run(vm, 0));
    CHECK(vm->run[0]->exit_reason == KVM_EXIT_SYSTEM_EVENT);
    vm->run[0]->system_event.type = 0;
    OK(vcpu_run(vm, 0));
    CHECK(vm->run[0]->exit_reason == reason);
    /* the address of an earlier access, which nobody wiped */
    CHECK(reason != KVM_EXIT_UNKNOWN ||
          vm->run[0]->hw.hardware_exit_reason == 0x8000003004);
    CHECK(reason != KVM_EXIT_SYSTEM_EVENT ||
          vm->run[0]->system_event.type == KVM_SYSTEM_EVENT_RESET);
    vm_free(vm);
}

/* Each of six in turn, whichever vCPU it is */
static void off_any(void)
{
    Vm *vm = realm_active(1);
    unsigned events[KVM_SYSTEM_EVENT_CRASH + 1] = { 0 };
    unsigned reset2 = 0, unknown = 0, shut = 0;

    OK(vcpu_run(vm, 0));
    for (int i = 0; i < 12; i++) {
        const struct kvm_run *run = vm->run[0];

        OK(vcpu_run(vm, 0));
        unknown += run->exit_reason == KVM_EXIT_UNKNOWN;
        shut += run->exit_reason == KVM_EXIT_SHUTDOWN;
        if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT &&
            run->system_event.type <= KVM_SYSTEM_EVENT_CRASH) {
            events[run->system_event.type]++;
            reset2 += run->system_event.ndata == 1 &&
                      run->system_event.data[0] ==
                      KVM_SYSTEM_EVENT_RESET_FLAG_PSCI_RESET2;
        }
    }
    CHECK(unknown == 2 && shut == 2 && reset2 == 2);
    CHECK(events[KVM_SYSTEM_EVENT_SHUTDOWN] == 2);
    CHECK(events[KVM_SYSTEM_EVENT_RESET] == 4);
    CHECK(events[KVM_SYSTEM_EVENT_CRASH] == 2);
    vm_free(vm);
}

const ProbeCase off_any_cases[] = {
    { "a VM that is off leaves with everything in turn, if the settings say so",
      off_any },
    { NULL, NULL }
};

static void off_unknown(void)
{
    off_and_run(KVM_EXIT_UNKNOWN);
}

static void off_reset(void)
{
    off_and_run(KVM_EXIT_SYSTEM_EVENT);
}

const ProbeCase off_unknown_cases[] = {
    { "after a power-off a vCPU leaves as in v8", off_unknown },
    { NULL, NULL }
};

const ProbeCase off_reset_cases[] = {
    { "after a power-off a vCPU leaves with one more event", off_reset },
    { NULL, NULL }
};

static void odd_exits(void)
{
    Vm *vm = realm_active(1);
    struct kvm_run *run = vm->run[0];

    ERR(vcpu_run(vm, 0), EFAULT);
    CHECK(run->exit_reason == KVM_EXIT_MEMORY_FAULT);
    CHECK(run->memory_fault.flags == 0x10);
    OK(vcpu_run(vm, 0));
    CHECK(run->exit_reason == KVM_EXIT_SYSTEM_EVENT);
    CHECK(run->system_event.type == KVM_SYSTEM_EVENT_SUSPEND);
    CHECK(report_has("\"state\": \"ACTIVE\""));
    vm_free(vm);
}

static void rounds(void)
{
    Vm *vm = realm_active(1);
    struct kvm_run *run = vm->run[0];

    for (unsigned i = 0; i < 3; i++) {
        OK(vcpu_run(vm, 0));
        CHECK(run->exit_reason == KVM_EXIT_MMIO);
        CHECK(run->mmio.phys_addr == 0x9000000 + i * 0x10 % 0x20);
    }
    CHECK(report_has("\"rounds\": 2"));
    CHECK(!report_has("\"rounds\": 3"));
    vm_free(vm);
}

/* The signal does not win over the exit that comes with it */
static void kicked(void)
{
    Vm *vm = realm_active(1);

    OK(vcpu_run_for(vm, 0, 20));
    CHECK(vm->run[0]->exit_reason == KVM_EXIT_SYSTEM_EVENT);
    CHECK(vm->run[0]->system_event.type == KVM_SYSTEM_EVENT_RESET);
    vm_free(vm);
}

const ProbeCase kicked_cases[] = {
    { "an exit can come with the signal", kicked },
    { NULL, NULL }
};

const ProbeCase round_cases[] = {
    { "exits repeat, with numbers that step", rounds },
    { NULL, NULL }
};

const ProbeCase odd_exit_cases[] = {
    { "flags and system events that no Realm has are delivered", odd_exits },
    { NULL, NULL }
};

static void private_read(void)
{
    Vm *vm = realm_active(1);
    unsigned before = complaints();

    vm->ram[0x5000] = 1;
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    COMPLAINT("accessed private memory at guest address 0x40005000");
    CHECK(vm->ram[0x5000] == 1);
    CHECK(complaints() == before + 1);
    vm_free(vm);
}

static void shared_read(void)
{
    Vm *vm = realm_active(1);
    unsigned before = complaints();

    ERR(vcpu_run(vm, 0), EFAULT);
    OK(set_attributes(vm, RAM_BASE + 0x10000, 0x1000, false));
    vm->ram[0x10000] = 7;
    ERR(vcpu_run(vm, 0), EFAULT);
    CHECK(complaints() == before);
    OK(set_attributes(vm, RAM_BASE + 0x10000, 0x1000, true));
    vm->ram[0x10000] = 8;
    vcpu_run_for(vm, 0, 20);
    CHECK(complaints() == before + 1);
    vm_free(vm);
}

static void still_resident(void)
{
    Vm *vm = realm_active(1);

    vcpu_run_for(vm, 0, 20);
    CHECK(report_has("\"populated-still-shared-bytes\": 4096"));
    vm_free(vm);
    vm = realm_active(1);
    CHECK(madvise(vm->ram, RAM_SIZE, MADV_DONTNEED) == 0);
    vcpu_run_for(vm, 0, 20);
    CHECK(report_has("\"populated-still-shared-bytes\": 0"));
    vm_free(vm);
}

static void punched_file(void)
{
    int fd = memfd_create("ram", MFD_CLOEXEC);
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);
    void *ram;
    long gmem;

    CHECK(ftruncate(fd, SLOT_SIZE) == 0);
    ram = mmap(NULL, SLOT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    gmem = OK(create_gmem(vm, SLOT_SIZE, 0));
    OK(memslot(vm, 0, KVM_MEM_GUEST_MEMFD, RAM_BASE, SLOT_SIZE, ram, gmem,
               0));
    CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0x3000,
                    0x2000) == 0);
    CHECK(report_has("\"gpa\": 1073754112, \"size\": 8192, "
                     "\"how\": \"fallocate\""));
    close(gmem);
    vm_free(vm);
    munmap(ram, SLOT_SIZE);
    close(fd);
}

/* What the child says is read here: a test that passes prints no crash */
static void aborts(void)
{
    Vm *vm = realm_active(1);
    int status, fd = memfd_create("stderr", MFD_CLOEXEC);
    char said[256] = "";
    pid_t child = fork();

    if (child == 0) {
        dup2(fd, STDERR_FILENO);
        vm->ram[0x5000] = 1;
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(pread(fd, said, sizeof(said) - 1, 0) > 0);
    CHECK(strstr(said, "the host accessed private guest memory"));
    close(fd);
    vm_free(vm);
}

const ProbeCase guard_abort_cases[] = {
    { "host access to private memory aborts if the settings say so",
      aborts },
    { NULL, NULL }
};

const ProbeCase guard_cases[] = {
    { "host access to shared memory is no complaint", shared_read },
    { "host access to private memory is one", private_read },
    { "a hole in the file behind a slot is seen", punched_file },
    { "shared copies of populated pages are counted", still_resident },
    { NULL, NULL }
};

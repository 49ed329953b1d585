/*
 * Generation B: KVM_ARM_RMI_POPULATE
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <sys/mman.h>

#include "b.h"

#define END (RAM_BASE + RAM_SIZE)

static void arguments(void)
{
    struct sim_abi_populate_b arg = {
        .base = RAM_BASE, .size = PAGE, .source_uaddr = (uintptr_t)b_source(),
        .reserved = 1,
    };
    Vm *vm = b_vcpus(1, 0);

    ERR(b_populate(vm, RAM_BASE + 1, PAGE, 0), EINVAL);
    ERR(b_populate(vm, RAM_BASE, PAGE + 1, 0), EINVAL);
    ERR(b_populate(vm, RAM_BASE, PAGE, 2), EINVAL);
    ERR(xioctl(vm->fd, b->populate, &arg), EINVAL);
    COMPLAINT("reserved field is set");
    if (b->any_source) {
        CHECK(b_populate_from(vm, RAM_BASE, PAGE, 0,
                              (char *)b_source() + 16) == PAGE);
    } else {
        ERR(b_populate_from(vm, RAM_BASE, PAGE, 0, (char *)b_source() + 16),
            EINVAL);
        COMPLAINT("is not page aligned");
        CHECK(report_has("\"state\": \"NONE\""));
    }
    vm_free(vm);
}

static void creates_though_it_fails(void)
{
    Vm *vm = b_vcpus(1, 0);
    uint64_t dfr0 = get_reg64(vm, 0, SIM_REG_DFR0);

    OK(set_reg64(vm, 0, SIM_REG_DFR0, dfr0 - (1ULL << 20)));
    ERR(b_populate(vm, 0x1000, PAGE, 0), EINVAL);       /* no slot */
    COMPLAINT("no memslot has a guest_memfd");
    CHECK(report_has("\"call\": \"REALM_CREATE\", \"vm\": "));
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, dfr0), EBUSY);
    OK(set_reg64(vm, 0, SIM_REG_DFR0, dfr0 - (1ULL << 20)));
    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    vm_free(vm);
}

static void empty(void)
{
    Vm *vm = b_vcpus(1, 0);
    uint64_t dfr0 = get_reg64(vm, 0, SIM_REG_DFR0);

    if (b->empty_works) {
        CHECK(b_populate(vm, RAM_BASE, 0, 0) == 0);
    } else {
        ERR(b_populate(vm, RAM_BASE, 0, 0), EINVAL);
        COMPLAINT("POPULATE of no page");
    }
    ERR(set_reg64(vm, 0, SIM_REG_DFR0, dfr0 - (1ULL << 20)), EBUSY);
    vm_free(vm);
}

static void sources(void)
{
    Vm *vm = b_vcpus(1, 0);
    char *own = (char *)vm->ram + 0x4000;
    void *hole = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                      0);
    void *readable = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
                          -1, 0);

    ERR(b_populate_from(vm, RAM_BASE, PAGE, 0, NULL), b->no_source);
    CHECK(report_has(b->no_source == EINVAL ? "\"state\": \"NONE\""
                                            : "\"state\": \"NEW\""));
    ERR(b_populate_from(vm, RAM_BASE, PAGE, 0, hole), EFAULT);
    munmap(hole, PAGE);
    ERR(b_populate_from(vm, RAM_BASE, PAGE, 0, hole), EFAULT);
    CHECK(b_populate_from(vm, RAM_BASE, PAGE, 0, readable) == PAGE);
    CHECK(b_populate_from(vm, RAM_BASE + PAGE, PAGE, 0, own) == PAGE);
    munmap(readable, PAGE);
    vm_free(vm);
}

static void destinations(void)
{
    Vm *vm = b_vcpus(1, 0);

    OK(memslot(vm, 2, 0, 0, SLOT_SIZE, vm->ram, -1, 0));
    ERR(b_populate(vm, 0, PAGE, 0), EINVAL);
    COMPLAINT("no memslot has a guest_memfd");
    ERR(b_populate(vm, END, PAGE, 0), EINVAL);
    if (b->attributes) {
        OK(b_set(vm, RAM_BASE, PAGE, false));
        ERR(b_populate(vm, RAM_BASE, PAGE, 0), EINVAL);
        COMPLAINT("is not PRIVATE");
        OK(b_set(vm, RAM_BASE, PAGE, true));
    }
    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    vm_free(vm);
}

static void ends_with_the_slot(void)
{
    uint64_t border = RAM_BASE + SLOT_SIZE;
    Vm *vm = b_vcpus(1, 0);

    CHECK(b_populate(vm, border - PAGE, 3 * PAGE, 0) == PAGE);
    COMPLAINT("is not in one memslot");
    CHECK(b_populate(vm, border, 2 * PAGE, 0) == 2 * PAGE);
    CHECK(report_has("\"populated-bytes\": 12288"));
    vm_free(vm);
}

/* An error after the first page is only seen by the next call */
static void partial(void)
{
    Vm *vm = b_vcpus(1, 0);

    CHECK(b_populate(vm, RAM_BASE + 2 * PAGE, PAGE, MEASURE) == PAGE);
    CHECK(b_populate(vm, RAM_BASE, 4 * PAGE, MEASURE) == 2 * PAGE);
    COMPLAINT("a second time");
    ERR(b_populate(vm, RAM_BASE + 2 * PAGE, 2 * PAGE, MEASURE), ENXIO);
    CHECK(report_has("\"populated-bytes\": 12288"));
    vm_free(vm);
}

static void twice(void)
{
    Vm *vm = b_vcpus(1, 0);

    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    ERR(b_populate(vm, RAM_BASE, PAGE, 0), ENXIO);
    ERR(b_populate(vm, RAM_BASE, PAGE, MEASURE), ENXIO);
    COMPLAINT("a second time");
    if (b->attributes) {
        OK(b_set(vm, RAM_BASE, PAGE, false));
        OK(b_set(vm, RAM_BASE, PAGE, true));
        CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    }
    vm_free(vm);
}

static void wraps(void)
{
    Vm *vm = b_vcpus(1, 0);

    if (b->empty_works) {
        ERR(b_populate(vm, END - PAGE, -RAM_BASE, 0), EINVAL);
        COMPLAINT("is not in the private half");
        ERR(b_populate(vm, END - PAGE, 1ULL << 40, 0), EINVAL);
    } else {
        CHECK(b_populate(vm, END - PAGE, -RAM_BASE, 0) == PAGE);
        COMPLAINT("is not in one memslot");
    }
    vm_free(vm);
}

/* A slot can be there, and an RMM does not give a page of that half */
static void shared_half(void)
{
    Vm *vm = vm_new(b->type, 41);
    uint64_t half = 1ULL << 40;
    int gmem = OK(create_gmem(vm, SLOT_SIZE, 0));

    vm_add_vcpus(vm, 1, PSCI);
    vm->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OK(memslot(vm, 0, KVM_MEM_GUEST_MEMFD, half, SLOT_SIZE, vm->ram, gmem, 0));
    if (b->attributes == 1) {
        OK(set_attributes(vm, half, SLOT_SIZE, true));
    }
    if (b->shared_counts) {
        CHECK(b_populate(vm, half, PAGE, MEASURE) == PAGE);
        COMPLAINT("and KVM says that it is done");
        CHECK(report_has("\"populated-bytes\": 0"));
    } else {
        ERR(b_populate(vm, half, PAGE, MEASURE),
            b->empty_works ? EINVAL : ENXIO);
    }
    vm_free(vm);
}

static void no_vcpu(void)
{
    Vm *vm = b_memory(41);

    ERR(b_populate(vm, RAM_BASE, PAGE, 0), ENXIO);
    vm->vcpu[0] = OK(xioctl(vm->fd, KVM_CREATE_VCPU, 0));
    ERR(b_populate(vm, RAM_BASE, PAGE, 0), ENXIO);
    OK(vcpu_init(vm, 0, PSCI));
    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    vm_free(vm);
}

static void late(void)
{
    Vm *vm = b_active(1);

    ERR(b_populate(vm, RAM_BASE + PAGE, PAGE, 0), EBUSY);
    COMPLAINT("POPULATE of an active Realm");
    vm_free(vm);
}

const ProbeCase b_populate_cases[] = {
    { "POPULATE: alignment, flags, reserved fields are EINVAL", arguments },
    { "the first POPULATE creates the Realm, though it fails",
      creates_though_it_fails },
    { "POPULATE of nothing creates the Realm", empty },
    { "POPULATE reads from any address that can be read", sources },
    { "POPULATE needs a guest_memfd and PRIVATE memory", destinations },
    { "POPULATE ends with the memslot", ends_with_the_slot },
    { "POPULATE that fails midway is a success that is too short", partial },
    { "POPULATE of a page a second time is ENXIO", twice },
    { "POPULATE whose end wraps", wraps },
    { "POPULATE in the shared half is a page done in versions 13 and 14",
      shared_half },
    { "POPULATE before a vCPU is initialised is ENXIO", no_vcpu },
    { "POPULATE of an active Realm is EBUSY", late },
    { NULL, NULL }
};

static void at_most(void)
{
    Vm *vm = b_vcpus(1, 0);

    CHECK(b_populate(vm, RAM_BASE, 4 * PAGE, 0) == 2 * PAGE);
    CHECK(b_populate(vm, RAM_BASE + 2 * PAGE, PAGE, 0) == PAGE);
    vm_free(vm);
}

const ProbeCase b_populate_most_cases[] = {
    { "POPULATE may do less than it is asked for", at_most },
    { NULL, NULL }
};

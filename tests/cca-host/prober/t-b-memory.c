/*
 * Generation B: slots, guest_memfd, the state of memory, conversions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "b.h"

#define PRIVATE KVM_MEMORY_ATTRIBUTE_PRIVATE
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static void owners(void)
{
    Vm *vm = b_memory(41);

    if (b->attributes == 1) {
        OK(set_attributes(vm, RAM_BASE, PAGE, true));
        ERR(b_set_fd(vm->gmem, 0, PAGE, PRIVATE, 0), ENOTTY);
        COMPLAINT("which it does not have in this generation");
    } else {
        ERR(set_attributes(vm, RAM_BASE, PAGE, true), EINVAL);
        COMPLAINT("whose attributes are the guest_memfd's");
        OK(b_set_fd(vm->gmem, 0, PAGE, PRIVATE, 0));
    }
    ERR(b_set_fd(vm->fd, 0, PAGE, PRIVATE, 0), EINVAL);
    COMPLAINT("of the VM and not of a guest_memfd");
    vm_free(vm);
}

static void arguments(void)
{
    Vm *vm = b_memory(41);

    if (b->attributes == 1) {
        ERR(set_attributes(vm, RAM_BASE + 1, PAGE, true), EINVAL);
        ERR(set_attributes(vm, RAM_BASE, 0, true), EINVAL);
        OK(set_attributes(vm, RAM_BASE + RAM_SIZE, PAGE, true));
    } else {
        ERR(b_set_fd(vm->gmem, 1, PAGE, PRIVATE, 0), EINVAL);
        ERR(b_set_fd(vm->gmem, 0, 0, PRIVATE, 0), EINVAL);
        ERR(b_set_fd(vm->gmem, 0, PAGE, PRIVATE, 1), EINVAL);
        ERR(b_set_fd(vm->gmem, 0, PAGE, 4, 0), EINVAL);
        ERR(b_set_fd(vm->gmem, RAM_SIZE, PAGE, PRIVATE, 0), EINVAL);
        OK(b_set_fd(vm->gmem, RAM_SIZE - PAGE, PAGE, PRIVATE, 0));
    }
    vm_free(vm);
}

static void gmem_flags(void)
{
    Vm *vm = vm_new(b->type, 41);
    void *p;

    ERR(create_gmem(vm, SLOT_SIZE, 4), EINVAL);
    vm->gmem = OK(create_gmem(vm, SLOT_SIZE, 0));
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, vm->gmem, 0) == MAP_FAILED &&
          errno == ENODEV);
    close(vm->gmem);
    for (unsigned flags = 1; flags <= 3; flags++) {
        vm->gmem = OK(create_gmem(vm, SLOT_SIZE, flags));
        p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, vm->gmem, 0);
        CHECK((p != MAP_FAILED) == (flags & 1));
        close(vm->gmem);
    }
    vm->gmem = -1;
    vm_free(vm);
}

/* A guest_memfd that starts shared has to be made private */
static void starts_shared(void)
{
    Vm *vm = vm_new(b->type, 41);

    vm_add_vcpus(vm, 1, PSCI);
    vm->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    vm->gmem = OK(create_gmem(vm, SLOT_SIZE, 2));
    OK(memslot(vm, 0, KVM_MEM_GUEST_MEMFD, RAM_BASE, SLOT_SIZE, vm->ram,
               vm->gmem, 0));
    ERR(b_populate(vm, RAM_BASE, PAGE, 0), EINVAL);
    COMPLAINT("is not PRIVATE");
    if (b->attributes == 1) {
        OK(set_attributes(vm, RAM_BASE, PAGE, true));
    } else {
        OK(b_set_fd(vm->gmem, 0, PAGE, PRIVATE, 0));
    }
    CHECK(b_populate(vm, RAM_BASE, PAGE, 0) == PAGE);
    vm_free(vm);
}

static void slots(void)
{
    uint64_t free = RAM_BASE + RAM_SIZE;
    uint32_t gmem = KVM_MEM_GUEST_MEMFD;
    Vm *vm = b_memory(41);

    ERR(memslot(vm, 2, gmem | KVM_MEM_READONLY, free, SLOT_SIZE, vm->ram,
                vm->gmem, 0), EINVAL);
    ERR(memslot(vm, 2, gmem | KVM_MEM_LOG_DIRTY_PAGES, free, SLOT_SIZE,
                vm->ram, vm->gmem, 0), EINVAL);
    ERR(memslot(vm, 0, gmem, free, SLOT_SIZE, vm->ram, vm->gmem, 0), EINVAL);
    ERR(memslot(vm, 2, gmem, free, SLOT_SIZE, vm->ram, vm->gmem, 0), EINVAL);
    OK(memslot(vm, 2, KVM_MEM_READONLY, 0, SLOT_SIZE, vm->ram, -1, 0));
    COMPLAINT("is to be read-only");
    vm_free(vm);
}

static void lost(void)
{
    Vm *vm = b_active(1);

    close(vm->gmem);
    vm->gmem = -1;
    COMPLAINT("its guest_memfd was closed");
    ERR(vcpu_run(vm, 0), ENXIO);
    vm_free(vm);
    vm = b_active(1);
    OK(memslot(vm, 0, 0, RAM_BASE, 0, NULL, -1, 0));
    ERR(vcpu_run(vm, 0), ENXIO);
    vm_free(vm);
}

static void huge_pages(void)
{
    Vm *vm = b_ready(1);

    CHECK(madvise(vm->ram + SLOT_SIZE, PAGE, MADV_HUGEPAGE) == 0);
    ERR(b_run_immediately(vm, 0), EINTR);
    if (b->cap == 249) {
        COMPLAINT("memslot 1 may be of transparent huge pages");
    } else {
        CHECK(!complaints() || !last_complaint_has("huge"));
    }
    vm_free(vm);
}

const ProbeCase b_memory_cases[] = {
    { "the state of memory is told to the right descriptor", owners },
    { "the state of memory: alignment, size, flags, other bits", arguments },
    { "guest_memfd takes two flags, and can be mapped with one", gmem_flags },
    { "a guest_memfd may start shared", starts_shared },
    { "slots: flags, moves, a range used twice", slots },
    { "a closed guest_memfd or a deleted slot takes the memory away", lost },
    { "huge pages below a Realm of version 14 are a complaint", huge_pages },
    { NULL, NULL }
};

/* See ALL_CONVERSIONS in groups.c: RAM to RAM first, as Linux does it */
static void conversions(void)
{
    uint64_t where = RAM_BASE + 0x10000, size = 2 * PAGE;
    unsigned before;
    Vm *vm = b_active(1);

    before = complaints();
    expect_fault(vm, RAM_BASE, RAM_SIZE, true);
    expect_fault(vm, where, size, false);
    if (b->attributes == 2) {
        expect_fault(vm, where, size, false);   /* nothing was done */
        COMPLAINT("comes again and again");
        before = complaints();
        OK(b_set(vm, where, PAGE, false));
        expect_fault(vm, where, size, false);   /* half of it was */
    }
    OK(b_set(vm, where, size, false));
    CHECK(fallocate(vm->gmem, PUNCH, 0x10000, size) == 0);
    vm->ram[0x10000] = 1;
    ERR(b_run_immediately(vm, 0), EINTR);       /* this is no entry */
    expect_fault(vm, where, size, true);
    CHECK(complaints() == before);
    CHECK(madvise(vm->ram + 0x10000, size, MADV_DONTNEED) == 0);
    OK(b_set(vm, where, size, true));
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    CHECK(complaints() == before);
    vm_free(vm);
}

static void ignored(void)
{
    Vm *vm = b_active(1);

    expect_fault(vm, RAM_BASE, RAM_SIZE, true);
    expect_fault(vm, RAM_BASE + 0x10000, 2 * PAGE, false);
    CHECK(pwrite(vm->gmem, "", 1, 0x10000) == 1);
    if (b->attributes != 2) {
        expect_fault(vm, RAM_BASE + 0x10000, 2 * PAGE, true);
    } else {
        expect_fault(vm, RAM_BASE + 0x10000, 2 * PAGE, false);
    }
    COMPLAINT(b->attributes == 0 ? "was not freed when that became shared" :
              b->attributes == 1 ? "was not made shared as its exit asked" :
              "nothing of 0x40010000+0x2000 was made shared");
    vm_free(vm);
}

/* The other Realms of the process have used up the exits */
const ProbeCase b_exit_cases[] = {
    { "conversions: one exit, and in version 16 until all is done",
      conversions },
    { NULL, NULL }
};

const ProbeCase b_ignored_cases[] = {
    { "a conversion that is ignored is a complaint", ignored },
    { NULL, NULL }
};

static void hole(void)
{
    uint64_t end = RAM_BASE + RAM_SIZE;
    Vm *vm = b_active(1);

    expect_fault(vm, end - PAGE, 2 * PAGE, true);
    for (unsigned i = 0; i < 3; i++) {
        if (b->attributes == 2) {
            expect_fault(vm, end - PAGE, 2 * PAGE, true);
            COMPLAINT("comes again and again");
        } else {
            ERR(vcpu_run(vm, 0), b->hole);
        }
    }
    vm_free(vm);
}

const ProbeCase b_hole_cases[] = {
    { "RIPAS RAM of a hole: its use, or in version 16 the request, has no end",
      hole },
    { NULL, NULL }
};

/* One page has no attribute when the guest uses it by its private address */
static void untold(void)
{
    Vm *vm = b_ready(1);

    if (b->attributes) {
        OK(b_set(vm, RAM_BASE + SLOT_SIZE, PAGE, false));
    }
    ERR(b_run_immediately(vm, 0), EINTR);
    if (b->attributes) {
        expect_fault(vm, RAM_BASE + SLOT_SIZE, PAGE, true);
        expect_fault(vm, RAM_BASE + SLOT_SIZE, PAGE, true);
        COMPLAINT("was not made private as its exit asked");
        OK(b_set(vm, RAM_BASE + SLOT_SIZE, PAGE, true));
    }
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    vm_free(vm);
}

const ProbeCase b_untold_cases[] = {
    { "a private use of memory that is not PRIVATE is an exit", untold },
    { NULL, NULL }
};

static void unwritten(void)
{
    uint64_t where = RAM_BASE + 0x10000;
    Vm *vm = b_active(1);

    expect_fault(vm, where, PAGE, false);
    OK(b_set(vm, where, PAGE, false));
    if (b->cap == 249) {
        for (unsigned i = 0; i < 2; i++) {
            ERR(vcpu_run(vm, 0), EFAULT);
            CHECK(vm->run[0]->exit_reason == 0);
            COMPLAINT("which the host never wrote");
        }
        CHECK(madvise(vm->ram + 0x10000, PAGE, MADV_POPULATE_WRITE) == 0 ||
              (vm->ram[0x10000] = 0) == 0);
    }
    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    vm_free(vm);
}

const ProbeCase b_read_cases[] = {
    { "a read of a shared page that nobody wrote is EFAULT in version 14",
      unwritten },
    { NULL, NULL }
};

static void alias(void)
{
    Vm *vm = b_active(1);
    unsigned before = complaints();

    ERR(vcpu_run_for(vm, 0, 20), EINTR);
    CHECK(complaints() == before);
    vm_free(vm);
}

const ProbeCase b_alias_cases[] = {
    { "a shared use of PRIVATE memory is no exit", alias },
    { NULL, NULL }
};

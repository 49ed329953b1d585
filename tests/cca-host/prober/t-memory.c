/*
 * Memory slots, attributes, guest_memfd
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe.h"

#define GMEM KVM_MEM_GUEST_MEMFD
#define FREE_GPA (RAM_BASE + RAM_SIZE)

static void flags(void)
{
    Vm *vm = realm_new();
    long fd = OK(create_gmem(vm, SLOT_SIZE, 0));

    ERR(memslot(vm, 2, GMEM | KVM_MEM_READONLY, FREE_GPA, SLOT_SIZE, vm->ram,
                fd, 0), EINVAL);
    ERR(memslot(vm, 2, GMEM | KVM_MEM_LOG_DIRTY_PAGES, FREE_GPA, SLOT_SIZE,
                vm->ram, fd, 0), EINVAL);
    ERR(memslot(vm, 2, 1u << 7, FREE_GPA, SLOT_SIZE, vm->ram, fd, 0),
        EINVAL);
    close(fd);
    vm_free(vm);
}

static void alignment(void)
{
    Vm *vm = realm_new();
    long fd = OK(create_gmem(vm, SLOT_SIZE, 0));

    ERR(memslot(vm, 2, GMEM, FREE_GPA + 1, SLOT_SIZE, vm->ram, fd, 0),
        EINVAL);
    ERR(memslot(vm, 2, GMEM, FREE_GPA, 4097, vm->ram, fd, 0), EINVAL);
    ERR(memslot(vm, 2, GMEM, FREE_GPA, 4096, vm->ram + 1, fd, 0), EINVAL);
    ERR(memslot(vm, 2, GMEM, FREE_GPA, 4096, vm->ram, fd, 5), EINVAL);
    close(fd);
    vm_free(vm);
}

static void placement(void)
{
    Vm *vm = realm_new();

    ERR(memslot(vm, 2, 0, RAM_BASE + 4096, 4096, vm->ram, -1, 0), EEXIST);
    ERR(memslot(vm, 2, 0, 1ULL << 41, 4096, vm->ram, -1, 0), EFAULT);
    ERR(memslot(vm, 2, 0, FREE_GPA, 0, vm->ram, -1, 0), EINVAL);
    OK(memslot(vm, 2, 0, 1ULL << 40, 4096, vm->ram, -1, 0));
    COMPLAINT("shared half");
    vm_free(vm);
}

static void immutable(void)
{
    Vm *vm = realm_new();

    ERR(memslot(vm, 0, GMEM, FREE_GPA, SLOT_SIZE, vm->ram, vm->gmem, 0),
        EINVAL);
    ERR(memslot(vm, 0, 0, RAM_BASE, SLOT_SIZE, vm->ram, vm->gmem, 0),
        EINVAL);
    OK(memslot(vm, 0, 0, 0, 0, NULL, -1, 0));
    OK(memslot(vm, 0, GMEM, RAM_BASE, SLOT_SIZE, vm->ram, vm->gmem, 0));
    vm_free(vm);
}

static void binding(void)
{
    Vm *vm = realm_new();
    Vm *other = vm_new(SIM_VM_TYPE_REALM, 41);
    long fd = OK(create_gmem(vm, SLOT_SIZE, 0));
    long alien = OK(create_gmem(other, SLOT_SIZE, 0));

    ERR(memslot(vm, 2, GMEM, FREE_GPA, SLOT_SIZE, vm->ram, vm->kvm, 0),
        EINVAL);
    ERR(memslot(vm, 2, GMEM, FREE_GPA, SLOT_SIZE, vm->ram, 9999, 0), EBADF);
    ERR(memslot(vm, 2, GMEM, FREE_GPA, SLOT_SIZE, vm->ram, alien, 0),
        EINVAL);
    ERR(memslot(vm, 2, GMEM, FREE_GPA, 2 * SLOT_SIZE, vm->ram, fd, 0),
        EINVAL);
    ERR(memslot(vm, 2, GMEM, FREE_GPA, SLOT_SIZE, vm->ram, vm->gmem, 0),
        EEXIST);
    OK(memslot(vm, 2, GMEM, FREE_GPA, SLOT_SIZE, vm->ram, fd, 0));
    OK(memslot(vm, 2, 0, 0, 0, NULL, -1, 0));
    close(fd);
    close(alien);
    vm_free(other);
    vm_free(vm);
}

static void plain_slots(void)
{
    Vm *vm = realm_active(1);

    OK(memslot(vm, 2, 0, FREE_GPA, 4096, vm->ram, -1, 0));
    ERR(memslot(vm, 3, KVM_MEM_READONLY, FREE_GPA + 4096, 4096, vm->ram, -1,
                0), EINVAL);
    vm_free(vm);
}

static long dirty_log(Vm *vm, unsigned long req, uint32_t slot)
{
    static uint64_t bitmap[1];
    struct kvm_clear_dirty_log clear = {
        .slot = slot, .num_pages = 1, .dirty_bitmap = bitmap,
    };
    struct kvm_dirty_log get = { .slot = slot, .dirty_bitmap = bitmap };

    return xioctl(vm->fd, req, req == KVM_GET_DIRTY_LOG ? (void *)&get :
                                                          (void *)&clear);
}

static long enable_manual_log(Vm *vm)
{
    struct kvm_enable_cap cap = {
        .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
        .args = { check_extension(vm->kvm, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2) },
    };

    CHECK(cap.args[0] != 0);
    return xioctl(vm->fd, KVM_ENABLE_CAP, &cap);
}

static void dirty_slots(void)
{
    Vm *vm = realm_active(1);
    unsigned before = complaints();

    OK(memslot(vm, 2, 0, FREE_GPA, 4096, vm->ram, -1, 0));
    CHECK(complaints() == before);
    OK(memslot(vm, 2, KVM_MEM_LOG_DIRTY_PAGES, FREE_GPA, 4096, vm->ram, -1,
               0));
    COMPLAINT("KVM_MEM_LOG_DIRTY_PAGES");
    OK(memslot(vm, 3, KVM_MEM_LOG_DIRTY_PAGES, FREE_GPA + 4096, 4096, vm->ram,
               -1, 0));
    CHECK(complaints() == before + 2);
    OK(dirty_log(vm, KVM_GET_DIRTY_LOG, 3));
    COMPLAINT("GET_DIRTY_LOG of a Realm");
    OK(dirty_log(vm, KVM_CLEAR_DIRTY_LOG, 3));
    COMPLAINT("CLEAR_DIRTY_LOG of a Realm");
    vm_free(vm);
}

static void dirty_nothing(void)
{
    Vm *vm = realm_new();

    ERR(dirty_log(vm, KVM_GET_DIRTY_LOG, 0), ENOENT);
    COMPLAINT("GET_DIRTY_LOG of a Realm");
    ERR(xioctl(vm->fd, KVM_RESET_DIRTY_RINGS, NULL), EINVAL);
    COMPLAINT("RESET_DIRTY_RINGS of a Realm");
    OK(enable_manual_log(vm));
    COMPLAINT("is enabled for a Realm");
    vm_free(vm);
}

static void dirty_plain(void)
{
    Vm *vm = vm_new(0, 41);
    unsigned before = complaints();

    vm->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OK(enable_manual_log(vm));
    OK(memslot(vm, 2, KVM_MEM_LOG_DIRTY_PAGES, FREE_GPA, 4096, vm->ram, -1,
               0));
    OK(memslot(vm, 3, KVM_MEM_READONLY, FREE_GPA + 4096, 4096, vm->ram, -1,
               0));
    OK(dirty_log(vm, KVM_GET_DIRTY_LOG, 2));
    OK(dirty_log(vm, KVM_CLEAR_DIRTY_LOG, 2));
    ERR(dirty_log(vm, KVM_GET_DIRTY_LOG, 3), ENOENT);
    CHECK(complaints() == before);
    vm_free(vm);
}

static void readonly_hidden(void)
{
    Vm *vm = realm_new();

    CHECK(check_extension(vm->kvm, KVM_CAP_READONLY_MEM) == 1);
    CHECK(check_extension(vm->fd, KVM_CAP_READONLY_MEM) == 0);
    ERR(memslot(vm, 2, KVM_MEM_READONLY, FREE_GPA, 4096, vm->ram, -1, 0),
        EINVAL);
    COMPLAINT("KVM_MEM_READONLY");
    vm_free(vm);
}

static void readonly_offered(void)
{
    Vm *vm = realm_new();

    CHECK(check_extension(vm->fd, KVM_CAP_READONLY_MEM) == 1);
    OK(memslot(vm, 2, KVM_MEM_READONLY, FREE_GPA, 4096, vm->ram, -1, 0));
    COMPLAINT("KVM_MEM_READONLY");
    vm_free(vm);
}

const ProbeCase readonly_mem_cases[] = {
    { "a kernel that offers read-only slots to a Realm: a complaint",
      readonly_offered },
    { NULL, NULL }
};

const ProbeCase slot_cases[] = {
    { "a log of dirty pages for a slot of a Realm is a complaint",
      dirty_slots },
    { "so are its ioctls and capabilities, without any log", dirty_nothing },
    { "an ordinary VM has both", dirty_plain },
    { "a read-only slot of a Realm is refused, and a complaint",
      readonly_hidden },
    { "private memory cannot be read-only or logged", flags },
    { "slots are page aligned in every respect", alignment },
    { "slots do not overlap nor leave the address space", placement },
    { "a slot with private memory can only be deleted", immutable },
    { "a guest_memfd is bound once, in its VM, within its size", binding },
    { "slots without private memory are allowed, also when ACTIVE",
      plain_slots },
    { NULL, NULL }
};

static void attribute_arguments(void)
{
    struct kvm_memory_attributes a = {
        .address = RAM_BASE, .size = 4096, .attributes = 1,
    };
    Vm *vm = realm_new();
    Vm *plain = vm_new(0, 41);
    unsigned before = complaints();

    ERR(set_attributes(vm, RAM_BASE + 1, 4096, true), EINVAL);
    ERR(set_attributes(vm, RAM_BASE, 4095, true), EINVAL);
    ERR(set_attributes(vm, RAM_BASE, 0, true), EINVAL);
    ERR(set_attributes(vm, -4096ULL, 8192, true), EINVAL);
    ERR(xioctl(vm->fd, KVM_SET_MEMORY_ATTRIBUTES, &a), EINVAL);
    a.attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE;
    a.flags = 1;
    ERR(xioctl(vm->fd, KVM_SET_MEMORY_ATTRIBUTES, &a), EINVAL);
    ERR(set_attributes(plain, RAM_BASE, 4096, true), EINVAL);
    CHECK(complaints() == before);
    OK(set_attributes(vm, 0, 1ULL << 40, true));
    COMPLAINT("268435456 pages in one call, which nothing can stop");
    vm_free(plain);
    vm_free(vm);
}

/* Calls of up to a GiB, in pages: what is passed and what changes */
static void attribute_pages(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);
    unsigned before = complaints();

    OK(set_attributes(vm, 0, 1ULL << 30, true));
    OK(set_attributes(vm, 1ULL << 29, 1ULL << 30, true));
    OK(set_attributes(vm, 0, 4096, false));
    OK(set_attributes(vm, 4096, 4096, true));
    CHECK(report_has("\"attribute-calls\": 4, \"attribute-pages\": 524290, "
                     "\"attribute-changed\": 393217, "
                     "\"attribute-largest\": 262144"));
    CHECK(complaints() == before);
    vm_free(vm);
}

static void late_attributes(void)
{
    Vm *vm = realm_new();

    OK(set_attributes(vm, RAM_BASE, RAM_SIZE, false));
    OK(realm_action(vm, SIM_REALM_CREATE, NULL));
    OK(realm_populate(vm, RAM_BASE, SIM_PAGE_SIZE, 0));
    OK(set_attributes(vm, RAM_BASE, RAM_SIZE, true));
    CHECK(complaints() == 0);
    vm_free(vm);
}

static void uninvited_sharing(void)
{
    Vm *vm = realm_active(1);

    OK(set_attributes(vm, RAM_BASE + 8192, 4096, false));
    COMPLAINT("the guest did not ask for");
    vm_free(vm);
}

static void large_pages(void)
{
    int (*page_size)(void) = getpagesize;
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    CHECK(page_size() == 65536);
    ERR(set_attributes(vm, RAM_BASE, 4096, true), EINVAL);
    OK(set_attributes(vm, RAM_BASE, 65536, true));
    vm_free(vm);
}

const ProbeCase large_page_cases[] = {
    { "a host of 64 KiB pages refuses smaller conversions", large_pages },
    { NULL, NULL }
};

const ProbeCase attribute_cases[] = {
    { "PRIVATE may be set after POPULATE", late_attributes },
    { "attributes: alignment, size, flags, unknown bits",
      attribute_arguments },
    { "attributes: pages that are passed, and that change", attribute_pages },
    { "sharing what the guest did not ask for is a complaint",
      uninvited_sharing },
    { NULL, NULL }
};

static void gmem_arguments(void)
{
    Vm *vm = vm_new(SIM_VM_TYPE_REALM, 41);

    ERR(create_gmem(vm, 0, 0), EINVAL);
    ERR(create_gmem(vm, 4097, 0), EINVAL);
    ERR(create_gmem(vm, 4096, 1), EINVAL);
    vm_free(vm);
}

static void not_mappable(void)
{
    Vm *vm = realm_new();

    CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, vm->gmem, 0) == MAP_FAILED
          && errno == ENODEV);
    vm_free(vm);
}

#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static void punching(void)
{
    Vm *vm = realm_new();

    CHECK(fallocate(vm->gmem, PUNCH, 1, 4096) < 0 && errno == EINVAL);
    CHECK(fallocate(vm->gmem, 0, 0, 4096) < 0 && errno == EOPNOTSUPP);
    CHECK(fallocate(vm->gmem, PUNCH, 0, 4096) == 0);
    CHECK(complaints() == 0);
    CHECK(report_has("\"PUNCH_PRIVATE\""));
    vm_free(vm);
}

static void punch_populated(void)
{
    Vm *vm = realm_active(1);

    CHECK(fallocate(vm->gmem, PUNCH, 0, 4096) == 0);
    COMPLAINT("guest_memfd was punched");
    ERR(vcpu_run(vm, 0), ENXIO);
    vm_free(vm);
}

static void share_populated(void)
{
    Vm *vm = realm_active(1);

    OK(set_attributes(vm, RAM_BASE, 4096, false));
    ERR(vcpu_run(vm, 0), ENXIO);
    vm_free(vm);
}

static void delete_populated(void)
{
    Vm *vm = realm_active(1);

    OK(memslot(vm, 0, 0, 0, 0, NULL, -1, 0));
    ERR(vcpu_run(vm, 0), ENXIO);
    vm_free(vm);
}

static void closed_file(void)
{
    Vm *vm = realm_created();

    close(vm->gmem);
    vm->gmem = -1;
    ERR(realm_populate(vm, RAM_BASE, SIM_PAGE_SIZE, 0), EFAULT);
    vm_free(vm);
}

const ProbeCase gmem_cases[] = {
    { "a hole is punched page by page", punching },
    { "guest_memfd: size and flags are checked", gmem_arguments },
    { "guest_memfd cannot be mapped", not_mappable },
    { "a punched code page makes KVM_RUN fail with ENXIO", punch_populated },
    { "a shared code page makes KVM_RUN fail with ENXIO", share_populated },
    { "a deleted code page makes KVM_RUN fail with ENXIO",
      delete_populated },
    { "a closed guest_memfd cannot be populated", closed_file },
    { NULL, NULL }
};

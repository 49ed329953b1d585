/*
 * Driving a Realm of generation B
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>
#include <sys/mman.h>

#include "b.h"

static const BKernel kernels[] = {
    { .abi = "B1", .cap = 247, .type = 1 << 8,
      .populate = 0x4020aed7, .ordinary = EPERM, .attributes = 1,
      .no_source = EOPNOTSUPP, .no_vgic = EOPNOTSUPP, .vgic_not_ready = EBUSY,
      .dead_run = EINVAL, .dead_populate = ENXIO, .hole = ENXIO,
      .bytes = true, .any_source = true, .pmcr = true },
    { .abi = "B2", .cap = 248, .type = 1 << 8,
      .populate = 0xc020aed7, .ordinary = ENXIO, .attributes = 1,
      .no_source = EOPNOTSUPP, .no_vgic = EOPNOTSUPP, .vgic_not_ready = EBUSY,
      .dead_run = EINVAL, .dead_populate = ENXIO, .hole = ENXIO,
      .shared_counts = true, .pmcr = true },
    { .abi = "B3", .cap = 249, .type = 1 << 30,
      .populate = 0xc020aed7, .ordinary = ENXIO, .attributes = 1,
      .no_source = EOPNOTSUPP, .no_vgic = EOPNOTSUPP, .vgic_not_ready = EBUSY,
      .dead_run = EINVAL, .dead_populate = ENXIO, .hole = EAGAIN,
      .shared_counts = true, .bring_up = true },
    { .abi = "B4", .cap = 251, .type = 1 << 30,
      .populate = 0xc020aed7, .ordinary = ENXIO, .attributes = 0,
      .no_source = EOPNOTSUPP, .no_vgic = EOPNOTSUPP, .vgic_not_ready = EBUSY,
      .dead_run = EINVAL, .dead_populate = ENXIO, .hole = EAGAIN,
      .shared_counts = true, .bring_up = true },
    { .abi = "B5", .cap = 252, .type = 1 << 30,
      .populate = 0xc020aed7, .ordinary = ENXIO, .attributes = 2,
      .no_source = EINVAL, .no_vgic = ENODEV, .vgic_not_ready = ENODEV,
      .dead_run = EIO, .dead_populate = EIO, .hole = EAGAIN,
      .empty_works = true, .bring_up = true, .pmcr = true },
};

const BKernel *b;

void probe_begin_group(const char *conf)
{
    b = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(kernels); i++) {
        g_autofree char *line = g_strdup_printf("abi = %s\n", kernels[i].abi);

        if (strstr(conf, line)) {
            b = &kernels[i];
        }
    }
}

void *b_source(void)
{
    static void *source;

    if (!source) {
        source = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(source, 0xa5, 4 * PAGE);
    }
    return source;
}

long b_populate_from(Vm *vm, uint64_t base, uint64_t size, uint32_t flags,
                     const void *source)
{
    struct sim_abi_populate_b arg = {
        .base = base, .size = size, .flags = flags,
        .source_uaddr = (uintptr_t)source,
    };
    long ret = xioctl(vm->fd, b->populate, &arg);
    uint64_t done = arg.base - base;

    if (ret < 0 || b->bytes) {
        CHECK(arg.base == base && arg.size == size &&
              arg.source_uaddr == (uintptr_t)source);
        return ret;
    }
    CHECK(ret == 0 && arg.size == size - done &&
          arg.source_uaddr == (uintptr_t)source + done);
    return done;
}

long b_populate(Vm *vm, uint64_t base, uint64_t size, uint32_t flags)
{
    return b_populate_from(vm, base, size, flags, b_source());
}

long b_set_fd(int gmem, uint64_t offset, uint64_t size, uint64_t attributes,
              uint64_t flags)
{
    struct sim_abi_attributes2 a = {
        .offset = offset, .size = size, .attributes = attributes,
        .flags = flags,
    };

    return xioctl(gmem, 0xc080aed2, &a);
}

long b_set(Vm *vm, uint64_t gpa, uint64_t size, bool private)
{
    switch (b->attributes) {
    case 1:
        return set_attributes(vm, gpa, size, private);
    case 2:
        return b_set_fd(vm->gmem, gpa - RAM_BASE, size,
                        private ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0, 0);
    default:
        return 0;
    }
}

Vm *b_memory(unsigned ipa)
{
    Vm *vm = vm_new(b->type, ipa);

    vm_add_slots(vm);
    CHECK(madvise(vm->ram, RAM_SIZE, MADV_NOHUGEPAGE) == 0);
    if (b->attributes == 1) {
        OK(set_attributes(vm, RAM_BASE, RAM_SIZE, true));
    }
    return vm;
}

Vm *b_vcpus(unsigned vcpus, uint32_t features)
{
    Vm *vm = b_memory(41);

    vm_add_vcpus(vm, vcpus, PSCI | features);
    return vm;
}

Vm *b_ready(unsigned vcpus)
{
    Vm *vm = b_vcpus(vcpus, 0);

    vm_add_gic(vm);
    CHECK(b_populate(vm, RAM_BASE, PAGE, MEASURE) == PAGE);
    OK(set_reg64(vm, 0, SIM_REG_PC, RAM_BASE));
    return vm;
}

long b_run_immediately(Vm *vm, unsigned n)
{
    long ret;

    vm->run[n]->immediate_exit = 1;
    ret = vcpu_run(vm, n);
    vm->run[n]->immediate_exit = 0;
    return ret;
}

Vm *b_active(unsigned vcpus)
{
    Vm *vm = b_ready(vcpus);

    ERR(b_run_immediately(vm, 0), EINTR);
    return vm;
}

bool b_rim_is(const char *hex)
{
    g_autofree char *rim = report_last_rim();

    return rim && !strcmp(rim, hex);
}

/*
 * Interrupt routes, irqfds and MSIs: as virt/kvm/irqchip.c, eventfd.c and the
 * vgic of Linux 6.17 have them, in a Realm as in any VM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "probe.h"

#define ITS_BASE 0x8080000ULL
#define DOORBELL (ITS_BASE + 0x10040)
#define MAX_ROUTES 4096

typedef struct kvm_irq_routing_entry Entry;

static struct {
    struct kvm_irq_routing head;
    Entry entries[MAX_ROUTES + 1];
} table;

static Entry msi(uint32_t gsi, uint64_t address, uint32_t data)
{
    return (Entry) {
        .gsi = gsi,
        .type = KVM_IRQ_ROUTING_MSI,
        .flags = KVM_MSI_VALID_DEVID,
        .u.msi.address_lo = address,
        .u.msi.address_hi = address >> 32,
        .u.msi.data = data,
        .u.msi.devid = 8,
    };
}

static Entry pin(uint32_t gsi, uint32_t n)
{
    return (Entry) {
        .gsi = gsi,
        .type = KVM_IRQ_ROUTING_IRQCHIP,
        .u.irqchip.pin = n,
    };
}

static long routes(Vm *vm, uint32_t nr)
{
    table.head.nr = nr;
    return xioctl(vm->fd, KVM_SET_GSI_ROUTING, &table);
}

static void routing(void)
{
    static const uint64_t addresses[] = {
        0, 3, DOORBELL, DOORBELL + 4, RAM_BASE, 1ULL << 40, -1ULL,
    };
    Vm *vm = realm_active(1);

    for (unsigned i = 0; i < 7; i++) {
        table.entries[i] = msi(i, addresses[i], -1);
    }
    OK(routes(vm, 7));
    OK(routes(vm, 0));
    CHECK(complaints() == 0);

    for (unsigned i = 0; i < MAX_ROUTES; i++) {
        table.entries[i] = msi(i, 0, 0);
    }
    table.entries[MAX_ROUTES] = msi(0, 0, 0);
    OK(routes(vm, MAX_ROUTES));
    ERR(routes(vm, MAX_ROUTES + 1), EINVAL);
    COMPLAINT("KVM_SET_GSI_ROUTING is refused");
    OK(set_attributes(vm, RAM_BASE, SIM_PAGE_SIZE, true));
    CHECK(report_has("\"max-routes\": 4096"));
    vm_free(vm);
}

static void bad_routes(void)
{
    Vm *vm = realm_active(1);

    table.entries[0] = msi(MAX_ROUTES, 0, 0);
    ERR(routes(vm, 1), EINVAL);
    table.entries[0] = msi(1, 0, 0);
    table.entries[0].flags = 2;
    ERR(routes(vm, 1), EINVAL);
    table.entries[0] = pin(1, 987);
    OK(routes(vm, 1));
    table.entries[0] = pin(1, 988);
    ERR(routes(vm, 1), EINVAL);
    table.entries[0] = pin(1, 1);
    table.entries[0].flags = KVM_MSI_VALID_DEVID;
    ERR(routes(vm, 1), EINVAL);
    table.entries[0] = pin(1, 1);
    table.entries[0].u.irqchip.irqchip = 1;
    ERR(routes(vm, 1), EINVAL);
    table.entries[0] = pin(1, 1);
    table.entries[0].type = 77;
    ERR(routes(vm, 1), EINVAL);
    /* one GSI, one route */
    table.entries[0] = msi(1, 0, 0);
    table.entries[1] = msi(1, 0, 0);
    ERR(routes(vm, 2), EINVAL);
    table.entries[1] = pin(1, 1);
    ERR(routes(vm, 2), EINVAL);
    table.entries[0] = pin(1, 2);
    ERR(routes(vm, 2), EINVAL);
    table.head.flags = 1;
    ERR(routes(vm, 0), EINVAL);
    table.head.flags = 0;
    ERR(xioctl(vm->fd, KVM_SET_GSI_ROUTING, (void *)8), EFAULT);
    vm_free(vm);
}

static long irqfd(Vm *vm, int fd, uint32_t gsi, uint32_t flags)
{
    struct kvm_irqfd arg = { .fd = fd, .gsi = gsi, .flags = flags };

    return xioctl(vm->fd, KVM_IRQFD, &arg);
}

static void irqfds(void)
{
    Vm *vm = realm_new();
    int fd = eventfd(0, EFD_NONBLOCK), pipes[2];

    ERR(irqfd(vm, fd, 1, 0), EAGAIN);
    vm_add_gic(vm);
    CHECK(pipe(pipes) == 0);
    ERR(irqfd(vm, pipes[0], 1, 0), EINVAL);
    close(pipes[0]);
    close(pipes[1]);
    ERR(irqfd(vm, pipes[0], 1, 0), EBADF);
    ERR(irqfd(vm, pipes[0], 1, KVM_IRQFD_FLAG_DEASSIGN), EBADF);
    ERR(irqfd(vm, fd, 1, 4), EINVAL);
    /* the GSI needs no route */
    OK(irqfd(vm, fd, 4095, 0));
    ERR(irqfd(vm, fd, 4095, 0), EBUSY);
    ERR(irqfd(vm, fd, 1, 0), EBUSY);
    COMPLAINT("KVM_IRQFD is refused");
    OK(irqfd(vm, fd, 4095, KVM_IRQFD_FLAG_DEASSIGN));
    OK(irqfd(vm, fd, 1, KVM_IRQFD_FLAG_DEASSIGN));
    COMPLAINT("takes back an irqfd of GSI 1 that is not there");
    OK(irqfd(vm, fd, 1, 0));
    close(fd);
    CHECK(eventfd(0, EFD_NONBLOCK) == fd);
    OK(irqfd(vm, fd, 2, 0));
    close(fd);
    vm_free(vm);
}

static void add_its(Vm *vm)
{
    struct kvm_create_device d = { .type = KVM_DEV_TYPE_ARM_VGIC_ITS };
    uint64_t base = ITS_BASE;
    struct kvm_device_attr attr = {
        .group = KVM_DEV_ARM_VGIC_GRP_ADDR,
        .attr = KVM_VGIC_ITS_ADDR_TYPE,
        .addr = (uintptr_t)&base,
    };

    OK(xioctl(vm->fd, KVM_CREATE_DEVICE, &d));
    OK(xioctl(d.fd, KVM_SET_DEVICE_ATTR, &attr));
    close(d.fd);
}

static long signal_msi(Vm *vm, uint64_t address, uint32_t data, uint32_t flags)
{
    struct kvm_msi arg = {
        .address_lo = address,
        .address_hi = address >> 32,
        .data = data,
        .flags = flags,
        .devid = 8,
    };

    return xioctl(vm->fd, KVM_SIGNAL_MSI, &arg);
}

static void signals(void)
{
    Vm *vm = realm_new();

    vm_add_gic(vm);
    ERR(signal_msi(vm, DOORBELL, 1, KVM_MSI_VALID_DEVID), ENODEV);
    add_its(vm);
    CHECK(signal_msi(vm, DOORBELL, 1, KVM_MSI_VALID_DEVID) == 1);
    ERR(signal_msi(vm, DOORBELL, 1, 0), EINVAL);
    ERR(signal_msi(vm, DOORBELL, 1, 2), EINVAL);
    ERR(signal_msi(vm, 0, 1, KVM_MSI_VALID_DEVID), EINVAL);
    ERR(signal_msi(vm, RAM_BASE, 1, KVM_MSI_VALID_DEVID), EINVAL);
    ERR(signal_msi(vm, DOORBELL | 1ULL << 40, 1, KVM_MSI_VALID_DEVID), EINVAL);
    COMPLAINT("KVM_SIGNAL_MSI is refused");
    ERR(xioctl(vm->fd, KVM_SIGNAL_MSI, (void *)8), EFAULT);
    vm_free(vm);
}

const ProbeCase irq_cases[] = {
    { "any address makes a route, and 4096 of them are the most", routing },
    { "routes that are no routes are EINVAL, as are two of one GSI",
      bad_routes },
    { "an eventfd can be one irqfd, and is none once it is closed", irqfds },
    { "an MSI to where no ITS is, is EINVAL", signals },
    { NULL, NULL }
};

static void wait_for_msis(void)
{
    Vm *vm = realm_active(1);
    int fd = eventfd(0, EFD_NONBLOCK);
    uint64_t one = 1;
    uint32_t value;

    add_its(vm);
    table.entries[0] = msi(1, -4ULL, 6);
    OK(routes(vm, 1));
    OK(irqfd(vm, fd, 1, 0));
    CHECK(write(fd, &one, sizeof(one)) == sizeof(one));
    ERR(vcpu_run(vm, 0), EFAULT);
    OK(set_attributes(vm, RAM_BASE + 0x10000, 0x1000, false));
    OK(signal_msi(vm, DOORBELL, 5, KVM_MSI_VALID_DEVID));
    OK(vcpu_run(vm, 0));
    memcpy(&value, vm->ram + 0x10008, sizeof(value));
    CHECK(value == 0x12345678);
    CHECK(report_has("\"MSI_CAME\""));
    CHECK(report_has("\"MSI_TO_NOWHERE\": 1"));
    CHECK(report_has("\"MSI_DELIVERED\": 1"));
    CHECK(complaints() == 0);
    close(fd);
    vm_free(vm);
}

const ProbeCase msi_exit_cases[] = {
    { "a guest can wait for an MSI, or for one that goes nowhere",
      wait_for_msis },
    { NULL, NULL }
};

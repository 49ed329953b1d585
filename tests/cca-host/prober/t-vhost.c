/*
 * vhost in the kernel, which has to be kept away from private memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <unistd.h>

#include "probe.h"

#define MODERN (1ULL << VIRTIO_F_VERSION_1)
#define IOTLB (1ULL << VIRTIO_F_ACCESS_PLATFORM)

static int vhost_new(void)
{
    int fd = open("/dev/vhost-vsock", O_RDWR);

    CHECK(fd >= 0);
    OK(xioctl(fd, VHOST_SET_OWNER, NULL));
    return fd;
}

static long set_features(int fd, uint64_t features)
{
    return xioctl(fd, VHOST_SET_FEATURES, &features);
}

static void features(void)
{
    int fd = vhost_new();
    unsigned before = complaints();
    Vm *vm = vm_new(0, 41);
    uint64_t offered = 0;

    OK(xioctl(fd, VHOST_GET_FEATURES, &offered));
    CHECK((offered & (MODERN | IOTLB)) == (MODERN | IOTLB));
    OK(set_features(fd, MODERN));
    vm_free(vm);
    vm = realm_active(1);
    OK(set_features(fd, MODERN | IOTLB));
    ERR(set_features(fd, MODERN | IOTLB | 1ULL << 63), EOPNOTSUPP);
    CHECK(complaints() == before);
    OK(set_features(fd, MODERN));
    COMPLAINT("without an IOTLB");
    OK(set_features(fd, MODERN | IOTLB | 1ULL << VHOST_F_LOG_ALL));
    COMPLAINT("vhost is to log");
    vm_free(vm);
    close(fd);
}

static void memory_table(void)
{
    struct vhost_memory *table = calloc(1, sizeof(*table) +
                                        sizeof(table->regions[0]));
    int fd = vhost_new();
    Vm *vm = realm_active(1);
    unsigned before = complaints();

    OK(xioctl(fd, VHOST_SET_MEM_TABLE, table));
    table->nregions = 1;
    table->regions[0].memory_size = 4096;
    table->regions[0].userspace_addr = (uintptr_t)vm->ram + RAM_SIZE;
    OK(xioctl(fd, VHOST_SET_MEM_TABLE, table));
    CHECK(complaints() == before);
    table->regions[0].userspace_addr -= 1;
    OK(xioctl(fd, VHOST_SET_MEM_TABLE, table));
    COMPLAINT("memory table has RAM");
    vm_free(vm);
    close(fd);
    free(table);
}

static void tell(int fd, Vm *vm, uint8_t type, uint64_t gpa, uint64_t size)
{
    struct vhost_msg_v2 msg = {
        .type = VHOST_IOTLB_MSG_V2,
        .iotlb = {
            .iova = gpa, .size = size, .type = type, .perm = VHOST_ACCESS_RW,
            .uaddr = (uintptr_t)vm->ram + gpa - RAM_BASE,
        },
    };

    CHECK(write(fd, &msg, sizeof(msg)) == sizeof(msg));
}

static void iotlb(void)
{
    int fd = vhost_new();
    Vm *vm = realm_active(1);
    uint64_t gpa = RAM_BASE + 0x10000;
    unsigned before;

    OK(set_attributes(vm, gpa, 8192, false));
    before = complaints();
    tell(fd, vm, VHOST_IOTLB_UPDATE, gpa, 8192);
    tell(fd, vm, VHOST_IOTLB_INVALIDATE, gpa, 8192);
    OK(set_attributes(vm, gpa, 4096, true));
    CHECK(complaints() == before);
    tell(fd, vm, VHOST_IOTLB_UPDATE, gpa + 4096, 4096);
    OK(set_attributes(vm, gpa + 4096, 4096, true));
    COMPLAINT("vhost still reaches");
    tell(fd, vm, VHOST_IOTLB_UPDATE, gpa, 4096);
    OK(set_features(fd, MODERN | IOTLB));
    COMPLAINT("where private memory is");
    vm_free(vm);
    close(fd);
}

const ProbeCase vhost_cases[] = {
    { "vhost of a Realm has to have an IOTLB, and no log", features },
    { "vhost's memory table may not have RAM of a Realm", memory_table },
    { "vhost's IOTLB may not have what is private, nor keep it", iotlb },
    { NULL, NULL }
};

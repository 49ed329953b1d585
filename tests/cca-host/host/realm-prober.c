/*
 * A tiny VMM that launches a Realm through the simulator and runs it
 *
 * Proves the run mode without QEMU: the Realm of realm-prober-guest.S says
 * through a doorbell what it sees, and each value has to be the expected one.
 * "realm-prober NUMBER" drives generation A by the number of its capability,
 * "realm-prober B1" to "B5" a version of generation B.  With "violate" after
 * that it also reads a private page from the host, which the simulator's report
 * must complain about.  Prints "ok - " lines.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../sim-abi.h"
#include "realm-prober.h"

#define RAM_BASE    0x40000000ULL
#define RAM_SIZE    0x200000ULL
#define PAGE_SHARE  0x10000         /* offsets in RAM, as in the guest */
#define PAGE_TOUCH  0x11000
#define IPA_BITS    41
#define DOORBELL    0x09000000ULL

/* Of generation B: who is told what is private, and how POPULATE is called */
typedef struct Version {
    const char *name;
    uint64_t type;
    unsigned long populate;
    enum { VM_TOLD, NOBODY_TOLD, FILE_TOLD } attributes;
} Version;

static const Version versions[] = {
    { "B1", SIM_VM_TYPE_REALM, SIM_POPULATE_W, VM_TOLD },
    { "B2", SIM_VM_TYPE_REALM, SIM_POPULATE_RW, VM_TOLD },
    { "B3", SIM_VM_TYPE_REALM_V14, SIM_POPULATE_RW, VM_TOLD },
    { "B4", SIM_VM_TYPE_REALM_V14, SIM_POPULATE_RW, NOBODY_TOLD },
    { "B5", SIM_VM_TYPE_REALM_V14, SIM_POPULATE_RW, FILE_TOLD },
};

static const Version *b;        /* NULL: generation A */
static int vm, vcpus[2], gmem, cap, failures;
static struct kvm_run *runs[2];
static pthread_t threads[2];
static char *ram;
static bool violate, shutdown_seen, is_off;
static unsigned rung;

static void check(bool ok, const char *what)
{
    printf("%s - %s\n", ok ? "ok" : "not ok", what);
    failures += !ok;
}

static int must(int fd, unsigned long req, void *arg, const char *what)
{
    int ret = ioctl(fd, req, arg);

    if (ret < 0) {
        printf("not ok - %s: %s\n", what, strerror(errno));
        exit(1);
    }
    return ret;
}

static void action(unsigned number, void *arg, const char *what)
{
    struct kvm_enable_cap enable = {
        .cap = cap,
        .args = { number, (uintptr_t)arg },
    };

    must(vm, KVM_ENABLE_CAP, &enable, what);
}

static void set_private(uint64_t gpa, uint64_t size, bool private)
{
    struct kvm_memory_attributes attr = {
        .address = gpa,
        .size = size,
        .attributes = private ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0,
    };

    struct sim_abi_attributes2 attr2 = {
        .offset = gpa - RAM_BASE,
        .size = size,
        .attributes = private ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0,
    };

    if (!b || b->attributes == VM_TOLD) {
        must(vm, KVM_SET_MEMORY_ATTRIBUTES, &attr, "SET_MEMORY_ATTRIBUTES");
    } else if (b->attributes == FILE_TOLD) {
        must(gmem, SIM_SET_ATTRIBUTES2, &attr2, "SET_MEMORY_ATTRIBUTES2");
    }
}

/* What a VMM does at a conversion exit: attribute, then drop the other copy */
static void convert(uint64_t gpa, uint64_t size, bool private)
{
    set_private(gpa, size, private);
    if (private) {
        madvise(ram + (gpa - RAM_BASE), size, MADV_DONTNEED);
    } else if (fallocate(gmem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                         gpa - RAM_BASE, size)) {
        check(false, "the guest_memfd can be punched");
    }
}

static void set_reg(int fd, uint64_t id, uint64_t value)
{
    struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

    must(fd, KVM_SET_ONE_REG, &reg, "SET_ONE_REG");
}

static void create_memory(void)
{
    struct kvm_create_guest_memfd create = { .size = RAM_SIZE };
    struct kvm_userspace_memory_region2 slot = {
        .flags = KVM_MEM_GUEST_MEMFD,
        .guest_phys_addr = RAM_BASE,
        .memory_size = RAM_SIZE,
    };

    ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(ram, RAM_SIZE, MADV_NOHUGEPAGE);
    gmem = must(vm, KVM_CREATE_GUEST_MEMFD, &create, "CREATE_GUEST_MEMFD");
    slot.guest_memfd = gmem;
    slot.userspace_addr = (uintptr_t)ram;
    must(vm, KVM_SET_USER_MEMORY_REGION2, &slot, "SET_USER_MEMORY_REGION2");
    set_private(RAM_BASE, RAM_SIZE, true);
}

static void create_vcpu(int system, unsigned i)
{
    struct kvm_vcpu_init init;

    vcpus[i] = must(vm, KVM_CREATE_VCPU, (void *)(uintptr_t)i, "CREATE_VCPU");
    runs[i] = mmap(NULL, must(system, KVM_GET_VCPU_MMAP_SIZE, NULL, "mmap"),
                   PROT_READ | PROT_WRITE, MAP_SHARED, vcpus[i], 0);
    must(vm, KVM_ARM_PREFERRED_TARGET, &init, "PREFERRED_TARGET");
    init.features[0] = 1 << KVM_ARM_VCPU_PSCI_0_2 |
                       (b ? 0 : 1 << SIM_VCPU_REC) |
                       (i ? 1 << KVM_ARM_VCPU_POWER_OFF : 0);
    must(vcpus[i], KVM_ARM_VCPU_INIT, &init, "VCPU_INIT");
}

static void create_gic(void)
{
    uint64_t dist = 0x08000000, redist = 0x080a0000;
    struct kvm_create_device create = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
    struct kvm_device_attr attr = {
        .group = KVM_DEV_ARM_VGIC_GRP_ADDR,
        .attr = KVM_VGIC_V3_ADDR_TYPE_DIST,
        .addr = (uintptr_t)&dist,
    };

    must(vm, KVM_CREATE_DEVICE, &create, "CREATE_DEVICE");
    must(create.fd, KVM_SET_DEVICE_ATTR, &attr, "distributor address");
    attr.attr = KVM_VGIC_V3_ADDR_TYPE_REDIST;
    attr.addr = (uintptr_t)&redist;
    must(create.fd, KVM_SET_DEVICE_ATTR, &attr, "redistributor address");
    attr.group = KVM_DEV_ARM_VGIC_GRP_CTRL;
    attr.attr = KVM_DEV_ARM_VGIC_CTRL_INIT;
    must(create.fd, KVM_SET_DEVICE_ATTR, &attr, "GIC init");
}

/* From the program itself; the first KVM_RUN does the rest */
static void launch_b(int system)
{
    size_t size = realm_end - realm_start;
    struct sim_abi_populate_b populate = {
        .base = RAM_BASE,
        .size = size,
        .source_uaddr = (uintptr_t)realm_start,
        .flags = SIM_POPULATE_MEASURE,
    };
    int ret;

    vm = must(system, KVM_CREATE_VM, (void *)(b->type | IPA_BITS),
              "CREATE_VM");
    create_memory();
    create_vcpu(system, 0);
    create_vcpu(system, 1);
    create_gic();
    set_reg(vcpus[0], SIM_REG_PC, RAM_BASE);
    ret = must(vm, b->populate, &populate, "POPULATE");
    check(b->populate == SIM_POPULATE_W ? (size_t)ret == size
                                        : populate.size == 0,
          "POPULATE says that all is done");
    runs[0]->immediate_exit = 1;
    ret = ioctl(vcpus[0], KVM_RUN, 0);
    runs[0]->immediate_exit = 0;
    check(ret < 0 && errno == EINTR, "KVM_RUN with immediate_exit activates");
    ret = ioctl(vm, b->populate, &populate);
    check(ret < 0 && errno == EBUSY, "POPULATE comes too late after it");
}

static void launch(int system)
{
    struct sim_abi_config hash = {
        .cfg = SIM_CFG_HASH,
        .hash_algo = SIM_HASH_SHA512,
    };
    struct sim_abi_ripas ripas = { .base = RAM_BASE, .size = RAM_SIZE };
    size_t size = realm_end - realm_start;
    struct sim_abi_populate populate = {
        .base = RAM_BASE,
        .size = size,
        .flags = SIM_POPULATE_MEASURE,
    };
    int rec = SIM_VCPU_REC;

    vm = must(system, KVM_CREATE_VM,
              (void *)(SIM_VM_TYPE_REALM | IPA_BITS), "CREATE_VM");
    create_memory();
    create_vcpu(system, 0);
    create_vcpu(system, 1);
    create_gic();
    memcpy(ram, realm_start, size);
    action(SIM_REALM_CONFIG, &hash, "CONFIG");
    action(SIM_REALM_CREATE, NULL, "CREATE");
    action(SIM_REALM_INIT_RIPAS, &ripas, "INIT_RIPAS");
    action(SIM_REALM_POPULATE, &populate, "POPULATE");
    madvise(ram, size, MADV_DONTNEED);
    set_reg(vcpus[0], SIM_REG_PC, RAM_BASE);
    must(vcpus[0], KVM_ARM_VCPU_FINALIZE, &rec, "FINALIZE 0");
    must(vcpus[1], KVM_ARM_VCPU_FINALIZE, &rec, "FINALIZE 1");
    action(SIM_REALM_ACTIVATE, NULL, "ACTIVATE");
}

/* The doorbell rang: what it says, in order */
static void doorbell(uint64_t value)
{
    static const struct { const char *what; uint64_t value; } expected[] = {
        { "RSI_VERSION succeeds", 0 },
        { "RSI version is 1.0", 0x10000 },
        { "RSI_REALM_CONFIG succeeds", 0 },
        { "the Realm learns its IPA width", IPA_BITS },
        { "RIM, first 8 bytes are there", 0 },
        { "RIM, last 8 bytes are as long as its hash", 0 },
        { "RSI_IPA_STATE_SET to EMPTY succeeds", 0 },
        { "and covers the page", RAM_BASE + PAGE_SHARE + 0x1000 },
        { "the Realm writes a shared page", 0x5ea1 },
        { "the Realm reads what the host wrote", 0x4057 },
        { "RSI_IPA_STATE_SET to RAM succeeds", 0 },
        { "the private page is another one", 0 },
        { "RSI_IPA_STATE_GET says RAM", 1 },
        { "the shared alias of private memory can be used", 0 },
        { "a hole is an external abort", 0x25 },
    };
    const unsigned n = sizeof(expected) / sizeof(expected[0]);

    if (rung >= n + 2) {
        check(false, "the doorbell rings no more");
        return;
    }
    if (rung == 4 || (rung == 5 && !b)) {
        check(value != 0, expected[rung].what);
    } else if (rung >= n) {         /* from two vCPUs, in any order */
        check(value == 0 || value == 77, value
              ? "the second vCPU gets its argument" : "CPU_ON succeeds");
    } else {
        check(value == expected[rung].value, expected[rung].what);
    }
    if (rung == 8) {
        /* volatile: the Realm changes it */
        volatile uint64_t *page = (void *)(ram + PAGE_SHARE);

        check(*page == 0x5ea1, "the host reads what the Realm wrote");
        *page = 0x4057;
    }
    if (rung == 11 && violate) {
        /* volatile: the access itself is the test */
        volatile char *page = ram + PAGE_SHARE;

        check(*page == 0, "a violation goes on with an empty page");
    }
    rung++;
}

static bool handle_exit(struct kvm_run *run, int ret)
{
    if (ret < 0 && errno == EFAULT &&
        run->exit_reason == KVM_EXIT_MEMORY_FAULT) {
        convert(run->memory_fault.gpa, run->memory_fault.size,
                run->memory_fault.flags & KVM_MEMORY_EXIT_FLAG_PRIVATE);
        return true;
    }
    if (ret < 0 && errno == EINTR && is_off) {
        /* generation B: a vCPU leaves when it is made runnable, not before */
        struct kvm_mp_state on = { .mp_state = KVM_MP_STATE_RUNNABLE };

        run->immediate_exit = 0;
        must(vcpus[run == runs[1]], KVM_SET_MP_STATE, &on, "SET_MP_STATE");
        return true;
    }
    if (ret < 0) {
        return errno == EINTR || (b && errno == EAGAIN);
    }
    switch (run->exit_reason) {
    case KVM_EXIT_MMIO:
        if (run->mmio.is_write && run->mmio.phys_addr == DOORBELL) {
            uint64_t value;

            memcpy(&value, run->mmio.data, sizeof(value));
            doorbell(value);
            return true;
        }
        check(false, "MMIO only at the doorbell");
        return false;
    case KVM_EXIT_SHUTDOWN:
        shutdown_seen = true;
        return false;
    case KVM_EXIT_SYSTEM_EVENT:
        check(run->system_event.type == KVM_SYSTEM_EVENT_SHUTDOWN,
              "PSCI SYSTEM_OFF is an exit");
        is_off = true;
        if (b) {
            runs[run == runs[0]]->immediate_exit = 1;
            pthread_kill(threads[run == runs[0]], SIGUSR1);
        }
        return false;
    default:
        return false;
    }
}

static void *run_loop(void *opaque)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    unsigned i = (uintptr_t)opaque;
    bool go_on;

    do {
        int ret = ioctl(vcpus[i], KVM_RUN, 0);

        pthread_mutex_lock(&lock);
        go_on = handle_exit(runs[i], ret);
        if (!go_on && ret < 0) {
            printf("not ok - KVM_RUN of vCPU %u: %s\n", i, strerror(errno));
            failures++;
        }
        pthread_mutex_unlock(&lock);
    } while (go_on);
    return NULL;
}

static void nothing(int sig)
{
    (void)sig;
}

int main(int argc, char **argv)
{
    int system = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    struct sigaction kick = { .sa_handler = nothing };

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (system < 0 || argc < 2) {
        printf("not ok - /dev/kvm, or no capability number given\n");
        return 1;
    }
    sigaction(SIGUSR1, &kick, NULL);
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        b = strcmp(argv[1], versions[i].name) ? b : &versions[i];
    }
    cap = atoi(argv[1]);
    violate = argc > 2 && !strcmp(argv[2], "violate");
    if (b) {
        launch_b(system);
    } else {
        launch(system);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, run_loop, (void *)(uintptr_t)i);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    check(rung >= 16, "the Realm ran to its end");
    check(shutdown_seen, "the other vCPU sees KVM_EXIT_SHUTDOWN");
    return failures != 0;
}

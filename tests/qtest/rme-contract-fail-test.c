/*
 * Contract tests: every step of the launch that can fail, failing
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "rme-contract.h"

#define CAP(what) "rme-guest 'rme0': KVM_ENABLE_CAP(244, " what "): "

typedef struct Failure {
    const char *name;
    const char *conf;
    const char *message;
    const char *steps;      /* of the launch, NULL: do not look */
    const char *object, *cpu, *more;
} Failure;

static const Failure failures[] = {
    {
        "the VM cannot be created although the throw-away one could",
        "fail = CREATE_VM#12@EBUSY",
        "ioctl(KVM_CREATE_VM) failed: Device or resource busy", "",
    }, {
        "there is no memory for the private RAM",
        "fail = CREATE_GUEST_MEMFD@ENOMEM",
        "Error creating KVM guest_memfd: Cannot allocate memory", "",
    }, {
        "the scratch vCPU cannot be initialised",
        "fail = VCPU_INIT#2@ENOEXEC", "Failed to retrieve host CPU features",
        "",
    }, {
        "the vCPU cannot be initialised",
        "fail = VCPU_INIT#3@ENOEXEC",
        "kvm_init_vcpu: kvm_arch_init_vcpu failed (0): Exec format error", "",
    }, {
        "the vector lengths cannot be settled",
        "host-sve-vq = 4\nrmm-sve-vq = 2\nfail = VCPU_FINALIZE_SVE@EINVAL",
        "kvm_init_vcpu: kvm_arch_init_vcpu failed (0): Invalid argument", "",
    }, {
        "there is no GIC for a Realm",
        "fail = CREATE_DEVICE#3@ENODEV",
        "error creating in-kernel VGIC: No such device", "",
    }, {
        "there is no ITS for a Realm",
        "fail = CREATE_DEVICE#4@ENODEV",
        "error creating in-kernel ITS: No such device", "",
    }, {
        "the hash algorithm cannot be set",
        "fail = CONFIG_HASH@EIO",
        CAP("CONFIG_REALM: hash SHA-512") "Input/output error", "HASH 1=EIO",
    }, {
        "the personalization value cannot be set",
        "fail = CONFIG_RPV@EIO",
        CAP("CONFIG_REALM: personalization value") "Input/output error",
        "HASH 1, RPV=EIO",
        .object = ",personalization-value="
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v"
            "MDEyMzQ1Njc4OTo7PD0+Pw==",
    }, {
        "the private MECID cannot be asked for",
        "mec = present\nmec-count = 4\nfail = CONFIG_MEC@EIO",
        CAP("CONFIG_REALM: private MECID") "Input/output error",
        "HASH 1, MEC 0=EIO", .object = ",mec-policy=private",
    }, {
        "the Realm cannot be created",
        "fail = REALM_CREATE@EIO",
        CAP("CREATE_REALM") "Input/output error", "HASH 1, CREATE=EIO",
    }, {
        "there is no memory or VMID for the Realm",
        "fail = REALM_CREATE@ENOMEM",
        "rme-guest 'rme0': the host has no memory or no VMID left for one "
        "more Realm: KVM_ENABLE_CAP(244, CREATE_REALM): Cannot allocate "
        "memory", "HASH 1, CREATE=ENOMEM",
    }, {
        "the RMM refuses the parameters",
        "fail = REALM_CREATE@ENXIO",
        "rme-guest 'rme0': the RMM refused the Realm's parameters: "
        "KVM_ENABLE_CAP(244, CREATE_REALM): No such device or address",
        "HASH 1, CREATE=ENXIO",
    }, {
        "the Realm exists already",
        "fail = REALM_CREATE@EEXIST",
        CAP("CREATE_REALM") "File exists", "HASH 1, CREATE=EEXIST",
    }, {
        "RIPAS cannot be set",
        "fail = REALM_INIT_RIPAS@ENXIO",
        CAP("INIT_RIPAS_REALM: [0x40000000, 0x50000000)")
        "No such device or address", "HASH 1, CREATE, RIPAS=ENXIO",
    }, {
        "the first image cannot be populated",
        "fail = REALM_POPULATE#1@EFAULT",
        CAP("POPULATE_REALM: [0x40080000, 0x40082000)") "Bad address",
        "HASH 1, CREATE, RIPAS 0x40000000+0x10000000, POPULATE=EFAULT",
    }, {
        "the last image cannot be populated",
        "fail = REALM_POPULATE#2@ENOMEM",
        CAP("POPULATE_REALM: [0x48000000, 0x48002000)")
        "Cannot allocate memory",
        "HASH 1, CREATE, RIPAS 0x40000000+0x10000000, "
        "POPULATE 0x40080000+0x2000, POPULATE=ENOMEM",
    }, {
        "the entry point cannot be set",
        "fail = SET_ONE_REG#9@EINVAL",
        "rme-guest 'rme0': KVM_SET_ONE_REG(pc) = 0x40080000 on vCPU 0: "
        "Invalid argument", NULL,
    }, {
        "the first REC cannot be made",
        "fail = VCPU_FINALIZE_REC@ENXIO",
        "rme-guest 'rme0': KVM_ARM_VCPU_FINALIZE(REC) of vCPU 0: No such "
        "device or address", NULL,
    }, {
        "the last of four RECs cannot be made",
        "fail = VCPU_FINALIZE_REC#4@ENOMEM",
        "rme-guest 'rme0': KVM_ARM_VCPU_FINALIZE(REC) of vCPU 3: Cannot "
        "allocate memory", NULL, .more = "-smp 4",
    }, {
        "a REC that was interrupted is not tried again, KVM keeps half of it",
        "fail = VCPU_FINALIZE_REC#1@EINTR",
        "rme-guest 'rme0': KVM_ARM_VCPU_FINALIZE(REC) of vCPU 0: Interrupted "
        "system call", NULL,
    }, {
        "the Realm cannot be activated",
        "fail = REALM_ACTIVATE@ENXIO",
        CAP("ACTIVATE_REALM") "No such device or address", NULL,
    }, {
        "interruptions have no end",
        "fail = REALM_CREATE@EINTR",
        CAP("CREATE_REALM") "Interrupted system call", NULL,
    },
};

static void test_failure(const void *data)
{
    const Failure *t = data;
    g_autoptr(Contract) c = contract_run(&(ContractArgs) {
        .conf = t->conf, .object = t->object, .cpu = t->cpu, .more = t->more,
    });

    contract_expect_error(c, t->message);
    contract_expect_no_complaints(c);
    contract_check(!contract_count(c, "FIRST_RUN"), "a vCPU was started");
    if (t->steps) {
        g_autofree char *steps = contract_steps(c);

        contract_equal("steps", steps, t->steps);
    }
}

/* Nothing may be launched in a second try: half a Realm is left */
static void test_failure_after_S(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = "fail = REALM_ACTIVATE@EIO",
        .more = "-S",
    });

    contract_check(!contract_count(c, "REALM_CREATE"), "launched with -S");
    contract_send(c, "{\"execute\": \"cont\"}");
    contract_wait(c);
    contract_expect_error(c, CAP("ACTIVATE_REALM") "Input/output error");
}

typedef struct Retry {
    const char *name;
    const char *conf;
} Retry;

static const Retry retries[] = {
    { "CONFIG is tried again after a signal",
      "fail = CONFIG_HASH#1@EINTR\nfail = CONFIG_HASH#2@EAGAIN" },
    { "CREATE is tried again after a signal",
      "fail = REALM_CREATE#1@EINTR\nfail = REALM_CREATE#2@EAGAIN" },
    { "INIT_RIPAS is tried again after a signal",
      "fail = REALM_INIT_RIPAS#1@EAGAIN\nfail = REALM_INIT_RIPAS#2@EINTR" },
    { "POPULATE is tried again after a signal",
      "fail = REALM_POPULATE#1@EINTR\nfail = REALM_POPULATE#3@EAGAIN" },
    { "ACTIVATE is tried again after a signal",
      "fail = REALM_ACTIVATE#1@EINTR\nfail = REALM_ACTIVATE#2@EINTR" },
    { "KVM_RUN is tried again after a signal",
      "fail = RUN#1@EINTR\nfail = RUN#2@EAGAIN" },
};

static void test_retry(const void *data)
{
    const Retry *t = data;
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = t->conf,
    });

    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    contract_expect_silence(c);
    contract_expect_active(c);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(failures); i++) {
        contract_add("failure", failures[i].name, test_failure, &failures[i]);
    }
    contract_add("failure", "a launch by cont that fails ends QEMU",
                 test_failure_after_S, NULL);
    for (int i = 0; i < ARRAY_SIZE(retries); i++) {
        contract_add("failure", retries[i].name, test_retry, &retries[i]);
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}

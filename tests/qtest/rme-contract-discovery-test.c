/*
 * Contract tests: finding out what the host can do
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/utsname.h>
#include "rme-contract.h"

#define PARAM_DIR "/sys/module/kvm/parameters/"
#define NOT_A_CAP(file, text) \
    "probing for the Realm capability instead: " PARAM_DIR file " holds '" \
    text "' where a capability number between 1 and 4095 was expected"

typedef struct Refusal {
    const char *name;
    const char *conf;
    const char *message;    /* %s is the release of the host's kernel */
} Refusal;

static const Refusal refusals[] = {
    {
        "refuses a kernel without Realms",
        "abi = none\nsysfs = none",
        "rme-guest 'rme0': this kernel (%s) has no Arm CCA Realms: "
        "KVM_CREATE_VM refuses the Realm type, and KVM_ARM_RMI_POPULATE is "
        "unknown to it; boot a kernel with the Arm CCA host support, which is "
        "more than a driver for the RMM",
    }, {
        "refuses a kernel without Realms where the number has another meaning",
        "abi = none\nsysfs = none\nunrelated-cap = 244\nunrelated-cap = 245",
        "rme-guest 'rme0': this kernel (%s) has no Arm CCA Realms: "
        "KVM_CREATE_VM refuses the Realm type, and KVM_ARM_RMI_POPULATE is "
        "unknown to it; boot a kernel with the Arm CCA host support, which is "
        "more than a driver for the RMM",
    }, {
        "refuses a kernel with Realms and firmware without an RMM",
        "rmm = no",
        "rme-guest 'rme0': this kernel (%s) knows Arm CCA Realms but found no "
        "RMM to run them: the firmware must start one whose RMI version the "
        "kernel accepts (KVM_CREATE_VM for a Realm: Operation not permitted)",
    }, {
        "refuses firmware without an RMM where the kernel exports no number",
        "rmm = no\nsysfs = none",
        "rme-guest 'rme0': this kernel (%s) knows Arm CCA Realms but found no "
        "RMM to run them: the firmware must start one whose RMI version the "
        "kernel accepts (KVM_CREATE_VM for a Realm: Operation not permitted)",
    }, {
        "refuses a later kernel without an RMM by the number it exports",
        "abi = B2\nrmm = no\nsysfs = rmi\ncap = 248",
        "rme-guest 'rme0': this kernel (%s) knows Arm CCA Realms but found no "
        "RMM to run them: the firmware must start one whose RMI version the "
        "kernel accepts (KVM_CREATE_VM for a Realm: Invalid argument)",
    }, {
        "refuses a number that no probe finds",
        "cap = 3000\nsysfs = none",
        "rme-guest 'rme0': this kernel creates Realm VMs but answers neither "
        "the KVM_ENABLE_CAP actions of host series v8 to v11 nor "
        "KVM_ARM_RMI_POPULATE of later ones: its Realm ABI is unknown to this "
        "QEMU",
    }, {
        "refuses a kernel whose vCPUs are no RECs by this feature bit",
        "fail = VCPU_INIT#1@ENOENT",
        "rme-guest 'rme0': this kernel creates Realm VMs but answers neither "
        "the KVM_ENABLE_CAP actions of host series v8 to v11 nor "
        "KVM_ARM_RMI_POPULATE of later ones: its Realm ABI is unknown to this "
        "QEMU",
    }, {
        "refuses a kernel that has no memory for a VM and says so",
        "fail = CREATE_VM@ENOMEM",
        "rme-guest 'rme0': cannot create a throw-away Realm VM to probe this "
        "kernel (%s): KVM_CREATE_VM: Cannot allocate memory",
    },
};

static void test_refusal(const void *data)
{
    const Refusal *t = data;
    struct utsname name;
    g_auto(GStrv) parts = g_strsplit(t->message, "%s", -1);
    g_autofree char *message = NULL;
    g_autoptr(Contract) c = contract_run(&(ContractArgs) { .conf = t->conf });

    uname(&name);
    message = g_strjoinv(name.release, parts);
    contract_expect_error(c, message);
    contract_expect_no_realm(c);
}

static void test_kvm_that_cannot_be_opened(const void *data)
{
    g_autoptr(Contract) c = contract_run(&(ContractArgs) {
        .conf = "fail = OPEN_KVM@EACCES",
    });
    const char *err = contract_stderr(c);

    contract_check(strstr(err, "Could not access KVM kernel module: "
                          "Permission denied"), "%s", err);
    contract_expect_no_realm(c);
}

typedef struct Found {
    const char *name;
    const char *conf;
    const char *warning;    /* NULL: QEMU must be silent */
} Found;

static const Found found[] = {
    { "takes the number of kvm_cap_arm_rme", "sysfs = rme\ncap = 244" },
    { "takes the number of kvm_cap_arm_rmi", "sysfs = rmi\ncap = 245" },
    { "takes the number where both parameters exist", "sysfs = both" },
    { "takes a number far from all known ones", "sysfs = rme\ncap = 3000" },
    { "takes the smallest number that a parameter can have",
      "sysfs = rmi\ncap = 1" },
    { "takes the largest number that a parameter can have",
      "sysfs = rmi\ncap = 4095" },
    { "finds the number without sysfs", "sysfs = none" },
    { "finds the number of series v8 without sysfs",
      "sysfs = none\ncap = 240" },
    { "finds the number of series v9 without sysfs",
      "sysfs = none\ncap = 243" },
    { "finds the first number of the scan", "sysfs = none\ncap = 200" },
    { "finds the last number of the scan", "sysfs = none\ncap = 320" },
    { "finds the number past unrelated capabilities",
      "sysfs = none\ncap = 246\nunrelated-cap = 245\nunrelated-cap = 244\n"
      "unrelated-cap = 243\nunrelated-cap = 240" },
    { "finds the number where the parameter cannot be read, without a word",
      "sysfs = both\nsysfs-errno = EACCES" },
    { "finds the number where reading fails otherwise, without a word",
      "sysfs = rmi\nsysfs-errno = EIO" },
    { "finds the number where the parameter is garbage, with a warning",
      "sysfs = rme\nsysfs-text = not a number\\n",
      NOT_A_CAP("kvm_cap_arm_rme", "not a number") },
    { "finds the number where the parameter is empty, with a warning",
      "sysfs = rmi\nsysfs-text = \\n", NOT_A_CAP("kvm_cap_arm_rmi", "") },
    { "finds the number where the parameter is negative, with a warning",
      "sysfs = rmi\nsysfs-text = -244\\n",
      NOT_A_CAP("kvm_cap_arm_rmi", "-244") },
    { "finds the number where the parameter is zero, with a warning",
      "sysfs = rmi\nsysfs-text = 0\\n", NOT_A_CAP("kvm_cap_arm_rmi", "0") },
    { "finds the number where the parameter is too large, with a warning",
      "sysfs = rmi\nsysfs-text = 4096\\n",
      NOT_A_CAP("kvm_cap_arm_rmi", "4096") },
    { "finds the number where the parameter is hexadecimal, with a warning",
      "sysfs = rmi\nsysfs-text = 0xf4\\n",
      NOT_A_CAP("kvm_cap_arm_rmi", "0xf4") },
    { "finds the number where the parameter has more after it",
      "sysfs = rmi\nsysfs-text = 244 245\\n",
      NOT_A_CAP("kvm_cap_arm_rmi", "244 245") },
    { "finds the number where the parameter says another one",
      "sysfs = rmi\nsysfs-text = 248\\n",
      "the kernel says kvm_cap_arm_rmi=248, but capability 248 does not "
      "answer as the Realm capability does: probing for it instead" },
    { "works on series v11, which hides capabilities of a Realm VM",
      "sysfs = rmi\ncap = 245\nwhitelist-caps = yes" },
    { "works on series v7 as it was observed", "personality = v7" },
    { "works without MEC items", "mec = no-items" },
    { "survives signals while the throw-away VM is created",
      "fail = CREATE_VM#1@EINTR\nfail = CREATE_VM#2@EINTR" },
    { "survives signals while the throw-away VM is asked",
      "fail = REALM_CONFIG#1@EINTR\nfail = VCPU_INIT#1@EINTR" },
};

/* What a wrong number in sysfs did, it did to a throw-away VM */
static void test_found(const void *data)
{
    const Found *t = data;
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = t->conf,
    });

    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    contract_expect_active(c);
    if (t->warning) {
        contract_expect_warning(c, t->warning);
    } else {
        contract_expect_silence(c);
    }
}

static void test_unrelated_in_sysfs(const void *data)
{
    g_autoptr(Contract) c = contract_start(&(ContractArgs) {
        .conf = "sysfs = rme\nsysfs-text = 243\\n\nunrelated-cap = 243",
    });

    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_quit(c);
    contract_expect_active(c);
    contract_expect_warning(c, "the kernel says kvm_cap_arm_rme=243, but "
        "capability 243 does not answer as the Realm capability does: probing "
        "for it instead");
}

/* All of the scan; a sample of it unless the tests are to be thorough */
static void test_every_number(const void *data)
{
    for (unsigned cap = 200; cap <= 320; cap += g_test_slow() ? 1 : 40) {
        g_autofree char *conf = g_strdup_printf("sysfs = none\ncap = %u",
                                                cap);
        g_autoptr(Contract) c = contract_start(&(ContractArgs) {
            .conf = conf, .more = "-S",
        });
        QDict *vm;

        contract_quit(c);
        contract_expect_silence(c);
        vm = contract_realm(c);
        contract_check(vm && qdict_get_int(vm, "cap") == cap,
                       "capability %u was not found", cap);
    }
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(refusals); i++) {
        contract_add("discovery", refusals[i].name, test_refusal,
                     &refusals[i]);
    }
    contract_add("discovery", "refuses a host whose KVM cannot be opened",
                 test_kvm_that_cannot_be_opened, NULL);
    for (int i = 0; i < ARRAY_SIZE(found); i++) {
        contract_add("discovery", found[i].name, test_found, &found[i]);
    }
    contract_add("discovery", "an unrelated capability in sysfs is left alone",
                 test_unrelated_in_sysfs, NULL);
    contract_add("discovery", "finds every number from 200 to 320",
                 test_every_number, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}

/*
 * Contract tests: command lines that must not start a guest without protection
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "rme-contract.h"

#define MACHINE_IN_USE " -machine virt,confidential-guest-support=rme0 "

typedef struct Options {
    const char *name, *options, *message;
} Options;

static const Options options[] = {
    { "refuses an object that the machine does not use",
      "-accel kvm -machine virt -cpu host -object rme-guest,id=rme0",
      "the machine does not use the rme-guest 'rme0': add "
      "confidential-guest-support=rme0 to -machine, or remove the object" },
    { "refuses TCG",
      "-accel tcg -cpu max -object rme-guest,id=rme0" MACHINE_IN_USE,
      "accelerator tcg cannot run the Realm 'rme0': use -accel kvm on a host "
      "with Arm CCA" },
    { "refuses an object that is not there", "-accel kvm" MACHINE_IN_USE,
      "-machine confidential-guest-support=rme0: there is no object 'rme0': "
      "add -object rme-guest,id=rme0" },
};

static void test_options(const void *data)
{
    const Options *t = data;
    g_autoptr(Contract) c = contract_run_options(NULL, t->options);

    contract_expect_error(c, t->message);
    contract_expect_no_complaints(c);
    contract_check(!contract_count(c, "REALM_CREATE") &&
                   !contract_count(c, "FIRST_RUN"), "a guest was started");
}

/* KVM fails, TCG is next: it must not run the guest unprotected */
static void test_no_fallback(const void *data)
{
    g_autoptr(Contract) c = contract_run_options("abi = none\nsysfs = none",
        "-accel kvm -accel tcg -cpu max -object rme-guest,id=rme0"
        MACHINE_IN_USE);
    const char *err = contract_stderr(c);

    contract_check(WEXITSTATUS(contract_status(c)) == 1, "exit status 0x%x",
                   contract_status(c));
    contract_check(strstr(err, "has no Arm CCA Realms: KVM_CREATE_VM refuses "
                          "the Realm type"), "%s", err);
    contract_check(!strstr(err, "tcg"), "%s", err);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(options); i++) {
        contract_add("refusal", options[i].name, test_options, &options[i]);
    }
    contract_add("refusal", "does not fall back to TCG", test_no_fallback,
                 NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}

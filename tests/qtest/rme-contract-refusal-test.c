/*
 * Contract tests: what cannot be combined with a Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <sys/un.h>
#include "rme-contract.h"

#define RME0 "rme-guest 'rme0': a Realm has no "
#define GIC RME0 "interrupt controller other than a GICv3: use gic-version=3"
#define MACHINE_IN_USE " -machine virt,confidential-guest-support=rme0 "

typedef struct Refusal {
    const char *name;
    ContractArgs args;
    const char *message;
    bool early;             /* before a VM is created */
} Refusal;

static const Refusal refusals[] = {
    { "refuses a GICv2", { .machine = ",gic-version=2" }, GIC, true },
    { "refuses a GICv4", { .machine = ",gic-version=4" }, GIC, true },
    { "refuses EL3", { .machine = ",secure=on" },
      RME0 "EL3: remove secure=on", true },
    { "refuses EL2", { .machine = ",virtualization=on" },
      RME0 "EL2: remove virtualization=on", true },
    { "refuses memory tagging", { .machine = ",mte=on" },
      RME0 "memory tagging: remove mte=on", true },
    { "refuses an SMMU", { .machine = ",iommu=smmuv3" },
      RME0 "vIOMMU (its devices go through the Realm's own DMA checks): "
      "remove iommu=", true },
    { "refuses a bus that bypasses the DMA checks",
      { .machine = ",default-bus-bypass-iommu=on" },
      RME0 "way for devices to bypass its DMA checks: remove "
      "default-bus-bypass-iommu=on", true },
    { "refuses flash memory by a machine property",
      { .machine = ",pflash0=f", .more =
        "-blockdev driver=null-co,node-name=f,size=67108864,read-zeroes=on" },
      RME0 "flash memory: pflash0 cannot be used, load the firmware into RAM "
      "with -bios FILE (libvirt: <loader type='rom'>) and leave out a "
      "variable store", true },
    { "refuses flash memory by -drive",
      { .more = "-drive if=pflash,driver=null-co,read-zeroes=on,size=64M" },
      RME0 "flash memory: -drive if=pflash cannot be used, load the firmware "
      "into RAM with -bios FILE and leave out a variable store", true },
    { "refuses a second variable store by -drive",
      { .more = "-drive if=pflash,unit=1,driver=null-co,read-zeroes=on,"
                "size=64M" },
      RME0 "flash memory: -drive if=pflash cannot be used, load the firmware "
      "into RAM with -bios FILE and leave out a variable store", true },
    { "refuses a second rme-guest",
      { .more = "-object rme-guest,id=rme1" },
      "a machine runs one Realm only: rme-guest 'rme0' and rme-guest 'rme1' "
      "cannot be used together", true },
    { "refuses a virtio-iommu", { .more = "-device virtio-iommu-pci" },
      "a Realm cannot have a vIOMMU on PCI bus 'pcie.0'; drop that device" },
    { "refuses a bridge that bypasses the DMA checks",
      { .more = "-device pxb-pcie,bus_nr=4,bypass_iommu=on" },
      "a Realm cannot let the devices of PCI bus 'pxb-pcie-bus.0' bypass the "
      "check of what they may reach; drop default-bus-bypass-iommu=on or "
      "bypass_iommu=on" },
    { "refuses a GIC in user space", { .machine = ",kernel-irqchip=off" },
      "KVM with kernel-irqchip=off does not support GICv3 emulation" },
    { "refuses firmware that is not there", { .more = "-bios /nonexistent" },
      "could not find firmware image '/nonexistent'" },
    { "refuses a kernel that is not there", { .more = "-kernel /nonexistent" },
      "could not load kernel '/nonexistent'" },
    { "refuses to be migratable", { .more = "-only-migratable" },
      "disallowing migration blocker (--only-migratable) for: an Arm CCA "
      "Realm cannot be migrated or saved: its state is out of the host's "
      "reach", false },
};

static void test_refusal(const void *data)
{
    const Refusal *t = data;
    g_autoptr(Contract) c = contract_run(&t->args);

    contract_expect_error(c, t->message);
    contract_expect_no_complaints(c);
    contract_check(!contract_count(c, "REALM_CONFIG") || !t->early,
                   "the host was probed first");
    contract_check(!contract_count(c, "REALM_CREATE"),
                   "a Realm was created first");
}

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
      "Device 'rme0' not found" },
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
    contract_check(g_str_has_suffix(err, ": accelerator tcg cannot run the "
                          "Realm 'rme0': use -accel kvm on a host with Arm "
                          "CCA\n"), "%s", err);
}

static int listen_at(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(fd, (void *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

/* Its backend is another process, which maps memory past all checks */
static void test_vhost_user(const void *data)
{
    const char *path = contract_file("vhost", "", 0);
    g_autofree char *more = g_strdup_printf(
        "-chardev socket,id=v,path=%s -netdev vhost-user,id=n,chardev=v "
        "-device virtio-net-pci,netdev=n,romfile=", path);
    g_autoptr(Contract) c = NULL;
    const char *err;
    int fd;

    unlink(path);
    fd = listen_at(path);
    c = contract_run(&(ContractArgs) { .more = more });
    close(fd);
    err = contract_stderr(c);
    contract_check(WEXITSTATUS(contract_status(c)) == 1, "exit status 0x%x",
                   contract_status(c));
    contract_check(strstr(err, "vhost-user") && strstr(err, "Realm"),
                   "%s", err);
    contract_check(!contract_count(c, "REALM_CREATE"),
                   "a Realm was created first");
}

/* Neither by the monitor nor by a savevm */
static void test_migration(const void *data)
{
    static const char reason[] = "an Arm CCA Realm cannot be migrated or "
        "saved: its state is out of the host's reach";
    g_autoptr(Contract) c = contract_start(&(ContractArgs) { NULL });
    QDict *rsp = contract_qmp(c, "{'execute': 'migrate', 'arguments': "
                              "{'uri': 'exec:cat'}}");
    QDict *err = rsp ? qdict_get_qdict(rsp, "error") : NULL;
    g_autofree char *text = NULL;

    contract_check(err && strstr(qdict_get_str(err, "desc"), reason),
                   "migrate: %s", err ? qdict_get_str(err, "desc") : "works");
    qobject_unref(rsp);
    text = contract_hmp(c, "savevm x");
    contract_check(strstr(text, reason), "savevm: %s", text);
    contract_quit(c);
    contract_expect_active(c);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(refusals); i++) {
        contract_add("refusal", refusals[i].name, test_refusal, &refusals[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(options); i++) {
        contract_add("refusal", options[i].name, test_options, &options[i]);
    }
    contract_add("refusal", "does not fall back to TCG", test_no_fallback,
                 NULL);
    contract_add("refusal", "refuses vhost-user", test_vhost_user, NULL);
    contract_add("refusal", "refuses to be migrated and saved",
                 test_migration, NULL);
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}

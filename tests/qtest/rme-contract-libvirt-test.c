/*
 * Contract tests: Realms with the command line that libvirt makes
 *
 * Recorded from `virsh start' of libvirt 12.8.0 and its monitor log. Changed:
 * the version of the machine, paths, the monitor's socket, and -sandbox is left
 * out, which an emulator of user programs does not have. The object and the
 * place of confidential-guest-support are as the "Arm CCA" patches of the
 * libvirt list (Fujitsu) and NVIDIA/libvirt make them of <launchSecurity
 * type='cca'>: each property is there only if the XML has it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qobject/qjson.h"
#include "rme-contract.h"

#define RPV \
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v" \
    "MDEyMzQ1Njc4OTo7PD0+Pw=="
#define RPV_HEX \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" \
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define RPV_ZERO \
    "0000000000000000000000000000000000000000000000000000000000000000" \
    "0000000000000000000000000000000000000000000000000000000000000000"

/* %s: firmware or kernel, disk, properties of the object */
#define START \
    "-name guest=realm0,debug-threads=on -S " \
    "-machine virt-10.0,usb=off,gic-version=3,dump-guest-core=off," \
    "memory-backend=mach-virt.ram,confidential-guest-support=rme0,acpi=on " \
    "-accel kvm -cpu host,pmu=off %s -m size=524288k " \
    "-object '{\"qom-type\":\"memory-backend-ram\",\"id\":\"mach-virt.ram\"," \
    "\"size\":536870912}' " \
    "-overcommit mem-lock=off -smp 2,sockets=2,cores=1,threads=1 " \
    "-uuid 5f8b0d3e-6c43-4a8f-9b0c-cca000000001 -rtc base=utc -no-shutdown " \
    "-boot strict=on " \
    "-device '{\"driver\":\"pcie-root-port\",\"port\":8,\"chassis\":1," \
    "\"id\":\"pci.1\",\"bus\":\"pcie.0\",\"multifunction\":true," \
    "\"addr\":\"0x1\"}' " \
    "-device '{\"driver\":\"pcie-root-port\",\"port\":9,\"chassis\":2," \
    "\"id\":\"pci.2\",\"bus\":\"pcie.0\",\"addr\":\"0x1.0x1\"}' " \
    "-device '{\"driver\":\"pcie-root-port\",\"port\":10,\"chassis\":3," \
    "\"id\":\"pci.3\",\"bus\":\"pcie.0\",\"addr\":\"0x1.0x2\"}' " \
    "-blockdev '{\"driver\":\"file\",\"filename\":\"%s\"," \
    "\"node-name\":\"libvirt-1-storage\",\"read-only\":false}' " \
    "-device '{\"driver\":\"virtio-blk-pci\",\"iommu_platform\":true," \
    "\"bus\":\"pci.2\",\"addr\":\"0x0\",\"drive\":\"libvirt-1-storage\"," \
    "\"id\":\"virtio-disk0\",\"bootindex\":1}' " \
    "-netdev '{\"type\":\"user\",\"id\":\"hostnet0\"}' " \
    "-device '{\"driver\":\"virtio-net-pci\",\"iommu_platform\":true," \
    "\"netdev\":\"hostnet0\",\"id\":\"net0\",\"mac\":\"52:54:00:cc:a0:01\"," \
    "\"bus\":\"pci.1\",\"addr\":\"0x0\",\"romfile\":\"\"}' " \
    "-chardev null,id=charserial0 -serial chardev:charserial0 " \
    "-audiodev '{\"id\":\"audio1\",\"driver\":\"none\"}' " \
    "-object '{\"qom-type\":\"rng-random\",\"id\":\"objrng0\"," \
    "\"filename\":\"/dev/urandom\"}' " \
    "-device '{\"driver\":\"virtio-rng-pci\",\"iommu_platform\":true," \
    "\"rng\":\"objrng0\",\"id\":\"rng0\",\"bus\":\"pci.3\"," \
    "\"addr\":\"0x0\"}' " \
    "-object '{\"qom-type\":\"rme-guest\",\"id\":\"rme0\"%s}' " \
    "-msg timestamp=on"

/* From the end of the start of QEMU to the running domain */
static const char *const monitor[] = {
    "{\"execute\":\"query-migrate-capabilities\"}",
    "{\"execute\":\"migrate-set-capabilities\",\"arguments\":"
    "{\"capabilities\":[{\"capability\":\"events\",\"state\":true}]}}",
    "{\"execute\":\"query-chardev\"}",
    "{\"execute\":\"query-cpus-fast\"}",
    "{\"execute\":\"query-iothreads\"}",
    "{\"execute\":\"query-named-block-nodes\",\"arguments\":{\"flat\":true}}",
    "{\"execute\":\"set-action\",\"arguments\":"
    "{\"reboot\":\"shutdown\",\"panic\":\"pause\"}}",
    "{\"execute\":\"qom-list\",\"arguments\":"
    "{\"path\":\"/machine/peripheral\"}}",
    "{\"execute\":\"cont\"}",
};

typedef struct Domain {
    const char *name;
    const char *properties;     /* of the object, with a comma in front */
    const char *hash;
    const char *rpv;
    bool kernel;
} Domain;

static const Domain domains[] = {
    { "launch security without further elements", "", "sha512", RPV_ZERO },
    { "with a kernel", "", "sha512", RPV_ZERO, .kernel = true },
    { "with measurement-algo sha256",
      ",\"measurement-algorithm\":\"sha256\"", "sha256", RPV_ZERO },
    { "with measurement-algo sha512",
      ",\"measurement-algorithm\":\"sha512\"", "sha512", RPV_ZERO },
    { "with personalization-value",
      ",\"personalization-value\":\"" RPV "\"", "sha512", RPV_HEX },
    { "with measurement-log yes", ",\"measurement-log\":true", "sha512",
      RPV_ZERO },
    { "with measurement-log no", ",\"measurement-log\":false", "sha512",
      RPV_ZERO },
    { "with all of it",
      ",\"measurement-algorithm\":\"sha256\",\"personalization-value\":\"" RPV
      "\",\"measurement-log\":true", "sha256", RPV_HEX },
};

static char *start_options(const Domain *d)
{
    g_autofree uint8_t *data = contract_pattern(8192, 0);
    g_autofree char *image = g_strdup_printf(
        "-%s %s", d->kernel ? "kernel" : "bios",
        contract_file("image", data, 8192));

    return g_strdup_printf(START, image, contract_file("disk.raw", data, 8192),
                           d->properties);
}

static void test_start(const void *data)
{
    const Domain *d = data;
    g_autofree char *options = start_options(d);
    g_autoptr(Contract) c = contract_start_options("", options);
    QDict *realm;

    contract_check(!contract_count(c, "REALM_POPULATE"),
                   "the Realm is populated before it runs");
    for (int i = 0; i < ARRAY_SIZE(monitor); i++) {
        QDict *rsp = contract_qmp_json(c, monitor[i]);

        contract_check(rsp && qdict_haskey(rsp, "return"), "no answer to %s",
                       monitor[i]);
        qobject_unref(rsp);
    }
    contract_wait_calls(c, "FIRST_RUN", 1);
    contract_expect_state(c, "running");
    realm = contract_realm(c);
    if (contract_check(realm, "there is no Realm")) {
        contract_equal("hash", qdict_get_try_str(realm, "hash"), d->hash);
        contract_equal("rpv", qdict_get_try_str(realm, "rpv"), d->rpv);
    }
    contract_expect_active(c);
    contract_quit(c);
    contract_expect_silence(c);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(domains); i++) {
        contract_add("libvirt", domains[i].name, test_start, &domains[i]);
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}

/*
 * Contract tests: what a launch refuses, a dry run refuses in the same words
 *
 * Rows of the manual's table are compared in rme-contract-options-test.c; here
 * is what depends on the contents or the size of files, and what has more than
 * one option. Each line is launched on the simulated host and run dry.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "rme-contract.h"

typedef struct Case {
    const char *name;
    ContractArgs args;
    const char *file;       /* what {file} is, one of files[] */
    const char *message;    /* in the line that both say */
} Case;

/* A device tree with nothing in it */
static const uint8_t dtb[] = {
    0xd0, 0x0d, 0xfe, 0xed, [7] = 72, [11] = 56, [15] = 72, [19] = 40,
    [23] = 17, [27] = 16, [39] = 16, [59] = 1, [67] = 2, [71] = 9,
};

/* An arm64 Image: branch, then text offset and size at 8 and 16, magic at 56 */
static const uint8_t image_256m[] = {
    0x10, 0x00, 0x00, 0x14, [19] = 0x10, [56] = 'A', 'R', 'M', 0x64, [63] = 0,
};
static const uint8_t image_250m[] = {
    0x10, 0x00, 0x00, 0x14, [10] = 0x80, [18] = 0xa0, [19] = 0x0f,
    [56] = 'A', 'R', 'M', 0x64, [63] = 0,
};

static const struct File {
    const char *name;
    const void *head;
    size_t head_size;
    uint64_t size;
} files[] = {
    { "small", "", 0, 64 * KiB },
    { "100 MiB", "", 0, 100 * MiB },
    { "128 MiB", "", 0, 128 * MiB },
    { "DTB of 72 bytes", dtb, sizeof(dtb), sizeof(dtb) },
    { "DTB of 40 MiB", dtb, sizeof(dtb), 40 * MiB },
    { "no DTB", "", 0, 4 * KiB },
    { "Image of 256 MiB", image_256m, sizeof(image_256m), 64 * KiB },
    { "Image of 250 MiB at 8 MiB", image_250m, sizeof(image_250m), 64 * KiB },
};

#define FLASH "a Realm has no flash memory: -drive if=pflash cannot be used, " \
              "load the firmware into RAM with -bios FILE and leave out a " \
              "variable store"
#define OVERLAP "overlap in Realm memory: load one of them elsewhere"

static const Case cases[] = {
    /* Images that do not fit */
    { "an initrd that is not there", { .more = "-initrd /nonexistent" }, NULL,
      "could not load initrd '/nonexistent'" },
    { "an initrd that is too large",
      { .memory = "160M", .more = "-initrd {file}" }, "100 MiB",
      "has 104857600 bytes, and 83886080 bytes of RAM are left for it: use "
      "more memory (-m)" },
    { "a DTB that is not there", { .more = "-dtb /nonexistent" }, NULL,
      "could not open dtb file '/nonexistent'" },
    { "a DTB that is none", { .more = "-dtb {file}" }, "no DTB",
      "is not a valid device tree blob" },
    { "a DTB that is too large",
      { .memory = "64M", .more = "-dtb {file}" }, "DTB of 40 MiB",
      "has 41943040 bytes, and 33554432 bytes of RAM are left for it at "
      "0x42000000: use more memory (-m) or a kernel that leaves room" },
    { "no room for the machine's own DTB",
      { .memory = "size=262152k", .more = "-smp 16 -initrd {file}" }, "128 MiB",
      "bytes, and 8192 bytes of RAM are left for it at 0x50000000: use more "
      "memory (-m) or a kernel that leaves room" },
    { "no room for any DTB", { .more = "-initrd {file}" }, "128 MiB",
      "Not enough space for DTB after kernel/initrd" },
    { "a kernel that is too large",
      { .no_kernel = true, .memory = "128M", .more = "-kernel {file}" },
      "Image of 256 MiB", "is too large to fit in RAM (kernel size 268435456, "
      "RAM size 134217728)" },
    { "a kernel that ends behind RAM",
      { .no_kernel = true, .more = "-kernel {file}" },
      "Image of 250 MiB at 8 MiB", "needs 262144000 bytes, and 260046848 bytes "
      "of RAM are left for it at 0x40800000: use more memory (-m)" },

    /* Images that are in each other's way, or nowhere */
    { "a file over the kernel",
      { .more = "-device loader,file={file},addr=0x40081000,force-raw=on" },
      "small", OVERLAP },
    { "two files over each other",
      { .more = "-device loader,file={file},addr=0x4c000000,force-raw=on "
        "-device loader,file={file},addr=0x4c008000,force-raw=on" },
      "small", OVERLAP },
    { "three files over each other",
      { .more = "-device loader,file={file},addr=0x4c000000,force-raw=on "
        "-device loader,file={file},addr=0x4c008000,force-raw=on "
        "-device loader,file={file},addr=0x4c00c000,force-raw=on" },
      "small", OVERLAP },
    { "a value over the kernel",
      { .more = "-device loader,addr=0x40080ff8,data=1,data-len=8" }, NULL,
      OVERLAP },
    { "a file behind RAM",
      { .more = "-device loader,file={file},addr=0x4fff8000,force-raw=on" },
      "small", "is not in Realm RAM at 0x50000000" },

    /* All ways to ask for flash memory */
    { "flash", { .more = "-drive if=pflash,file={file},format=raw" }, "small",
      FLASH },
    { "flash with a unit",
      { .more = "-drive if=pflash,unit=0,format=raw,file={file}" }, "small",
      FLASH },
    { "flash of the second unit", { .more = "-drive "
      "if=pflash,format=raw,unit=1,file={file},readonly=on,id=f" }, "small",
      FLASH },
    { "flash of a unit that is none",
      { .more = "-drive if=pflash,unit=2,format=raw,file={file}" }, "small",
      FLASH },
    { "flash of a bus",
      { .more = "-drive if=pflash,bus=0,unit=1,format=raw,file={file}" },
      "small", FLASH },
    { "flash of a bus that is none",
      { .more = "-drive if=pflash,bus=3,unit=0,format=raw,file={file}" },
      "small", FLASH },
    { "flash with an index",
      { .more = "-drive if=pflash,index=0,format=raw,file={file}" }, "small",
      FLASH },
    { "flash behind other drives",
      { .more = "-drive if=none,id=d,format=raw,unit=7,file={file} "
        "-drive if=pflash,unit=0,format=raw,cache=none,aio=threads,"
        "discard=unmap,file={file}" },
      "small", FLASH },
    { "two of flash", { .more = "-drive if=pflash,unit=0,format=raw,"
      "file={file},readonly=on -drive if=pflash,unit=1,format=raw,"
      "file={file}" }, "small", FLASH },
    { "flash of a unit that is no number",
      { .more = "-drive if=pflash,unit=x,format=raw,file={file}" }, "small",
      "Parameter 'unit' expects a number" },
    { "flash of a unit and an index",
      { .more = "-drive if=pflash,unit=1,index=1,format=raw,file={file}" },
      "small", "index cannot be used with bus and unit" },
    { "two of flash at one place", { .more = "-drive if=pflash,unit=0,"
      "format=raw,file={file},readonly=on -drive if=pflash,index=0,format=raw,"
      "file={file},readonly=on" }, "small", "drive with bus=0, unit=0 (index=0) "
      "exists" },

    /* The Realm itself */
    { "a personalization value of 3 bytes",
      { .object = ",personalization-value=AAAA" }, NULL,
      "personalization-value has 3 bytes" },
    { "mec-policy and shared-mec",
      { .object = ",mec-policy=private,shared-mec=on" }, NULL,
      "mec-policy and shared-mec cannot be used together" },
    { "ipa-bits=32", { .object = ",ipa-bits=32" }, NULL, "is out of range" },
    { "more memory than ipa-bits leave",
      { .object = ",ipa-bits=33", .memory = "4G" }, NULL,
      "Addressing limited to 32 bits" },
    { "a log and a DTB", { .object = ",measurement-log=on",
      .more = "-dtb {file}" }, "DTB of 72 bytes",
      "measurement-log=on cannot be used with -dtb" },
    { "too many breakpoints", { .cpu = ",num-breakpoints=17" }, NULL,
      "num-breakpoints must be between 2 and 16, not 17" },
    { "PMU counters without a PMU", { .cpu = ",pmu=off,num-pmu-counters=3" },
      NULL, "num-pmu-counters=3 needs a PMU" },

    /* What is refused in more than one way of writing */
    { "a dirty ring of the second -accel", { .no_accel = true,
      .more = "-accel kvm,dirty-ring-size=4096 -accel tcg" }, NULL,
      "a Realm has no log of written pages" },
    { "prealloc of a NUMA node", { .more = "-object memory-backend-memfd,"
      "id=a,size=256M,prealloc=on -numa node,memdev=a" }, NULL,
      "memory backend 'a' has prealloc=on" },
    { "memory in JSON", { .more = "-object '{\"qom-type\":\"memory-backend-ram"
      "\",\"id\":\"m\",\"size\":268435456,\"prealloc\":true}' "
      "-machine memory-backend=m" }, NULL,
      "memory backend 'm' has prealloc=on" },
    { "memory of no size", { .more = "-object memory-backend-ram,id=m,size=0 "
      "-machine memory-backend=m" }, NULL, "size" },
    { "iommu_platform=off in JSON", { .more = "-device "
      "'{\"driver\":\"virtio-rng-pci\",\"iommu_platform\":false}'" }, NULL,
      "remove iommu_platform=off" },
    { "iommu_platform=off for all of a type", { .more = "-global "
      "virtio-rng-pci.iommu_platform=off -device virtio-rng-pci" }, NULL,
      "remove iommu_platform=off" },
    { "a value that is no switch", { .more = "-device "
      "virtio-rng-pci,iommu_platform=perhaps" }, NULL,
      "Parameter 'iommu_platform' expects 'on' or 'off'" },
    { "disable-modern=on", { .more = "-device "
      "virtio-rng-pci,disable-modern=on,disable-legacy=off" }, NULL,
      "has the legacy interface of virtio" },
    { "vhost-user of -nic", { .more = "-chardev null,id=v "
      "-nic vhost-user,chardev=v,model=virtio-net-pci" }, NULL,
      "vhost-user cannot serve a confidential guest" },
    { "vhost-user in JSON", { .more = "-chardev null,id=v -netdev "
      "'{\"type\":\"vhost-user\",\"id\":\"n\",\"chardev\":\"v\"}'" }, NULL,
      "vhost-user cannot serve a confidential guest" },
    { "-s", { .more = "-s" }, NULL, "a Realm has no gdbstub" },
};

static const char *make_file(const char *name)
{
    for (int i = 0; i < ARRAY_SIZE(files); i++) {
        const struct File *f = &files[i];
        const char *path;

        if (g_str_equal(f->name, name)) {
            path = contract_file("file", f->head, f->head_size);
            g_assert_cmpint(truncate(path, f->size), ==, 0);
            return path;
        }
    }
    g_assert_not_reached();
}

static bool has_text(const char *line, const char *text)
{
    return strstr(line, text) != NULL;
}

static void test_case(const void *data)
{
    const Case *t = data;
    g_auto(GStrv) parts = g_strsplit(t->args.more ?: "", "{file}", -1);
    g_autofree char *more = g_strjoinv(t->file ? make_file(t->file) : "",
                                       parts);
    g_autoptr(Contract) c = NULL;
    ContractArgs args = t->args;

    args.more = more;
    c = contract_run(&args);
    contract_expect_error_like(c, t->message, has_text);
    contract_expect_no_complaints(c);
    contract_check(!contract_count(c, "REALM_CREATE"), "created first");

    contract_expect_dry_refusal(&args, contract_native_qemu(),
                                contract_stderr(c));
    if (contract_level() >= CONTRACT_FULL) {
        contract_expect_dry_refusal(&args, getenv("QTEST_QEMU_BINARY"),
                                    contract_stderr(c));
    }
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        contract_add("same", cases[i].name, test_case, &cases[i]);
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}

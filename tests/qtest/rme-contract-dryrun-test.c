/*
 * Contract tests: the dry run says what a launch measures
 *
 * Each command line is launched on the simulated host, which computes the
 * measurement by code of its own from what it was told, and run dry in two
 * builds: the one that is launched, and QTEST_DRY_RUN_BINARY, which is for
 * this machine and need not have KVM.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include "qobject/qjson.h"
#include "rme-contract.h"

/* What the simulated host has by default */
#define CPU ",num-breakpoints=6,num-watchpoints=4,num-pmu-counters=6,sve=off"
#define CPU_NO_PMU ",num-breakpoints=6,num-watchpoints=4,pmu=off,sve=off"

typedef enum Image {
    IMAGE_KERNEL,
    IMAGE_FIRMWARE,
    IMAGE_INITRD,
    IMAGE_DTB,
} Image;

typedef struct Line {
    const char *name;
    Image image;
    const char *machine, *object, *cpu, *memory, *more, *conf;
} Line;

static const Line lines[] = {
    { "one vCPU, 1 GiB", .memory = "1G" },
    { "8 vCPUs", .more = "-smp 8" },
    { "8 vCPUs in sockets and clusters",
      .more = "-smp 8,sockets=2,clusters=2" },
    { "33 vCPUs, more than a cluster of the MPIDR", .more = "-smp 33" },
    { "4 GiB", .memory = "4G" },
    { "64 GiB", .machine = ",memory-backend=a", .memory = "64G",
      .more = "-object memory-backend-ram,id=a,size=64G,reserve=off" },
    { "firmware", IMAGE_FIRMWARE },
    { "firmware, 4 vCPUs, 2 GiB", IMAGE_FIRMWARE, .memory = "2G",
      .more = "-smp 4" },
    { "initrd and command line", IMAGE_INITRD,
      .more = "-append 'console=ttyAMA0 root=/dev/vda ro'" },
    { "a DTB of the user", IMAGE_DTB },
    { "no ITS", .machine = ",its=off" },
    { "no PMU", .cpu = CPU_NO_PMU },
    { "no ACPI", .machine = ",acpi=off" },
    { "other numbers of counters", .cpu = ",num-breakpoints=2,"
      "num-watchpoints=3,num-pmu-counters=1,sve=off" },
    { "SVE", .cpu = ",num-breakpoints=6,num-watchpoints=4,num-pmu-counters=6,"
      "sve256=on", .conf = "host-sve-vq = 4\nrmm-sve-vq = 4\n" },
    { "sha256", .object = ",measurement-algorithm=sha256" },
    { "48 bits", .object = ",ipa-bits=48" },
    { "no high MMIO window", .machine = ",highmem-mmio=off" },
    { "virtio-mmio devices", .more = "-drive id=d,if=none,driver=null-co "
      "-device virtio-blk-device,drive=d -device virtio-rng-device" },
    { "PCI devices", .more = "-device pcie-root-port,id=rp "
      "-netdev hubport,id=n,hubid=0 -device virtio-net-pci,netdev=n,bus=rp,romfile= "
      "-device virtio-scsi-pci,id=s -drive id=d,if=none,driver=null-co "
      "-device scsi-hd,drive=d,bus=s.0 -device qemu-xhci -device usb-kbd" },
    { "two serial ports", .more = "-serial null -serial null" },
    { "no serial port", .more = "-serial none" },
    { "two NUMA nodes", .more = "-smp 2 "
      "-object memory-backend-ram,id=a,size=96M "
      "-object memory-backend-memfd,id=b,size=160M "
      "-numa node,memdev=a,cpus=0 -numa node,memdev=b,cpus=1" },
    { "a memory backend", .machine = ",memory-backend=a",
      .more = "-object memory-backend-memfd,id=a,size=256M" },
    { "values from the loader", .more =
      "-device loader,addr=0x4c000000,data=0x1122334455667788,data-len=8" },
};

static char *image_options(Image image)
{
    g_autofree uint8_t *data = contract_pattern(8192, 0);
    g_autofree uint8_t *more = contract_pattern(20000, 1);
    const char *first = contract_file("image", data, 8192);
    static const uint8_t dtb[72] = {
        0xd0, 0x0d, 0xfe, 0xed, [7] = 72, [11] = 56, [15] = 72, [19] = 40,
        [23] = 17, [27] = 16, [39] = 16, [59] = 1, [67] = 2, [71] = 9,
    };

    switch (image) {
    case IMAGE_FIRMWARE:
        return g_strdup_printf("-bios %s", first);
    case IMAGE_INITRD:
        return g_strdup_printf("-kernel %s -initrd %s", first,
                               contract_file("initrd", more, 20000));
    case IMAGE_DTB:
        return g_strdup_printf("-kernel %s -dtb %s", first,
                               contract_file("dtb", dtb, sizeof(dtb)));
    default:
        return g_strdup_printf("-kernel %s", first);
    }
}

/* The options of a line but for the accelerator, in a launch or a dry run */
static char *options_of(const Line *line, const char *images,
                        const char *object)
{
    return g_strdup_printf(
        "-accel kvm -machine virt,confidential-guest-support=rme0%s "
        "-object rme-guest,id=rme0%s%s -cpu host%s -m %s %s %s",
        line->machine ?: "", line->object ?: "", object, line->cpu ?: CPU,
        line->memory ?: "256M", images, line->more ?: "");
}

/* What a dry run says, NULL after a failure */
static char *dry_run(const char *binary, const char *options)
{
    g_autoptr(ContractDryRun) r = contract_dry_run(binary, options);
    QObject *obj = qobject_from_json(r->out, NULL);
    QDict *info = qobject_to(QDict, obj);
    char *rim = g_strdup(info ? qdict_get_try_str(info, "rim") : NULL);

    contract_check(rim && WIFEXITED(r->status) && !WEXITSTATUS(r->status),
                   "dry run: status 0x%x: %s %s\n%s\n%s", r->status, binary,
                   options, r->out, r->err);
    contract_check(!info || !qdict_haskey(info, "shared-memory"),
                   "dry run: memory is shared");
    qobject_unref(obj);
    return rim;
}

static char *launch(const Line *line, const char *options)
{
    g_autoptr(Contract) c = contract_start_options(line->conf, options);
    QDict *realm;
    char *rim;

    contract_wait_calls(c, "REALM_ACTIVATE", 1);
    realm = contract_realm(c);
    rim = g_strdup(realm ? qdict_get_try_str(realm, "rim") : NULL);
    contract_quit(c);
    contract_expect_no_complaints(c);
    return rim;
}

static void test_line(const void *data)
{
    const Line *line = data;
    g_autofree char *images = image_options(line->image);
    g_autofree char *real = options_of(line, images, "");
    g_autofree char *dry = options_of(line, images, ",dry-run=on");
    g_autofree char *launched = launch(line, real);
    g_autofree char *same_build = dry_run(getenv("QTEST_QEMU_BINARY"), dry);
    g_autofree char *other_build = dry_run(contract_native_qemu(), dry);

    contract_check(launched, "the simulator has no measurement");
    contract_equal("dry run of the build that is launched", same_build,
                   launched);
    contract_equal("dry run of the other build", other_build, launched);
}

/* Where images are, what they are called and what day it is do not count */
static void test_reproducible(const void *data)
{
    Line line = { };
    g_autofree uint8_t *image = contract_pattern(8192, 0);
    g_autofree char *images = g_strdup_printf(
        "-kernel %s", contract_file("vmlinuz-1", image, 8192));
    g_autofree char *others = g_strdup_printf(
        "-kernel %s -rtc base=1999-12-31 -name guest=x -uuid "
        "11111111-2222-3333-4444-555555555555",
        contract_file("another-name", image, 8192));
    g_autofree char *options = options_of(&line, images, ",dry-run=on");
    g_autofree char *changed = options_of(&line, others, ",dry-run=on");
    g_autofree char *first = dry_run(contract_native_qemu(), options);
    g_autofree char *second = dry_run(contract_native_qemu(), options);
    g_autofree char *third = dry_run(contract_native_qemu(), changed);

    contract_equal("the second time", second, first);
    contract_equal("other paths, another day", third, first);
}

/* Other hosts, same measurement; the dry run does not ask the one it is on */
static void test_other_hosts(const void *data)
{
    static const char *const hosts[] = {
        "rmm-ipa-limit = 41\nipa-limit = 44\n",
        "host-bps = 15\nrmm-bps = 15\nhost-wps = 15\nrmm-wps = 15\n",
        "host-pmu-counters = 31\nrmm-pmu-counters = 31\n",
        "host-sve-vq = 16\nrmm-sve-vq = 16\n",
        "sysfs = none\ncap = 300\n",
    };
    Line line = { };
    g_autofree char *images = image_options(IMAGE_KERNEL);
    g_autofree char *real = options_of(&line, images, "");
    g_autofree char *dry = options_of(&line, images, ",dry-run=on");
    g_autofree char *expected = dry_run(contract_native_qemu(), dry);

    for (int i = 0; i < ARRAY_SIZE(hosts); i++) {
        g_autofree char *rim = NULL;

        line.conf = hosts[i];
        rim = launch(&line, real);
        contract_equal(hosts[i], rim, expected);
    }
}

/* Nothing that a launch opens or makes is opened or made */
static void test_leaves_alone(const void *data)
{
    Line line = {
        .memory = "256G",
        .machine = ",memory-backend=mem",
        .more = "-blockdev driver=file,node-name=f,filename=/nonexistent/disk "
                "-device virtio-blk-pci,drive=f "
                "-drive if=virtio,file=/nonexistent/image,format=qcow2 "
                "-netdev tap,id=t,ifname=nonexistent0,vhost=on "
                "-device virtio-net-pci,netdev=t "
                "-chardev socket,id=c,path=%1$s/socket,server=on,wait=on "
                "-serial chardev:c -mon chardev=c -qmp unix:%1$s/qmp,server=on "
                "-monitor tcp:127.0.0.1:1,server=on "
                "-object secret,id=s,file=/nonexistent/secret "
                "-object memory-backend-file,id=mem,size=256G,share=on,"
                "mem-path=%1$s/memory "
                "-fw_cfg name=opt/x,file=/nonexistent/fw "
                "-device vhost-vsock-pci,guest-cid=3 "
                "-add-fd fd=77,set=1 "
                "-pidfile %1$s/pid -daemonize -D %1$s/log -d guest_errors "
                "-S",
    };
    g_autofree char *dir = g_dir_make_tmp("rme-dry-run-XXXXXX", NULL);
    g_autofree char *images = image_options(IMAGE_KERNEL);
    g_auto(GStrv) parts = g_strsplit(line.more, "%1$s", -1);
    g_autofree char *more = g_strjoinv(dir, parts);
    g_autofree char *options = NULL, *rim = NULL;

    line.more = more;
    options = options_of(&line, images, ",dry-run=on");
    rim = dry_run(contract_native_qemu(), options);
    contract_check(rmdir(dir) == 0, "files were made in %s", dir);
}

/*
 * A port that somebody has, less @base, is where @options want to listen. Of a
 * launch, @error is how it ends.
 */
typedef struct Port {
    const char *name, *options, *error;
    int base;
} Port;

#define IN_USE "Address already in use"

static const Port ports[] = {
    { "VNC", "-vnc 127.0.0.1:%d", IN_USE, 5900 },
    { "VNC of -display", "-display vnc=127.0.0.1:%d", IN_USE, 5900 },
    { "SPICE", "-spice addr=127.0.0.1,port=%d,disable-ticketing=on",
      "failed to initialize spice server" },
    { "a monitor", "-qmp tcp:127.0.0.1:%d,server=on,wait=off", IN_USE },
    { "a serial port", "-serial tcp:127.0.0.1:%d,server=on,wait=off", IN_USE },
};

static int take_port(int *port)
{
    struct sockaddr_in addr = { .sin_family = AF_INET };
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g_assert_cmpint(bind(fd, (void *)&addr, len), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    g_assert_cmpint(getsockname(fd, (void *)&addr, &len), ==, 0);
    *port = ntohs(addr.sin_port);
    return fd;
}

/* A launch does not get the port, and a dry run does not want it */
static void test_port(const void *data)
{
    const Port *p = data;
    int number, fd = take_port(&number);
    g_auto(GStrv) parts = g_strsplit(p->options, "%d", 2);
    g_autofree char *text = g_strdup_printf("%d", number - p->base);
    g_autofree char *more = g_strjoinv(text, parts);
    Line line = { .more = more };
    g_autofree char *images = image_options(IMAGE_KERNEL);
    g_autofree char *real = options_of(&line, images, "");
    g_autofree char *dry = options_of(&line, images, ",dry-run=on");
    g_autoptr(Contract) c = contract_run_options(NULL, real);
    g_autofree char *rim = NULL;

    contract_check(WIFEXITED(contract_status(c)) &&
                   WEXITSTATUS(contract_status(c)) == 1 &&
                   strstr(contract_stderr(c), p->error), "a launch ends with "
                   "status 0x%x, and says: %s", contract_status(c),
                   contract_stderr(c));
    rim = dry_run(getenv("QTEST_QEMU_BINARY"), dry);
    g_clear_pointer(&rim, g_free);
    rim = dry_run(contract_native_qemu(), dry);
    close(fd);
}

/* Errors: one line, which ends with @message, and exit status 1 */
typedef struct Wrong {
    const char *name;
    const char *options;
    const char *message;
    const char *later;      /* or with this, from QEMU 10.2 on */
} Wrong;

#define DRY "-accel kvm -machine virt,confidential-guest-support=rme0 " \
            "-object rme-guest,id=rme0,dry-run=on "
#define WATCH ",num-breakpoints=6,num-watchpoints=4"
#define UNKNOWN "a dry run cannot know the host of the launch: add "

#define ABI(abi) "-accel kvm -machine virt,confidential-guest-support=rme0 " \
    "-object rme-guest,id=rme0,dry-run=on,measurement-algorithm=sha256," \
    "kernel-abi=" abi " "
#define NO_PMU "-cpu host,pmu=off,sve=off" WATCH
/* 64 bytes, the first of which is 1 */
#define RPV "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
            "AAAAAAAAAAAAAAAAAAAAA=="

static const Wrong wrongs[] = {
    { "breakpoints", DRY "-cpu host",
      UNKNOWN "num-breakpoints=N to -cpu host" },
    { "watchpoints", DRY "-cpu host,num-breakpoints=6",
      UNKNOWN "num-watchpoints=N to -cpu host" },
    { "PMU counters", DRY "-cpu host,sve=off" WATCH,
      UNKNOWN "num-pmu-counters=N, or pmu=off, to -cpu host" },
    { "SVE length", DRY "-cpu host,pmu=off" WATCH,
      UNKNOWN "sveN=on, with the longest vector length N in bits, or sve=off, "
      "to -cpu host" },
    { "SVE length of sve=on", DRY "-cpu host,pmu=off,sve=on" WATCH,
      UNKNOWN "sveN=on, with the longest vector length N in bits, or sve=off, "
      "to -cpu host" },
    { "counters without PMU", DRY "-cpu host,pmu=off,num-pmu-counters=3" WATCH,
      "num-pmu-counters=3 needs a PMU: add pmu=on" },
    { "too many breakpoints", DRY "-cpu host,num-breakpoints=17",
      "num-breakpoints must be between 2 and 16, not 17" },
    { "another CPU", DRY "-cpu cortex-a57",
      "a Realm's vCPUs are those of the host: use -cpu host" },
    { "the CPU max without its properties", DRY "-cpu max",
      UNKNOWN "num-breakpoints=N to -cpu host" },
    /* Under KVM the machine's own is max there */
    { "no CPU", DRY, "a Realm's vCPUs are those of the host: use -cpu host",
      UNKNOWN "num-breakpoints=N to -cpu host" },
    { "no accelerator", "-machine virt,confidential-guest-support=rme0 "
      "-object rme-guest,id=rme0,dry-run=on",
      "a dry run is for a launch with KVM, and does not open it: use "
      "-accel kvm" },
    { "TCG", "-machine virt,confidential-guest-support=rme0,accel=tcg:kvm "
      "-object rme-guest,id=rme0,dry-run=on",
      "a dry run is for a launch with KVM, and does not open it: use "
      "-accel kvm" },
    { "no Realm", "-accel kvm -machine virt "
      "-object rme-guest,id=rme0,dry-run=on",
      "a dry run needs a Realm: add confidential-guest-support=ID to "
      "-machine, with the ID of the rme-guest object" },
    { "another machine", "-accel kvm "
      "-machine raspi3b,confidential-guest-support=rme0 "
      "-object rme-guest,id=rme0,dry-run=on",
      "machine 'raspi3b' cannot run the Realm 'rme0': use -machine virt" },
    { "GICv2", "-accel kvm "
      "-machine virt,confidential-guest-support=rme0,gic-version=2 "
      "-object rme-guest,id=rme0,dry-run=on",
      "a Realm has no interrupt controller other than a GICv3: use "
      "gic-version=3" },
    { "a missing kernel", DRY "-cpu host,pmu=off,sve=off" WATCH
      " -kernel /nonexistent/kernel",
      "could not load kernel '/nonexistent/kernel'" },
    { "missing firmware", DRY "-cpu host,pmu=off,sve=off" WATCH
      " -bios /nonexistent/firmware",
      "could not find firmware image '/nonexistent/firmware'" },
    { "an unknown property", "-accel kvm "
      "-machine virt,confidential-guest-support=rme0 "
      "-object rme-guest,id=rme0,dry-run=on,nonsense=1",
      "Invalid parameter 'nonsense'" },
    { "an unknown device", DRY "-cpu host,pmu=off,sve=off" WATCH
      " -device nonsense", "'nonsense' is not a valid device model name" },
    { "an unknown property of a device that is not made", DRY
      "-cpu host,pmu=off,sve=off" WATCH " -device virtio-net-pci,colour=red",
      "Property 'virtio-net-pci.colour' not found" },
    { "one of a device in JSON", DRY "-cpu host,pmu=off,sve=off" WATCH
      " -device '{\"driver\":\"virtio-scsi-pci\",\"id\":\"s\",\"colour\":1}'",
      "Property 'virtio-scsi-pci.colour' not found" },
    { "a device without a type", DRY "-cpu host,pmu=off,sve=off" WATCH
      " -device '{\"id\":\"s\"}'", "Parameter 'driver' is missing" },
    { "a type that is no device", DRY "-cpu host,pmu=off,sve=off" WATCH
      " -device memory-backend-ram",
      "'memory-backend-ram' is not a valid device model name" },
    { "a device that no Realm can have", DRY "-cpu host,pmu=off,sve=off" WATCH
      " -device vfio-pci,host=0000:00:00.0",
      "a Realm cannot have the device vfio-pci: it maps all memory of the "
      "guest and does not ask what is shared; use a virtio device" },
    { "a display with a frame buffer", DRY "-cpu host,pmu=off,sve=off" WATCH
      " -device bochs-display,romfile=",
      "a Realm cannot have the device bochs-display: its memory "
      "'bochs-display-vram' needs a log of what the guest writes, which the "
      "host cannot keep for a Realm; use virtio-gpu-pci" },
    { "a balloon", DRY "-cpu host,pmu=off,sve=off" WATCH
      " -device virtio-balloon-pci",
      "a Realm cannot have the device virtio-balloon-pci: it takes pages from "
      "the guest that are private; leave it out (libvirt: <memballoon "
      "model='none'/>)" },
    { "flash", DRY "-cpu host -drive if=pflash,file=/nonexistent,format=raw",
      "a Realm has no flash memory: -drive if=pflash cannot be used, load the "
      "firmware into RAM with -bios FILE and leave out a variable store" },
    { "kernel-abi of a launch", "-accel kvm "
      "-machine virt,confidential-guest-support=rme0 "
      "-object rme-guest,id=rme0,kernel-abi=b",
      "'kernel-abi' of rme-guest 'rme0' is for a dry run, a launch asks the "
      "kernel: remove it or add dry-run=on" },
    { "lpa2 of a launch", "-accel kvm "
      "-machine virt,confidential-guest-support=rme0 "
      "-object rme-guest,id=rme0,lpa2=on",
      "'lpa2' of rme-guest 'rme0' is for a dry run, a launch asks the "
      "kernel: remove it or add dry-run=on" },
    { "a generation without PMU", ABI("b3,lpa2=off")
      "-cpu host,num-pmu-counters=2,sve=off" WATCH,
      "a kernel of generation B3 (host series v14) has no PMU in a Realm: use "
      "-cpu host,pmu=off" },
    { "a generation that measures LPA2", ABI("b4") NO_PMU,
      "a dry run cannot know the host of the launch: add lpa2=on, if KVM uses "
      "52-bit addresses there, or lpa2=off, to -object rme-guest" },
    { "a personalization value of a generation without one",
      ABI("b5,personalization-value=" RPV) NO_PMU,
      "a kernel of generation B5 (host series v16) has no personalization-value "
      "other than zeros: remove it" },
    { "a MECID of a generation without a choice",
      ABI("b2,lpa2=on,mec-policy=private") NO_PMU,
      "a kernel of generation B2 (host series v13) has no choice of the memory "
      "encryption context: remove mec-policy or shared-mec" },
    { "firmware and a generation with an unknown order",
      ABI("b1,lpa2=off") NO_PMU " -bios /dev/null",
      CONTRACT_UNPREDICTABLE },
};

static void test_wrong(const void *data)
{
    const Wrong *w = data;
    g_autoptr(ContractDryRun) r = contract_dry_run(contract_native_qemu(), w->options);
    g_autofree char *end = g_strconcat(w->message, "\n", NULL);
    g_autofree char *later = g_strconcat(w->later ?: w->message, "\n", NULL);

    contract_check(WIFEXITED(r->status) && WEXITSTATUS(r->status) == 1,
                   "status 0x%x", r->status);
    contract_equal("stdout", r->out, "");
    contract_check((g_str_has_suffix(r->err, end) ||
                    g_str_has_suffix(r->err, later)) &&
                   strchr(r->err, '\n') == r->err + strlen(r->err) - 1,
                   "stderr is   %s   should be %s", r->err, w->message);
}

/* A type for dry runs only must not turn up anywhere else */
static void test_types(const void *data)
{
    const char *native = contract_native_qemu();
    g_autoptr(ContractDryRun) cpus = contract_dry_run(native, "-cpu help");
    g_autoptr(ContractDryRun) accels = contract_dry_run(native, "-accel help");

    contract_check(!strstr(cpus->out, "host"), "%s", cpus->out);
    contract_check(!strstr(accels->out, "dry"), "%s", accels->out);
    contract_check(strstr(accels->out, "tcg"), "%s", accels->out);
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(lines); i++) {
        contract_add("dry-run", lines[i].name, test_line, &lines[i]);
    }
    contract_add("dry-run", "the same again, with other names and dates",
                 test_reproducible, NULL);
    contract_add("dry-run", "other hosts measure the same", test_other_hosts,
                 NULL);
    contract_add("dry-run", "leaves alone what it does not need",
                 test_leaves_alone, NULL);
    contract_add("dry-run", "has no types that others see", test_types, NULL);
    for (int i = 0; i < ARRAY_SIZE(ports); i++) {
        g_autofree char *name = g_strdup_printf("opens no port: %s",
                                                ports[i].name);

        contract_add("dry-run", name, test_port, &ports[i]);
    }
    for (int i = 0; i < ARRAY_SIZE(wrongs); i++) {
        g_autofree char *name = g_strdup_printf("refuses: %s", wrongs[i].name);

        contract_add("dry-run", name, test_wrong, &wrongs[i]);
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}

/*
 * Contract tests: command lines of programs and people that start Realms
 *
 * Collected in November 2026 from public launchers, scripts, manuals and
 * reports, in own words and with names replaced. A client that only lacks what
 * a Realm can have must start; others must be told in one line what to do. What
 * only a guest that runs can show is in tests/cca-host/host/scenarios.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_RME_CONTRACT_CLIENTS_H
#define TESTS_QTEST_RME_CONTRACT_CLIENTS_H

/**
 * Client: a command line, and what comes of it
 * @line: {kernel} and the like are paths, {fd} is a socket that QEMU inherits
 * @refusal: in the one line that QEMU ends with, NULL if it starts
 * @tool: what cca-measure says, if it is not @refusal
 * @warning: in a line on stderr of one that starts
 * @defaults: has no -nodefaults
 * @daemon: goes on in the background
 */
typedef struct Client {
    const char *name, *line, *refusal, *tool, *warning;
    bool defaults, daemon;
} Client;

#define CLIENT_RPV \
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v" \
    "MDEyMzQ1Njc4OTo7PD0+Pw=="

/* {config} */
static const char client_config[] =
    "# of -writeconfig, or by hand\n"
    "[object \"rme0\"]\n"
    "  qom-type = \"rme-guest\"\n"
    "  measurement-algorithm = \"sha512\"\n"
    "\n"
    "[machine]\n"
    "  type = \"virt\"\n"
    "  confidential-guest-support = \"rme0\"\n"
    "\n"
    "[smp-opts]\n"
    "  cpus = \"2\"\n"
    "\n"
    "[memory]\n"
    "  size = \"512M\"\n";

/*
 * The Go runtime of Kata Containers makes this for arm64. The descriptors that
 * it passes for vhost and the tap device need a host that has these.
 */
#define KATA(memory, object, cpus) \
    "-name sandbox-1,debug-threads=on " \
    "-uuid 5f8b0d3e-6c43-4a8f-9b0c-cca000000002 " \
    "-machine virt,usb=off,accel=kvm,gic-version=host," \
    "confidential-guest-support=rme0 -cpu host,pmu=off " \
    "-qmp unix:fd={fd},server=on,wait=off " memory \
    "-device pci-bridge,bus=pcie.0,id=pci-bridge-0,chassis_nr=1,shpc=off," \
    "addr=2,io-reserve=4k,mem-reserve=1m,pref64-reserve=1m " \
    "-device virtio-serial-pci,disable-modern=false,id=serial0 " \
    "-device virtconsole,chardev=charconsole0,id=console0 " \
    "-chardev socket,id=charconsole0,path={new}.console,server=on,wait=off " \
    "-object iothread,id=iothread-0 " \
    "-device virtio-scsi-pci,id=scsi0,disable-modern=false," \
    "iothread=iothread-0 " \
    "-object rme-guest,id=rme0" object " " \
    "-object rng-random,id=rng0,filename=/dev/urandom " \
    "-device virtio-rng-pci,rng=rng0 " \
    "-netdev user,id=network-0 -device driver=virtio-net-pci," \
    "netdev=network-0,mac=02:42:ac:11:00:02,disable-modern=false,mq=on," \
    "vectors=4,romfile= " \
    "-rtc base=utc,driftfix=slew,clock=host " \
    "-global kvm-pit.lost_tick_policy=discard -vga none -no-user-config " \
    "-nodefaults -nographic --no-reboot -kernel {kernel} " \
    "-append 'iommu.passthrough=0 console=hvc0 console=hvc1 agent.log=debug' " \
    cpus " -pidfile {new}.pid "

#define KATA_OBJECT \
    ",measurement-algorithm=sha512,personalization-value={rpv}"
#define RAM "-m 2048M -object memory-backend-ram,id=dimm1,size=2048M," \
    "reserve=off -numa node,memdev=dimm1 "
#define ONE "-smp 1,cores=1,threads=1"

/* A script of people who work on attestation */
#define SCRIPT(object, more) \
    "-M confidential-guest-support=rme0 -object rme-guest,id=rme0" object \
    " -nodefaults -chardev stdio,mux=on,id=chr0,signal=off " \
    "-serial chardev:chr0 -device virtio-serial-pci " \
    "-device virtconsole,chardev=chr0 -mon chardev=chr0,mode=readline " \
    "-device virtio-net-pci,netdev=net0,romfile='' -netdev user,id=net0 " \
    "-cpu host -M virt -enable-kvm -M gic-version=3,its=on -smp 2 -m 1G " \
    "-nographic " more

/* What most others have */
#define REALM "-M virt,confidential-guest-support=rme0 -accel kvm -cpu host " \
    "-object rme-guest,id=rme0 -m 512M "
#define KERNEL "-kernel {kernel} "

static const Client clients[] = {
    { "Kata Containers", KATA(RAM, KATA_OBJECT, ONE) },
    { "Kata Containers, memory in /dev/shm",
      KATA("-m 2048M -object memory-backend-file,id=dimm1,size=2048M,"
           "mem-path=/dev/shm,share=on -numa node,memdev=dimm1 ",
           KATA_OBJECT, ONE) },
    { "Kata Containers that locks memory",
      KATA(RAM "-overcommit mem-lock=on ", KATA_OBJECT, ONE),
      .warning = "mem-lock= of -overcommit has no effect" },
    { "Kata Containers, memory of a host node",
      KATA("-m 2048M -object memory-backend-ram,id=dimm1,size=2048M,"
           "reserve=off,host-nodes=0,policy=bind -numa node,memdev=dimm1 ",
           KATA_OBJECT, ONE),
      .warning = "memory backend 'dimm1': host-nodes= and policy= bind what "
      "the Realm shares, and not its private memory" },
    { "Kata Containers with memory hotplug",
      KATA("-m 2048M,slots=10,maxmem=129344M ", KATA_OBJECT,
           ONE ",sockets=1,maxcpus=1"),
      .refusal = "a Realm has no memory hotplug: remove slots= of -m" },
    { "attestation script, kernel",
      SCRIPT("", "-kernel {kernel} -initrd {initrd} "
             "-append 'console=hvc0 earlycon=pl011,0x10009000000'") },
    { "attestation script, its own device tree",
      SCRIPT("", "-dtb {dtb} -kernel {kernel} -initrd {initrd}") },
    { "attestation script, firmware", SCRIPT("", "-bios {bios}") },
    { "attestation script, vhost-vsock",
      SCRIPT("", "-kernel {kernel} -device vhost-vsock-pci,guest-cid=3") },
    { "attestation script, virtiofs",
      SCRIPT("", "-kernel {kernel} -chardev socket,id=fs,path={socket} -device "
             "vhost-user-fs-pci,queue-size=1024,chardev=fs,tag=shared"),
      .refusal = "use virtio-9p-pci" },
    { "QEMU's functional test of an emulated host",
      "-M virt,gic-version=3 -cpu host -enable-kvm -m 512M "
      "-M confidential-guest-support=rme0 -object rme-guest,id=rme0 "
      "-device virtio-net-pci,netdev=net0,romfile= -netdev user,id=net0 "
      "-kernel {kernel} -initrd {initrd} -serial stdio", .defaults = true },
    { "older script, no network", REALM KERNEL "-nic none" },
    { "older script, locked memory", REALM KERNEL "-overcommit mem-lock=on",
      .warning = "mem-lock= of -overcommit has no effect" },
    { "older script, measurement-algo",
      "-M virt,confidential-guest-support=rme0 -accel kvm -cpu host "
      "-object rme-guest,id=rme0,measurement-algo=sha256 " KERNEL,
      .refusal = "-object rme-guest has no property 'measurement-algo': use "
      "measurement-algorithm=" },
    { "older script, measurement-algo in JSON",
      "-M virt,confidential-guest-support=rme0 -accel kvm -cpu host -object "
      "'{\"qom-type\":\"rme-guest\",\"id\":\"rme0\","
      "\"measurement-algo\":\"sha256\"}' " KERNEL,
      .refusal = "-object rme-guest has no property 'measurement-algo': use "
      "measurement-algorithm=" },
    { "older script, hexadecimal personalization value",
      "-M virt,confidential-guest-support=rme0 -accel kvm -cpu host "
      "-object rme-guest,id=rme0,personalization-value=abcd " KERNEL,
      .refusal = "convert one in hexadecimal with 'xxd -r -p | base64 -w 0'" },
    { "older script, counters of the object",
      "-M virt,confidential-guest-support=rme0 -accel kvm -cpu host "
      "-object rme-guest,id=rme0,num-pmu-counters=6,sve-vector-length=256 "
      KERNEL, .refusal = "-object rme-guest has no property '" },
    { "older script, counters of the object alone",
      "-M virt,confidential-guest-support=rme0 -accel kvm -cpu host "
      "-object rme-guest,id=rme0,num-pmu-counters=6 " KERNEL,
      .refusal = "has no property 'num-pmu-counters': use -cpu host,"
      "num-pmu-counters=" },
    { "older script, vector length of the object",
      "-M virt,confidential-guest-support=rme0 -accel kvm -cpu host "
      "-object rme-guest,id=rme0,sve-vector-length=256 " KERNEL,
      .refusal = "has no property 'sve-vector-length': use -cpu host,sve<N>=on "
      "with N in bits" },
    { "older script, sve-max-vq",
      "-M virt,confidential-guest-support=rme0 -accel kvm "
      "-cpu host,sve-max-vq=2 -object rme-guest,id=rme0 " KERNEL,
      .refusal = "a Realm's vCPU has no sve-max-vq: use sve256=on" },
    { "older script, no object",
      "-M virt,confidential-guest-support=rme0 -accel kvm -cpu host " KERNEL,
      .refusal = "there is no object 'rme0': add -object rme-guest,id=rme0",
      .tool = "there is no '-object rme-guest,id=...' on the command line" },
    { "older script, virtio-mmio",
      REALM KERNEL "-global virtio-mmio.force-legacy=false "
      "-device virtio-serial-device -device virtconsole,chardev=c "
      "-chardev null,id=c" },
    { "older script, no ACPI", "-M virt,acpi=off,gic-version=3,"
      "confidential-guest-support=rme0 -accel kvm -cpu host "
      "-object rme-guest,id=rme0 " KERNEL },
    { "firmware with kernel and initrd",
      REALM "-bios {bios} -kernel {kernel} -initrd {initrd}" },
    { "padded firmware", REALM "-bios {padded}",
      .warning = "ends in a MiB or more of bytes 0xff, which are measured" },
    { "virt-install, flash of libvirt",
      "-blockdev driver=null-co,node-name=flash,read-zeroes=on,size=67108864 "
      "-machine virt,usb=off,pflash0=flash -M virt,"
      "confidential-guest-support=rme0,gic-version=3 -accel kvm -cpu host "
      "-object rme-guest,id=rme0 -nodefaults",
      .refusal = "load the firmware into RAM with -bios FILE (libvirt: <loader "
      "type='rom'>)" },
    { "virt-install, balloon of libvirt",
      REALM KERNEL "-device virtio-balloon-pci,id=balloon0",
      .refusal = "leave it out (libvirt: <memballoon model='none'/>)" },
    { "dumpdtb for another tool", "-M virt,confidential-guest-support=rme0,"
      "dumpdtb={new} -accel kvm -cpu host -object rme-guest,id=rme0 "
      KERNEL "-smp 2 -append quiet" },
    { "habit: monitor on a pty", REALM KERNEL "-monitor pty" },
    { "habit: monitor by telnet",
      REALM KERNEL "-monitor telnet:127.0.0.1:0,server,nowait" },
    { "habit: mux with a log file", REALM KERNEL "-chardev stdio,id=mux,mux=on,"
      "logfile={new} -monitor chardev:mux -serial chardev:mux" },
    { "habit: -drive if=virtio",
      REALM KERNEL "-drive file={disk},if=virtio,format=raw" },
    { "habit: the object in JSON",
      "-M virt,confidential-guest-support=rme0 -accel kvm -cpu host -object "
      "'{\"qom-type\":\"rme-guest\",\"id\":\"rme0\"}' " KERNEL },
    { "habit: -daemonize", REALM KERNEL "-daemonize -pidfile {new}.pid",
      .daemon = true },
    { "habit: -readconfig", "-readconfig {config} -accel kvm -cpu host "
      KERNEL },
    { "habit: -smbios", REALM KERNEL "-smbios type=2,manufacturer=x" },
    { "habit: iothread-vq-mapping", REALM KERNEL
      "-object iothread,id=t0 -object iothread,id=t1 -blockdev driver=file,"
      "node-name=d,filename={disk} -device '{\"driver\":\"virtio-blk-pci\","
      "\"drive\":\"d\",\"num-queues\":4,\"iothread-vq-mapping\":["
      "{\"iothread\":\"t0\"},{\"iothread\":\"t1\"}]}'" },
    { "habit: a NoCloud CD on scsi", REALM KERNEL "-device virtio-scsi-pci "
      "-drive file={disk},format=raw,if=none,id=seed,readonly=on "
      "-device scsi-cd,drive=seed" },
    { "habit: a NoCloud CD on sata", REALM KERNEL "-device ich9-ahci,id=sata "
      "-drive file={disk},format=raw,if=none,id=seed,readonly=on "
      "-device ide-cd,drive=seed,bus=sata.0" },
    { "64 vCPUs", REALM KERNEL "-smp 64" },
    { "200 vCPUs", REALM KERNEL "-smp 200" },
    { "credentials of systemd", REALM KERNEL "-fw_cfg "
      "name=opt/io.systemd.credentials/x,string=y -smbios "
      "type=11,value=io.systemd.credential:x=y" },
    { "habit: io_uring", REALM KERNEL "-drive file={disk},format=raw,if=none,"
      "id=d,aio=io_uring,cache.direct=on -device virtio-blk-pci,drive=d" },
    { "habit: Linux AIO", REALM KERNEL "-drive file={disk},format=raw,if=none,"
      "id=d,aio=native,cache.direct=on -device virtio-blk-pci,drive=d" },
    { "habit: -vnc", REALM KERNEL "-device virtio-gpu-pci -vnc :1,to=99" },
    { "habit: -display vnc", REALM KERNEL "-device virtio-gpu-pci "
      "-display vnc=127.0.0.1:1,to=99" },
    { "habit: -spice", REALM KERNEL "-device virtio-gpu-pci "
      "-spice unix=on,addr={new}.spice,disable-ticketing=on" },
    { "habit: -spice with an agent's port", REALM KERNEL
      "-device virtio-gpu-pci "
      "-spice unix=on,addr={new}.spice,disable-ticketing=on "
      "-device virtio-serial-pci -chardev spicevmc,id=v,name=vdagent "
      "-device virtserialport,chardev=v,name=com.redhat.spice.0" },
};

#endif

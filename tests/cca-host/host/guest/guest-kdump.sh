# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# This kernel crashes. The one that takes over is on the second disk, and gets the
# command line of this one, with another script.
tar -C /tmp -xf /dev/vdb
line=$(sed 's/\brun=[^ ]*/run=crashed/; s/\bcrashkernel=[^ ]*//' /proc/cmdline)
kexec -p /tmp/vmlinuz --initrd=/tmp/initrd --command-line="$line nr_cpus=1 reset_devices" &&
    echo "guest: has loaded a kernel for a crash, in $(grep -i crash /proc/iomem)"
echo "the last words $(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')" > /dev/kmsg
echo c > /proc/sysrq-trigger

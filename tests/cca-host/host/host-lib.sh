# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
#
# What a scenario's host.sh uses inside the emulated host (busybox sh).

QEMU=/bin/qemu-system-aarch64
KERNEL=/guest/vmlinuz
INITRD=/guest/initrd
export QEMU KERNEL INITRD

# Lines that begin with @@ are shown by the runner while the scenario runs.
progress()
{
    echo "@@ $*"
}

# Arguments of a guest whose console goes to /results/NAME.log through
# virtio: an emulated UART costs two exits a character.
console_args()
{
    echo "-device virtio-serial-pci -chardev file,id=con,path=/results/$1.log" \
         "-device virtconsole,chardev=con"
}

# run_guest NAME SECONDS COMMAND...: run QEMU, wait for its end at most
# SECONDS. Leaves NAME.qemu.log and NAME.status (exit status, or "timeout").
run_guest()
{
    local name="$1" limit="$2" pid start now beat=0
    shift 2
    start=$(date +%s)
    progress "$name: starts"
    "$@" > "/results/$name.qemu.log" 2>&1 < /dev/null &
    pid=$!
    while kill -0 $pid 2> /dev/null; do
        now=$(($(date +%s) - start))
        if [ $now -ge "$limit" ]; then
            progress "$name: no end after $limit s, killed"
            kill -9 $pid
            wait $pid
            echo timeout > "/results/$name.status"
            return 1
        fi
        if [ $((now / 30)) -gt $beat ]; then
            beat=$((now / 30))
            progress "$name: $now s, last line:" \
                "$(tail -n 1 "/results/$name.log" 2> /dev/null | cut -c 1-90)"
        fi
        sleep 0.2
    done
    wait $pid
    now=$?
    echo $now > "/results/$name.status"
    progress "$name: QEMU ended with status $now after" \
        "$(($(date +%s) - start)) s"
    return $now
}

# sim_conf NAME [LINE...]: settings of the simulated CCA host for run NAME
sim_conf()
{
    local name="$1" line
    shift
    {
        echo "mode = run"
        echo "report = /results/$name.report"
        echo "trace = /results/$name.trace"
        for line in "$@"; do
            echo "$line"
        done
    } > "/tmp/$name.conf"
}

# on_cca_host NAME COMMAND...: run it on the simulated CCA host
on_cca_host()
{
    local name="$1"
    shift
    env LD_PRELOAD=/files/libccasim.so CCA_SIM_CONF="/tmp/$name.conf" "$@"
}

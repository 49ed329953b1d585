#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The commands of docs/system/arm/cca-hour.rst, from top to bottom, in an empty
# directory; the page shows the parts between two lines that begin with "#:". They
# are run as they are by a test.
set -e

#: host
qemu-system-aarch64 -machine none,accel=kvm:tcg -display none -qmp stdio <<'END'
{ "execute": "qmp_capabilities" }
{ "execute": "query-cca-capabilities" }
{ "execute": "quit" }
END

#: realm
# realm MORE-OF-THE-OBJECT KERNEL-COMMAND-LINE
realm() {
    qemu-system-aarch64 -accel kvm \
        -cpu host,num-breakpoints=6,num-watchpoints=4,pmu=off,sve=off \
        -machine virt-10.0,gic-version=3,confidential-guest-support=rme0 \
        -object "rme-guest,id=rme0,measurement-algorithm=sha512,personalization-value=$rpv$1" \
        -smp 1 -m 512M -nodefaults -display none -no-reboot \
        -kernel "$KERNEL" -initrd "$INITRD" -append "$2" \
        -device virtio-serial-pci,max_ports=1 \
        -chardev file,id=console,path=console.log -device virtconsole,chardev=console \
        -drive if=none,id=disk,format=raw,file=disk.raw -device virtio-blk-pci,drive=disk
}

# What the owner of the Realm wants it to be told apart by
rpv=$(echo 'the first Realm of mine' | sha512sum | cut -c 1-128 | xxd -r -p | base64 | tr -d '\n')
line="console=hvc0 quiet swiotlb=8192 $RUN"

#: predict
realm ,dry-run=on,measurement-inputs=expected.json "$line" > dry-run.json
rim=$(sed -n 's/.*"rim": "\([0-9a-f]*\)".*/\1/p' dry-run.json)
echo "the Realm has to be $rim"

#: launch
# The verifier's question, which makes an old answer worth nothing
head -c 64 /dev/urandom > challenge
truncate -s 1M disk.raw
dd if=challenge of=disk.raw conv=notrunc
realm ,measurement-inputs=actual.json "$line"

#: attest
hex() { xxd -p "$1" | tr -d '\n'; }

tar -xf disk.raw token
for value in "$(hex challenge)" "$(echo "$rpv" | base64 -d | xxd -p | tr -d '\n')" "$rim"; do
    case $(hex token) in
    *"$value"*) echo "the token has $value" ;;
    *) echo "the token does not have $value" ;;
    esac
done

#: change
# Somebody adds a word to the command line
dd if=challenge of=disk.raw conv=notrunc
realm ,measurement-inputs=other.json "$line debug"
tar -xf disk.raw token
case $(hex token) in
*"$rim"*) echo "this is the Realm that we wanted" ;;
*) echo "this is another Realm" ;;
esac

#: why
cca-measure verify actual.json
cca-measure diff expected.json actual.json
cca-measure diff expected.json other.json

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash

# manual_slots TEXT: what the manual's table has for the row that begins with TEXT
manual_slots()
{
    # shellcheck disable=SC2154
    awk -v text="   * - $1" 'index($0, text) == 1 { found = 1; next }
        found && /^     - [0-9]/ { print $2; exit }
        found && /^   \* - / { exit }' "$top/docs/system/arm/cca.rst"
}

# expect_slots DEVICE TEXT: the guest has counted what the manual says
expect_slots()
{
    local slots
    slots=$(manual_slots "$2")
    expect slots.log "guest: ${slots:-no row} slots: $1.?\$" \
        "$1 takes ${slots:-?} slots of swiotlb, as the manual says"
}

expect slots.log 'guest: slots ended with status 0' "the guest counted to its end"
# shellcheck disable=SC2016
{
    expect_slots 'console, nvme' '``virtio-serial-pci``, each console'
    expect_slots network '``virtio-net-pci`` with ``-netdev user``'
    expect_slots 'network, 2 queues' '``virtio-net-pci`` with 2 queues'
    expect_slots scsi '``virtio-scsi-pci``'
    expect_slots keyboard '``virtio-keyboard-pci``'
    expect_slots vsock '``vhost-vsock-pci``'
    expect_slots 'nvme after a transfer' '``virtio-blk-pci``, '
}
expect slots.log 'guest: full: 0' "the guest had slots left"
expect slots.status '^0$' "QEMU exits 0 when the Realm powers off"
expect_clean slots

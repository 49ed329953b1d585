# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
adopt steps
expect realm.log 'RME: Using RSI version' "realm: the guest knows that it is one"
expect_transfers realm
rim=$(sed -n 's/.*"rim": *"\([0-9a-f]*\)".*/\1/p' "$logs/realm.qmp" | head -n 1)
expect realm.report "\"rim\": \"${rim:-query-cca has none}\"" \
    "realm: query-cca has the measurement that the simulator computed"
expect realm.report '"complaint-count": 0,' "realm: the simulator has no complaint"
expect realm.qemu.log '^-sandbox on' "realm: QEMU ran in its sandbox"
refuse realm.qemu.log 'LD_PRELOAD' "realm: and without LD_PRELOAD"
for name in one two; do
    expect $name.log 'RME: Using RSI version' "$name is a Realm"
done
refuse plain.log 'RME:' "plain is not one"
refuse firmware.log 'fw: FAIL' "no check of the firmware fails"
expect firmware.log 'fw: [1-9][0-9]* passed, 0 failed' \
    "the firmware comes to its end"
expect firmware.qemu.log '^-bios /usr/share/qemu/realm-firmware.fd' \
    "the descriptor leads to -bios"
refuse reboot.qemu.log 'resettable' "a reboot with on_reboot=destroy is quiet"
refuse again.qemu.log "resettable|rme-guest 'rme0':" "one with on_reboot=restart is quiet, too"
refuse restart.qemu.log "resettable|rme-guest 'rme0':" "so are virsh reset and virsh reboot"
expect dead.qemu.log "rme-guest 'rme0': vCPU . cannot go on: KVM_RUN: No such device" \
    "dead: the log of the domain has the reason"
expect events "'lifecycle' for domain '?dead'?: Suspended Paused" \
    "dead: who watches events sees that it stopped"
refuse events "for domain '?dead'?: Shutdown Finished after guest" \
    "dead: and no shutdown of the guest"
expect events "for domain '?firmware'?: Shutdown Finished after guest request" \
    "firmware: that of a guest that ends is told"
expect events "for domain '?killed'?: Stopped (Failed|Crashed)" \
    "killed: that QEMU is gone is told"

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
adopt steps
refuse confined.log 'fw: FAIL' "no check of the firmware fails"
expect confined.log 'fw: [1-9][0-9]* passed, 0 failed' "the firmware comes to its end"
refuse denied 'profile="libvirt-' "AppArmor denies QEMU nothing"
# virt-aa-helper inherits where this test has libvirtd log to
expect denied 'profile="virt-aa-helper" name="/results/libvirtd.log"' \
    "what AppArmor denies is seen"

/*
 * Arm CCA Realms in a build without KVM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/arm/rme-guest.h"

void kvm_rme_class_init(ConfidentialGuestSupportClass *klass)
{
}

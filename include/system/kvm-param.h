/*
 * Capability numbers that a kernel publishes as KVM module parameters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SYSTEM_KVM_PARAM_H
#define SYSTEM_KVM_PARAM_H

/* Values outside 1 .. KVM_CAP_PARAM_MAX are not capability numbers */
#define KVM_CAP_PARAM_MAX 4095

/**
 * kvm_cap_param_read:
 * @name: name of a parameter of the kernel's kvm module
 * @errp: set when the parameter exists but cannot be used
 *
 * Out-of-tree capabilities have no fixed number: it moves each time their
 * series is rebased. Some kernels therefore publish the number as a read-only
 * module parameter, decimal text in /sys/module/kvm/parameters/@name (NVIDIA's
 * kernels do so for kvm_cap_arm_rme and kvm_cap_arm_rmi).
 *
 * An unreadable parameter is not an absent one: a sandbox that hides it must
 * not look like a kernel without the feature, so callers can tell them apart.
 *
 * Returns: the number (1 .. %KVM_CAP_PARAM_MAX); 0 when the kernel has no such
 * parameter, with @errp untouched; -EINVAL when its content is not a number in
 * that range, another negative errno (-EACCES, ...) when it cannot be read,
 * both with @errp set.
 */
int kvm_cap_param_read(const char *name, Error **errp);

#endif

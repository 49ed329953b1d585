/*
 * The groups: which cases run on which host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "b.h"

#define V10 "personality = v10\n"
#define V7 "personality = v7\n"

#define ALL_EXITS \
    "exit = memory-fault shared 0x40010000 0x2000\n" \
    "exit = memory-fault private 0x40010000 0x2000\n" \
    "exit = mmio-read 0x9000018 4\n" \
    "exit = mmio-write 0x9000000 4 65\n" \
    "exit = hypercall 0xc7000000\n" \
    "exit = internal-error 4\n" \
    "exit = errno ENXIO\n" \
    "exit = reason 9\n"
#define FOUR_ACCESSES \
    "exit = mmio-read 0x9000018 4\n" \
    "exit = mmio-write 0xa800000 4 1\n" \
    "exit = mmio-write 0xa800000 8 1\n" \
    "exit = mmio-read 0xa800000 8\n"
#define LARGE_PAGES "host-page-size = 65536\n"
#define SVE_HOST "host-sve-vq = 8\nrmm-sve-vq = 4\n"
#define MEC_REFUSES "mec = absent\nmec-refuses = yes\n"
#define IGNORED \
    "exit = memory-fault shared 0x40000000 0x1000\n" \
    "exit = memory-fault private 0x40000000 0x1000\n" \
    "fail = SET_MEMORY_ATTRIBUTES#2@ENOMEM\n"
#define POWER_OFF "exit = system-event shutdown\n"

#define B_SHARED "exit = memory-fault shared 0x40010000 0x1000\n"
#define B_CONVERSIONS \
    "exit = memory-fault private 0x40000000 0x800000\n" \
    "exit = memory-fault shared 0x40010000 0x2000\n" \
    "exit = memory-fault private 0x40010000 0x2000\n"
#define B_HOLE "exit = memory-fault private 0x407ff000 0x2000\n" \
    "exit = touch private 0x40800000 0x1000\n"
#define B_FAILS "fail = RMI_POPULATE#1@EIO\nfail = REALM_CREATE#1@ENOMEM\n" \
    "fail = RMI_POPULATE#3@NOTHING\nfail = REALM_ACTIVATE#1@ENOSPC\n" \
    "fail = REALM_INIT_RIPAS#3@ENXIO\nfail = VCPU_FINALIZE_REC#3@EIO\n"
#define TWO_ACCESSES \
    "exit = mmio-read 0x9000018 4\nexit = mmio-read 0x9000018 4\n"

/*
 * What has a rule of its own in the two personalities runs in both. A name
 * that begins with "b-" stands for five groups, one for each version of
 * generation B.
 */
static const ProbeGroup groups[] = {
    { "discovery-v10", V10, discovery_cases },
    { "discovery-v7", V7, discovery_cases },
    { "config-v10", V10, config_cases },
    { "config-v7", V7, config_cases },
    { "ripas-v10", V10, ripas_cases },
    { "ripas-v7", V7, ripas_cases },
    { "populate-v10", V10, populate_cases },
    { "populate-v7", V7, populate_cases },
    { "activate-v10", V10, activate_cases },
    { "activate-v7", V7, activate_cases },
    { "slots-v10", V10, slot_cases },
    { "slots-v7", V7, slot_cases },
    { "readonly-mem", "readonly-mem = yes\n", readonly_mem_cases },
    { "attributes-v10", V10, attribute_cases },
    { "attributes-v7", V7, attribute_cases },
    { "gmem-v10", V10, gmem_cases },
    { "gmem-v7", V7, gmem_cases },
    { "vcpu-v10", V10, vcpu_cases },
    { "vcpu-v7", V7, vcpu_cases },
    { "regs-v10", V10, regs_cases },
    { "regs-v7", V7, regs_cases },
    { "pmu-v10", V10, pmu_cases },
    { "pmu-v7", V7, pmu_cases },
    { "run-v10", V10, run_cases },
    { "run-v7", V7, run_cases },
    { "strict-config-v10", V10, strict_config_cases },
    { "strict-config-v7", V7, strict_config_cases },
    { "strict-launch-v10", V10, strict_launch_cases },
    { "strict-launch-v7", V7, strict_launch_cases },
    { "strict-regs-v10", V10, strict_regs_cases },
    { "strict-regs-v7", V7, strict_regs_cases },
    { "strict-exits-v10", V10 "exit = mmio-read 0x9000018 4\n",
      strict_exit_cases },
    { "strict-exits-v7", V7 "exit = mmio-read 0x9000018 4\n",
      strict_exit_cases },
    { "strict-memory-v10", V10, strict_memory_cases },
    { "strict-memory-v7", V7, strict_memory_cases },
    { "no-sve", "host-sve-vq = 8\nrmm-sve-vq = 0\n", no_sve_cases },
    { "strict-mec", "mec = present\nmec-count = 2\n", strict_mec_cases },
    { "large-pages-v10", V10 LARGE_PAGES, large_page_cases },
    { "large-pages-v7", V7 LARGE_PAGES, large_page_cases },
    { "ignored-v10", V10 IGNORED, ignored_cases },
    { "ignored-v7", V7 IGNORED, ignored_cases },
    { "plain-v10", V10, plain_cases },
    { "plain-old-kernel", "abi = none\n", plain_cases },
    { "sve-v10", V10 SVE_HOST, sve_cases },
    { "sve-v7", V7 SVE_HOST, sve_cases },
    { "no-rmm-v10", V10 "rmm = no\n", no_rmm_cases },
    { "no-rmm-v7", V7 "rmm = no\n", no_rmm_cases },
    { "old-kernel", "abi = none\nsysfs = none\n", old_kernel_cases },
    { "v11", "whitelist-caps = yes\n", whitelist_cases },
    { "sysfs-rmi", "sysfs = rmi\ncap = 300\n", sysfs_rmi_cases },
    { "sysfs-none", "sysfs = none\n", sysfs_none_cases },
    { "sysfs-eacces", "sysfs-errno = EACCES\n", sysfs_eacces_cases },
    { "sysfs-garbage", "sysfs-text = rme!\\n\\001\n", sysfs_garbage_cases },
    { "unrelated-cap", "cap = 245\nunrelated-cap = 244\n", unrelated_cases },
    { "sha256-only", "rmm-hashes = sha256\n", sha256_only_cases },
    { "mec-no-items", "mec = no-items\n", mec_no_items_cases },
    { "mec-absent-v10", V10 "mec = absent\n", mec_absent_cases },
    { "mec-absent-v7", V7 "mec = absent\n", mec_absent_cases },
    { "mec-refuses-v10", V10 MEC_REFUSES, mec_refuses_cases },
    { "mec-refuses-v7", V7 MEC_REFUSES, mec_refuses_cases },
    { "mec-present", "mec = present\nmec-count = 3\n", mec_present_cases },
    { "mec-exhausted", "mec = present\nmec-count = 4\nmec-in-use = 4\n",
      mec_exhausted_cases },
    { "fail", "fail = REALM_CREATE#1@ENXIO\n"
      "fail = REALM_INIT_RIPAS#2@EIO\nfail = VCPU_FINALIZE_REC\n"
      "fail = CONFIG_HASH@ENOMEM\n",
      fail_cases },
    { "abort-v10", V10 FOUR_ACCESSES, abort_cases },
    { "abort-v7", V7 FOUR_ACCESSES, abort_cases },
    { "exits-v10", V10 ALL_EXITS, exit_cases },
    { "exits-v7", V7 ALL_EXITS, exit_cases },
    { "power-off-v10", V10 POWER_OFF, off_cases },
    { "power-off-v7", V7 POWER_OFF "off-seed = 5\n", off_cases },
    { "power-off-before-v7", V7 POWER_OFF "off-seed = 7\n", off_before_cases },
    { "power-off-after-v7", V7 POWER_OFF "off-seed = 8\n", off_after_cases },
    { "off-unknown", POWER_OFF "off-exit = unknown\n", off_unknown_cases },
    { "off-reset", POWER_OFF "off-exit = reset\n", off_reset_cases },
    { "off-any", POWER_OFF "off-exit = any\n", off_any_cases },
    { "odd-exits", "exit = memory-fault 0x10 0x40100000 0x1000\n"
      "exit = system-event suspend\n", odd_exit_cases },
    { "exit-rounds", "exit-rounds = 3\n"
      "exit = mmio-read 0x9000000+0x10%0x20 4\n", round_cases },
    { "kicked", "exit = kicked\nexit = system-event reset\n", kicked_cases },
    { "ignores-dfr0", "ignores = dfr0\n", ignores_dfr0_cases },
    { "ignores-counters", "ignores = counters\n", ignores_counters_cases },
    { "ignores-sve", "ignores = sve\nhost-sve-vq = 4\nrmm-sve-vq = 4\n",
      ignores_sve_cases },
    { "vhost", V10, vhost_cases },
    { "irq-v10", V10, irq_cases },
    { "irq-v7", V7, irq_cases },
    { "msi-exits", "exit = memory-fault shared 0x40010000 0x1000\n"
      "exit = store 0x40010008 4 0x12345678\n"
      "exit = await-msi there 8 5\nexit = await-msi nowhere 8 6\n"
      "exit = mmio-read 0x9000000 4\n", msi_exit_cases },
    { "guard", "exit = memory-fault shared 0x40010000 0x1000\n"
      "exit = memory-fault private 0x40010000 0x1000\n", guard_cases },
    { "guard-abort", "host-access = abort\n", guard_abort_cases },
    { "untold-v10", V10 "exit = memory-fault private 0x40400000 0x400000\n"
      "exit = touch private 0x40400000 0x3000\n"
      "exit = touch shared 0x40403000 0x1000\n"
      "exit = memory-fault shared 0x40404000 0x1000\n", untold_cases },
    { "untold-v7", V7 "exit = memory-fault private 0x40400000 0x400000\n"
      "exit = touch private 0x40400000 0x3000\n"
      "exit = touch shared 0x40403000 0x1000\n"
      "exit = memory-fault shared 0x40404000 0x1000\n", untold_cases },
    { "untold-ignored", "exit = touch private 0x40400000 0x1000\n",
      untold_ignored_cases },
    { "untold-back", "exit = memory-fault shared 0x40401000 0x1000\n"
      "exit = memory-fault private 0x40401000 0x1000\n", untold_back_cases },
    { "b-probe", "", b_probe_cases },
    { "b-no-rmm", "rmm = no\n", b_no_rmm_cases },
    { "b-pmu-cap", "rmm-pmu-counters = 6\n", b_pmu_cap_cases },
    { "b-unrelated", "unrelated-cap = 300\n", b_unrelated_cases },
    { "kernel-6-18", "abi = 6.18\nsysfs = none\n", kernel_6_18_cases },
    { "kernel-7-4", "abi = 7.4\nsysfs = none\n", kernel_7_4_cases },
    { "b-populate", "", b_populate_cases },
    { "b-populate-most", "populate-most = 2\n", b_populate_most_cases },
    { "b-run", "", b_run_cases },
    { "b-fail", B_FAILS, b_fail_cases },
    { "b-off", POWER_OFF, b_off_cases },
    { "b-abort", TWO_ACCESSES, b_abort_cases },
    { "b-vcpu", "", b_vcpu_cases },
    { "b-regs", "", b_regs_cases },
    { "b-sve", SVE_HOST, b_sve_cases },
    { "b-pmu", "", b_pmu_cases },
    { "b-memory", "", b_memory_cases },
    { "b-exits", B_CONVERSIONS, b_exit_cases },
    { "b-ignored", B_CONVERSIONS, b_ignored_cases },
    { "b-hole", B_HOLE, b_hole_cases },
    { "b-untold", "exit = touch private 0x40400000 0x1000\n", b_untold_cases },
    { "b-read", B_SHARED "exit = load 0x40010000 0x1000\n", b_read_cases },
    { "b-alias", "exit = touch shared 0x40010000 0x1000\n", b_alias_cases },
    { "b-rim", "", b_rim_cases },
    { "b-rim-lpa2", "lpa2 = yes\n", b_rim_lpa2_cases },
    { "b-rim-sve", "host-sve-vq = 16\nrmm-sve-vq = 16\n", b_rim_sve_cases },
    { "b-rim-sha512", "kernel-hash = sha512\n", b_rim_sha512_cases },
    { NULL, NULL, NULL }
};

int main(int argc, char **argv)
{
    return probe_main(argc, argv, groups);
}

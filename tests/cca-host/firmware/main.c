/*
 * A bare-metal test of a machine that claims to be a Realm.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "actions.h"
#include "arch.h"
#include "checks.h"
#include "exception.h"
#include "fwcfg.h"
#include "machine.h"
#include "mmu.h"
#include "psci.h"
#include "report.h"
#include "rsi.h"

void __attribute__((noreturn)) main(void);

/* Nothing can be printed before this has found the shared bit. */
static void find_realm(void)
{
    static struct rsi_realm_config config __attribute__((aligned(4096)));
    uint64_t lower, higher;

    if (rsi_version(&lower, &higher) == RSI_ABSENT) {
        return;
    }
    if (rsi_realm_config(&config) != RSI_SUCCESS || config.ipa_width < 32 ||
        config.ipa_width > 48) {
        /* the address of the UART is unknown: an end without a word */
        psci_system_off();
    }
    machine.realm = true;
    machine.ipa_bits = config.ipa_width;
    machine.shared_bit = 1ull << (config.ipa_width - 1);
    machine.hash_size = config.hash_algo == RSI_HASH_SHA512 ? 64 : 32;
}

static void map_devices(void)
{
    mmu_map(shared_alias(128ull << 20), (1024ull - 128) << 20, MMU_DEVICE);
    uart_enable(shared_alias(UART_BASE));
}

/* the first GiB of private RAM is mapped since mmu_init() */
static void map_ram(void)
{
    uint64_t gib = 1ull << 30;
    uint64_t size = (machine.ram_size + gib - 1) & -gib;

    if (size > gib) {
        mmu_map(machine.ram_base + gib, size - gib, MMU_RAM);
    }
    if (machine.shared_bit) {
        mmu_map(shared_alias(machine.ram_base), size, MMU_RAM);
    }
}

/* Outside a Realm there is something to test only where that is wanted. */
static void expect_plain_machine(void)
{
    char text[2];

    if (fw_cfg_present() && fw_cfg_string("opt/cca/plain", text, 2)) {
        skip("everything about RSI: opt/cca/plain says that this is no Realm");
        return;
    }
    fatal("RSI_VERSION is not answered: this is not a Realm");
}

void main(void)
{
    find_realm();
    map_devices();
    note("test firmware of %lu bytes", image_size());
    if (!machine.realm) {
        expect_plain_machine();
    }
    actions_load();
    check_dtb();
    map_ram();
    if (!actions_only()) {
        if (machine.realm) {
            check_realm();
            check_token();
            check_event_log();
        }
        check_image();
        check_memory();
        check_fw_cfg();
        check_virtio();
        check_smp();
    }
    actions_run();
}

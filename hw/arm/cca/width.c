/*
 * Arm CCA Realms: what to change when a host has too few address bits
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "hw/arm/cca/machine.h"
#include "hw/boards.h"

/* A change of the command line, and what it makes of the machine */
typedef struct Change {
    const char *text;       /* with set_bits, the number comes behind it */
    bool no_maxmem, no_mmio, set_bits;
} Change;

/* In the order of preference: each costs the user more than the one before */
static const Change changes[] = {
    { "remove maxmem= of -m", .no_maxmem = true },
    { "use -machine highmem-mmio=off", .no_mmio = true },
    { "lay the machine out for this host with ipa-bits=", .set_bits = true },
    /* Tried only if no single change is enough */
    { "remove maxmem= of -m and use -machine highmem-mmio=off",
      .no_maxmem = true, .no_mmio = true },
    { "remove maxmem= of -m and lay the machine out for this host with "
      "ipa-bits=", .no_maxmem = true, .set_bits = true },
};
#define SINGLE_CHANGES 3

static bool is_change(const VirtMachineState *vms, const RmeGuest *guest,
                      const Change *c)
{
    const MachineState *ms = MACHINE(vms);

    return (!c->no_maxmem || ms->maxram_size > ms->ram_size) &&
           (!c->no_mmio || vms->highmem_mmio) &&
           /* With ipa-bits= the width is that, whatever the machine has */
           (!guest->config.ipa_bits || c->set_bits);
}

static bool is_enough(const VirtMachineState *vms, const Change *c,
                      unsigned limit)
{
    const MachineState *ms = MACHINE(vms);
    unsigned width = c->set_bits ? limit : RME_IPA_BITS_MAX;
    hwaddr last = virt_last_address(vms, ms->ram_size,
                                    c->no_maxmem ? ms->ram_size :
                                                   ms->maxram_size,
                                    vms->highmem_mmio && !c->no_mmio,
                                    width - 1);

    return last && virt_cca_ipa_bits(last) <= limit;
}

/* In GiB, for a machine that is laid out for @limit; 0 if there is none */
static unsigned most_memory(const VirtMachineState *vms, unsigned limit)
{
    int map_bits = vms->highmem ? limit - 1 : 32;

    return (BIT_ULL(map_bits) - vms->memmap[VIRT_MEM].base) / GiB;
}

char *virt_cca_advise_width(const RmeGuest *guest, unsigned limit)
{
    const VirtMachineState *vms = VIRT_MACHINE(current_machine);
    g_autoptr(GString) text = g_string_new("");

    if (limit < RME_IPA_BITS_MIN) {
        return g_strdup_printf("a Realm needs %d", RME_IPA_BITS_MIN);
    }
    for (int i = 0; i < ARRAY_SIZE(changes); i++) {
        const Change *c = &changes[i];

        if (i >= SINGLE_CHANGES && text->len) {
            break;
        }
        if (is_change(vms, guest, c) && is_enough(vms, c, limit)) {
            g_string_append_printf(text, "%s%s", text->len ? ", or " : "",
                                   c->text);
            if (c->set_bits) {
                g_string_append_printf(text, "%u", limit);
            }
        }
    }
    if (!text->len) {
        g_string_printf(text, "use at most %uG of memory (-m) and ipa-bits=%u",
                        most_memory(vms, limit), limit);
    }
    return g_string_free(g_steal_pointer(&text), false);
}

/*
 * Contract tests: a guest that writes into MSI and MSI-X registers at random
 *
 * All devices are in one machine. One of them is left alone; it must interrupt
 * at any time, and the others must once they are set up properly.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "qobject/qdict.h"
#include "standard-headers/linux/virtio_pci.h"
#include "rme-contract.h"
#include "rme-contract-pci.h"

#define DISK(n) \
    "-blockdev driver=null-co,node-name=d" n ",size=1048576,read-zeroes=on "

static const struct {
    const char *name;
    const char *options;
} kinds[] = {
    { "virtio-blk-pci", DISK("1") "-device virtio-blk-pci,drive=d1,num-queues=3"
      ",vectors=5,addr=0x1 " },             /* the one that is left alone */
    { "virtio-blk-pci", DISK("2") "-device virtio-blk-pci,drive=d2,num-queues=3"
      ",vectors=5,addr=0x2 " },
    { "virtio-scsi-pci", "-device virtio-scsi-pci,num_queues=2,vectors=6"
      ",addr=0x3 " },
    { "virtio-net-pci", "-netdev user,id=n4 -device virtio-net-pci,netdev=n4"
      ",romfile=,addr=0x4 " },
    { "nvme", DISK("5") "-device nvme,drive=d5,serial=1,addr=0x5 " },
    { "qemu-xhci", "-device qemu-xhci,addr=0x6 " },
    { "nec-usb-xhci", "-device nec-usb-xhci,msi=on,addr=0x7 " },
    { "e1000e", "-netdev user,id=n8 -device e1000e,netdev=n8,romfile="
      ",addr=0x8 " },
    { "igb", "-netdev user,id=n9 -device igb,netdev=n9,romfile=,addr=0x9 " },
    { "pcie-root-port", "-device pcie-root-port,id=rp,chassis=1,addr=0xa " },
    { "ioh3420", "-device ioh3420,id=ioh,chassis=2,addr=0xb " },
    { "pci-bridge", "-device pci-bridge,id=bridge,chassis_nr=3,addr=0xc " },
    { "pcie-pci-bridge", "-device pcie-pci-bridge,id=ppb,addr=0xd " },
    { "virtio-rng-pci", "-device virtio-rng-pci,vectors=3,addr=0xe " },
    { "ahci", "-device ahci,addr=0xf " },
    /* with an iothread, interrupts come from there; these two are the last */
    { "virtio-blk-pci", DISK("16") "-object iothread,id=io "
      "-device virtio-blk-pci,drive=d16,num-queues=2,iothread=io,addr=0x10 " },
    { "virtio-scsi-pci", "-device virtio-scsi-pci,num_queues=2,iothread=io"
      ",addr=0x11 " },
};

#define DEVICES (n_devices)
#define WITNESS 0
#define WITNESS_DATA 0x7777

/* A page that is shared, and nothing but a target of messages */
#define TARGET "0x4a800000 0x1000"
/* Pages that change between shared and private, as targets of messages */
#define FLIPPED "0x4b000000 0x10000"

typedef struct Variant {
    const char *name;
    const char *more;
    const char *machine;
    unsigned seed;
    bool no_iothread;
} Variant;

static const Variant variants[] = {
    { "random writes, interrupts through irqfds", "", "", 20261128 },
    { "random writes, ioeventfd=off: interrupts from QEMU",
      "-global virtio-pci.ioeventfd=off ", "", 20261129, true },
    { "random writes, irqfds, other seed", "", "", 20261130 },
};

static PciDevice devices[ARRAY_SIZE(kinds)];
static unsigned n_devices;

static uint64_t random_address(GRand *r)
{
    static const uint64_t addresses[] = {
        0, 3, ITS_DOORBELL, ITS_DOORBELL, ITS_DOORBELL + 4, ITS_DOORBELL + 1,
        ITS_DOORBELL - 0x10040, 0x08000000, 0x09000000,
        0x40080000, 0x4ffffffc, 0x50000000,     /* private, its end */
        0x4a800000, 0x4b000000, 0x4b00fffe,     /* shared, or changing */
        0x10000000, 0x10000004, 0x3eff0000, 0x4010000000, 0x8000000000,
        0x7000000000, 0xffffffff, UINT64_MAX, 1ULL << 63,
        ITS_DOORBELL | 1ULL << 32, ITS_DOORBELL | 1ULL << 40,
        ITS_DOORBELL | 1ULL << 47, 0x4a800000 | 1ULL << 40, 1ULL << 52,
    };

    switch (g_rand_int_range(r, 0, 8)) {
    case 0:
        return (uint64_t)g_rand_int(r) << 32 | g_rand_int(r);
    case 1:
        return g_rand_int(r);
    default:
        return addresses[g_rand_int_range(r, 0, ARRAY_SIZE(addresses))];
    }
}

static unsigned fuzz_table(GString *s, const PciDevice *d, GRand *r)
{
    unsigned vector = g_rand_int_range(r, 0, MIN(d->vectors, 12));
    uint64_t entry = d->table + vector * PCI_MSIX_ENTRY_SIZE;
    uint64_t address = random_address(r);

    if (g_rand_int_range(r, 0, 3) == 0) {
        return pci_write_vector(s, d, vector, address,
                                g_rand_int_range(r, 0, 40));
    }
    switch (g_rand_int_range(r, 0, 6)) {
    case 0:
        return pci_write(s, entry, 4, (uint32_t)address);
    case 1:
        return pci_write(s, entry + 4, 4, address >> 32);
    case 2:
        return pci_write(s, entry, 8, address);
    case 3:
        return pci_write(s, entry + 8, g_rand_boolean(r) ? 4 : 8,
                         g_rand_int(r));
    default:
        return pci_write(s, entry + 12, 4, g_rand_int_range(r, 0, 3));
    }
}

static unsigned fuzz_flags(GString *s, const PciDevice *d, GRand *r)
{
    static const uint8_t flags[] = { 0x80, 0x80, 0x80, 0xc0, 0x40, 0 };
    uint8_t value = flags[g_rand_int_range(r, 0, ARRAY_SIZE(flags))];

    if (g_rand_boolean(r)) {
        return pci_write(s, d->config + d->msix + 3, 1, value);
    }
    return pci_write(s, d->config + d->msix + 2, 2, value << 8);
}

static unsigned fuzz_msi(GString *s, const PciDevice *d, GRand *r)
{
    uint64_t at = d->config + d->msi, address = random_address(r);

    switch (g_rand_int_range(r, 0, 4)) {
    case 0:
        /* enabled or not, with any number of vectors */
        return pci_write(s, at + PCI_MSI_FLAGS, 2, g_rand_int(r) & 0xff);
    case 1:
        return pci_write(s, at + PCI_MSI_ADDRESS_LO, 4, (uint32_t)address);
    case 2:
        return pci_write(s, at + PCI_MSI_ADDRESS_HI, 4, address >> 32);
    default:
        return pci_write(s, at + 12 + 4 * g_rand_int_range(r, 0, 3), 4,
                         g_rand_int(r));
    }
}

static uint16_t random_vector(const PciDevice *d, GRand *r)
{
    switch (g_rand_int_range(r, 0, 6)) {
    case 0:
        return 0xffff;
    case 1:
        return g_rand_int(r);
    default:
        return g_rand_int_range(r, 0, d->vectors + 1);
    }
}

static unsigned fuzz_virtio(GString *s, PciDevice *d, GRand *r)
{
    unsigned n;

    switch (g_rand_int_range(r, 0, 14)) {
    case 0:
        return virtio_set_up(s, d);
    case 1:
        return virtio_status(s, d, g_rand_boolean(r) ? 0 : g_rand_int(r));
    case 2:
        return virtio_status(s, d, 15);
    case 3:
    case 4:
        return pci_write(s, d->common + VIRTIO_PCI_COMMON_MSIX, 2,
                         random_vector(d, r));
    case 5:
    case 6:
    case 7:
        n = pci_write(s, d->common + VIRTIO_PCI_COMMON_Q_SELECT, 2,
                      g_rand_int_range(r, 0, 12) ?
                      g_rand_int_range(r, 0, d->queues + 1) : g_rand_int(r));
        return n + pci_write(s, d->common + VIRTIO_PCI_COMMON_Q_MSIX, 2,
                             random_vector(d, r));
    case 8:
        /* a queue that is reset, or not there */
        return pci_write(s, d->common + VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
    case 9:
        /* other features, whatever the device does just now */
        n = pci_write(s, d->common + VIRTIO_PCI_COMMON_GFSELECT, 4,
                      g_rand_boolean(r));
        return n + pci_write(s, d->common + VIRTIO_PCI_COMMON_GF, 4,
                             g_rand_boolean(r) ? g_rand_int(r) :
                             g_rand_int_range(r, 0, 4));
    default:
        return virtio_request(s, d, g_rand_int_range(r, 0, d->queues));
    }
}

/* What makes the others interrupt */
static unsigned fuzz_cause(GString *s, const PciDevice *d, GRand *r)
{
    uint64_t bar = d->bar[0];

    if (g_str_equal(d->name, "e1000e")) {
        return pci_write(s, bar + 0xe4, 4, g_rand_int(r)) +         /* IVAR */
               pci_write(s, bar + 0xd0, 4, UINT32_MAX) +            /* IMS */
               pci_write(s, bar + 0xc0, 4, UINT32_MAX) +            /* ICR */
               pci_write(s, bar + 0xc8, 4, g_rand_int(r));          /* ICS */
    } else if (g_str_equal(d->name, "igb")) {
        return pci_write(s, bar + 0x1700, 4, g_rand_int(r)) +       /* IVAR */
               pci_write(s, bar + 0x1740, 4, g_rand_int(r)) +       /* other */
               pci_write(s, bar + 0x1524, 4, UINT32_MAX) +          /* EIMS */
               pci_write(s, bar + 0x1520, 4, g_rand_int(r));        /* EICS */
    } else if (g_str_equal(d->name, "nvme")) {
        /* a submission of zeros, in a controller that may be enabled */
        return pci_write(s, bar + 0x14, 4, 0x460000 | g_rand_boolean(r)) +
               pci_write(s, bar + 0x24, 4, 0x001f001f) +
               pci_write(s, bar + 0x28, 4, d->rings) +
               pci_write(s, bar + 0x30, 4, d->rings + 0x1000) +
               pci_write(s, bar + 0x1000, 4, g_rand_int_range(r, 0, 32)) +
               pci_write(s, bar + 0x1004, 4, g_rand_int_range(r, 0, 32));
    } else if (strstr(d->name, "xhci")) {
        /* run, reset; management and address of an interrupter */
        return pci_write(s, bar + 0x40, 4, g_rand_int_range(r, 0, 16)) +
               pci_write(s, bar + 0x1020 + 32 * g_rand_int_range(r, 0, 16), 4,
                         g_rand_int_range(r, 0, 4));
    } else if (d->pcie) {
        /* slot control, root control and the registers around them */
        return pci_write(s, d->config + d->pcie +
                         g_rand_int_range(r, 4, 0x18) * 2, 2, g_rand_int(r));
    }
    return 0;
}

static unsigned fuzz_function(GString *s, const PciDevice *d, GRand *r)
{
    static const uint16_t commands[] = { 6, 6, 6, 2, 4, 0, 0x406, 0x146 };

    switch (g_rand_int_range(r, 0, 8)) {
    case 0:
        return pci_set_up(s, d);
    case 1:
        /* a function-level reset, where there is one */
        if (d->pcie) {
            return pci_write(s, d->config + d->pcie + PCI_EXP_DEVCTL, 2,
                             PCI_EXP_DEVCTL_BCR_FLR);
        }
        /* fall through */
    default:
        return pci_write(s, d->config + PCI_COMMAND, 2,
                         commands[g_rand_int_range(r, 0,
                                                   ARRAY_SIZE(commands))]);
    }
}

static unsigned fuzz_write(GString *s, PciDevice *d, GRand *r)
{
    unsigned what = g_rand_int_range(r, 0, 100);

    if (what < 40 && d->vectors) {
        return fuzz_table(s, d, r);
    } else if (what < 52 && d->msix) {
        return fuzz_flags(s, d, r);
    } else if (what < 62 && d->msi) {
        return fuzz_msi(s, d, r);
    } else if (what < 95) {
        return d->common ? fuzz_virtio(s, d, r) : fuzz_cause(s, d, r);
    } else if (what < 96) {
        g_string_append_printf(s, "exit = memory-fault %s " FLIPPED "\n",
                               g_rand_boolean(r) ? "shared" : "private");
        return 0;
    }
    return fuzz_function(s, d, r);
}

static unsigned start(GString *s, PciDevice *d, unsigned data)
{
    unsigned n = pci_set_up(s, d);

    for (unsigned i = 0; i < MIN(d->vectors, 16); i++) {
        n += pci_write_vector(s, d, i, ITS_DOORBELL, data);
    }
    return d->common ? n + virtio_set_up(s, d) : n;
}

static void expect_msi(GString *s, const PciDevice *d, unsigned data)
{
    g_string_append_printf(s, "exit = await-msi there 0x%x 0x%x\n",
                           d->slot << 3, data);
}

/* Each device that interrupts without more ado; returns how many they are */
static unsigned restart(GString *s, unsigned *writes)
{
    unsigned n = 0;

    for (unsigned i = 0; i < DEVICES; i++) {
        PciDevice *d = &devices[i];
        unsigned data = 0x5000 + i;

        if (i == WITNESS) {
            continue;
        }
        *writes += pci_write(s, d->config + PCI_COMMAND, 2, 6);
        *writes += start(s, d, data);
        if (g_str_equal(d->name, "e1000e")) {
            uint64_t bar = d->bar[0];

            *writes += pci_write(s, bar, 4, 1 << 26);               /* reset */
            *writes += pci_write(s, bar + 0xe4, 4, 0x00088888);     /* IVAR */
            *writes += pci_write(s, bar + 0xd0, 4, UINT32_MAX);     /* IMS */
            *writes += pci_write(s, bar + 0xc8, 4, 1 << 24);        /* ICS */
        } else if (d->common && !strstr(d->name, "rng")) {
            /* the queue for sending, or the first one for commands */
            *writes += virtio_request(s, d, strstr(d->name, "net") ? 1 :
                                      strstr(d->name, "scsi") ? 2 : 0);
        } else {
            continue;
        }
        expect_msi(s, d, data);
        n++;
    }
    return n;
}

static int64_t counter(Contract *c, const char *name)
{
    QDict *counters = qdict_get_qdict(contract_report(c), "counters");

    return counters ? qdict_get_try_int(counters, name, 0) : 0;
}

static void judge(Contract *c, const Variant *v, unsigned writes,
                  unsigned again, unsigned asked)
{
    QDict *realm = contract_realm(c);
    int64_t routes = realm ? qdict_get_try_int(realm, "max-routes", -1) : -1;
    unsigned bound = 288 - 32;

    for (unsigned i = 0; i < DEVICES; i++) {
        bound += devices[i].common ? devices[i].vectors : 0;
    }
    contract_check(routes <= bound, "there were %" PRId64 " routes, not %u",
                   routes, bound);
    g_test_message("summary: MSI and MSI-X, %s: %u writes to %u devices, 0 "
                   "ends; %" PRId64 " MSIs delivered and %" PRId64 " to "
                   "nowhere, %" PRId64 " routes at most (of %u); another "
                   "device interrupted %u times of %u, and %u afterwards",
                   v->name, writes, DEVICES, counter(c, "MSI_DELIVERED"),
                   counter(c, "MSI_TO_NOWHERE"), routes, bound, asked, asked,
                   again);
}

static void test_fuzz(const void *data)
{
    static const unsigned counts[] = { 4000, 12000, 40000, 200000 };
    const Variant *v = data;
    g_autoptr(GString) s = g_string_new("list-calls = no\n");
    g_autoptr(GString) options = g_string_new(v->more);
    GRand *r = g_rand_new_with_seed(v->seed);
    PciDevice *witness = &devices[WITNESS];
    unsigned writes = 0, asked = 0, again;
    g_autoptr(Contract) c = NULL;

    memset(devices, 0, sizeof(devices));
    n_devices = ARRAY_SIZE(kinds) - (v->no_iothread ? 2 : 0);
    for (unsigned i = 0; i < DEVICES; i++) {
        devices[i].name = kinds[i].name;
        g_string_append(options, kinds[i].options);
    }
    pci_discover(devices, DEVICES, options->str);
    virtio_share_rings(s, devices, DEVICES);
    g_string_append(s, "exit = memory-fault shared " TARGET "\n");
    writes += start(s, witness, WITNESS_DATA);
    again = restart(s, &writes);
    while (writes < counts[contract_level()]) {
        for (unsigned i = 0; i < 200; i++) {
            writes += fuzz_write(s, &devices[g_rand_int_range(r, 1, DEVICES)],
                                 r);
        }
        writes += virtio_request(s, witness, 0);
        expect_msi(s, witness, WITNESS_DATA);
        asked++;
    }
    again = restart(s, &writes);
    g_rand_free(r);

    contract_limit_cpu(3600);
    c = contract_start(&(ContractArgs) { .conf = s->str, .machine = v->machine,
                                         .more = options->str });
    contract_wait_long(c, "MILESTONE", 1);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_active(c);
    if (!g_test_failed()) {
        judge(c, v, writes, again, asked);
    }
}

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(variants); i++) {
        contract_add("msi-fuzz", variants[i].name, test_fuzz, &variants[i]);
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}

/*
 * Contract tests: what a guest writes into MSI and MSI-X registers
 *
 * Whatever it is, QEMU goes on, asks of KVM what KVM has, and every other
 * device still interrupts. So does the vector itself once it is written as it
 * should be. rme-contract-msi-fuzz-test writes at random.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "standard-headers/linux/virtio_pci.h"
#include "rme-contract.h"
#include "rme-contract-pci.h"
#include "qobject/qlist.h"

/* What comes from an iothread comes through an irqfd */
#define OPTIONS \
    "-object iothread,id=io " \
    "-blockdev driver=null-co,node-name=d0,size=1048576,read-zeroes=on " \
    "-device virtio-blk-pci,drive=d0,iothread=io,addr=1,num-queues=1" \
    ",vectors=4 " \
    "-blockdev driver=null-co,node-name=d1,size=1048576,read-zeroes=on " \
    "-device virtio-blk-pci,drive=d1,iothread=io,addr=2,num-queues=1" \
    ",vectors=4 " \
    "-blockdev driver=null-co,node-name=d2,size=1048576,read-zeroes=on " \
    "-device nvme,drive=d2,serial=1,addr=3 "
enum { DISK, OTHER, NVME, DEVICES };

#define DISK_ID (1 << 3)
#define OTHER_ID (2 << 3)
/* the vector of queue 0, and what the guest has it send */
#define VECTOR 1
#define DATA 0x51
#define OTHER_DATA 0x61

/* What the guest does between two requests of the disk */
typedef struct Steps {
    const char *name;
    void (*add)(GString *s, PciDevice *d, const void *data);
    uint64_t address;           /* for @add */
    bool dead;                  /* the vector goes nowhere then */
} Steps;

static PciDevice devices[DEVICES];

static void request(GString *s, PciDevice *d, const char *where, unsigned id,
                    unsigned data)
{
    virtio_request(s, d, 0);
    g_string_append_printf(s, "exit = await-msi %s 0x%x 0x%x\n", where, id,
                           data);
}

static void start_disk(GString *s, PciDevice *d, unsigned data)
{
    pci_set_up(s, d);
    for (unsigned i = 0; i < d->vectors; i++) {
        pci_write_vector(s, d, i, ITS_DOORBELL, data);
    }
    virtio_set_up(s, d);
}

static int64_t routes(Contract *c, const char *key)
{
    QDict *realm = contract_realm(c);

    return realm ? qdict_get_try_int(realm, key, -1) : -1;
}

/* Runs the script @s; routes must not become more than the two disks need */
static void run_script(GString *s)
{
    g_autoptr(Contract) c = NULL;

    contract_limit_cpu(1200);
    c = contract_start(&(ContractArgs) { .conf = s->str, .more = OPTIONS });
    contract_wait_long(c, "MILESTONE", 1);
    contract_expect_state(c, "running");
    contract_quit(c);
    contract_expect_active(c);
    contract_check(routes(c, "max-routes") <= 288 - 32 + 2 * 3,
                   "there were %" PRId64 " routes", routes(c, "max-routes"));
}

static GString *begin_script(void)
{
    GString *s = g_string_new("list-calls = no\n");

    memset(devices, 0, sizeof(devices));
    devices[DISK].name = "virtio-blk-pci";
    devices[OTHER].name = "virtio-blk-pci";
    devices[NVME].name = "nvme";
    pci_discover(devices, DEVICES, OPTIONS);
    virtio_share_rings(s, devices, DEVICES);
    start_disk(s, &devices[DISK], DATA);
    start_disk(s, &devices[OTHER], OTHER_DATA);
    request(s, &devices[DISK], "there", DISK_ID, DATA);
    request(s, &devices[OTHER], "there", OTHER_ID, OTHER_DATA);
    return s;
}

/* An address of another kind while the vector is masked: the case */
static void add_address(GString *s, PciDevice *d, const void *data)
{
    const Steps *t = data;
    uint64_t entry = d->table + VECTOR * PCI_MSIX_ENTRY_SIZE;

    pci_mask_vector(s, d, VECTOR, true);
    pci_write(s, entry + PCI_MSIX_ENTRY_LOWER_ADDR, 4, (uint32_t)t->address);
    pci_write(s, entry + PCI_MSIX_ENTRY_UPPER_ADDR, 4, t->address >> 32);
    pci_mask_vector(s, d, VECTOR, false);
}

static void add_zeros(GString *s, PciDevice *d, const void *data)
{
    pci_write_vector(s, d, VECTOR, 0, 0);
}

static void write_flags(GString *s, PciDevice *d, uint16_t flags)
{
    pci_write(s, d->config + d->msix + PCI_MSIX_FLAGS, 2, flags);
}

static void add_disable_enable(GString *s, PciDevice *d, const void *data)
{
    for (int i = 0; i < 100; i++) {
        write_flags(s, d, 0);
        write_flags(s, d, PCI_MSIX_FLAGS_ENABLE);
    }
}

static void add_function_mask(GString *s, PciDevice *d, const void *data)
{
    for (int i = 0; i < 100; i++) {
        write_flags(s, d, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
        write_flags(s, d, i & 1 ? PCI_MSIX_FLAGS_MASKALL : 0);
        write_flags(s, d, PCI_MSIX_FLAGS_ENABLE);
    }
}

static void move_queue(GString *s, PciDevice *d, uint16_t vector)
{
    pci_write(s, d->common + VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
    pci_write(s, d->common + VIRTIO_PCI_COMMON_Q_MSIX, 2, vector);
}

/* To a vector that is unmasked, which is masked and unmasked then; and back */
static void add_move(GString *s, PciDevice *d, const void *data)
{
    pci_write_vector(s, d, 2, ITS_DOORBELL, DATA);
    for (int i = 0; i < 100; i++) {
        move_queue(s, d, 2);
        request(s, d, "there", DISK_ID, DATA);
        pci_mask_vector(s, d, 2, true);
        pci_mask_vector(s, d, 2, false);
        move_queue(s, d, i % 3 ? VECTOR : 0xffff);
    }
    move_queue(s, d, VECTOR);
}

/* Routes that are forgotten, or released twice */
static void add_move_while_disabled(GString *s, PciDevice *d,
                                    const void *data)
{
    for (int i = 0; i < 100; i++) {
        write_flags(s, d, 0);
        move_queue(s, d, i % 4);
        pci_write(s, d->common + VIRTIO_PCI_COMMON_MSIX, 2, i % 3);
        write_flags(s, d, PCI_MSIX_FLAGS_ENABLE);
        move_queue(s, d, VECTOR);
        virtio_status(s, d, 0);
        virtio_set_up(s, d);
        write_flags(s, d, 0);
        move_queue(s, d, 3);
        virtio_status(s, d, 0);
        write_flags(s, d, PCI_MSIX_FLAGS_ENABLE);
        virtio_set_up(s, d);
    }
    write_flags(s, d, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
    write_flags(s, d, PCI_MSIX_FLAGS_ENABLE);
}

/* Both disks: what one releases twice is the other's */
static void add_two_owners(GString *s, PciDevice *d, const void *data)
{
    PciDevice *other = &devices[OTHER];

    write_flags(s, d, 0);
    move_queue(s, d, 2);
    virtio_status(s, d, 0);
    virtio_status(s, other, 0);
    virtio_set_up(s, other);
    write_flags(s, d, PCI_MSIX_FLAGS_ENABLE);
    virtio_set_up(s, d);
    move_queue(s, d, 0xffff);
    write_flags(s, d, 0);
    move_queue(s, d, 2);
    write_flags(s, d, PCI_MSIX_FLAGS_ENABLE);
    pci_write_vector(s, d, 2, 0, 1);
    move_queue(s, d, VECTOR);
}

/* Interrupts of queues that the device does not have */
static void add_no_queue(GString *s, PciDevice *d, const void *data)
{
    static const uint16_t queues[] = { 1, 2, 63, 1023, 1024, 0xffff };

    for (int i = 0; i < ARRAY_SIZE(queues); i++) {
        pci_write(s, d->common + VIRTIO_PCI_COMMON_Q_SELECT, 2, queues[i]);
        for (int v = 0; v < 5; v++) {
            pci_write(s, d->common + VIRTIO_PCI_COMMON_Q_MSIX, 2, v);
        }
        pci_write(s, d->common + VIRTIO_PCI_COMMON_Q_MSIX, 2, VECTOR);
    }
    pci_mask_vector(s, d, VECTOR, true);
    pci_mask_vector(s, d, VECTOR, false);
}

/* Registers of the controller */
static void nvme_write(GString *s, uint32_t reg, uint32_t value)
{
    pci_write(s, devices[NVME].bar[0] + reg, 4, value);
}

static void nvme_command(GString *s, unsigned n, uint32_t opcode,
                         uint64_t prp1, uint32_t cdw10, uint32_t cdw11)
{
    uint64_t at = devices[NVME].rings + n * 64;

    g_string_append_printf(s, "exit = store 0x%" PRIx64 " 8 0x%x\n"
                           "exit = store 0x%" PRIx64 " 8 0x%" PRIx64 "\n"
                           "exit = store 0x%" PRIx64 " 8 0x%" PRIx64 "\n",
                           at, opcode, at + 24, prp1, at + 40,
                           (uint64_t)cdw11 << 32 | cdw10);
    nvme_write(s, 0x1000, n + 1);
}

/* A queue that has a vector above 31 once MSI-X is off */
static void add_nvme(GString *s, PciDevice *d, const void *data)
{
    PciDevice *nvme = &devices[NVME];
    uint64_t rings = nvme->rings;

    pci_set_up(s, nvme);
    pci_write_vector(s, nvme, 0, ITS_DOORBELL, 0x71);
    nvme_write(s, 0x24, 0x001f001f);                /* AQA */
    nvme_write(s, 0x28, rings);                     /* ASQ */
    nvme_write(s, 0x2c, 0);
    nvme_write(s, 0x30, rings + 0x1000);            /* ACQ */
    nvme_write(s, 0x34, 0);
    nvme_write(s, 0x14, 0x00460001);                /* CC */
    /* completion queue 1 with vector 40, submission queue 1 */
    nvme_command(s, 0, 5, rings + 0x2000, 0x001f0001, 40 << 16 | 3);
    g_string_append(s, "exit = await-msi there 0x18 0x71\n");
    nvme_command(s, 1, 1, rings + 0x3000, 0x001f0001, 1 << 16 | 1);
    g_string_append(s, "exit = await-msi there 0x18 0x71\n");
    pci_write(s, nvme->config + nvme->msix + PCI_MSIX_FLAGS, 2, 0);
    /* whatever is in there, it is answered; then its answer is taken */
    nvme_write(s, 0x1008, 1);
    for (int i = 0; i < 20; i++) {
        request(s, d, "there", DISK_ID, DATA);
    }
    nvme_write(s, 0x100c, 1);
    for (int i = 0; i < 20; i++) {
        request(s, d, "there", DISK_ID, DATA);
    }
}

static void test_steps(const void *data)
{
    const Steps *t = data;
    g_autoptr(GString) s = begin_script();
    PciDevice *d = &devices[DISK], *other = &devices[OTHER];

    t->add(s, d, t);
    request(s, d, t->dead ? "nowhere" : "there", DISK_ID,
            t->add == add_zeros ? 0 : DATA);
    request(s, other, "there", OTHER_ID, OTHER_DATA);
    pci_write_vector(s, d, VECTOR, ITS_DOORBELL, DATA + 1);
    request(s, d, "there", DISK_ID, DATA + 1);
    request(s, other, "there", OTHER_ID, OTHER_DATA);
    run_script(s);
}

static const Steps steps[] = {
    { "a vector with address 0 is dead until it is written", add_address, 0,
      true },
    { "an address in private RAM", add_address, 0x40080000, true },
    { "an address in shared RAM", add_address, 0x4a000000, true },
    { "an address in front of RAM", add_address, 0x3ffffffc, true },
    { "an address in a BAR", add_address, 0x10000000, true },
    { "an address in a hole", add_address, 0x7000000000, true },
    { "an address behind the end of the address space", add_address,
      0x8000000000000, true },
    { "the last address", add_address, UINT64_MAX, true },
    { "an address of the distributor", add_address, 0x08000040, true },
    { "an address of the UART", add_address, 0x09000000, true },
    { "a message of zeros", add_zeros, 0, true },
    { "MSI-X that is disabled and enabled again", add_disable_enable },
    { "MSI-X that is masked, disabled, and enabled again", add_function_mask },
    { "a queue that is moved to another vector", add_move },
    { "a queue that is moved while MSI-X is disabled",
      add_move_while_disabled },
    { "a route that has two owners", add_two_owners },
    { "vectors of queues that there are not", add_no_queue },
    { "a queue of nvme with a vector above 31 when MSI-X is disabled",
      add_nvme },
};

static void add_tests(void)
{
    for (int i = 0; i < ARRAY_SIZE(steps); i++) {
        contract_add("msi", steps[i].name, test_steps, &steps[i]);
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}

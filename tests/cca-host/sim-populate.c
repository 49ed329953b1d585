/*
 * POPULATE: contents of the Realm's memory before it runs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "sim-backend.h"
#include "sim-populate.h"
#include "sim-user.h"

int sim_populate_page(SimVm *vm, SimSlot *slot, uint64_t gpa,
                      const void *source, bool measure, GChecksum *digest)
{
    SimRealm *realm = &vm->realm;
    uint8_t page[SIM_PAGE_SIZE];
    int ret;

    if (sim_ranges_any(&realm->populated, gpa, gpa + SIM_PAGE_SIZE)) {
        return -ENXIO;
    }
    ret = sim_backend()->populate_page(vm, slot, gpa, source, page);
    if (ret < 0) {
        return ret;
    }
    if (sim_config()->measure) {
        sim_rim_data(&realm->rim, gpa, measure ? page : NULL);
    }
    if (digest) {
        g_checksum_update(digest, page, sizeof(page));
    }
    sim_ranges_add(&realm->populated, gpa, gpa + SIM_PAGE_SIZE);
    sim_ranges_add(&realm->ripas, gpa, gpa + SIM_PAGE_SIZE);
    sim_charge(sim_config()->populate_cost);
    return 0;
}

/* One step of the kernel: at most 2 MiB, within one slot */
static int populate_step(SimVm *vm, uint64_t base, uint64_t end, bool measure,
                         GChecksum *digest)
{
    SimSlot *slot = sim_slot_at(vm, base);

    if (!slot) {
        return -EFAULT;
    }
    if (end > slot->gpa + slot->size) {
        return -EINVAL;
    }
    if (!slot->gmem) {
        if (slot->flags & KVM_MEM_GUEST_MEMFD) {
            return -EFAULT;     /* the file was closed */
        }
        return sim_config()->personality == SIM_V7 ? -EINVAL : -EPERM;
    }
    for (uint64_t gpa = base; gpa < end; gpa += SIM_PAGE_SIZE) {
        uint64_t hva = slot->hva + (gpa - slot->gpa);
        int ret = sim_populate_page(vm, slot, gpa, (void *)(uintptr_t)hva,
                                    measure, digest);

        if (ret) {
            return ret;
        }
    }
    return 0;
}

static int populate(SimVm *vm, const struct sim_abi_populate *arg,
                    GChecksum *digest)
{
    uint64_t end = arg->base + arg->size;

    if (vm->realm.state != SIM_REALM_NEW) {
        return sim_config()->personality == SIM_V7 ? -EINVAL : -EPERM;
    }
    if (((arg->base | arg->size) & SIM_PAGE_MASK) || end < arg->base ||
        (arg->flags & ~SIM_POPULATE_MEASURE)) {
        return -EINVAL;
    }
    if (arg->reserved[0] || arg->reserved[1] || arg->reserved[2]) {
        sim_complain(vm, "reserved fields of POPULATE are not zero");
    }
    for (uint64_t a = arg->base; a < end; ) {
        uint64_t next = MIN(a + SIM_POPULATE_STEP, end);
        int ret = populate_step(vm, a, next,
                                arg->flags & SIM_POPULATE_MEASURE, digest);

        if (ret) {
            return ret;
        }
        a = next;
    }
    return 0;
}

long sim_realm_populate(SimVm *vm, uint64_t user)
{
    struct sim_abi_populate arg;
    GChecksum *digest = NULL;
    int ret;

    if (sim_copy_from_user(&arg, (void *)(uintptr_t)user, sizeof(arg))) {
        return -EFAULT;
    }
    /* For tests of contents; in run mode it would cost seconds */
    if (!sim_config()->run_mode && sim_config()->measure) {
        digest = g_checksum_new(G_CHECKSUM_SHA256);
    }
    ret = populate(vm, &arg, digest);
    sim_report_call(vm, "REALM_POPULATE", ret, "\"base\": %" PRIu64
                    ", \"size\": %" PRIu64 ", \"flags\": %u, \"sha256\": "
                    "\"%s\"", arg.base, arg.size, arg.flags,
                    digest ? g_checksum_get_string(digest) : "");
    g_clear_pointer(&digest, g_checksum_free);
    return ret;
}

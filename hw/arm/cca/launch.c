/*
 * From the state of a machine to the launch plan of its Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "cpu.h"
#include "system/address-spaces.h"
#include "system/memory.h"
#include "hw/arm/cca/dma.h"
#include "hw/arm/cca/event-log.h"
#include "hw/arm/rme-generation.h"
#include "hw/arm/rme-guest.h"
#include "hw/arm/cca/launch.h"
#include "hw/boards.h"
#include "hw/loader.h"

void rme_launch_prepare(RmeGuest *guest)
{
    ConfidentialGuestSupport *cgs = CONFIDENTIAL_GUEST_SUPPORT(guest);

    cgs->checks_dma = true;
    cgs->require_guest_memfd = true;
    cgs->takes_rom_blobs = true;
    cgs->ready = true;
}

typedef struct AddRam {
    RmePlan *plan;
    hwaddr main_base, main_end;     /* of the machine's main memory */
} AddRam;

/*
 * Main memory is RAM at entry as a whole. Other private memory, which is the
 * window of the firmware, is so only where an image was put.
 */
static bool add_ram_range(const MemoryRegion *mr, hwaddr base, uint64_t size,
                          hwaddr offset, void *opaque, Error **errp)
{
    AddRam *s = opaque;
    bool is_main = base >= s->main_base && base + size <= s->main_end;

    return rme_plan_add_ram(s->plan, memory_region_name(mr), base, size,
                            is_main, errp);
}

static bool add_ram(RmePlan *plan, Error **errp)
{
    AddRam s = {
        .plan = plan,
        .main_base = current_machine->ram->addr,
        .main_end = current_machine->ram->addr + current_machine->ram_size,
    };

    return rme_dma_foreach_ram(&address_space_memory, add_ram_range, &s, errp);
}

typedef struct FindRegion {
    const MemoryRegion *mr;
    hwaddr addr;
} FindRegion;

static bool find_region(Int128 start, Int128 len, const MemoryRegion *mr,
                        hwaddr offset, void *opaque)
{
    FindRegion *s = opaque;

    if (mr != s->mr) {
        return false;
    }
    s->addr = int128_get64(start) - offset;
    return true;
}

typedef struct AddBlob {
    RmePlan *plan;
    FlatView *view;
} AddBlob;

static bool add_blob(const RomBlob *blob, void *opaque, Error **errp)
{
    AddBlob *s = opaque;
    hwaddr addr = blob->addr;

    if (blob->mr) {
        FindRegion find = { .mr = blob->mr, .addr = -1 };

        flatview_for_each_range(s->view, find_region, &find);
        if (find.addr == -1) {
            error_setg(errp, "image '%s' is for memory region '%s', which is "
                       "not mapped, and only guest memory can be put into a "
                       "Realm", blob->name, memory_region_name(blob->mr));
            return false;
        }
        addr += find.addr;
    } else if (blob->as->root != get_system_memory()) {
        error_setg(errp, "image '%s' is for address space '%s', and only "
                   "guest memory can be put into a Realm", blob->name,
                   blob->as->name);
        return false;
    }
    return rme_plan_add_blob(s->plan, blob->name, addr, blob->data,
                             blob->datasize, blob->romsize, true, errp);
}

static bool add_blobs(RmePlan *plan, Error **errp)
{
    AddBlob s = { .plan = plan };

    RCU_READ_LOCK_GUARD();
    s.view = address_space_to_flatview(&address_space_memory);
    return rom_foreach_blob(add_blob, &s, errp);
}

static RmePlanRec boot_rec(void)
{
    CPUARMState *env = &ARM_CPU(first_cpu)->env;
    RmePlanRec rec = {
        .flags = RME_PLAN_REC_RUNNABLE,
        .pc = env->pc,
    };

    for (int i = 0; i < ARRAY_SIZE(rec.gprs); i++) {
        rec.gprs[i] = env->xregs[i];
    }
    return rec;
}

/*
 * The log is not measured, but its address is, and so it is in the plan from
 * the start. rme_report_write_log() writes it, before the RMM gets it.
 */
static bool add_log(RmePlan *plan, RmeGuest *guest, Error **errp)
{
    if (!guest->config.measurement_log) {
        return true;
    }
    if (!guest->log_addr) {
        error_setg(errp, "measurement-log=on: the machine has no device tree, "
                   "which would tell the guest where the log is: use "
                   "measurement-log=off");
        return false;
    }
    guest->log = guest->log ?: g_malloc0(RME_EVENT_LOG_SIZE);
    return rme_plan_add_blob(plan, "measurement log", guest->log_addr,
                             guest->log, RME_EVENT_LOG_SIZE,
                             RME_EVENT_LOG_SIZE, false, errp);
}

RmePlan *rme_launch_plan(const RmePlanParams *params, Error **errp)
{
    g_autoptr(RmePlan) plan = rme_plan_new();
    RmeGuest *guest = rme_guest_from_machine(current_machine);
    RmePlanRec rec = boot_rec();

    rme_plan_set_order(plan, &rme_generation(guest->kernel_abi)->order);
    if (!add_ram(plan, errp) ||
        !add_blobs(plan, errp) ||
        !add_log(plan, guest, errp) ||
        !rme_plan_finish(plan, params, &rec, errp)) {
        return NULL;
    }
    return g_steal_pointer(&plan);
}

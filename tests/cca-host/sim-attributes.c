/*
 * The private/shared attribute of memory
 *
 * A VM begins without any: then every page is shared as far as KVM knows, the
 * guest's first use of a page by its private address leaves KVM_RUN with a
 * memory fault, and one by its shared address does not.
 *
 * The order of the checks is that of virt/kvm/kvm_main.c of Linux 6.17.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <time.h>

#include "sim-backend.h"
#include "sim-gmem.h"

/*
 * The kernel walks all pages of a call, changed or not, and nothing stops it:
 * 255 GiB took it minutes, with RCU stalls.
 */
#define LARGE_CALL (1 << 18)    /* 1 GiB in pages */

void sim_charge(uint64_t ns)
{
    struct timespec t = {
        .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000,
    };

    while (ns && nanosleep(&t, &t) && errno == EINTR) {
        /* go on with the rest */
    }
}

/*
 * Calls the backend for those parts whose attribute really changes, or that
 * had none. Adds to *@changed the bytes that change.
 */
static int change_attribute(SimVm *vm, uint64_t start, uint64_t end,
                            bool private, uint64_t *changed)
{
    SimRanges before = { vm->priv.a ? g_array_copy(vm->priv.a) : NULL };
    SimRanges told = { vm->told.a ? g_array_copy(vm->told.a) : NULL };
    int ret = 0;

    sim_ranges_add(&vm->told, start, end);
    if (private) {
        sim_ranges_add(&vm->priv, start, end);
    } else {
        sim_ranges_remove(&vm->priv, start, end);
    }
    while (start < end && !ret) {
        bool was, known;
        uint64_t next = sim_ranges_piece(&before, start, end, &was);

        next = sim_ranges_piece(&told, start, next, &known);
        if (was != private || !known) {
            ret = sim_backend()->convert(vm, start, next - start, private);
        }
        *changed += was != private ? next - start : 0;
        start = next;
    }
    sim_ranges_clear(&before);
    sim_ranges_clear(&told);
    return ret;
}

static void judge_sharing(SimVm *vm, uint64_t start, uint64_t end)
{
    while (start < end) {
        bool asked, private;
        uint64_t a = sim_ranges_piece(&vm->realm.wants_shared, start, end,
                                      &asked);
        uint64_t b = sim_ranges_piece(&vm->priv, start, a, &private);

        if (!asked && private) {
            sim_complain(vm, "0x%" PRIx64 "+0x%" PRIx64 " is made shared, "
                         "which the guest did not ask for", start, b - start);
        }
        start = b;
    }
}

static void account(SimVm *vm, uint64_t size, uint64_t changed)
{
    uint64_t pages = size / SIM_PAGE_SIZE;

    changed /= SIM_PAGE_SIZE;
    vm->attributes.calls++;
    vm->attributes.pages += pages;
    vm->attributes.changed += changed;
    vm->attributes.largest = MAX(vm->attributes.largest, pages);
    if (pages > LARGE_CALL) {
        sim_complain(vm, "SET_MEMORY_ATTRIBUTES of %" PRIu64 " pages in one "
                     "call, which nothing can stop: at most %d are good for "
                     "the host", pages, LARGE_CALL);
    }
    if (pages != changed && !sim_config()->attribute_waste) {
        sim_complain(vm, "SET_MEMORY_ATTRIBUTES of %" PRIu64 " pages, of which "
                     "%" PRIu64 " change: the host takes its time for all of "
                     "them", pages, changed);
    }
    sim_charge(pages * sim_config()->attribute_cost);
}

int sim_attribute_change(SimVm *vm, uint64_t start, uint64_t end, bool private,
                         uint64_t *changed)
{
    int ret;

    sim_vhost_catch_up(vm);
    ret = change_attribute(vm, start, end, private, changed);
    if (!ret && private) {
        sim_vhost_judge_private(vm, start, end - start);
    }
    return ret;
}

int sim_attribute_apply(SimVm *vm, uint64_t start, uint64_t end, bool private,
                        uint64_t *changed)
{
    uint64_t before = *changed;
    int ret;

    if (!private && sim_realm_is_active(vm)) {
        judge_sharing(vm, start, end);
    }
    ret = sim_attribute_change(vm, start, end, private, changed);
    if (!ret && !private) {
        sim_private_lost(vm, start, end - start, "it was made shared");
    }
    account(vm, end - start, *changed - before);
    return ret;
}

long sim_set_attributes(SimVm *vm, const struct kvm_memory_attributes *a)
{
    bool private = a->attributes & KVM_MEMORY_ATTRIBUTE_PRIVATE;
    uint64_t page_mask = sim_config()->host_page_size - 1;
    uint64_t changed = 0;
    int ret = 0;

    if (a->flags || !vm->is_realm ||
        (a->attributes & ~KVM_MEMORY_ATTRIBUTE_PRIVATE) ||
        a->size == 0 || a->address + a->size < a->address ||
        ((a->address | a->size) & page_mask)) {
        ret = -EINVAL;
    } else {
        ret = sim_attribute_apply(vm, a->address, a->address + a->size,
                                  private, &changed);
    }
    if (ret && sim_realm_is_active(vm)) {
        vm->realm.failed = "SET_MEMORY_ATTRIBUTES";
    }
    sim_report_call(vm, "SET_MEMORY_ATTRIBUTES", ret, "\"address\": %" PRIu64
                    ", \"size\": %" PRIu64 ", \"private\": %s, \"changed\": "
                    "%" PRIu64, (uint64_t)a->address, (uint64_t)a->size,
                    private ? "true" : "false", changed);
    return ret;
}

/*
 * KVM_ARM_RMI_POPULATE: contents from any address of the VMM
 *
 * The generic part of it is kvm_gmem_populate() of virt/kvm/guest_memfd.c: page
 * by page, up to the end of the slot, and an error after the first page is a
 * success that is too short.  Sources: seen (POPULATE), versions 12, 13 and 16.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "sim-backend.h"
#include "sim-populate.h"
#include "sim-user.h"

typedef struct sim_abi_populate_b Populate;

/* What is refused before the Realm is created */
static int check_arguments(SimVm *vm, const SimPopulateRules *rules,
                           const Populate *arg)
{
    uint64_t end = arg->base + arg->size;

    if (arg->reserved || (arg->flags & ~SIM_POPULATE_MEASURE) ||
        ((arg->base | end) & SIM_PAGE_MASK)) {
        sim_complain(vm, "POPULATE of 0x%" PRIx64 "+0x%" PRIx64 ": the range "
                     "is not page aligned, or a flag or reserved field is set",
                     arg->base, arg->size);
        return -EINVAL;
    }
    if (rules->source_aligned && (arg->source_uaddr & SIM_PAGE_MASK)) {
        sim_complain(vm, "POPULATE: the source 0x%" PRIx64 " is not page "
                     "aligned", arg->source_uaddr);
        return -EINVAL;
    }
    if (rules->source_first && !arg->source_uaddr) {
        return -rules->no_source;
    }
    if (rules->range_checked &&
        (end < arg->base || end > sim_shared_bit(vm))) {
        sim_complain(vm, "POPULATE of 0x%" PRIx64 "+0x%" PRIx64 " is not in "
                     "the private half", arg->base, arg->size);
        return -EINVAL;
    }
    return 0;
}

/* 0, 1 = the RMM refused and KVM takes it for a page that is done, or -errno */
static int populate_page(SimVm *vm, SimSlot *slot, uint64_t gpa,
                         uint64_t source, bool measure, GChecksum *digest)
{
    const SimPopulateRules *rules = &sim_generation()->populate;

    if (!sim_ranges_any(&vm->priv, gpa, gpa + 1)) {
        sim_complain(vm, "POPULATE of 0x%" PRIx64 ", which is not PRIVATE",
                     gpa);
        return -EINVAL;
    }
    if (!source) {
        return -rules->no_source;
    }
    if (gpa >= sim_shared_bit(vm)) {
        sim_complain(vm, "POPULATE of 0x%" PRIx64 " in the shared half: the "
                     "RMM refuses%s", gpa, rules->rmm_error_counts
                     ? ", and KVM says that it is done" : "");
        return rules->rmm_error_counts ? 1 : -ENXIO;
    }
    if (sim_ranges_any(&vm->realm.populated, gpa, gpa + 1)) {
        sim_complain(vm, "POPULATE of 0x%" PRIx64 " a second time", gpa);
        return -ENXIO;
    }
    return sim_populate_page(vm, slot, gpa, (void *)(uintptr_t)source, measure,
                             digest);
}

static int find_slot(SimVm *vm, uint64_t base, SimSlot **slot)
{
    *slot = sim_slot_at(vm, base);
    if (!*slot || !((*slot)->flags & KVM_MEM_GUEST_MEMFD)) {
        sim_complain(vm, "POPULATE of 0x%" PRIx64 ", where no memslot has a "
                     "guest_memfd", base);
        return -EINVAL;
    }
    return (*slot)->gmem ? 0 : -EFAULT;     /* the file was closed */
}

/* Adds the bytes that are done to *@done */
static int populate(SimVm *vm, const Populate *arg, GChecksum *digest,
                    uint64_t *done)
{
    const SimPopulateRules *rules = &sim_generation()->populate;
    unsigned most = sim_config()->populate_most;
    uint64_t size = arg->size;
    SimSlot *slot;
    int ret;

    if (!size && rules->empty_creates) {
        return 0;
    }
    if (!size) {
        sim_complain(vm, "the kernel warns: POPULATE of no page");
        return -EINVAL;
    }
    ret = find_slot(vm, arg->base, &slot);
    if (ret) {
        return ret;
    }
    if (size > slot->gpa + slot->size - arg->base) {
        size = slot->gpa + slot->size - arg->base;
        sim_complain(vm, "POPULATE of 0x%" PRIx64 "+0x%" PRIx64 " is not in "
                     "one memslot", arg->base, arg->size);
    }
    if (most) {
        size = MIN(size, most * SIM_PAGE_SIZE);
    }
    while (*done < size && !ret) {
        uint64_t source = arg->source_uaddr ? arg->source_uaddr + *done : 0;

        ret = populate_page(vm, slot, arg->base + *done, source,
                            arg->flags & SIM_POPULATE_MEASURE, digest);
        *done += ret >= 0 ? SIM_PAGE_SIZE : 0;
    }
    return *done ? 0 : ret;
}

static int do_populate(SimVm *vm, const Populate *arg, GChecksum *digest,
                       uint64_t *done)
{
    int ret = sim_fail("RMI_POPULATE");

    ret = sim_fail("REALM_POPULATE") ?: ret;
    if (ret == SIM_FAIL_NOTHING) {
        *done = MIN(arg->size, SIM_PAGE_SIZE);
        return 0;
    }
    ret = ret ?: check_arguments(vm, &sim_generation()->populate, arg);
    if (!ret && sim_implicit_is_active(vm)) {
        sim_complain(vm, "POPULATE of an active Realm: a KVM_RUN came first");
    }
    return ret ?: sim_implicit_ensure_created(vm)
               ?: populate(vm, arg, digest, done);
}

long sim_rmi_populate(SimVm *vm, unsigned long req, void *user)
{
    const SimPopulateRules *rules = &sim_generation()->populate;
    GChecksum *digest = NULL;
    uint64_t done = 0;
    Populate arg;
    long ret;

    if (!rules->request || rules->request != req) {
        return -EINVAL;
    }
    if (!vm->is_realm) {
        return -rules->ordinary;
    }
    if (sim_copy_from_user(&arg, user, sizeof(arg))) {
        return -EFAULT;
    }
    if (!sim_config()->run_mode && sim_config()->measure) {
        digest = g_checksum_new(G_CHECKSUM_SHA256);
    }
    sim_realm_step(vm, "REALM_POPULATE", 0);
    ret = do_populate(vm, &arg, digest, &done);
    sim_report_call(vm, "REALM_POPULATE", ret, "\"base\": %" PRIu64
                    ", \"size\": %" PRIu64 ", \"flags\": %u, \"done\": %"
                    PRIu64 ", \"sha256\": \"%s\"", arg.base, arg.size,
                    arg.flags, done,
                    digest ? g_checksum_get_string(digest) : "");
    g_clear_pointer(&digest, g_checksum_free);
    if (!sim_implicit_is_active(vm)) {
        sim_realm_step(vm, "REALM_POPULATE", ret);
    }
    if (rules->returns_bytes || ret) {
        return ret ?: (long)done;
    }
    arg.base += done;
    arg.size -= done;
    arg.source_uaddr += done;
    return sim_copy_to_user(user, &arg, sizeof(arg));
}

/*
 * Run mode: private and shared memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim-run.h"

int run_create_gmem(SimGmem *gmem)
{
    RunGmem *g;
    int fd = memfd_create("guest_memfd", MFD_CLOEXEC);
    char *map;

    if (fd < 0 || ftruncate(fd, gmem->size)) {
        return -errno;
    }
    map = sim_real_mmap(NULL, gmem->size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (map == MAP_FAILED) {
        return -errno;
    }
    g = g_new0(RunGmem, 1);
    g->refs = 1;
    g->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    g->map = map;
    g->size = gmem->size;
    gmem->backend = g;
    return fd;
}

static void gmem_put(RunGmem *g)
{
    if (!--g->refs) {
        munmap(g->map, g->size);
        sim_real_close(g->fd);
        g_free(g);
    }
}

void run_destroy_gmem(SimGmem *gmem)
{
    gmem_put(gmem->backend);
    gmem->backend = NULL;
}

static uint64_t slot_end(const RunSlot *rs)
{
    return rs->slot->gpa + rs->slot->size;
}

static RunSlot *find_slot(RunVm *rv, const SimSlot *slot)
{
    for (unsigned i = 0; i < rv->slots->len; i++) {
        RunSlot *rs = g_ptr_array_index(rv->slots, i);

        if (rs->slot == slot) {
            return rs;
        }
    }
    return NULL;
}

static int map_fixed(void *addr, uint64_t len, int prot, int flags, int fd,
                     uint64_t off)
{
    void *p = sim_real_mmap(addr, len, prot, flags | MAP_FIXED, fd, off);

    return p == MAP_FAILED ? -errno : 0;
}

/* The VMM's memory a second time, read-only, at the private alias */
static int map_shared_view(RunSlot *rs, char *at, uint64_t off, uint64_t len)
{
    void *p;

    if (rs->shared_fd >= 0) {
        return map_fixed(at, len, PROT_READ, MAP_SHARED, rs->shared_fd, off);
    }
    p = mremap(rs->shared + off, 0, len, MREMAP_MAYMOVE | MREMAP_FIXED, at);
    if (p == MAP_FAILED || mprotect(at, len, PROT_READ)) {
        return -errno;
    }
    return 0;
}

static int map_view(RunVm *rv, RunSlot *rs, RunView view, uint64_t off,
                    uint64_t len)
{
    const int anon = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    RunGmem *g = rs->gmem;
    char *at = rs->priv + off;
    int ret;

    switch (view) {
    case RUN_VIEW_PRIVATE:
        return map_fixed(at, len, PROT_READ | PROT_WRITE, MAP_SHARED, g->fd,
                         rs->gmem_offset + off);
    case RUN_VIEW_SHARED:
        return map_shared_view(rs, at, off, len);
    case RUN_VIEW_FAULT:
    case RUN_VIEW_DESTROYED:
        ret = map_fixed(at, len, PROT_READ | PROT_WRITE, anon, -1, 0);
        return ret < 0 ? ret : run_watch(rv, at, len);
    case RUN_VIEW_NONE:
    default:
        return map_fixed(at, len, PROT_NONE, anon, -1, 0);
    }
}

/*
 * What the guest has at [@gpa, @end): the same up to the address returned.
 */
static uint64_t piece(SimVm *vm, uint64_t gpa, uint64_t end, RunView *view,
                      RunAttribute *attribute)
{
    bool private, told, ram, destroyed;
    uint64_t a = sim_ranges_piece(&vm->priv, gpa, end, &private);
    uint64_t b = sim_ranges_piece(&vm->realm.ripas, gpa, end, &ram);
    uint64_t c = sim_ranges_piece(&vm->realm.destroyed, gpa, end, &destroyed);

    a = sim_ranges_piece(&vm->told, gpa, a, &told);
    if (!ram) {
        *view = private ? RUN_VIEW_NONE : RUN_VIEW_SHARED;
    } else if (!private) {
        *view = RUN_VIEW_FAULT;
    } else {
        *view = destroyed ? RUN_VIEW_DESTROYED : RUN_VIEW_PRIVATE;
    }
    *attribute = private ? RUN_PRIVATE : told ? RUN_SHARED : RUN_UNTOLD;
    return MIN(a, MIN(b, c));
}

/* Changes the mappings of the part of [@gpa, @end) that differs */
static int show(SimVm *vm, RunSlot *rs, uint64_t gpa, uint64_t end,
                RunView view, RunAttribute attribute)
{
    uint64_t first = (gpa - rs->slot->gpa) / SIM_PAGE_SIZE;
    uint64_t last = (end - rs->slot->gpa) / SIM_PAGE_SIZE;
    int ret;

    memset(rs->attribute + first, attribute, last - first);
    while (first < last) {
        uint64_t n = first;

        while (n < last && (rs->view[n] == view) == (rs->view[first] == view)) {
            n++;
        }
        if (rs->view[first] != view) {
            ret = map_view(vm->backend, rs, view, first * SIM_PAGE_SIZE,
                           (n - first) * SIM_PAGE_SIZE);
            if (ret < 0) {
                return ret;
            }
            memset(rs->view + first, view, n - first);
        }
        first = n;
    }
    return 0;
}

static int update_slot(SimVm *vm, RunSlot *rs, uint64_t base, uint64_t top)
{
    uint64_t gpa = MAX(base, rs->slot->gpa), end = MIN(top, slot_end(rs));

    while (rs->live && gpa < end) {
        RunAttribute attribute;
        RunView view;
        uint64_t next = piece(vm, gpa, end, &view, &attribute);
        int ret = show(vm, rs, gpa, next, view, attribute);

        if (ret < 0) {
            return ret;
        }
        gpa = next;
    }
    return 0;
}

static int update_views_locked(SimVm *vm, uint64_t base, uint64_t top)
{
    RunVm *rv = vm->backend;
    int ret;

    for (unsigned i = 0; i < rv->slots->len; i++) {
        ret = update_slot(vm, g_ptr_array_index(rv->slots, i), base, top);
        if (ret < 0) {
            return ret;
        }
    }
    return 0;
}

void run_update_views(SimVm *vm, uint64_t base, uint64_t top)
{
    RunVm *rv = vm->backend;
    int ret;

    pthread_mutex_lock(&rv->map_lock);
    ret = update_views_locked(vm, base, top);
    pthread_mutex_unlock(&rv->map_lock);
    if (ret < 0) {
        sim_complain(vm, "simulator: cannot map 0x%" PRIx64 "..0x%" PRIx64
                     ": %s", base, top, g_strerror(-ret));
    }
}

/* Keep what is shared; private pages must have been dropped when populated */
static int copy_shared_pages(SimVm *vm, RunSlot *rs,
                             const unsigned char *resident)
{
    uint64_t kept = 0;

    for (uint64_t off = 0; off < rs->slot->size; off += SIM_PAGE_SIZE) {
        uint64_t gpa = rs->slot->gpa + off;

        if (!(resident[off / SIM_PAGE_SIZE] & 1)) {
            continue;
        }
        if (sim_ranges_any(&vm->priv, gpa, gpa + 1)) {
            kept += sim_ranges_any(&vm->realm.populated, gpa, gpa + 1);
        } else if (rs->shared_fd >= 0 &&
                   pwrite(rs->shared_fd, (char *)(uintptr_t)rs->slot->hva + off,
                          SIM_PAGE_SIZE, off) != SIM_PAGE_SIZE) {
            return -errno;
        }
    }
    if (kept) {
        sim_complain(vm, "the VMM kept the shared copy of %" PRIu64 " populated"
                     " pages of the slot at 0x%" PRIx64, kept, rs->slot->gpa);
    }
    return 0;
}

/* What was exchanged stays so: the VMM's next VM has the same memory */
typedef struct Exchanged {
    uint64_t hva;
    uint64_t size;
    int fd;
} Exchanged;

static GArray *exchanged;

static int exchanged_fd(const SimSlot *slot)
{
    for (guint i = 0; exchanged && i < exchanged->len; i++) {
        const Exchanged *e = &g_array_index(exchanged, Exchanged, i);

        if (e->hva == slot->hva && e->size == slot->size) {
            return e->fd;
        }
    }
    return -1;
}

/*
 * A second mapping of the VMM's memory is only possible if it is a file; the
 * usual anonymous memory is exchanged, in place, for one of our own.
 */
static int make_shared_file(SimVm *vm, RunSlot *rs)
{
    uint64_t size = rs->slot->size;
    char *hva = (char *)(uintptr_t)rs->slot->hva;
    g_autofree unsigned char *resident = g_malloc(size / SIM_PAGE_SIZE);
    Exchanged e;
    int ret;

    if (mincore(hva, size, resident)) {
        return -errno;
    }
    rs->shared = mremap(hva, 0, size, MREMAP_MAYMOVE);
    if (rs->shared != MAP_FAILED) {
        return copy_shared_pages(vm, rs, resident);
    }
    rs->shared_fd = memfd_create("shared", MFD_CLOEXEC);
    if (rs->shared_fd < 0 || ftruncate(rs->shared_fd, size)) {
        return -errno;
    }
    ret = copy_shared_pages(vm, rs, resident);
    if (ret < 0) {
        return ret;
    }
    rs->shared = sim_real_mmap(NULL, size, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_NORESERVE, rs->shared_fd, 0);
    if (rs->shared == MAP_FAILED) {
        return -errno;
    }
    exchanged = exchanged ?: g_array_new(FALSE, FALSE, sizeof(Exchanged));
    e = (Exchanged) { rs->slot->hva, size, rs->shared_fd };
    g_array_append_val(exchanged, e);
    return map_fixed(hva, size, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_NORESERVE, rs->shared_fd, 0);
}

/* Bytes of [@off, @off + @len) that the VMM's memory holds */
static uint64_t shared_resident(RunSlot *rs, uint64_t off, uint64_t len)
{
    g_autofree unsigned char *resident = g_malloc(len / SIM_PAGE_SIZE);
    uint64_t n = 0;

    if (mincore(rs->shared + off, len, resident)) {
        return 0;
    }
    for (uint64_t i = 0; i < len / SIM_PAGE_SIZE; i++) {
        n += resident[i] & 1;
    }
    return n * SIM_PAGE_SIZE;
}

/* Bytes of pages [@p, @last) that the guest used by their shared alias */
static uint64_t forget_touched(RunSlot *rs, uint64_t p, uint64_t last)
{
    uint64_t n = 0;

    for (; p < last; p++) {
        n += rs->touched[p];
        rs->touched[p] = 0;
    }
    return n * SIM_PAGE_SIZE;
}

/* Free the shared memory of private pages, so that an access is noticed */
static uint64_t drop_private_pages(RunSlot *rs, uint64_t gpa, uint64_t end)
{
    uint64_t dropped = 0, p = (gpa - rs->slot->gpa) / SIM_PAGE_SIZE;
    uint64_t last = (end - rs->slot->gpa) / SIM_PAGE_SIZE;

    while (p < last) {
        uint64_t n = p;

        while (n < last && rs->attribute[n] == rs->attribute[p]) {
            n++;
        }
        if (rs->attribute[p] == RUN_PRIVATE) {
            uint64_t off = p * SIM_PAGE_SIZE, len = (n - p) * SIM_PAGE_SIZE;
            uint64_t kept = shared_resident(rs, off, len);

            if (kept) {
                /* what the guest filled by itself is not the VMM's doing */
                dropped += kept - MIN(kept, forget_touched(rs, p, n));
                sim_real_madvise(rs->shared + off, len, MADV_REMOVE);
            }
        }
        p = n;
    }
    return dropped;
}

void run_check_shared_copies(SimVm *vm, uint64_t base, uint64_t top)
{
    RunVm *rv = vm->backend;

    pthread_mutex_lock(&rv->map_lock);
    for (unsigned i = 0; i < rv->slots->len; i++) {
        RunSlot *rs = g_ptr_array_index(rv->slots, i);
        uint64_t gpa = MAX(base, rs->slot->gpa), end = MIN(top, slot_end(rs));
        uint64_t kept = rs->live && gpa < end
                        ? drop_private_pages(rs, gpa, end) : 0;

        if (kept) {
            sim_complain(vm, "0x%" PRIx64 "..0x%" PRIx64 " is private, but the"
                         " VMM kept %" PRIu64 " KiB of its shared copy",
                         gpa, end, kept / 1024);
        }
    }
    pthread_mutex_unlock(&rv->map_lock);
}

static int bring_to_life(SimVm *vm, RunSlot *rs)
{
    RunVm *rv = vm->backend;
    uint64_t pages = rs->slot->size / SIM_PAGE_SIZE;
    int ret = make_shared_file(vm, rs);

    if (ret < 0) {
        return ret;
    }
    rs->view = g_malloc0(pages);            /* RUN_VIEW_NONE, as mapped */
    rs->attribute = g_malloc0(pages);
    rs->touched = g_malloc0(pages);
    rs->live = true;
    ret = update_slot(vm, rs, 0, UINT64_MAX);
    if (ret < 0) {
        return ret;
    }
    drop_private_pages(rs, rs->slot->gpa, slot_end(rs));
    return run_watch(rv, (void *)(uintptr_t)rs->slot->hva, rs->slot->size);
}

int run_activate(SimVm *vm)
{
    RunVm *rv = vm->backend;
    int ret = run_watch_start(vm);

    pthread_mutex_lock(&rv->map_lock);
    for (unsigned i = 0; i < rv->slots->len && ret >= 0; i++) {
        RunSlot *rs = g_ptr_array_index(rv->slots, i);

        if (rs->priv) {
            ret = bring_to_life(vm, rs);
        }
    }
    rv->active = true;
    pthread_mutex_unlock(&rv->map_lock);
    return ret;
}

int run_convert(SimVm *vm, uint64_t gpa, uint64_t size, bool private)
{
    run_update_views(vm, gpa, gpa + size);
    return 0;
}

void run_shared_discarded(SimVm *vm, SimSlot *slot, uint64_t gpa,
                          uint64_t size)
{
    RunVm *rv = vm->backend;
    RunSlot *rs;

    /* On the file that stands in for anonymous memory it does not free */
    pthread_mutex_lock(&rv->map_lock);
    rs = find_slot(rv, slot);
    if (rs && rs->shared_fd >= 0) {
        sim_real_fallocate(rs->shared_fd,
                           FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                           gpa - slot->gpa, size);
    }
    pthread_mutex_unlock(&rv->map_lock);
}

int run_punch_gmem(SimGmem *gmem, uint64_t off, uint64_t len)
{
    RunGmem *g = gmem->backend;

    if (sim_real_fallocate(g->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                           off, len)) {
        return -errno;
    }
    return 0;
}

int run_populate_page(SimVm *vm, SimSlot *slot, uint64_t gpa,
                      const void *source, uint8_t page[SIM_PAGE_SIZE])
{
    RunGmem *g = slot->gmem->backend;
    uint64_t off = gpa - slot->gpa;

    /* The system call refuses what cannot be read; memcpy() would crash */
    if (pwrite(g->fd, source, SIM_PAGE_SIZE, slot->gmem_offset + off) < 0) {
        return -errno;
    }
    memcpy(page, g->map + slot->gmem_offset + off, SIM_PAGE_SIZE);
    return 0;
}

void *run_private_memory(SimVm *vm, uint64_t gpa, uint64_t len)
{
    RunVm *rv = vm->backend;
    void *found = NULL;

    pthread_mutex_lock(&rv->map_lock);
    for (unsigned i = 0; i < rv->slots->len; i++) {
        RunSlot *rs = g_ptr_array_index(rv->slots, i);
        uint64_t off = gpa - rs->slot->gpa;

        /* the guest chose it: neither sum may wrap */
        if (rs->live && gpa >= rs->slot->gpa && off < rs->slot->size &&
            len <= rs->slot->size - off &&
            rs->view[off / SIM_PAGE_SIZE] == RUN_VIEW_PRIVATE &&
            rs->view[(off + len - 1) / SIM_PAGE_SIZE] == RUN_VIEW_PRIVATE) {
            found = rs->gmem->map + rs->gmem_offset + off;
        }
    }
    pthread_mutex_unlock(&rv->map_lock);
    return found;
}

bool run_is_untold(SimVm *vm, uint64_t gpa)
{
    RunVm *rv = vm->backend;
    bool untold = false;

    pthread_mutex_lock(&rv->map_lock);
    for (unsigned i = 0; i < rv->slots->len; i++) {
        RunSlot *rs = g_ptr_array_index(rv->slots, i);
        uint64_t off = gpa - rs->slot->gpa;

        untold |= rs->live && off < rs->slot->size &&
                  rs->view[off / SIM_PAGE_SIZE] == RUN_VIEW_FAULT &&
                  rs->attribute[off / SIM_PAGE_SIZE] == RUN_UNTOLD;
    }
    pthread_mutex_unlock(&rv->map_lock);
    return untold;
}

void run_let_its_write(SimVm *vm, bool writable)
{
    int prot = PROT_READ | (writable ? PROT_WRITE : 0);
    RunVm *rv = vm->backend;

    pthread_mutex_lock(&rv->map_lock);
    for (unsigned i = 0; i < rv->slots->len; i++) {
        RunSlot *rs = g_ptr_array_index(rv->slots, i);

        for (uint64_t p = 0; rs->live && p < rs->slot->size / SIM_PAGE_SIZE;
             p++) {
            if (rs->view[p] == RUN_VIEW_SHARED) {
                mprotect(rs->priv + p * SIM_PAGE_SIZE, SIM_PAGE_SIZE, prot);
            }
        }
    }
    pthread_mutex_unlock(&rv->map_lock);
}

/* One of the two memslots of the real VM */
static int set_real_slot(SimVm *vm, const SimSlot *slot, bool alias,
                         const char *hva, uint64_t size)
{
    struct kvm_userspace_memory_region region = {
        .slot = slot->id + (alias ? RUN_ALIAS_SLOT : 0),
        .flags = slot->flags & ~KVM_MEM_GUEST_MEMFD,
        .guest_phys_addr = slot->gpa | (alias ? sim_shared_bit(vm) : 0),
        .memory_size = size,
        .userspace_addr = (uintptr_t)hva,
    };

    return run_ioctl(vm->obj.fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static int set_both(SimVm *vm, RunSlot *rs, uint64_t size)
{
    char *hva = (char *)(uintptr_t)rs->slot->hva;
    int ret = rs->priv ? set_real_slot(vm, rs->slot, false, rs->priv, size)
                       : 0;

    return ret < 0 ? ret : set_real_slot(vm, rs->slot, true, hva, size);
}

static void free_slot(RunVm *rv, RunSlot *rs)
{
    g_ptr_array_remove(rv->slots, rs);
    if (rs->priv) {
        munmap(rs->priv, rs->slot->size);
    }
    if (rs->live) {
        munmap(rs->shared, rs->slot->size);
        /* Where the guest was stopped it is closed to the VMM as well */
        mprotect((void *)(uintptr_t)rs->slot->hva, rs->slot->size,
                 PROT_READ | PROT_WRITE);
    }
    if (rs->gmem) {
        gmem_put(rs->gmem);
    }
    g_free(rs->view);
    g_free(rs->attribute);
    g_free(rs->touched);
    g_free(rs);
}

void run_free_slots(SimVm *vm)
{
    RunVm *rv = vm->backend;

    while (rv->slots->len) {
        free_slot(rv, g_ptr_array_index(rv->slots, 0));
    }
}

static int create_slot(SimVm *vm, SimSlot *slot)
{
    RunVm *rv = vm->backend;
    RunSlot *rs = g_new0(RunSlot, 1);
    int ret;

    rs->slot = slot;
    rs->shared_fd = exchanged_fd(slot);
    if (slot->gmem) {
        rs->priv = sim_real_mmap(NULL, slot->size, PROT_NONE, MAP_PRIVATE |
                                 MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (rs->priv == MAP_FAILED) {
            ret = -errno;
            g_free(rs);
            return ret;
        }
        rs->gmem = slot->gmem->backend;
        rs->gmem->refs++;
        rs->gmem_offset = slot->gmem_offset;
    }
    g_ptr_array_add(rv->slots, rs);
    ret = set_both(vm, rs, slot->size);
    if (ret >= 0 && rs->priv && rv->active) {
        ret = bring_to_life(vm, rs);
    }
    if (ret < 0) {
        free_slot(rv, rs);
    }
    return ret;
}

static int set_realm_slot(SimVm *vm, SimSlot *slot, SimSlotChange change)
{
    RunVm *rv = vm->backend;
    RunSlot *rs = find_slot(rv, slot);
    int ret;

    if (change == SIM_SLOT_CREATE) {
        return create_slot(vm, slot);
    }
    if (!rs) {
        return -EINVAL;
    }
    ret = set_both(vm, rs, change == SIM_SLOT_DELETE ? 0 : slot->size);
    if (ret < 0) {
        return ret;
    }
    if (change == SIM_SLOT_DELETE) {
        free_slot(rv, rs);
    } else if (change == SIM_SLOT_MOVE) {
        ret = update_slot(vm, rs, 0, UINT64_MAX);
    }
    return ret;
}

int run_set_memslot(SimVm *vm, SimSlot *slot, SimSlotChange change)
{
    RunVm *rv = vm->backend;
    int ret;

    if (!vm->is_realm) {
        return set_real_slot(vm, slot, false,
                             (char *)(uintptr_t)slot->hva,
                             change == SIM_SLOT_DELETE ? 0 : slot->size);
    }
    pthread_mutex_lock(&rv->map_lock);
    ret = set_realm_slot(vm, slot, change);
    pthread_mutex_unlock(&rv->map_lock);
    return ret;
}

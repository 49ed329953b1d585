/*
 * Tests of hw/arm/cca/dma.c: memory that a device keeps at hand
 *
 * Virtqueues keep a MemoryRegionCache of their rings.  One that is behind an
 * RmeDma reaches RAM directly, until the guest takes something back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "rme-dma-test.h"

static MemTxResult read_cached(MemoryRegionCache *cache, hwaddr offset,
                               uint32_t *value)
{
    RCU_READ_LOCK_GUARD();
    return address_space_read_cached(cache, offset, value, sizeof(*value));
}

static bool is_direct(const MemoryRegionCache *cache)
{
    return address_space_cache_ptr(cache) != NULL;
}

/* Each kind of access to @offset fails, and touches nothing */
static void check_cache_refused(Fixture *f, MemoryRegionCache *cache,
                                hwaddr offset, const uint8_t *host)
{
    uint32_t before = ldl_he_p(host), v = ~before;
    MemTxResult r = MEMTX_OK;

    g_assert_cmpint(read_cached(cache, offset, &v), ==, MEMTX_DECODE_ERROR);
    v = ~before;
    RCU_READ_LOCK_GUARD();
    g_assert_cmpint(address_space_write_cached(cache, offset, &v, 4), ==,
                    MEMTX_DECODE_ERROR);
    address_space_lduw_le_cached(cache, offset, ATTRS, &r);
    g_assert_cmpint(r, ==, MEMTX_DECODE_ERROR);
    r = MEMTX_OK;
    address_space_stw_le_cached(cache, offset, ~before, ATTRS, &r);
    g_assert_cmpint(r, ==, MEMTX_DECODE_ERROR);
    g_assert_cmphex((uint32_t)ldl_he_p(host), ==, before);
    g_assert_false(is_direct(cache));
}

static void check_cache_allowed(Fixture *f, MemoryRegionCache *cache,
                                hwaddr offset, uint8_t *host)
{
    uint32_t v = 0;

    stl_he_p(host, 0x13572468);
    g_assert_cmpint(read_cached(cache, offset, &v), ==, MEMTX_OK);
    g_assert_cmphex(v, ==, 0x13572468);
    RCU_READ_LOCK_GUARD();
    v = 0x24681357;
    g_assert_cmpint(address_space_write_cached(cache, offset, &v, 4), ==,
                    MEMTX_OK);
    address_space_cache_invalidate(cache, offset, 4);
    g_assert_cmphex((uint32_t)ldl_he_p(host), ==, v);
    g_assert_cmphex(address_space_ldl_le_cached(cache, offset, ATTRS, NULL),
                    ==, (uint32_t)ldl_le_p(host));
}

/* What virtqueues use: a cache keeps a pointer, and each revocation ends it */
static void test_cached(Fixture *f, gconstpointer unused)
{
    hwaddr gpa = RAM + 14 * PAGE;
    uint8_t *host = f->host + 14 * PAGE;
    MemoryRegionCache cache;
    uint32_t v;

    /* Pages, and a field of 64 KiB */
    to_shared(f, gpa, 20 * PAGE);
    to_shared(f, RAM + CHUNK, PAGE);
    g_assert_cmpint(address_space_cache_init(&cache, f->as, gpa | SHARED,
                                             20 * PAGE, true), ==, 20 * PAGE);
    g_assert_true(is_direct(&cache));
    check_cache_allowed(f, &cache, 0, host);
    check_cache_allowed(f, &cache, 20 * PAGE - 4, host + 20 * PAGE - 4);

    /* Something else is taken back: an access finds out that it is */
    to_private(f, RAM + CHUNK, PAGE);
    g_assert_false(is_direct(&cache));
    check_cache_allowed(f, &cache, PAGE, host + PAGE);
    g_assert_true(is_direct(&cache));

    /* One of its own pages: the others are reached, that one is not */
    to_private(f, gpa + 3 * PAGE, PAGE);
    check_cache_refused(f, &cache, 3 * PAGE, host + 3 * PAGE);
    check_cache_refused(f, &cache, 4 * PAGE - 4, host + 4 * PAGE - 4);
    check_cache_allowed(f, &cache, 3 * PAGE - 4, host + 3 * PAGE - 4);
    check_cache_allowed(f, &cache, 4 * PAGE, host + 4 * PAGE);
    g_assert_false(is_direct(&cache));

    to_shared(f, gpa + 3 * PAGE, PAGE);
    check_cache_allowed(f, &cache, 3 * PAGE, host + 3 * PAGE);
    g_assert_true(is_direct(&cache));
    to_private(f, gpa, 20 * PAGE);
    check_cache_refused(f, &cache, 0, host);
    g_assert_cmpint(read_cached(&cache, 20 * PAGE - 4, &v), ==,
                    MEMTX_DECODE_ERROR);
    address_space_cache_destroy(&cache);
}

/* Caches that are not one piece of shared RAM: each access is looked up */
static void test_cached_pieces(Fixture *f, gconstpointer unused)
{
    MemoryRegionCache cache;
    uint32_t v;

    /* Private as yet: the host mapping is not even read */
    address_space_cache_init(&cache, f->as, RAM | SHARED, PAGE, true);
    g_assert_false(is_direct(&cache));
    g_assert_cmpint(read_cached(&cache, 0, &v), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpuint(resident(f), ==, 0);
    to_shared(f, RAM, PAGE);
    check_cache_allowed(f, &cache, 0, f->host);
    to_private(f, RAM, PAGE);
    check_cache_refused(f, &cache, 0, f->host);
    address_space_cache_destroy(&cache);

    /* It ends in a hole */
    to_shared(f, RAM + SIZE - PAGE, PAGE);
    address_space_cache_init(&cache, f->as, (RAM + SIZE - PAGE) | SHARED,
                             2 * PAGE, true);
    g_assert_false(is_direct(&cache));
    check_cache_allowed(f, &cache, PAGE - 4, f->host + SIZE - 4);
    g_assert_cmpint(read_cached(&cache, PAGE, &v), ==, MEMTX_DECODE_ERROR);
    address_space_cache_destroy(&cache);

    /* More granules than are worth a look after each revocation */
    to_shared(f, RAM + PAGE, 2 * CHUNK);
    address_space_cache_init(&cache, f->as, (RAM + PAGE) | SHARED, 2 * CHUNK,
                             true);
    g_assert_false(is_direct(&cache));
    check_cache_allowed(f, &cache, 0, f->host + PAGE);
    check_cache_allowed(f, &cache, 2 * CHUNK - 4,
                        f->host + PAGE + 2 * CHUNK - 4);
    to_private(f, RAM + CHUNK, PAGE);
    check_cache_refused(f, &cache, CHUNK - PAGE, f->host + CHUNK);
    address_space_cache_destroy(&cache);
}

/* A device in another thread that writes all the time */
typedef struct Hammer {
    AddressSpace *as;
    MemoryRegionCache *cache;
    bool stop;
} Hammer;

static void *hammer(void *opaque)
{
    Hammer *h = opaque;
    uint64_t v = 0;

    rcu_register_thread();
    while (!qatomic_read(&h->stop)) {
        v++;
        if (h->cache) {
            RCU_READ_LOCK_GUARD();
            address_space_write_cached(h->cache, 0, &v, sizeof(v));
        } else {
            address_space_write(h->as, RAM | SHARED, ATTRS, &v, sizeof(v));
        }
    }
    rcu_unregister_thread();
    return NULL;
}

/* Once a page is private nothing is written any more, not even belatedly */
static void test_revoked(Fixture *f, gconstpointer cached)
{
    Hammer h = { .as = f->as };
    MemoryRegionCache cache;
    QemuThread thread;

    if (cached) {
        to_shared(f, RAM, PAGE);
        address_space_cache_init(&cache, f->as, RAM | SHARED, PAGE, true);
        g_assert_true(is_direct(&cache));
        h.cache = &cache;
    }
    qemu_thread_create(&thread, "hammer", hammer, &h, QEMU_THREAD_JOINABLE);
    for (unsigned i = 0; i < 500; i++) {
        uint64_t before = qatomic_read__nocheck((uint64_t *)f->host);

        to_shared(f, RAM, PAGE);
        while (qatomic_read__nocheck((uint64_t *)f->host) == before) {
            bql_unlock();
            g_usleep(10);
            bql_lock();
        }
        to_private(f, RAM, PAGE);
        before = qatomic_read__nocheck((uint64_t *)f->host);
        bql_unlock();
        g_usleep(20);
        bql_lock();
        g_assert_cmpuint(qatomic_read__nocheck((uint64_t *)f->host), ==,
                         before);
    }
    qatomic_set(&h.stop, true);
    bql_unlock();
    qemu_thread_join(&thread);
    bql_lock();
    if (cached) {
        address_space_cache_destroy(&cache);
    }
}

static void add(const char *name, gconstpointer data,
                void (*test)(Fixture *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/rme-dma-cache/", name, NULL);

    g_test_add(path, Fixture, data, setup, test, teardown);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture_init();

    add("cached", NULL, test_cached);
    add("pieces", NULL, test_cached_pieces);
    add("revoked-while-used", GINT_TO_POINTER(true), test_revoked);
    add("revoked-uncached", NULL, test_revoked);
    return g_test_run();
}

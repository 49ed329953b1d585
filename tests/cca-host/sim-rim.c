/*
 * The Realm initial measurement, computed as an RMM of version 1.0 does
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>

#include "sim-rim.h"

#define PAGE 4096ULL
#define DESC_SIZE 256

/* types and field offsets of the measurement descriptors, DEN0137 A7.1 */
enum { DESC_DATA = 0, DESC_REC = 1, DESC_RIPAS = 2 };
enum { DESC_LEN = 0x08, DESC_RIM = 0x10, DESC_BODY = 0x50 };

static void put(uint8_t *image, unsigned offset, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        image[offset + i] = v >> (8 * i);
    }
}

static void hash(const SimRim *rim, const void *data, size_t len,
                 uint8_t out[SIM_RIM_SIZE])
{
    GChecksum *sum = g_checksum_new(rim->params.hash_algo == 0
                                    ? G_CHECKSUM_SHA256 : G_CHECKSUM_SHA512);
    gsize n = SIM_RIM_SIZE;

    memset(out, 0, SIM_RIM_SIZE);
    g_checksum_update(sum, data, len);
    g_checksum_get_digest(sum, out, &n);
    g_checksum_free(sum);
}

/* Adds a descriptor of @type whose body of @len bytes stands at 0x50 */
static void extend(SimRim *rim, unsigned type, const void *body, size_t len)
{
    uint8_t desc[DESC_SIZE] = { 0 };

    g_assert(DESC_BODY + len <= sizeof(desc));
    desc[0] = type;
    put(desc, DESC_LEN, DESC_SIZE, 8);
    memcpy(desc + DESC_RIM, rim->value, SIM_RIM_SIZE);
    memcpy(desc + DESC_BODY, body, len);
    hash(rim, desc, sizeof(desc), rim->value);
}

unsigned sim_rim_length(const SimRim *rim)
{
    return rim->params.hash_algo == 0 ? 32 : 64;
}

char *sim_rim_hex(const SimRim *rim)
{
    GString *s = g_string_new(NULL);

    for (unsigned i = 0; i < sim_rim_length(rim); i++) {
        g_string_append_printf(s, "%02x", rim->value[i]);
    }
    return g_string_free(s, FALSE);
}

void sim_rim_create(SimRim *rim, const SimRimParams *p)
{
    g_autofree uint8_t *image = g_malloc0(PAGE);

    sim_rim_destroy(rim);
    rim->params = *p;
    rim->tables = g_hash_table_new_full(g_int64_hash, g_int64_equal,
                                        g_free, NULL);
    rim->pages = g_hash_table_new_full(g_int64_hash, g_int64_equal,
                                       g_free, NULL);
    put(image, 0x00, p->lpa2 | p->sve << 1 | p->pmu << 2, 8);
    put(image, 0x08, p->s2sz, 4);
    put(image, 0x10, p->sve_vl, 4);
    put(image, 0x18, p->num_bps, 4);
    put(image, 0x20, p->num_wps, 4);
    put(image, 0x28, p->pmu_num_ctrs, 4);
    put(image, 0x30, p->hash_algo, 1);
    hash(rim, image, PAGE, rim->value);
}

void sim_rim_destroy(SimRim *rim)
{
    g_clear_pointer(&rim->tables, g_hash_table_unref);
    g_clear_pointer(&rim->pages, g_hash_table_unref);
}

/* Bytes that one entry of a table at @level maps */
static uint64_t entry_size(unsigned level)
{
    return PAGE << (9 * (3 - level));
}

/* KVM chooses as many concatenated root tables as it may */
static unsigned start_level(const SimRim *rim)
{
    return 4 - (rim->params.s2sz - 8) / 9;
}

/* A table of @level covers 512 of its entries; the root always exists */
static gint64 table_key(unsigned level, uint64_t addr)
{
    return (addr & ~(entry_size(level) * 512 - 1)) | level;
}

static bool has_table(const SimRim *rim, unsigned level, uint64_t addr)
{
    gint64 key = table_key(level, addr);

    return level <= start_level(rim) ||
        g_hash_table_contains(rim->tables, &key);
}

static void add_table(SimRim *rim, unsigned level, uint64_t addr)
{
    gint64 key = table_key(level, addr);

    g_hash_table_add(rim->tables, g_memdup2(&key, sizeof(key)));
}

/* Level of the deepest table on the path to @addr */
static unsigned walk(const SimRim *rim, uint64_t addr)
{
    unsigned level = start_level(rim);

    while (level < 3 && has_table(rim, level + 1, addr)) {
        level++;
    }
    return level;
}

bool sim_rim_has_page(const SimRim *rim, uint64_t ipa)
{
    gint64 key = ipa;

    return rim->pages && g_hash_table_contains(rim->pages, &key);
}

/*
 * RMI_RTT_INIT_RIPAS: sets and measures consecutive entries of the one table
 * that the walk to @base ends in.  Returns the first address not done.
 */
static uint64_t init_ripas(SimRim *rim, uint64_t base, uint64_t top)
{
    unsigned level = walk(rim, base);
    uint64_t size = entry_size(level);
    gint64 table = table_key(level, base);
    uint64_t a = base;

    if (base & (size - 1)) {
        return base;
    }
    while (a + size <= top && table_key(level, a) == table) {
        uint8_t body[16];

        if (level < 3 ? has_table(rim, level + 1, a)
                      : sim_rim_has_page(rim, a)) {
            break;
        }
        put(body, 0, a, 8);
        put(body, 8, a + size, 8);
        extend(rim, DESC_RIPAS, body, sizeof(body));
        a += size;
    }
    return a;
}

/* Level of the largest aligned block at @a that fits below @top */
static unsigned wanted_level(const SimRim *rim, uint64_t a, uint64_t top)
{
    for (unsigned level = start_level(rim); level < 3; level++) {
        uint64_t size = entry_size(level);

        if (!(a & (size - 1)) && size <= top - a) {
            return level;
        }
    }
    return 3;
}

int sim_rim_ripas(SimRim *rim, uint64_t base, uint64_t top, bool skip_pages)
{
    uint64_t a = base;

    while (a < top) {
        uint64_t next = init_ripas(rim, a, top);
        unsigned have, want;

        if (next != a) {
            a = next;
            continue;
        }
        have = walk(rim, a);
        want = wanted_level(rim, a, top);
        if (have >= want) {
            if (!skip_pages) {
                return -EINVAL;
            }
            a += PAGE;
            continue;
        }
        while (have < want) {
            add_table(rim, ++have, a);
        }
    }
    return 0;
}

void sim_rim_data(SimRim *rim, uint64_t ipa, const uint8_t *page)
{
    uint8_t body[16 + SIM_RIM_SIZE] = { 0 };
    gint64 key = ipa;

    for (unsigned level = walk(rim, ipa); level < 3; level++) {
        add_table(rim, level + 1, ipa);
    }
    put(body, 0, ipa, 8);
    put(body, 8, page != NULL, 8);
    if (page) {
        hash(rim, page, PAGE, body + 16);
    }
    extend(rim, DESC_DATA, body, sizeof(body));
    g_hash_table_add(rim->pages, g_memdup2(&key, sizeof(key)));
}

void sim_rim_rec(SimRim *rim, bool runnable, uint64_t pc,
                 const uint64_t gprs[8])
{
    g_autofree uint8_t *image = NULL;
    uint8_t body[SIM_RIM_SIZE];

    if (!runnable) {
        return;
    }
    image = g_malloc0(PAGE);
    put(image, 0x000, 1, 8);
    put(image, 0x200, pc, 8);
    for (unsigned i = 0; i < 8; i++) {
        put(image, 0x300 + 8 * i, gprs[i], 8);
    }
    hash(rim, image, PAGE, body);
    extend(rim, DESC_REC, body, sizeof(body));
}

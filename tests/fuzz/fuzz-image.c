/*
 * Random files as the kernel of a Realm: Image headers, gzip, EFI zboot
 *
 * The loader is static in boot.c, so the whole file is part of this one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "../../hw/arm/boot.c"
#include "qemu/memfd.h"
#include "qemu/module.h"
#include "fuzz.h"

#define RAM 0x40000000ULL

static char path[64];
static int file;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    Object *machine;

    module_call_init(MODULE_INIT_QOM);
    machine = object_new("none-machine");
    object_property_add_child(object_get_root(), "machine", machine);
    file = qemu_memfd_create("image", 0, false, 0, 0, &error_abort);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    return 0;
}

/* Every byte of the blob is there */
static bool sum(const RomBlob *blob, void *opaque, Error **errp)
{
    const uint8_t *data = blob->data;
    uint8_t *total = opaque;

    for (uint64_t i = 0; i < blob->datasize; i++) {
        *total += data[i];
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t total = 0;
    hwaddr entry = 0;
    uint64_t got;

    g_assert(ftruncate(file, 0) == 0);
    g_assert(pwrite(file, data, size, 0) == size);
    rom_transaction_begin();
    got = load_aarch64_image(path, RAM, false, &entry, &address_space_memory);
    if (got != (uint64_t)-1) {
        g_assert(entry || got);
        rom_foreach_blob(sum, &total, &error_abort);
    }
    rom_transaction_end(false);
    return 0;
}

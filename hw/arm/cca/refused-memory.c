/*
 * Memory that an Arm CCA Realm cannot have
 *
 * What a memory backend gives is the copy of a Realm's memory that the guest
 * shares. A page is there from when the guest shares it until it takes it back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#ifdef CONFIG_LINUX
#include <sys/vfs.h>
#include <linux/magic.h>
#endif
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "hw/arm/cca/machine.h"
#include "system/system.h"

static bool get_bool(HostMemoryBackend *backend, const char *name)
{
    return object_property_find(OBJECT(backend), name) &&
           object_property_get_bool(OBJECT(backend), name, NULL);
}

/* The file may be one that is going to be made, in a directory that exists */
static bool is_on_hugetlbfs(HostMemoryBackend *backend)
{
#ifdef CONFIG_LINUX
    g_autofree char *path = object_property_get_str(OBJECT(backend), "mem-path",
                                                    NULL);
    g_autofree char *dir = path ? g_path_get_dirname(path) : NULL;
    struct statfs fs;

    return path && (!statfs(path, &fs) || !statfs(dir, &fs)) &&
           fs.f_type == HUGETLBFS_MAGIC;
#else
    return false;
#endif
}

/* This version of QEMU cannot bind guest_memfd, so this is no promise kept */
static void warn_of_policy(const HostMemoryBackend *backend)
{
    if (backend->policy != HOST_MEM_POLICY_DEFAULT) {
        warn_report("memory backend '%s': host-nodes= and policy= bind what "
                    "the Realm shares, and not its private memory: start QEMU "
                    "under numactl",
                    object_get_canonical_path_component(OBJECT(backend)));
    }
}

static bool check_backend(HostMemoryBackend *backend, Error **errp)
{
    bool is_file = object_dynamic_cast(OBJECT(backend), "memory-backend-file");
    const struct {
        bool wanted;
        const char *what, *instead;
    } refused[] = {
        { backend->prealloc,
          "prealloc=on: that would fill the shared copy of the Realm's memory",
          "remove prealloc=on or -mem-prealloc" },
        { is_file && !backend->share,
          "share=off: a Realm drops pages of it, and that would punch holes "
          "into the file",
          "use share=on or memory-backend-memfd" },
        { is_file && get_bool(backend, "readonly"),
          "readonly=on: a guest writes to the memory that it shares",
          "use readonly=off" },
        { get_bool(backend, "hugetlb") ||
          (is_file && is_on_hugetlbfs(backend)),
          "huge pages: memory is shared in pages of 4 KiB, and of a huge page "
          "both copies would be kept",
          "use a memory-backend-memfd without hugetlb=on" },
    };

    for (int i = 0; i < ARRAY_SIZE(refused); i++) {
        if (refused[i].wanted) {
            error_setg(errp, "memory backend '%s' has %s: %s",
                       object_get_canonical_path_component(OBJECT(backend)),
                       refused[i].what, refused[i].instead);
            return false;
        }
    }
    warn_of_policy(backend);
    /* As the machine does for its own, later than backends are made */
    backend->merge = false;
    return true;
}

bool virt_cca_check_memory(ConfidentialGuestSupport *cgs,
                           HostMemoryBackend *backend, const char *property,
                           Error **errp)
{
    if (!rme_guest_check_accel(RME_GUEST(cgs), NULL)) {
        return true;    /* No accelerator made a Realm: QEMU ends with that */
    }
    if (property) {
        error_setg(errp, "memory backend '%s' is the RAM of a Realm: %s=on "
                   "cannot be set, leave it off",
                   object_get_canonical_path_component(OBJECT(backend)),
                   property);
        return false;
    }
    /* The guest reaches that of a device as any register, or not at all */
    if (!qemu_is_ram_backend(backend)) {
        backend->guest_memfd = false;
        return true;
    }
    return check_backend(backend, errp);
}

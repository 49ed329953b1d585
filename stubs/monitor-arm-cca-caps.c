/*
 * QMP query-cca-capabilities where no Realm can run: without KVM, or another target
 *
 * The type rme-guest may exist in it, and whoever finds that type asks: the
 * command must be there and say no.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-misc-arm.h"

CcaCapabilities *qmp_query_cca_capabilities(Error **errp)
{
    error_setg(errp, "Arm CCA Realms need KVM, which this build of QEMU does "
               "not have: use one for arm64 hosts");
    return NULL;
}

/*
 * QMP query-cca where there is no machine that could be a Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/qapi-commands-misc-arm.h"

CcaInfo *qmp_query_cca(Error **errp)
{
    return g_new0(CcaInfo, 1);
}

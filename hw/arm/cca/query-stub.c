/*
 * QMP query-cca in a build without the machine that can be a Realm
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/qapi-commands-misc-target.h"

CcaInfo *qmp_query_cca(Error **errp)
{
    return g_new0(CcaInfo, 1);
}

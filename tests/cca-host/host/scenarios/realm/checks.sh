# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
expect_linux A guest 1
expect guest.qmp '"state": "active"' "query-cca says that the Realm is active"

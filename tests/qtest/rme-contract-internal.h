/*
 * Contract tests: what their two source files share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_RME_CONTRACT_INTERNAL_H
#define TESTS_QTEST_RME_CONTRACT_INTERNAL_H

#include "qobject/qlist.h"
#include "rme-contract.h"

struct Contract {
    char *base, *conf, *report_file, *stderr_file, *command;
    pid_t pid;              /* 0 once it ended */
    int status;             /* of waitpid() */
    int qmp;
    int64_t deadline;       /* of the QMP answer that is waited for */
    GString *input;         /* from QMP, not parsed yet */
    QList *events;          /* that nobody asked for yet */
    QDict *report;
    char *stderr_text;
};

#endif

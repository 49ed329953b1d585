/*
 * The report: one JSON document that is complete after every event
 *
 * {"calls": [...], "vms": [...], "complaints": [...], "counters": {...}}
 * Each event rewrites the closing part of the file in one write, so the file
 * is valid JSON whenever the process dies.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_REPORT_H
#define CCA_HOST_SIM_REPORT_H

#include <stdint.h>
#include <glib.h>

struct SimVm;

/*
 * Adds {"call": @name, "vm": N, FIELDS, "result": R} to `calls`.  @vm may be
 * NULL.  @result is >= 0 or -errno, shown by name.  @fields is the text of
 * further JSON members without braces ("\"base\": 4096"), "" for none.
 */
void sim_report_call(struct SimVm *vm, const char *name, long result,
                     const char *fields, ...) G_GNUC_PRINTF(4, 5);

/*
 * Something that a real kernel would warn about, or that is legal and wrong
 * for a VMM.  The text is a sentence.
 */
void sim_complain(struct SimVm *vm, const char *fmt, ...)
    G_GNUC_PRINTF(2, 3);

/* Counts an ioctl, or an exit that is too frequent to list */
void sim_report_count(const char *name);

/* Writes the closing part again; called at exit */
void sim_report_flush(void);

/* One line for the text trace (setting `trace`); no newline needed */
void sim_trace(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

/*
 * Async-signal-safe: note a host access to private memory at guest address
 * @gpa (report: `complaints`), written out with the next event.
 */
void sim_report_host_access(struct SimVm *vm, uint64_t gpa);

#endif

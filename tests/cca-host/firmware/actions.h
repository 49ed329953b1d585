/*
 * What the fw_cfg file opt/cca/command can ask for after the checks.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_ACTIONS_H
#define FW_ACTIONS_H

#include <stdbool.h>

/**
 * actions_load() - read opt/cca/command: names separated by "+"
 * A name that is not known is a failed check.
 */
void actions_load(void);

/** actions_only() - whether the command asks for no checks ("only" in it) */
bool actions_only(void);

/**
 * actions_run() - do what was asked, then end
 *
 * The end is a power-off with the count of checks before it, unless an action
 * is another end.
 */
void __attribute__((noreturn)) actions_run(void);

#endif

/*
 * Reading and writing the VMM's memory as a kernel does: EFAULT, no crash
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef CCA_HOST_SIM_USER_H
#define CCA_HOST_SIM_USER_H

#include <stddef.h>

/* Both return 0 or -EFAULT */
int sim_copy_from_user(void *to, const void *from, size_t len);
int sim_copy_to_user(void *to, const void *from, size_t len);

#endif

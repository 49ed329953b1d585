/*
 * The checks, in the order in which main() runs them.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_CHECKS_H
#define FW_CHECKS_H

/** check_realm() - RSI version, configuration, measurements */
void check_realm(void);

/** check_token() - the attestation token */
void check_token(void);

/** check_image() - the measured bytes and the tail of their last page */
void check_image(void);

/** check_dtb() - what the device tree of a Realm must and must not have */
void check_dtb(void);

/** check_event_log() - the log of the measurement, if there is one */
void check_event_log(void);

/** check_memory() - conversions and what they leave alone */
void check_memory(void);

/** check_fw_cfg() - the data register and DMA */
void check_fw_cfg(void);

/** check_virtio() - disk and random numbers, shared and private buffers */
void check_virtio(void);

/** check_smp() - start the other CPUs, convert pages at the same time */
void check_smp(void);

#endif

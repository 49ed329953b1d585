/*
 * Actions of a guest that does not behave: the virtual machine monitor has to
 * go on, or to end with a message.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_HOSTILE_H
#define FW_HOSTILE_H

/** hostile_touch_empty() - read a shared page by its private address */
void hostile_touch_empty(void);

/** hostile_touch_alias() - read a private page by its shared address */
void hostile_touch_alias(void);

/**
 * hostile_touch_nowhere() - have an address without memory private, read it
 * The host cannot give it memory: this ends the machine, or is an abort.
 */
void hostile_touch_nowhere(void);

/** hostile_set_bad_range() - RSI_IPA_STATE_SET with arguments that are wrong */
void hostile_set_bad_range(void);

/** hostile_set_holes() - convert ranges that have no, or only some, memory */
void hostile_set_holes(void);

/** hostile_set_devices() - convert the addresses of devices both ways */
void hostile_set_devices(void);

/** hostile_mmio_edges() - every width, at and over the edges of devices */
void hostile_mmio_edges(void);

/** hostile_mmio_abort() - an address without a device is an external abort */
void hostile_mmio_abort(void);

/** hostile_dma_targets() - disk requests to and from where no RAM is shared */
void hostile_dma_targets(void);

/** hostile_dma_ring() - rings, headers and lengths that reach private RAM */
void hostile_dma_ring(void);

/** hostile_dma_msi() - messages of a device to memory */
void hostile_dma_msi(void);

/** hostile_msi() - MSI-X registers of all devices at random, under traffic */
void hostile_msi(void);

/** hostile_race() - all CPUs convert the same pages at the same time */
void hostile_race(void);

/** hostile_many() - thousands of conversions, and large ones, and times */
void hostile_many(void);

/** hostile_off_elsewhere() - the last CPU powers off while others convert */
void hostile_off_elsewhere(void);

/** hostile_set_all() - convert the whole address space of private addresses */
void hostile_set_all(void);

/** hostile_host_calls() - RSI_HOST_CALL with any immediate and arguments */
void hostile_host_calls(void);

/** hostile_psci() - PSCI with arguments that are wrong */
void hostile_psci(void);

/** hostile_cpu_on() - start a CPU where nothing can run, many times */
void hostile_cpu_on(void);

/**
 * hostile_cpu_on_destroyed() - start a CPU on a page that has lost its content
 * The host cannot go on: this ends the machine.
 */
void hostile_cpu_on_destroyed(void);

/** hostile_reset_storm() - all CPUs reset the machine at the same time */
void hostile_reset_storm(void);

/** hostile_fw_cfg() - fw_cfg's DMA with requests and buffers out of reach */
void hostile_fw_cfg(void);

/** hostile_dma_race() - one CPU converts pages that the disk is reading to */
void hostile_dma_race(void);

#endif

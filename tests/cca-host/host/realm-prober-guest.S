/*
 * The Realm of realm-prober: walks through what a guest can see
 *
 * Runs without an MMU at 0x40000000.  Each store to the doorbell (a device
 * address, so through the shared alias) is one exit, in which realm-prober.c
 * compares the value with the one it expects at this place.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define SHARED      (1 << 8)        /* << 32: bit 40 of a 41-bit space */
#define PAGE_SHARE  0x40010000      /* becomes shared and private again */
#define PAGE_TOUCH  0x40011000      /* used through the wrong alias */
#define PAGE_CONFIG 0x40012000
#define HOLE        0x50000000      /* RIPAS EMPTY, no memory */

    .macro say reg
    str \reg, [x20]
    .endm

    .macro rsi function
    movz x0, #\function
    movk x0, #0xC400, lsl #16
    smc #0
    .endm

    .macro address reg, value
    movz \reg, #((\value) & 0xffff)
    movk \reg, #((\value) >> 16), lsl #16
    .endm

    .section .rodata
    .balign 4096
    .globl realm_start, realm_end
realm_start:
    adr x0, vectors
    msr vbar_el1, x0
    isb
    address x20, 0x09000000
    movk x20, #SHARED, lsl #32
    address x21, PAGE_SHARE
    address x22, PAGE_TOUCH
    movz x23, #SHARED, lsl #32

    movz x1, #1, lsl #16            /* RSI_VERSION 1.0 */
    rsi 0x190
    say x0
    say x1

    address x1, PAGE_CONFIG
    rsi 0x196                       /* RSI_REALM_CONFIG */
    say x0
    address x1, PAGE_CONFIG
    ldr x0, [x1]
    say x0

    mov x1, #0
    rsi 0x192                       /* RSI_MEASUREMENT_READ: the RIM */
    say x1
    say x8

    mov x1, x21                     /* RSI_IPA_STATE_SET to EMPTY: share */
    add x2, x21, #0x1000
    mov x3, #0
    mov x4, #1
    rsi 0x197
    say x0
    say x1
    mov x5, #0x5ea1
    orr x6, x21, x23
    str x5, [x6]
    say x5                          /* the host looks, and answers there */
    ldr x5, [x6]
    say x5

    mov x1, x21                     /* back to RAM: another, empty page */
    add x2, x21, #0x1000
    mov x3, #1
    mov x4, #1
    rsi 0x197
    say x0
    ldr x5, [x21]
    say x5

    mov x1, x21                     /* RSI_IPA_STATE_GET */
    add x2, x21, #0x1000
    rsi 0x198
    say x2

    orr x6, x22, x23                /* shared alias of private memory */
    str xzr, [x6]                   /* written first: some KVM needs that */
    ldr x5, [x6]
    say x5

    address x6, HOLE                /* nothing there: an external abort */
    ldr x5, [x6]
    say x5

    movz x0, #3                     /* PSCI CPU_ON: the second vCPU */
    movk x0, #0xC400, lsl #16
    mov x1, #1
    adr x2, second
    mov x3, #77
    smc #0
    say x0
1:  wfe
    b 1b

second:
    address x20, 0x09000000
    movk x20, #SHARED, lsl #32
    say x0
    movz x0, #8                     /* PSCI SYSTEM_OFF */
    movk x0, #0x8400, lsl #16
    smc #0
2:  b 2b

    .balign 2048
vectors:
    .rept 4                         /* current EL with SP_EL0 */
    .balign 128
    b .
    .endr
    .balign 128                     /* current EL, synchronous: skip it */
    mrs x9, esr_el1
    lsr x5, x9, #26
    mrs x9, elr_el1
    add x9, x9, #4
    msr elr_el1, x9
    eret
    .balign 4096
realm_end:

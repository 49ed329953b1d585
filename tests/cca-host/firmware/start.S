/*
 * Entry points, exception vectors and the instructions that may fault.
 *
 * The CPU starts at address 0 in EL1 with the MMU off and x0 = 0 (x0 is not
 * used).  The image is never written: .data is copied to RAM and .bss is
 * cleared there, so that it runs the same from flash and as a Realm's
 * measured memory.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define PSCI_CPU_OFF 0x84000002
#define SCTLR_EL1_RESERVED 0x30d00800   /* RES1 bits, everything else off */

    .section .text.start, "ax"
    .global _start
_start:
    b       boot

/*
 * VBAR_EL1 of a CPU that PSCI starts is 0: this is where it comes to when its
 * first instruction faults. x0 is still the context that it was started with.
 */
    .org    0x200
    mrs     x1, esr_el1
    mrs     x2, elr_el1
    stp     x1, x2, [x0]
    dsb     sy
    ldr     w0, =PSCI_CPU_OFF
    smc     #0
    b       .

boot:
    adr     x0, vectors
    msr     vbar_el1, x0
    ldr     x0, =SCTLR_EL1_RESERVED
    msr     sctlr_el1, x0
    isb
    ldr     x0, =stack_top
    mov     sp, x0

    ldr     x0, =data_start
    ldr     x1, =data_end
    ldr     x2, =data_load
1:  cmp     x0, x1
    b.hs    2f
    ldp     x3, x4, [x2], #16
    stp     x3, x4, [x0], #16
    b       1b
2:  ldr     x0, =bss_start
    ldr     x1, =bss_end
3:  cmp     x0, x1
    b.hs    4f
    stp     xzr, xzr, [x0], #16
    b       3b
4:  msr     daifclr, #4                 /* report an SError when it comes */
    bl      mmu_init
    bl      main
    b       .

/*
 * Entry of a secondary CPU: x0 points to its struct smp_cpu, which the first
 * CPU cleaned to memory.
 */
    .global secondary_start
secondary_start:
    adr     x1, vectors
    msr     vbar_el1, x1
    ldr     x1, =SCTLR_EL1_RESERVED
    msr     sctlr_el1, x1
    isb
    ldp     x1, x19, [x0]
    ldr     x20, [x0, #16]
    mov     sp, x1
    msr     daifclr, #4
    bl      mmu_enable
    mov     x0, x20
    blr     x19
    b       .

/*
 * struct probe { uint64_t value, esr; } is returned in x0 and x1.  An
 * exception between probe_begin and probe_end makes the function return with
 * x1 = ESR_EL1 (never 0) instead of stopping the firmware; these are leaf
 * functions that leave sp and x30 alone.
 */
    .text
    .balign 4
probe_begin:
.macro probe_load name, insn, reg
    .global \name
\name:
    \insn   \reg, [x0]
    dsb     sy
    mov     x1, #0
    ret
.endm
.macro probe_store name, insn, reg
    .global \name
\name:
    \insn   \reg, [x0]
    dsb     sy
    mov     x0, #0
    mov     x1, #0
    ret
.endm
    probe_load  probe_read8,  ldrb, w0
    probe_load  probe_read16, ldrh, w0
    probe_load  probe_read32, ldr,  w0
    probe_load  probe_read64, ldr,  x0
    probe_store probe_write8,  strb, w1
    probe_store probe_write16, strh, w1
    probe_store probe_write32, str,  w1
    probe_store probe_write64, str,  x1

/* struct probe NAME(struct smccc *regs): x0 to x17 in and out (SMCCC 1.2) */
.macro smccc name, conduit
    .global \name
\name:
    mov     x18, x0                     /* kept by SMCCC and by -ffixed-x18 */
    ldp     x0, x1, [x18]
    ldp     x2, x3, [x18, #16]
    ldp     x4, x5, [x18, #32]
    ldp     x6, x7, [x18, #48]
    ldp     x8, x9, [x18, #64]
    ldp     x10, x11, [x18, #80]
    ldp     x12, x13, [x18, #96]
    ldp     x14, x15, [x18, #112]
    ldp     x16, x17, [x18, #128]
    \conduit #0
    stp     x0, x1, [x18]
    stp     x2, x3, [x18, #16]
    stp     x4, x5, [x18, #32]
    stp     x6, x7, [x18, #48]
    stp     x8, x9, [x18, #64]
    stp     x10, x11, [x18, #80]
    stp     x12, x13, [x18, #96]
    stp     x14, x15, [x18, #112]
    stp     x16, x17, [x18, #128]
    mov     x1, #0
    ret
.endm
    smccc   smccc_smc, smc
    smccc   smccc_hvc, hvc
probe_end:

probe_faulted:
    mov     x0, #-1
    mrs     x1, esr_el1
    ret

/* x16 and x17 are free: a probe may lose them and nothing else returns */
.macro vector number
    .balign 0x80
    mov     x17, #\number
    b       exception
.endm
    .balign 0x800
vectors:
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vector  \number
    .endr

exception:
    cmp     x17, #4                     /* synchronous, EL1 with SP_EL1 */
    b.ne    1f
    mrs     x16, elr_el1
    adr     x17, probe_begin
    cmp     x16, x17
    b.lo    2f
    adr     x17, probe_end
    cmp     x16, x17
    b.hs    2f
    adr     x16, probe_faulted
    msr     elr_el1, x16
    eret
2:  mov     x17, #4
1:  mov     x0, x17
    mov     x1, x30
    mov     x2, sp
    ldr     x16, =emergency_stack_top
    mov     sp, x16
    b       exception_report

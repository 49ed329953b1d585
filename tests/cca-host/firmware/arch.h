/*
 * What C cannot say: system registers, barriers, device accesses, and
 * accesses that are allowed to fault.
 *
 * Copyright (c) 2026 The QEMU CCA project contributors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FW_ARCH_H
#define FW_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096ull

#define read_sysreg(name) ({                                        \
    uint64_t value_;                                                \
    asm volatile("mrs %0, " #name : "=r" (value_) : : "memory");    \
    value_;                                                         \
})

#define write_sysreg(name, value) \
    asm volatile("msr " #name ", %0" : : "r" ((uint64_t)(value)) : "memory")

#define isb() asm volatile("isb" : : : "memory")
#define dsb() asm volatile("dsb sy" : : : "memory")
#define dmb() asm volatile("dmb sy" : : : "memory")
#define relax() asm volatile("yield" : : : "memory")

/*
 * Device accesses with one base register and no write-back: the only forms
 * that give a hypervisor a valid syndrome to emulate.
 */
#define DEFINE_MMIO(bits, insn, mod)                                    \
static inline uint##bits##_t mmio_read##bits(uint64_t addr)             \
{                                                                       \
    uint##bits##_t value;                                               \
    asm volatile("ld" insn " %" mod "0, [%1]"                           \
                 : "=r" (value) : "r" (addr) : "memory");               \
    dsb();                                                              \
    return value;                                                       \
}                                                                       \
static inline void mmio_write##bits(uint64_t addr, uint##bits##_t value) \
{                                                                       \
    dsb();                                                              \
    asm volatile("st" insn " %" mod "0, [%1]"                           \
                 : : "r" (value), "r" (addr) : "memory");               \
}
DEFINE_MMIO(8, "rb", "w")
DEFINE_MMIO(16, "rh", "w")
DEFINE_MMIO(32, "r", "w")
DEFINE_MMIO(64, "r", "x")
#undef DEFINE_MMIO

/**
 * struct probe - result of an instruction that may fault
 * @value: what was read; all ones after an exception
 * @esr: ESR_EL1 of the exception, 0 when there was none
 */
struct probe {
    uint64_t value;
    uint64_t esr;
};

/* exception class and fault status of an ESR_EL1 value (Arm DDI 0487) */
#define ESR_EC(esr) (((esr) >> 26) & 0x3f)
#define ESR_DFSC(esr) ((esr) & 0x3f)
#define ESR_EC_DABT 0x25            /* data abort without a change of EL */
#define ESR_DFSC_SEA 0x10           /* external abort, not on a table walk */

struct probe probe_read8(uint64_t addr);
struct probe probe_read16(uint64_t addr);
struct probe probe_read32(uint64_t addr);
struct probe probe_read64(uint64_t addr);
struct probe probe_write8(uint64_t addr, uint64_t value);
struct probe probe_write16(uint64_t addr, uint64_t value);
struct probe probe_write32(uint64_t addr, uint64_t value);
struct probe probe_write64(uint64_t addr, uint64_t value);

/** struct smccc - x0 to x17 of an SMCCC 1.2 call, in and out */
struct smccc {
    uint64_t x[18];
};

/* Both leave @regs alone and give an ESR where the conduit is undefined. */
struct probe smccc_smc(struct smccc *regs);
struct probe smccc_hvc(struct smccc *regs);

/** timer_us() - microseconds of the virtual counter since some start */
static inline uint64_t timer_us(void)
{
    isb();
    return read_sysreg(cntvct_el0) / (read_sysreg(cntfrq_el0) / 1000000);
}

#endif

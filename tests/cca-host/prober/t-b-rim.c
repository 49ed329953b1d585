/*
 * Generation B: the measurement that the calls of a launch give
 *
 * The values were printed by TF-RMM (v0.9.0-139-g9a7f8ef4, RMI 2.0) below
 * version 14 of the series; test-rim has the values between.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "b.h"

/* RIPAS is measured by the RMM 1.x that version 12 is for */
static bool ripas_measured(void)
{
    return b->cap == 247;
}

static Vm *vcpu_only(unsigned ipa)
{
    Vm *vm = vm_new(b->type, ipa);

    vm_add_vcpus(vm, 1, PSCI);
    vm_add_gic(vm);
    OK(set_reg64(vm, 0, SIM_REG_PC, 0x90000000));
    return vm;
}

static void expect(Vm *vm, const char *rim)
{
    ERR(b_run_immediately(vm, 0), EINTR);
    CHECK(b_rim_is(rim));
    vm_free(vm);
}

static void widths(void)
{
    expect(vcpu_only(40), "4e6fe676c0cc34e37aac6717c985b9ec"
                          "8e8fa64efd4e7444452b0aa6789f4de4");
    expect(vcpu_only(33), "d50b359fd73709a86546888e458a1093"
                          "48e240882ce7ed3fa13f3b7ad4db5af4");
}

static void watchpoints(void)
{
    Vm *vm = vcpu_only(40);
    uint64_t v = get_reg64(vm, 0, SIM_REG_DFR0);

    OK(set_reg64(vm, 0, SIM_REG_DFR0, v - (2ULL << 20)));
    expect(vm, "6e253c03a1f11950b00824e816ba46c6"
               "70b718fe0abf8558ea81bfd32904fb36");
}

static void registers(void)
{
    Vm *vm = vcpu_only(40);

    OK(set_reg64(vm, 0, SIM_REG_X(0), 0x48000000));
    OK(set_reg64(vm, 0, SIM_REG_X(7), 0x77));
    expect(vm, "ff9a022b86efc9f6bffe1c6f9cb84a50"
               "94333b982d4cb4082e97b754e8abf6ed");
}

/* With slots, which only version 12 measures */
static Vm *with_page(uint32_t flags)
{
    Vm *vm = b_memory(40);

    vm_add_vcpus(vm, 1, PSCI);
    vm_add_gic(vm);
    CHECK(b_populate(vm, RAM_BASE, PAGE, flags) == PAGE);
    OK(set_reg64(vm, 0, SIM_REG_PC, 0x90000000));
    return vm;
}

static void pages(void)
{
    Vm *vm = with_page(MEASURE);

    CHECK(b_rim_is("d9e5f214dc775d957d0ef327026b0494"
                   "65379b6ab9ba1f11a2d6c9bd332f1b89"));
    if (!ripas_measured()) {
        expect(vm, "ca2feb42d8b816fa548b8b96a42c513a"
                   "013891237d2af5a9f0a38093004957f3");
        vm = with_page(0);
        expect(vm, "3fa1f1ecb1ef4eb1763610a058690fef"
                   "7229a387b7c3b2fec76a3f389fe6f6ec");
        return;
    }
    ERR(b_run_immediately(vm, 0), EINTR);
    CHECK(!b_rim_is("ca2feb42d8b816fa548b8b96a42c513a"
                    "013891237d2af5a9f0a38093004957f3"));
    vm_free(vm);
}

const ProbeCase b_rim_cases[] = {
    { "the RIMs of two widths", widths },
    { "the RIM of fewer watchpoints", watchpoints },
    { "the RIM of x0 and x7", registers },
    { "the RIMs of a page that is measured, and of one that is not", pages },
    { NULL, NULL }
};

static void lpa2(void)
{
    bool flag = b->attributes != 2;
    Vm *vm = vm_new(b->type, 52);

    vm_free(vm);
    expect(vcpu_only(40), flag ?
           "29d3b69bb96918938035b7f98c5ddb2237628afd0d05eb693bf4e4aba6d6d134" :
           "4e6fe676c0cc34e37aac6717c985b9ec8e8fa64efd4e7444452b0aa6789f4de4");
    if (!ripas_measured() && flag) {
        expect(with_page(MEASURE), "f92016071acbc28e79ce21e3bbf5ee4d"
                                   "e2bc3f25e1eb642ccf4a091bbbf9a25a");
    }
}

const ProbeCase b_rim_lpa2_cases[] = {
    { "the RIM of a host with LPA2, of any width", lpa2 },
    { NULL, NULL }
};

static void sve(void)
{
    Vm *vm = vm_new(b->type, 40);

    vm_add_vcpus(vm, 1, PSCI | SVE);
    OK(finalize(vm, 0, KVM_ARM_VCPU_SVE));
    vm_add_gic(vm);
    OK(set_reg64(vm, 0, SIM_REG_PC, 0x90000000));
    expect(vm, "72d60d47279352f03f16de5c3246b3d7"
               "e106186a695a39d522a74e5036ebf3ad");
}

const ProbeCase b_rim_sve_cases[] = {
    { "the RIM of the longest vectors", sve },
    { NULL, NULL }
};

static void sha512(void)
{
    Vm *vm = vcpu_only(40);

    ERR(b_run_immediately(vm, 0), EINTR);
    CHECK(report_has("\"hash\": \"sha512\""));
    vm_free(vm);
}

const ProbeCase b_rim_sha512_cases[] = {
    { "a kernel may be built for SHA-512", sha512 },
    { NULL, NULL }
};

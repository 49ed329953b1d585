/*
 * Unit tests of the simulator's measurement model
 *
 * The vectors were produced by TF-RMM v0.6.0's own realm.c, rtt.c, s2tt.c and
 * rim.c, driven through their RMI handlers with KVM's table-creation loop
 * around them; V7 is published by veraison/cca-realm-measurements
 * (tests/event_log.rs).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim-rim.h"

#define GIB (1ULL << 30)
#define RAM GIB

static unsigned failed;
static unsigned total;

static void result(bool ok, const char *name)
{
    total++;
    failed += !ok;
    printf("%s - %s\n", ok ? "ok" : "not ok", name);
}

static void expect(const SimRim *rim, const char *hex, const char *name)
{
    g_autofree char *got = sim_rim_hex(rim);

    result(!strcmp(got, hex), name);
    if (strcmp(got, hex)) {
        printf("# expected %s\n# got      %s\n", hex, got);
    }
}

static const uint8_t *a5_page(void)
{
    static uint8_t page[4096];

    memset(page, 0xa5, sizeof(page));
    return page;
}

static void v1(void)
{
    SimRimParams p = { .s2sz = 33, .num_bps = 5, .num_wps = 3 };
    uint64_t gprs[8] = { 0x48000000 };
    SimRim rim = { { 0 } };

    sim_rim_create(&rim, &p);
    expect(&rim, "53de626e00bd6e56fdab0d092b7963081274c9b3d1cbbe5bbfe87ce9f2f2"
           "94e8", "V1: the initial value, SHA-256, 33 bits");
    sim_rim_ripas(&rim, RAM, RAM + 0x400000, false);
    expect(&rim, "dc46d6c274026758db78649d7fe5e76c09233531441f84847175b1a3dc3a"
           "888a", "V1: RIPAS of 4 MiB is two blocks of 2 MiB");
    sim_rim_data(&rim, RAM, a5_page());
    expect(&rim, "46dfb1480ce7cec669733bdcb34a565a5ebcdb669cbbe5c56d706c6b7e88"
           "0f17", "V1: a measured page");
    sim_rim_data(&rim, RAM + 0x1000, NULL);
    expect(&rim, "da3287e404434b6a9aced7d1e7a3b8cf0fff34788490e714a833c89bb4c6"
           "8082", "V1: an unmeasured page extends the measurement, too");
    sim_rim_rec(&rim, true, RAM, gprs);
    expect(&rim, "2f9a9ab44b1bcb90a513bd16d7e9b86fa957da0b06ca5fd79a75c5836027"
           "eb41", "V1: a runnable REC");
    sim_rim_rec(&rim, false, RAM, gprs);
    expect(&rim, "2f9a9ab44b1bcb90a513bd16d7e9b86fa957da0b06ca5fd79a75c5836027"
           "eb41", "V1: a REC that is not runnable changes nothing");
    sim_rim_destroy(&rim);
}

static void v2(void)
{
    SimRimParams p = { .sve = true, .pmu = true, .s2sz = 40, .sve_vl = 3,
                       .num_bps = 5, .num_wps = 3, .pmu_num_ctrs = 6,
                       .hash_algo = 1 };
    uint64_t gprs[8] = { 0x48000000 };
    SimRim rim = { { 0 } };

    sim_rim_create(&rim, &p);
    expect(&rim, "316c1dfe5fdc058f16ea2fb440d19d5b8cfcf57ab6029471df839a6199ee"
           "e2b1dee6645c12289d95b95b1508be79ff1f001973130e91515b6acc0fe95fcd5b"
           "80", "V2: the initial value, SHA-512, 40 bits, SVE and PMU");
    sim_rim_ripas(&rim, RAM, 0xa0000000, false);
    expect(&rim, "0626b68c291a16f342093e81e110c27c645f19587735e2aedcc7bf809cb8"
           "e4cb4659004560a69a05f38f8d12a12acff9d59d4a8b6e373b5884772d70150612"
           "e4", "V2: RIPAS of 1.5 GiB is one 1 GiB block and 256 of 2 MiB");
    sim_rim_data(&rim, RAM, a5_page());
    sim_rim_data(&rim, RAM + 0x1000, a5_page());
    expect(&rim, "ffbaeb3875dfdaa2f78992e966c08446782ec4c9bb372c86b3bae70e8312"
           "ad3de9d3deeabc7659db276a2174c83f886ab3516b0d6e08fcc45748afd7d68823"
           "cc", "V2: two measured pages");
    sim_rim_rec(&rim, true, RAM, gprs);
    expect(&rim, "6d2de8aa579b91457f621f0e3b0cb058f28696f93acb6eeae83e19b95aa5"
           "ea1eb2baf6e0d0ec82ba940b64b4724789ed1374b0ca7b992f961491d5b6681aa4"
           "c8", "V2: a runnable REC");
    sim_rim_destroy(&rim);
}

static void v4(void)
{
    SimRimParams p = { .s2sz = 48, .num_bps = 15, .num_wps = 15 };
    SimRim rim = { { 0 } };

    sim_rim_create(&rim, &p);
    expect(&rim, "6a28640164ad3a8e77152ac56096d6e9ab911a80e373d751c056729373f5"
           "8b98", "V4: the initial value, 48 bits");
    sim_rim_ripas(&rim, 0, 512 * GIB, false);
    expect(&rim, "8647f85bcff560687b6a476e846eed6fade3860ee844ff525fd1055dac82"
           "eeb4", "V4: RIPAS of 512 GiB is one block");
    sim_rim_ripas(&rim, 512 * GIB, 1025 * GIB, false);
    expect(&rim, "f9770d163286da9dbd40e8ada9fd2bcab2629f1053b00875f7103896eccf"
           "c4fd", "V4: RIPAS of 513 GiB is 512 GiB and 1 GiB");
    sim_rim_destroy(&rim);
}

static void v5(void)
{
    SimRimParams p = { .s2sz = 36, .num_bps = 1, .num_wps = 1 };
    SimRim rim = { { 0 } };

    sim_rim_create(&rim, &p);
    expect(&rim, "867f6ebec28d0baf3e1ef57b12349c413c2858482b6bc3b6085584f481b8"
           "2171", "V5: the initial value, 36 bits");
    sim_rim_data(&rim, RAM, a5_page());
    expect(&rim, "044ffade2d503d79766d73df5a42f4074620dff5581021fdaf373ddcd682"
           "21b0", "V5: a page before any RIPAS");
    sim_rim_ripas(&rim, RAM, RAM + 0x400000, true);
    expect(&rim, "228a89f999c73cd1369d8844ea41c07e1c1233b431dc7bc8c341700e2817"
           "675c", "V5: RIPAS that steps over it is 511 pages and 2 MiB");
    sim_rim_destroy(&rim);
}

static void v7(void)
{
    SimRimParams p = { .s2sz = 48, .num_bps = 5, .num_wps = 3 };
    SimRim rim = { { 0 } };

    sim_rim_create(&rim, &p);
    expect(&rim, "8960d56826370aaa6fc9b3a041d4240689582ba41e2ad8bb8f9adf6d2a0c"
           "d5e7", "V7: the value that Veraison publishes");
    sim_rim_destroy(&rim);
}

/*
 * Generation B: printed by TF-RMM v0.9.0-139-g9a7f8ef4 (RMI 2.0) below version
 * 14 of the series.  RIPAS is not measured there.
 */
typedef struct BVector {
    const char *name;
    SimRimParams params;
    uint64_t x0, x7;
    int page;                   /* 0 none, 1 measured, 2 not */
    const char *create, *data, *rim;
} BVector;

static const BVector b_vectors[] = {
    { "Ba", { .s2sz = 40, .num_bps = 5, .num_wps = 3 }, 0, 0, 0,
      "f33498f22eed8d51fb28b95769b27275a8c69a469e26b0050f1e809c4e0146b4", NULL,
      "4e6fe676c0cc34e37aac6717c985b9ec8e8fa64efd4e7444452b0aa6789f4de4" },
    { "Bb", { .s2sz = 33, .num_bps = 5, .num_wps = 3 }, 0, 0, 0,
      "53de626e00bd6e56fdab0d092b7963081274c9b3d1cbbe5bbfe87ce9f2f294e8", NULL,
      "d50b359fd73709a86546888e458a109348e240882ce7ed3fa13f3b7ad4db5af4" },
    { "Be", { .s2sz = 40, .num_bps = 5, .num_wps = 1 }, 0, 0, 0,
      "3e7793ca25c02f60ba50697f9ff96531fd27bcda75f183e0687e63695773e68d", NULL,
      "6e253c03a1f11950b00824e816ba46c670b718fe0abf8558ea81bfd32904fb36" },
    { "Bg", { .s2sz = 40, .num_bps = 5, .num_wps = 3 }, 0x48000000, 0x77, 0,
      "f33498f22eed8d51fb28b95769b27275a8c69a469e26b0050f1e809c4e0146b4", NULL,
      "ff9a022b86efc9f6bffe1c6f9cb84a5094333b982d4cb4082e97b754e8abf6ed" },
    { "Bh", { .s2sz = 40, .num_bps = 5, .num_wps = 3 }, 0, 0, 1,
      "f33498f22eed8d51fb28b95769b27275a8c69a469e26b0050f1e809c4e0146b4",
      "d9e5f214dc775d957d0ef327026b049465379b6ab9ba1f11a2d6c9bd332f1b89",
      "ca2feb42d8b816fa548b8b96a42c513a013891237d2af5a9f0a38093004957f3" },
    { "Bj", { .s2sz = 40, .num_bps = 5, .num_wps = 3 }, 0, 0, 2,
      "f33498f22eed8d51fb28b95769b27275a8c69a469e26b0050f1e809c4e0146b4",
      "55f4fa3979a12ff3ec7e42649fefb22cb171f1f7c4e3c441809dc8b62955b936",
      "3fa1f1ecb1ef4eb1763610a058690fef7229a387b7c3b2fec76a3f389fe6f6ec" },
    { "Bk", { .sve = true, .s2sz = 40, .sve_vl = 15, .num_bps = 5,
              .num_wps = 3 }, 0, 0, 0,
      "0545865a3438aef1bb6be76e938389e81d2c3f0cabef6f31c2205c4c05eca3c0", NULL,
      "72d60d47279352f03f16de5c3246b3d7e106186a695a39d522a74e5036ebf3ad" },
    /* Bn is Ba with pointer authentication, which is not measured */
    { "BaL", { .lpa2 = true, .s2sz = 40, .num_bps = 5, .num_wps = 3 }, 0, 0, 0,
      NULL, NULL,
      "29d3b69bb96918938035b7f98c5ddb2237628afd0d05eb693bf4e4aba6d6d134" },
    { "BhL", { .lpa2 = true, .s2sz = 40, .num_bps = 5, .num_wps = 3 }, 0, 0, 1,
      NULL, NULL,
      "f92016071acbc28e79ce21e3bbf5ee4de2bc3f25e1eb642ccf4a091bbbf9a25a" },
    { "BkL", { .lpa2 = true, .sve = true, .s2sz = 40, .sve_vl = 15,
               .num_bps = 5, .num_wps = 3 }, 0, 0, 0,
      NULL, NULL,
      "289bcf24daae144053abf1e10c07df0f0788507c5f23a9540b7f8a6c9c9d6f96" },
};

static void expect_step(const SimRim *rim, const char *hex, const BVector *v,
                        const char *step)
{
    g_autofree char *name = g_strdup_printf("%s: %s, RMM 2.0", v->name, step);

    if (hex) {
        expect(rim, hex, name);
    }
}

static void generation_b(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(b_vectors); i++) {
        const BVector *v = &b_vectors[i];
        uint64_t gprs[8] = { [0] = v->x0, [7] = v->x7 };
        SimRim rim = { { 0 } };

        sim_rim_create(&rim, &v->params);
        expect_step(&rim, v->create, v, "the initial value");
        if (v->page) {
            sim_rim_data(&rim, RAM, v->page == 1 ? a5_page() : NULL);
            expect_step(&rim, v->data, v, "a page");
        }
        sim_rim_rec(&rim, true, 0x90000000, gprs);
        expect_step(&rim, v->rim, v, "the REC of vCPU 0");
        sim_rim_destroy(&rim);
    }
}

static void refusals(void)
{
    SimRimParams p = { .s2sz = 36, .num_bps = 1, .num_wps = 1 };
    SimRim rim = { { 0 } };

    sim_rim_create(&rim, &p);
    sim_rim_data(&rim, RAM, a5_page());
    result(sim_rim_ripas(&rim, RAM, RAM + 0x400000, false) == -EINVAL,
           "RIPAS over a populated page is refused");
    result(sim_rim_has_page(&rim, RAM) && !sim_rim_has_page(&rim, 0),
           "populated pages are remembered");
    sim_rim_destroy(&rim);
}

int main(void)
{
    v1();
    v2();
    v4();
    v5();
    v7();
    generation_b();
    refusals();
    printf("# %u tests, %u failed\n", total, failed);
    return failed != 0;
}

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
    refusals();
    printf("# %u tests, %u failed\n", total, failed);
    return failed != 0;
}

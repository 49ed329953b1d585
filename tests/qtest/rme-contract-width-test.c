/*
 * Contract tests: advice for hosts with few address bits
 *
 * Whatever a message about the width of addresses advises is taken here, and
 * the Realm has to start then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "rme-contract.h"

typedef struct Machine {
    const char *memory, *maxmem;
    bool no_mmio;
    unsigned ipa_bits;
} Machine;

static const Machine machines[] = {
    { "256M" },
    { "256M", .no_mmio = true },
    { "256M", .ipa_bits = 50 },
    { "1G", "2T" },
    { "1G", "2T", .no_mmio = true },
    { "1G", "2T", .ipa_bits = 49 },
    { "1G", "300G" },
    { "1G", "600G", .no_mmio = true },
    { "1G", "100T" },
    { "9G" },
    { "9G", "20G" },
};

static const unsigned limits[] = { 34, 40, 41, 42, 44, 48 };

/* Where a host finds out what its RMM has: KVM_CREATE_VM, or CREATE_REALM */
static const struct {
    const char *name, *conf;
} hosts[] = {
    { "when the VM is created", "" },
    { "when the Realm is created", "personality = v7\n" },
};

typedef struct Combination {
    const Machine *machine;
    unsigned limit;
    int host;
} Combination;

static Contract *start(const Machine *m, const Combination *on, bool *runs)
{
    g_autofree char *conf = g_strdup_printf("%srmm-ipa-limit = %u\n",
                                            hosts[on->host].conf, on->limit);
    g_autofree char *memory = g_strconcat(m->memory, m->maxmem ? ",maxmem=" :
                                          NULL, m->maxmem, NULL);
    g_autofree char *object = m->ipa_bits ?
        g_strdup_printf(",ipa-bits=%u", m->ipa_bits) : NULL;
    g_autofree char *more = g_strdup_printf("-object memory-backend-ram,id=m,"
                                            "size=%s,reserve=off", m->memory);
    ContractArgs args = {
        .conf = conf,
        .machine = m->no_mmio ? ",memory-backend=m,highmem-mmio=off" :
                                ",memory-backend=m",
        .memory = memory,
        .object = object,
        .more = more,
    };

    return contract_try(&args, runs);
}

/* Does what @advice says to @m; false if it says something else */
static bool take(const char *advice, Machine *m)
{
    static char memory[16];
    const char *bits = strstr(advice, "ipa-bits=");
    const char *most = strstr(advice, "use at most ");
    bool taken = bits || most;

    if (bits) {
        m->ipa_bits = atoi(bits + strlen("ipa-bits="));
    }
    if (most) {
        const char *size = most + strlen("use at most ");

        g_strlcpy(memory, size, MIN(sizeof(memory), strcspn(size, " ") + 1));
        m->memory = memory;
        m->maxmem = NULL;
    }
    if (strstr(advice, "highmem-mmio=off")) {
        m->no_mmio = taken = true;
    }
    if (strstr(advice, "remove maxmem= of -m")) {
        m->maxmem = NULL;
        taken = true;
    }
    return taken;
}

/* Each of them alone */
static void take_all(const Combination *on, const char *text)
{
    g_auto(GStrv) all = g_strsplit(text, ", or ", -1);

    for (int i = 0; all[i]; i++) {
        Machine changed = *on->machine;
        g_autoptr(Contract) c = NULL;
        bool runs = false;

        if (!contract_check(take(all[i], &changed), "'%s' is no advice",
                            all[i])) {
            continue;
        }
        c = start(&changed, on, &runs);
        contract_end(c);
        contract_check(runs, "the advice '%s' was taken: %s", all[i],
                       contract_stderr(c));
    }
}

static void test_combination(const void *data)
{
    const Combination *on = data;
    g_autofree char *supports = g_strdup_printf("this host's RMM supports %u: ",
                                                on->limit);
    g_autofree char *line = NULL;
    bool runs = false;
    g_autoptr(Contract) c = start(on->machine, on, &runs);
    char *text;

    contract_end(c);
    if (runs) {
        contract_equal("stderr", contract_stderr(c), "");
        return;
    }
    line = g_strdup(contract_stderr(c));
    text = strstr(line, supports);
    if (!contract_check(text, "no advice: %s", line)) {
        return;
    }
    text += strlen(supports);
    *strchrnul(text, '\n') = '\0';
    /* ... (the advice): KVM_ENABLE_CAP... */
    if (strstr(text, "): KVM_ENABLE_CAP")) {
        *strstr(text, "): KVM_ENABLE_CAP") = '\0';
    }
    take_all(on, text);
}

static void add_tests(void)
{
    for (int h = 0; h < ARRAY_SIZE(hosts); h++) {
        for (int l = 0; l < ARRAY_SIZE(limits); l++) {
            for (int m = 0; m < ARRAY_SIZE(machines); m++) {
                const Machine *machine = &machines[m];
                Combination *on = g_new(Combination, 1);
                g_autofree char *name = NULL;

                *on = (Combination) { machine, limits[l], h };
                name = g_strdup_printf(
                    "an RMM of %u bits, found %s; -m %s%s%s%s, ipa-bits=%u",
                    limits[l], hosts[h].name, machine->memory,
                    machine->maxmem ? ",maxmem=" : "", machine->maxmem ?: "",
                    machine->no_mmio ? ", highmem-mmio=off" : "",
                    machine->ipa_bits);
                contract_add("width", name, test_combination, on);
            }
        }
    }
}

int main(int argc, char **argv)
{
    return contract_main(argc, argv, add_tests);
}

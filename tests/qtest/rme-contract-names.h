/*
 * Contract tests: what a table can name
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_RME_CONTRACT_NAMES_H
#define TESTS_QTEST_RME_CONTRACT_NAMES_H

/* Tell where the programs of the contract tests are: argv[0] of one of them */
void contract_set_program(const char *program);

/* Does one of the programs have the test @name, "GROUP/SENTENCE"? */
bool contract_has_test(const char *name);

/*
 * Does the scenario @name of the emulated host, below QTEST_CCA_SCENARIOS, have
 * @word in its command lines or in what it checks?
 */
bool contract_scenario_has(const char *name, const char *word);

/*
 * The types of devices, NULL-terminated, that a user can add to the machine and
 * that may be bus masters: on PCI, on virtio transports, on the platform bus.
 * Asked from QEMU the first time.
 */
const char *const *contract_devices(void);

/* Is @type one of the @words, separated by blanks, in which * is for the rest? */
bool contract_device_matches(const char *type, const char *words);

#endif

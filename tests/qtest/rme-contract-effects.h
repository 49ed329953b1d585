/*
 * Contract tests: what is to be seen of a Realm from outside
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_RME_CONTRACT_EFFECTS_H
#define TESTS_QTEST_RME_CONTRACT_EFFECTS_H

#include "rme-contract.h"

/*
 * @c was started with @args and is accepted: query-cca, the simulator and a dry
 * run of these options agree about the measurement, each -device is in the
 * machine, and what @text, a cell of the manual, says of the measurement, of
 * addresses and of memory slots is so.
 */
void contract_expect_effects(Contract *c, const ContractArgs *args,
                             const char *text);

#endif

#ifndef TESTS_BACKENDS_CONTRACT_H
#define TESTS_BACKENDS_CONTRACT_H

/*
 * contract - every sentence of backends/backend.h as a test that each kind of
 * backend passes unchanged.  A test program names its subject, then
 *
 *     #define SENTENCE(name, sentence) static void name(void) { contract_##name(&subject); }
 *     #include "tests/backends/support/contract.def"
 *
 * and once more for the rows of its table.
 */

#include "tests/backends/support/scene.h"

#define SENTENCE(name, sentence) void contract_##name(const struct subject *);
#include "tests/backends/support/contract.def"

#endif

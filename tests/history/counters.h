#ifndef TESTS_HISTORY_COUNTERS_H
#define TESTS_HISTORY_COUNTERS_H

/*
 * counters - every item ends as exactly one thing, so the numbers add up (I10).
 *
 *     BACKUP ACCEPTED APPLIED SUPERSEDED EXCLUDED DEAD PENDING      one line a backup
 */

#include "tests/history/verdict.h"

#include <stdbool.h>

/* False if the line is not one of the above. */
bool counters_check(const char *line, struct verdict *);

#endif

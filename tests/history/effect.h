#ifndef TESTS_HISTORY_EFFECT_H
#define TESTS_HISTORY_EFFECT_H

/*
 * effect - what an operation does to each path it touches.
 *
 *     applied    it happened, at this place in the order, and succeeded
 *     possible   it may happen here, may have happened before, or never does
 */

#include "tests/history/verdict.h"
#include "tests/history/world.h"

void effect_applied(struct world *, struct op *, struct verdict *);

/* `is_first`: it cannot have happened before.  Returns whether that makes anything more possible. */
bool effect_possible(struct world *, struct op *, bool is_first);

/* Does the order of the two matter? */
bool effect_conflicts(const struct op *, const struct op *);

#endif

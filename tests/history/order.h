#ifndef TESTS_HISTORY_ORDER_H
#define TESTS_HISTORY_ORDER_H

/*
 * order - where in the sequence of applied changes everything else belongs.
 *
 * Changes that were applied and named a seq are in one order, which the server
 * chose and which must agree with real time.  Slot i is the gap before the
 * i-th of them; slot `count` is behind the last.
 */

#include "tests/history/history.h"
#include "tests/history/verdict.h"

struct order {
    struct op **ops; /* applied, by seq */
    size_t count;
    struct edge *by_end;
};

void order_init(struct order *, const struct history *, struct verdict *);
void order_fini(struct order *);

/* The first slot behind all that had ended before `ns`. */
size_t order_slot_after(const struct order *, uint64_t ns);

#endif

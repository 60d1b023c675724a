#ifndef TESTS_HISTORY_SUPPORT_MODEL_H
#define TESTS_HISTORY_SUPPORT_MODEL_H

/*
 * model - a server that is right by being simple: a directory, one operation
 * after the other.
 */

#include "tests/stories/workload/plan.h"

struct model {
    int root;
};

void model_open(struct model *); /* in a new temporary directory */
void model_close(struct model *);

/* Returns whether it was done; else nothing was. */
bool model_apply(struct model *, const struct step *, uint64_t id);

struct snapshot;
void model_see(const struct model *, struct snapshot *);

#endif

#ifndef CONF_KINDS_H
#define CONF_KINDS_H

/*
 * kinds - what a backup's "backend" may say, and the parameters of each.
 */

#include "conf/schema.h"

struct parameters {
    char *local_dir, *workspace; /* local: two names for one thing; NULL if not given */
    char *place;                 /* flaky, in test builds */
    uint64_t max_bytes;          /* memory */
    enum refill refill;
};

struct kind {
    const char *name;                /* what the configuration says */
    const char *kind;                /* what the backend calls itself; NULL: not there yet */
    const struct object *parameters; /* NULL: has none */
};

extern const struct kind kinds[];
extern const size_t kind_count;

/* NULL after a complaint, if there is no such kind, or not yet. */
const struct kind *kind_find(struct reader *, const struct spot *, const char *name);

/* Fills in the backup's kind, place and parameters from its object, which is `json`. */
void parameters_settle(struct reader *, json_t *json, const struct spot *, const struct kind *,
    struct conf_backend *);

#endif

#ifndef TESTS_STORIES_WORKLOAD_PLAN_H
#define TESTS_STORIES_WORKLOAD_PLAN_H

/*
 * plan - what a client does next, by chance but from a seed.
 *
 * All clients share few paths, two directories deep, so that they meet: files
 * in /tN and /tN/sN.  Only directories of the same depth take each other's
 * name, so no path grows without bound.
 */

#include "tests/history/history.h"

struct plan {
    uint64_t state;
    unsigned large_per_mille; /* of the bodies: 200 KiB to 2 MiB */
    unsigned tops;            /* directories at the top; 0: 4 */
};

enum { PLAN_PATH_BYTES = 64 };

struct step {
    enum op_kind kind;
    bool is_chmod; /* instead; modes are not part of a history */
    bool streams;  /* a put whose size is not told beforehand */
    uint64_t size, offset;
    unsigned mode;
    char path[PLAN_PATH_BYTES], to[PLAN_PATH_BYTES];
};

void plan_next(struct plan *, struct step *);
uint64_t plan_chance(struct plan *, uint64_t below); /* a number below that */

/* The TO of a history: where a rename goes, below `prefix`; an offset; or "-". */
enum { PLAN_TO_BYTES = 320 };
const char *step_to(const struct step *, const char *prefix, char to[PLAN_TO_BYTES]);

#endif

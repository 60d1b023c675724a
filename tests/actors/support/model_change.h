#ifndef TESTS_ACTORS_SUPPORT_MODEL_CHANGE_H
#define TESTS_ACTORS_SUPPORT_MODEL_CHANGE_H

/*
 * model_change - what the clients of a model do, from a seed.
 */

#include "backends/backend.h"

enum { MODEL_PATH_BYTES = 32 };

void model_seed(uint64_t seed);
unsigned model_draw(unsigned bound); /* 0 to bound - 1 */

/*
 * As the router would: a change that makes sense on the primary as it is, or
 * false.  Names that end in ".z" are of files and of directories.
 */
bool model_random_change(struct backend *primary, struct change *, char path[MODEL_PATH_BYTES],
    char to[MODEL_PATH_BYTES]);

/* Is a path of one change at, above or below one of another?  `to` may be NULL. */
bool model_touch(const char *path, const char *to, const char *other, const char *other_to);

#endif

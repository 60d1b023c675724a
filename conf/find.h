#ifndef CONF_FIND_H
#define CONF_FIND_H

/*
 * find - which file is the configuration, and its bytes.
 */

#include "conf/problems.h"

/* The first that counts, on the heap; NULL after a complaint. `named` may be NULL. */
char *find_file(struct reader *, const char *named);

/* At most 1 MiB, on the heap; NULL after a complaint. */
char *read_file(struct reader *, const char *file, size_t *length);

#endif

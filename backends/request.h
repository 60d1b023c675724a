#ifndef BACKENDS_REQUEST_H
#define BACKENDS_REQUEST_H

/*
 * request - what every kind of backend refuses alike, before it touches
 * anything.
 *
 * The callers have normalised their paths.  Checking again costs nanoseconds,
 * and it is the last line in front of somebody's files.
 */

#include "backends/backend.h"

/* INVALID_PATH unless the path is legal and has no temporary's name in it. */
enum outcome path_check(const char *backend_name, const char *path, struct report *);

/*
 * The same for both paths of a change.  The root can only be made and emptied
 * (MKDIR), and nothing is moved or linked into or around itself.
 */
enum outcome change_check(const char *backend_name, const struct change *, struct report *);

static inline bool
name_is_temporary(const char *name)
{
    return strncmp(name, BACKEND_TEMPORARY, sizeof BACKEND_TEMPORARY - 1) == 0;
}

/* As much of a path as fits into a sentence beside its reason: printf("%s", ...). */
struct excerpt {
    char text[208];
};

struct excerpt path_excerpt(const char *path);

#endif

#ifndef ACTORS_PLAN_H
#define ACTORS_PLAN_H

/*
 * plan - which backups get a change, as their policies say.
 *
 *     change                    a backup that gets the file    one that excludes it
 *     ----------------------    ---------------------------    --------------------
 *     of a directory or tree    gets it                        gets it
 *     PUT, REMOVE               gets it                        compares the path
 *     CHMOD                     gets it                        nothing
 *     RENAME of a file          gets it; compares both         compares both names
 *                                 names if it excluded
 *                                 the old one
 *
 * To compare is to make a path as the primary has it by then, where a file that
 * is excluded counts as none: so what grew over a limit, or was written under
 * other policies, goes.  The same question is asked again where content is
 * fetched, so that no walk, refill or comparison brings in what a policy keeps out.
 */

#include "backends/backend.h"
#include "conf/conf.h"

struct plan {
    uint64_t targets;  /* these get it, and acknowledge it */
    uint64_t compared; /* these compare; if they are targets as well, that is how they get it */
};

struct subject {
    enum change_kind kind;
    const char *path, *to;
    uint64_t size; /* of the file, when it is done */
    bool is_directory;
};

/* `receivers` are the backups that take part at all. */
struct plan plan_change(const struct conf *, uint64_t receivers, const struct subject *);

/* The rule by which a backup excludes a file, or NULL: it gets it. */
const char *plan_rule(const struct conf *, unsigned backup, const char *path, uint64_t size);

#endif

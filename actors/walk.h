#ifndef ACTORS_WALK_H
#define ACTORS_WALK_H

/*
 * walk - what is below a directory, one entry at a time, to be gone on with
 * later.
 *
 *     walk_init ──▶ walk_next* ──▶ WALK_OVER or WALK_FAILED ──▶ walk_fini
 *
 * Depth first, a directory before what is in it, names in byte order.  Names
 * that are internal, and paths longer than PATH_BYTES_MAX, are passed over.
 *
 * A walk begun after a path (of an earlier walk, relative to the start) goes
 * on behind it, whether or not it is still there: the path says which
 * directories are half done and where in each.  So nothing has to be kept
 * between two pages of a long answer, and what changes meanwhile does no harm.
 * A directory that vanishes while it is walked counts as empty; only the start
 * has to be there.
 *
 * The memory it takes is one page of names for each level of the path.
 */

#include "backends/backend.h"

enum walk_step {
    WALK_ENTRY,   /* walk->path and walk->entry are the next one */
    WALK_WAITING, /* for the backend; ready() will be called */
    WALK_OVER,
    WALK_FAILED, /* walk->outcome and walk->report say how */
};

struct walk_level;

struct walk {
    /* Set by the owner between init and the first next. */
    uint64_t depth; /* levels below the start; 0: all */
    void (*ready)(struct walk *);

    /* To be read after WALK_ENTRY, until the next call. */
    char path[PATH_BYTES_MAX + NAME_BYTES_MAX + 2];
    struct entry entry;

    enum outcome outcome;
    struct report report;

    /* Private. */
    const struct backend_kind *kind;
    struct backend *backend;
    size_t start_bytes;
    struct walk_level *levels;
    size_t level_count, level_room;
    struct listing listing;
    bool is_listing, is_waited_for;
    bool descends; /* into the entry given last */
};

/* `after` is empty or walk_relative() of the entry to go on behind; false if no path can be. */
bool walk_init(struct walk *, const struct backend_kind *, struct backend *, const char *start,
    struct view after);
void walk_fini(struct walk *); /* not while the backend is listing for it */

enum walk_step walk_next(struct walk *);
void walk_prune(struct walk *); /* do not go into the directory just given */

/* The path just given without the start: "b/c.txt". */
struct view walk_relative(const struct walk *);

#endif

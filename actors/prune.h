#ifndef ACTORS_PRUNE_H
#define ACTORS_PRUNE_H

/*
 * prune - remove from a tree what the primary does not have there, or what its
 * owner does not want to have.
 *
 *     a path ──ask──▶ primary has a file        it stays; a change behind brings its content
 *                     primary has a directory   every name in ours is asked for in turn;
 *                                               a file of ours is removed
 *                     primary has nothing       it is removed here, with all below it
 *
 * Nothing that the primary has is ever removed, however often this is done:
 * so a backup that acknowledged a file keeps it while trees are compared.
 */

#include "backends/backend.h"

struct prune;

struct prune_caller {
    void *context;
    /* What has the primary at path?  Answered by prune_heard(), later. */
    void (*ask)(void *context, const char *path);
    /* Over; prune_free() may be called from here. */
    void (*ended)(void *context, enum outcome, const struct report *);
};

/* `seq` names the removals to the backend, as in struct change. */
struct prune *prune_new(const struct backend_kind *, struct backend *, const char *path,
    uint64_t seq, const struct prune_caller *);
void prune_free(struct prune **);

void prune_begin(struct prune *);
const char *prune_asked(const struct prune *);  /* the path that was asked for last */
bool prune_found_nothing(const struct prune *); /* the primary has nothing at the path itself */
/* The answer: DONE a file, else the cause says; other failures end the prune. */
void prune_heard(struct prune *, enum outcome, const struct report *);

#endif

#ifndef ACTORS_ABSENCE_H
#define ACTORS_ABSENCE_H

/*
 * absence - a path that is gone on the primary goes here, too; but directories
 * above it that the primary has were made by what once stood there, and are
 * made here.
 *
 *     its parent is here        the path is removed; a directory only if empty
 *     its parent is not here,   ask for the parent, and upwards, until the
 *       or is a file            primary has one: that is made, with all above it
 */

#include "actors/prune.h"
#include "backends/backend.h"

struct absence;

struct absence *absence_new(const struct backend_kind *, struct backend *, const char *path,
    uint64_t seq, const struct prune_caller *);
void absence_free(struct absence **);

void absence_begin(struct absence *);
/* What the primary has at the path asked for: DONE a file, else the cause says. */
void absence_heard(struct absence *, enum outcome, const struct report *, uint32_t mode);

#endif

#ifndef ACTORS_RECOVERY_INTERNAL_H
#define ACTORS_RECOVERY_INTERNAL_H

/*
 * A recovery under way, shared by
 *
 *     recovery_open.c   what a start opens
 *     recovery.c        what it finds in the journal, and does about it
 */

#include "actors/journal_internal.h"

struct again;
struct noted;

struct redo {
    struct again *found; /* in seq order, as they were read */
    struct noted *noted;
    size_t noted_count, noted_room;
    uint64_t begin_seq; /* the first to be done again on the primary */
    uint64_t left;      /* applies not yet answered */
    uint64_t redone;
    bool returned[BACKUPS_MAX]; /* nobody knows what they have: they are compared as a whole */
    bool forgot;                /* the catalog is new, and the journal is not */
    bool is_stopped;            /* one of them failed: the program ends */
};

/* A wal_open visitor: keeps a record, with the journal as its context. */
enum outcome recovery_read(void *context, const struct wal_record *, struct report *);
/* Is all that the backup has what the primary has, or owed to it? */
enum outcome recovery_set_whole(struct journal *, unsigned backup, bool is_whole, struct report *);
/* Once all is read: what backups are owed, and what the primary is to do again. */
enum outcome recovery_begin(struct journal *, struct report *);

#endif

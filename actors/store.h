#ifndef ACTORS_STORE_H
#define ACTORS_STORE_H

/*
 * store - the actor that keeps one place up to date: the primary's, or a
 * backup's, here or in a worker far away.  It is the same actor everywhere.
 *
 *     hears   APPLY FLUSH         from the journal
 *             STAGE STAGE_DATA    from the router (the primary's only)
 *             CHUNK               from the reader, after its own FETCH
 *     says    APPLIED FLUSHED STAGE_ROOM STAGED FETCH
 *             OPENED              to the replica, where clients read this backup
 *
 *             APPLY ──▶ waiting ──▶ running ──▶ applied ──▶ APPLIED
 *                   a barrier before?  │  fetching   flush, once for many
 *                                      └──any failure──▶ APPLIED retry|refused
 *
 * Changes begin in the order in which they are heard and may overlap; one that
 * is a barrier overlaps with none.  A backup says done when the change is
 * durable; the primary when it is applied, because the journal carries it.
 *
 * The content of a PUT comes with it, or is fetched from the primary as it is
 * by then: by state, not by history.  If it is gone there, it goes here; if it
 * is a directory there, it is made one here.
 */

#include "actors/actor.h"
#include "backends/backend.h"

/*
 * A backup that cannot be opened does not keep the store from starting: every
 * APPLY is answered with the reason until it can.  After a failed flush, what
 * was not durable is answered with RETRY, and the place is opened anew.
 */

struct store_args {
    uint64_t number; /* 0 the primary, else 1 + the backup's index; comes back in APPLIED */
    const struct backend_kind *kind;
    struct backend_args backend;
    const char *place_id;    /* of the marker it must have, see actors/place.h; or NULL */
    uint64_t flush_delay_ms; /* how long an applied change waits for others behind it; 0: not */
    uint64_t flush_items;    /* or until so many wait */
    const struct policies *excludes; /* what it does not get, even if asked to fetch it; or NULL */
    bool has_replica;                /* which hears when the place is open */
};

extern const struct actor_kind store_actor;

enum { APPLY_PRUNE = 100 }; /* APPLY.kind: see actors/prune.h */

/* The mailbox of a store: "store/0" is the primary's. */
enum { STORE_NAME_BYTES = 32 };
void store_name(char name[STORE_NAME_BYTES], uint64_t number);

#endif

#ifndef ACTORS_REPLICA_H
#define ACTORS_REPLICA_H

/*
 * replica - the actor that reads what one backup has, for clients.
 *
 *     hears   OPENED      from the backup's store
 *             CONSULT     from the router
 *     says    CONSULTED
 *
 * It has a handle of its own on the backup's place, so that a read waits for no
 * flush, and a thread of its own, so that a backup that hangs delays nobody
 * else.  It opens the place only while its store has it open: by then it is the
 * right one, and what was acknowledged from the store's log is in it.
 *
 * It says what is there; whether that may be believed is for who asks.
 */

#include "actors/actor.h"
#include "backends/backend.h"

struct replica_args {
    uint64_t backup; /* its index; comes back in CONSULTED */
    const struct backend_kind *kind;
    struct backend_args backend;
    const char *place_id; /* as in struct store_args */
};

extern const struct actor_kind replica_actor;

/* The mailbox of the one that reads this backup. */
enum { REPLICA_NAME_BYTES = 32 };
void replica_name(char name[REPLICA_NAME_BYTES], uint64_t backup);

#endif

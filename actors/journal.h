#ifndef ACTORS_JOURNAL_H
#define ACTORS_JOURNAL_H

/*
 * journal - the actor that keeps every promise.
 *
 *     hears   COMMIT AWAIT REVIVE SURVEY    from the router
 *             ROUTE                         likewise
 *             APPLIED FLUSHED               from the stores
 *             WALKED                        from the reader
 *     says    COMMITTED SURVEYED ROUTED     to the router
 *             APPLY FLUSH                   to the stores
 *             WALK                          to the reader
 *             SERVING FATAL                 to the supervisor
 *
 *     COMMIT ──▶ record ──one fsync for many──▶ APPLY to the primary
 *                                                   │ APPLIED
 *                   COMMITTED (async, or at the k-th ack) ◀──┤
 *                                                   ▼
 *                                     ledger ──▶ APPLY to the backups
 *
 * A change is promised when its record is durable, and only then applied.  If
 * the primary refuses it, an ABORT record is made durable before the client
 * hears so: recovery never brings it back.  Records are needed until a
 * checkpoint: the primary flushed, and what backups lack saved in the catalog.
 *
 * Applying a record again is harmless, because it carries its content (in it,
 * or staged until the checkpoint) and says what shall be, not what to do.  The
 * exception is a RENAME of a directory, whose content is wherever it was: all
 * before it is made durable first, recovery begins with the last one, and does
 * it only if the directory it names is still where it was.
 */

#include "actors/actor.h"
#include "backends/backend.h"
#include "conf/conf.h"

struct journal_args {
    const struct conf *conf;
    const char *directory; /* {workspace}/.knarr */
    const struct backend_kind *primary_kind;
    struct backend_args primary; /* to look, during recovery */
    struct journal_backup {
        const char *name;
        const struct backend_kind *kind;
        const char *place_id; /* of the marker at its place, or "" */
        bool receives;
        bool serves_reads;
        bool is_fresh; /* known to be empty: it keeps nothing over a restart */
        bool refills;  /* and is to be filled again from the primary */
    } backups[BACKUPS_MAX];
    unsigned backup_count;
};

extern const struct actor_kind journal_actor;

#endif

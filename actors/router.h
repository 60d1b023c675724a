#ifndef ACTORS_ROUTER_H
#define ACTORS_ROUTER_H

/*
 * router - the actor that speaks with clients.
 *
 *     hears   GREET, changes, reads, STATUS ...    from clients
 *             COMMITTED SURVEYED ROUTED            from the journal
 *             STAGED STAGE_ROOM                    from the primary's store
 *             SOUGHT                               from the reader
 *             CONSULTED                            from the replicas
 *     says    WELCOME GO ANSWER CONTENT PAGE       to clients
 *             COMMIT AWAIT REVIVE SURVEY ROUTE     to the journal
 *             STAGE STAGE_DATA                     to the primary's store
 *             SEEK                                 to the reader
 *             CONSULT                              to the replicas
 *
 *     a change   checks ──▶ claim ──granted──▶ validate ──▶ COMMIT ──▶ ANSWER
 *                              large: STAGE before or behind the claim
 *     a read     small: from the page cache, here; else SEEK
 *                where backups serve reads: ROUTE, then CONSULT
 *
 * A change holds a claim on its paths from its validation until the primary
 * has applied it.  So what was found to be valid still is when it is promised,
 * and the journal never holds a change that could not be applied.
 */

#include "actors/actor.h"
#include "backends/backend.h"
#include "conf/conf.h"

struct router_args {
    const struct conf *conf;
    const char *endpoint;
    const struct backend_kind *primary_kind;
    struct backend_args primary;
    uint64_t targets;       /* set of backups that receive, by index */
    size_t connections_max; /* also of those that do not GREET */
    uint64_t run;           /* different at every start: names of stages are made from it */
};

extern const struct actor_kind router_actor;

#endif

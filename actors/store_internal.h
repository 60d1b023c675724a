#ifndef ACTORS_STORE_INTERNAL_H
#define ACTORS_STORE_INTERNAL_H

/*
 * store_internal - what the files of the store share.
 *
 *     store.c         what it hears and tells; flushes
 *     store_apply.c   one change: waiting, running, ended
 *     store_fetch.c   its content, by state, from the primary
 *     store_intake.c  what is logged first, because somebody waits for it
 *     store_handle.c  the backend's handle: opened, given up, opened again
 */

#include "actors/absence.h"
#include "actors/intake.h"
#include "actors/prune.h"
#include "actors/staging.h"
#include "actors/store.h"

#include <uthash.h>

/* Bytes given to the backend and not yet consumed. */
struct held {
    struct held *next;
    struct body body;
    size_t left;
};

struct apply {
    struct change change; /* first: the backend hands back a pointer to it */
    struct store *store;
    struct apply *prev, *next; /* among the waiting */
    UT_hash_handle hh;         /* among the fetching, by change.seq */
    char *path, *to;
    struct body body; /* inlined content */
    bool is_inlined, is_barrier, is_begun;
    bool is_awaited, is_logged;
    bool *has_ended;         /* set by its end while begin() runs; else NULL */
    struct prune *prune;     /* APPLY_PRUNE, else NULL */
    struct absence *absence; /* the primary has nothing there */
    struct held *held;
    uint64_t fetched; /* bytes heard */
    uint64_t version; /* of the file being fetched */
    unsigned tries;
};

struct seqs {
    uint64_t *at;
    size_t count, room;
};

struct store {
    struct host *host;
    uint64_t number;
    char name[STORE_NAME_BYTES];
    const struct backend_kind *kind;
    struct backend *backend;    /* NULL: it could not be opened yet, see `down` */
    struct stagings *stagings;  /* the primary's, else NULL */
    struct backend_args opened; /* with strings of our own */
    char *place_id;             /* "": not known */

    struct report down; /* why there is no handle, or why it is not believed */
    uint64_t open_next_ms;
    bool is_lost; /* a flush failed: what was done through this handle is not sure */

    struct intake *intake;   /* a backup's that has one, while it is open; else NULL */
    size_t unlogged_running; /* of the running */
    bool has_unlogged;       /* some that were not logged have ended, and are not flushed */

    struct apply *waiting; /* heard, not begun: behind a barrier, or to be logged first */
    struct apply *fetching;
    size_t running;
    bool barrier_runs;
    bool is_advancing;

    uint64_t flush_delay_ms, flush_items;
    const struct policies *excludes; /* of the configuration, or NULL */
    bool has_replica;

    struct seqs applied;    /* not yet durable */
    struct seqs flushing;   /* the flush under way is for these */
    uint64_t flush_due_ms;  /* if nothing comes until then */
    uint64_t flush_late_ms; /* whatever comes */
    struct seqs tickets, tickets_flushing;
    bool is_flushing;
    struct flush flush;
};

/* A backup that was told to stop drops what it has not begun: it is still owed. */
bool store_is_dropping(const struct store *);
void tell_applied(struct store *, uint64_t attempt, enum outcome, const struct report *);
void seqs_add(struct seqs *, uint64_t seq);
void store_flush(struct store *); /* all that was applied; none is under way */

/* store_apply.c */
struct apply *apply_new(struct store *, const struct message_apply *, struct body *take);
void apply_free(struct apply *);
/* Let the backend begin it; false if it has ended, and is gone. */
bool apply_begin(struct apply *);
void apply_cancel(struct apply *); /* what was begun, if anything; it may begin again */
/* Hand bytes to the backend and keep them until it has consumed them. */
void apply_give(struct apply *, struct body *take);
void apply_end(struct apply *, enum outcome, const struct report *);
/* Begin those that wait for nothing any more. */
void applies_advance(struct store *);

/* store_fetch.c */
void fetch_start(struct apply *); /* a PUT without its content, or a prune */
void fetch_stop(struct apply *);
void fetch_heard(struct store *, struct envelope *); /* a CHUNK */

/* store_intake.c */
bool intake_admits(const struct store *, const struct apply *); /* it may begin */
void intake_work(struct store *); /* nothing more is heard: log, or flush, what waits for that */
void intake_stop(struct store *); /* before the handle is closed */

/* store_handle.c */
enum outcome handle_open(struct store *, struct report *);
bool handle_is_open(struct store *); /* tries to open it, now and then */
void handle_give_up(struct store *); /* answers all and opens it anew */

#endif

#ifndef ACTORS_LEDGER_H
#define ACTORS_LEDGER_H

/*
 * ledger - what each backup still lacks, and what to send it next.
 *
 * For each backup the ledger keeps at most one mark per path: "make this path
 * equal to version seq or a later one".  A newer change of a path replaces its
 * mark; so a backlog costs by distinct paths, not by writes.  Marks are sent
 * in the order of the journal, many at a time; what must not overlap is sent
 * as a barrier.
 *
 *     promise ──▶ queued ──next──▶ sent ──ended done──▶ gone
 *                   ▲                │
 *                   └── rested ── resting ◀── ended retry|refused
 *
 * A mark that was never sent says what happened: PUT these bytes, RENAME that
 * tree.  Once it failed, or was kept over a restart, nobody knows whether it
 * arrived, nor what came behind it; then it says what shall be, by state, which
 * may be done at any time and any number of times:
 *
 *     LAG_PATH    make the path as it is on the primary by then
 *     LAG_PRUNE   remove at and below the path what the primary has not
 *     LAG_TREE    both, for the path and all below it: prune, then walk
 *
 * Nothing that the primary has is ever removed on the way: a backup that
 * acknowledged a file keeps it.
 *
 * At most `window_items` marks of a backup are in memory; the rest of its
 * backlog is in the catalog and is loaded as the queue empties.
 *
 * Failures: one path that fails again and again rests, longer each time, and
 * is quarantined after so many rounds.  A backup where everything fails has
 * its breaker opened: nothing is sent but one probe after each (growing,
 * jittered) wait, and no path is blamed for it.
 *
 * Counters: a mark is promised when it is made or renewed, and ends as exactly
 * one of applied and superseded (by a newer one of its path, by a tree that
 * went, by what is owed in its place by state).  At any time
 *
 *     promised = applied + superseded + pending
 *
 * where pending includes what is dead or quarantined.  A change is one mark,
 * but for a RENAME by state, which is two, and a tree, which gets one for each
 * path in it.  What policies keep from a backup is not in here.
 */

#include "actors/catalog.h"
#include "backends/backend.h"
#include "transport/body.h"

#include <stdint.h>

struct ledger;

struct ledger_args {
    struct catalog *catalog;
    uint64_t window_items, window_bytes, in_flight;
    uint64_t retry_interval_ms, backoff_base_ms, retries_per_round, quarantine_after;
    uint64_t breaker_max_ms, quarantine_ms;
    uint64_t first_attempt; /* attempts count up from here; higher than in any run before */
    uint64_t seed;          /* of the jitter */
};

/* Something that waits for backups; see actors/wait.h. */
struct wait;

/* A change that the primary has. */
struct promise {
    uint64_t seq;
    enum change_kind kind;
    const char *path, *to;
    bool is_directory; /* RENAME: of a directory */
    uint32_t mode;
    uint64_t size, mtime_ns;
    const struct body *body; /* the whole file, or NULL: it is fetched when it is sent */
};

/* What to send: good until the next call. */
struct order {
    uint64_t attempt, seq;
    unsigned kind; /* enum change_kind, LAG_PATH or LAG_PRUNE */
    const char *path, *to;
    uint32_t mode;
    uint64_t size, mtime_ns;
    bool is_barrier;
    bool is_awaited;         /* by somebody who has no answer yet */
    const struct body *body; /* of a PUT, or NULL: it is fetched, or empty */
};

struct ledger_state {
    const char *state; /* idle, syncing, behind, stalled, down */
    uint64_t pending, pending_bytes;
    uint64_t lag_ms;
    const char *oldest_path; /* or NULL */
    const char *reason;      /* of the last failure while it matters, or "" */
    uint64_t quarantined, dead;
    uint64_t promised, applied, superseded; /* see "Counters" above */
    uint64_t failures;
    uint64_t probe_ms;
};

struct ledger *ledger_new(const struct ledger_args *);
void ledger_free(struct ledger **);

/*
 * Add a backup, with what the catalog says it lacks.  Its index is the number
 * of those added before.
 */
unsigned ledger_add(struct ledger *, uint32_t id, const char *name);

/* `wait` may be NULL; if not, it hears when the backup has this or a later version. */
void ledger_promise(struct ledger *, unsigned backup, const struct promise *, struct wait *);

/* What recovery reads again from the journal: the same, but nothing is known to have arrived. */
void ledger_promise_again(struct ledger *, unsigned backup, const struct promise *);
/*
 * What it names is made as it is on the primary by then: because the primary
 * refused it and nobody knows what that left, or because the backup's policies
 * have a word in it.  `wait` may be NULL.
 */
void ledger_compare(struct ledger *, unsigned backup, const struct promise *, struct wait *);
/* Recovery: the backup had applied seq, so no mark up to it remains at path. */
void ledger_was_applied(struct ledger *, unsigned backup, const char *path, uint64_t seq);

/* Make the whole tree equal to the primary's. */
void ledger_resync(struct ledger *, unsigned backup, const char *path, uint64_t seq);

/* The next change to send now; false: none. */
bool ledger_next(struct ledger *, unsigned backup, struct order *);

/*
 * How it ended.  Gives back the seq that the journal may note as applied; 0 if
 * there is none, as for a mark that a failed RENAME or a walk has left.
 */
uint64_t ledger_ended(struct ledger *, unsigned backup, uint64_t attempt, enum outcome, enum cause,
    struct view reason);

/* A tree to be walked: its path and where to go on, or false.  One at a time per backup. */
bool ledger_walk(struct ledger *, unsigned backup, const char **path, const char **after);
/* Which walk that is; answers to earlier ones are to be dropped. */
uint64_t ledger_walk_number(const struct ledger *, unsigned backup);
/* What the walk found: each place, then the end of the page. */
void ledger_walk_found(struct ledger *, unsigned backup, const char *path, uint64_t size);
void ledger_walk_paged(struct ledger *, unsigned backup, bool has_more, struct view next);
void ledger_walk_failed(struct ledger *, unsigned backup, enum outcome, struct view reason);

/*
 * The last change that was promised; and the primary has answered it or, if not
 * all, those up to another one.  Who waits for a tree hears nothing without this.
 */
void ledger_primary_is_at(struct ledger *, uint64_t promised_seq, uint64_t answered_seq);

/* When something will be due by itself, in clock_ms(); UINT64_MAX: never. */
uint64_t ledger_due_ms(const struct ledger *);

/* An operator wants failed paths at and below `path` tried now; returns how many. */
uint64_t ledger_revive(struct ledger *, const char *path);

/* Attach a wait to all that a backup lacks of seq (or, if 0, at and below path). */
void ledger_await(struct ledger *, unsigned backup, uint64_t seq, const char *path, struct wait *);

void ledger_state(struct ledger *, unsigned backup, struct ledger_state *);

struct target {
    const char *path;
    uint64_t seq;
    unsigned kind; /* enum change_kind, or LAG_... */
    uint64_t size;
    unsigned failures;
    bool is_quarantined, is_dead;
    const char *reason;
};

/* What the backup lacks of just this path; false: nothing that is known of. */
bool ledger_target(struct ledger *, unsigned backup, const char *path, struct target *);

/* What may be lacking of a path: its oldest change. */
struct lack {
    uint64_t since_ms; /* clock_ms() when that came; 0: nobody knows */
    uint64_t seq;      /* 0: nobody knows */
};

/*
 * May the backup have the path otherwise than the primary has it?  False: if it
 * has a file there, it is the primary's, as that was answered last or later.
 */
bool ledger_lacks(struct ledger *, unsigned backup, const char *path, struct lack *);
/* Its breaker is open. */
bool ledger_is_down(const struct ledger *, unsigned backup);

/* Marks at and below path, with path > after, in path order, at most limit. */
size_t ledger_targets(struct ledger *, unsigned backup, const char *path, const char *after,
    size_t limit, void (*each)(void *context, const struct target *), void *context);

/* Write to the catalog what is not there yet; all of it, or at most so many marks. */
enum outcome ledger_save(struct ledger *, size_t limit, struct report *);

#endif

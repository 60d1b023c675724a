#ifndef ACTORS_LEDGER_INTERNAL_H
#define ACTORS_LEDGER_INTERNAL_H

/*
 * The ledger's own: its marks and queues, shared by
 *
 *     ledger.c        what a promise does to the marks
 *     ledger_rename.c  what a RENAME does to them
 *     ledger_send.c   what is sent next, and how it ended
 *     ledger_walk.c   the walk of a tree
 *     ledger_arrive.c  who waited for a tree, once it was compared
 *     ledger_save.c   the part of a backlog that is in the catalog
 *     ledger_view.c   what operators and waiters see
 *     ledger_fresh.c  what may be lacking of a path
 */

#include "actors/ledger.h"
#include "actors/wait.h"

#include <uthash.h>
#include <utlist.h>

enum mark_state { QUEUED, RESTING, SENT, WALKING };

struct mark {
    UT_hash_handle hh;        /* in backup.marks while it is the newest of its path */
    struct mark *prev, *next; /* in backup.queue or .resting */
    uint64_t seq;             /* the newest change it stands for */
    uint64_t first_seq;       /* and the oldest */
    uint64_t size, mtime_ns;
    uint64_t since_ms; /* clock_ms() when the backup began to lack it */
    uint64_t due_ms;   /* RESTING: until then */
    struct body *body;
    char *to;     /* RENAME */
    char *reason; /* of the last failure */
    struct wait_link *links;
    uint32_t detached_at; /* the first of backup.renames behind it */
    uint32_t mode;
    uint16_t rounds;  /* that failed */
    uint16_t tries;   /* of this round */
    uint8_t kind;     /* enum change_kind, or LAG_... */
    uint8_t state;    /* enum mark_state */
    bool is_barrier;  /* the mark it replaced is under way */
    bool is_exact;    /* stands for the changes of its path up to seq, and for nothing else */
    bool is_newest;   /* found by its path */
    bool covers_tree; /* replaced one of a whole tree that is under way: a restart owes both */
    bool is_file;     /* RENAME: of a file */
    bool is_detached; /* a RENAME behind it takes its path elsewhere */
    bool is_disowned; /* if it fails, so be it: what it made is to go anyway */
    bool is_saved;    /* has a row in the catalog */
    bool is_dirty;    /* which is not what it should be */
    bool is_quarantined, is_dead;
    char path[];
};

struct sent {
    UT_hash_handle hh; /* by attempt */
    uint64_t attempt;
    struct mark *mark; /* NULL: the walk it was for was given up */
    bool is_probe;
    bool prunes_tree; /* a LAG_PRUNE in front of a walk */
};

struct moved {
    char *from, *to;
};

struct arrival;

struct backup {
    uint32_t id;
    char *name;
    struct mark *marks; /* the newest of each path */
    struct mark *queue, *resting;
    struct sent *sent;
    struct mark *walking; /* the tree being walked, or NULL */
    uint64_t walk_number;
    char *walk_after;
    bool walk_asked, walk_done, walk_pruned;
    bool root_found; /* the walk found something at its beginning */
    uint64_t root_size;
    struct moved *renames; /* since the oldest mark that is detached */
    size_t rename_count, rename_room;
    uint64_t detached;            /* marks */
    struct wait_link *idle_links; /* pass on to an arrival when nothing is lacking */
    struct arrival *arrivals;     /* trees that were compared, for those who waited for them */

    uint64_t count, bytes;           /* of marks in memory */
    uint64_t queued;                 /* in queue */
    uint64_t body_bytes;             /* held in memory by bodies */
    bool has_rows;                   /* there may be some that are not in memory */
    uint64_t spilled, spilled_bytes; /* those that are not in memory, to be told */
    uint64_t rest_due_ms;            /* the earliest of resting, or earlier */
    char *loaded_path;               /* and this one, of that seq */
    uint64_t loaded_seq;             /* rows up to here were loaded */

    bool is_open;      /* the breaker: nothing but probes */
    unsigned in_a_row; /* failures since the last success */
    unsigned openings; /* failed probes since the last success */
    uint64_t probe_due_ms;
    char *reason; /* of the last failure, until a success */

    uint64_t quarantined, dead;
    uint64_t promised, applied, superseded; /* marks, in memory or not; actors/ledger.h */
    uint64_t failures;
};

struct ledger {
    struct ledger_args args;
    struct backup *backups;
    unsigned backup_count;
    uint64_t next_attempt;
    uint64_t random;
};

struct mark *ledger_find(struct backup *, const char *path);
struct mark *ledger_mark_new(struct backup *, const char *path, unsigned kind, uint64_t seq);
/* Into the list that its kind and state ask for; and out of it. */
void ledger_enqueue(struct backup *, struct mark *, bool in_front);
void ledger_unlist(struct backup *, struct mark *);
/* No longer in any list: take it out of the books and free it.  Who calls counts how it ended. */
void ledger_forget(struct ledger *, struct backup *, struct mark *);
void ledger_drop_body(struct backup *, struct mark *);
void ledger_unindex(struct backup *, struct mark *);

/* Set or replace the mark of a path; NULL if it went to the catalog. */
struct mark *ledger_mark(struct ledger *, struct backup *, const struct promise *, unsigned kind);
/* The same by state, whatever seq the mark there has. */
struct mark *ledger_mark_state(struct ledger *, struct backup *, const char *path, uint64_t seq,
    unsigned kind, uint64_t size);
/* Where the renames behind a detached mark have taken a path of its; free() it. */
char *ledger_by_now(const struct backup *, const struct mark *, const char *path);
/*
 * Marks below (or at, too) a path that a later change removes or replaces: what
 * they stood for is superseded; who waited for them waits for `heir`.  Returns
 * how many there were.
 */
uint64_t ledger_drop_below(struct ledger *, struct backup *, const char *path, bool at_too,
    struct wait_link **heir);
/* The wait, if any, goes with the mark; if that is in the catalog, until nothing is lacking. */
void ledger_hold(struct ledger *, struct backup *, struct mark *, struct wait *);
/* And with all that is owed at and below the path. */
void ledger_hold_below(struct ledger *, struct backup *, const char *path, struct wait *);
void ledger_rename(struct ledger *, struct backup *, const struct promise *, struct wait *);
void ledger_rename_by_state(struct ledger *, struct backup *, const struct promise *,
    struct wait *);
/* As it is to be said when nobody knows what arrived. */
unsigned ledger_by_state(unsigned kind);

bool ledger_is_full(const struct ledger *, const struct backup *);
void ledger_spill(struct ledger *, struct backup *, const struct promise *, unsigned kind);
/* So many fewer are in the catalog only; says how many of them had been counted there. */
uint64_t ledger_unspill(struct backup *, uint64_t rows, uint64_t bytes);
void ledger_load(struct ledger *, struct backup *);
void ledger_unsave(struct ledger *, struct backup *, struct mark *);
/* The tree goes back among those to be walked, from its beginning. */
void ledger_cancel_walk(struct backup *);
/* Forget it if it is walked and pruned; put it to rest if either failed. */
void ledger_finish_walk(struct ledger *, struct backup *);
void ledger_rest_tree(struct backup *);
/* Was done by state; who waited for a tree waits for all that was seen there. */
void ledger_arrived(struct backup *, const char *path, struct wait_link **);
/* Something that was promised since may have been seen at, above or below the path. */
bool ledger_has_arrivals(const struct backup *, const char *path);
/* What it does is decided when it is done, not when it was promised. */
bool ledger_reads_primary(const struct mark *);
void ledger_await_arrivals(struct ledger *, struct backup *, struct wait *);
void ledger_forget_arrivals(struct ledger *, struct backup *);
unsigned ledger_index(const struct ledger *, const struct backup *);

#endif

#ifndef ACTORS_JOURNAL_INTERNAL_H
#define ACTORS_JOURNAL_INTERNAL_H

/*
 * The journal's own state, shared by
 *
 *     journal.c         the actor: group commit, sending
 *     promises.c        from a COMMIT to its record, and what the primary answers
 *     checkpoint.c      when records may go
 *     recovery_open.c   what a start opens
 *     recovery.c        what a start finds and does
 *     versions.c        the newest change of each path
 *     survey.c          what operators and waiters are told
 *     routes.c          which backups may answer a read
 */

#include "actors/catalog.h"
#include "actors/journal.h"
#include "actors/ledger.h"
#include "actors/wait.h"
#include "base/wal.h"

#include <uthash.h>

enum record_type { RECORD_PROMISE = 1, RECORD_ABORT = 2, RECORD_NOTED = 3 };

enum ticket { TICKET_CHECKPOINT = 1, TICKET_RENAME = 2 };

/* Attempts that are not seqs: changes of the journal's own on the primary. */
#define OWN_ATTEMPT (UINT64_C(1) << 63)

/* A change between its COMMIT and the primary's answer. */
struct op {
    UT_hash_handle hh;      /* by seq */
    struct op *prev, *next; /* in journal.group, .aborted or .deferred */
    uint64_t seq, request;
    enum change_kind kind;
    char *path, *to, *stage;
    uint64_t size, mtime_ns, inode, targets, compared, acks, timeout_ms;
    uint32_t mode;
    uint8_t hash[16];
    bool has_hash;
    struct body body;
    struct report report; /* aborted: why */
    enum outcome outcome;
};

/* A stage that a checkpoint makes needless. */
struct stage_left {
    struct stage_left *next;
    uint64_t seq;
    char path[];
};

/* What was not logged of a backup's failures, so as not to flood. */
struct failure_log {
    uint64_t untold, quiet_until_ms;
};

struct journal {
    struct host *host;
    const struct conf *conf;
    const struct backend_kind *primary_kind;
    struct backend_args primary;
    struct journal_backup backups[BACKUPS_MAX];
    uint32_t ids[BACKUPS_MAX]; /* stable, by index */
    unsigned backup_count;

    int directory_fd; /* of the segments */
    struct failure_log failures[BACKUPS_MAX];
    uint64_t excluded[BACKUPS_MAX]; /* changes that policy kept from it */
    struct wal *wal;
    struct catalog *catalog;
    struct ledger *ledger;
    uint64_t next_seq;
    uint64_t next_own;

    struct op *ops;      /* promised, not yet answered by the primary */
    struct op *group;    /* appended, not yet durable */
    struct op *aborted;  /* their ABORT is appended, not yet durable */
    struct op *deferred; /* behind the rename of a directory */
    struct op *renaming; /* waits for all before it to be durable */
    bool rename_asks;    /* for that flush, once the group is applied */
    struct wait *waits;
    struct stage_left *stages;
    bool is_broken;

    uint64_t noted_ms; /* since when applied changes wait to be made durable; 0: none do */

    uint64_t checkpoint_seq; /* the last one's */
    uint64_t pending_seq;    /* the one under way; 0: none is */
    uint64_t pending_segment;
    bool is_finishing; /* the supervisor waits for the last one */
    uint64_t dirty_ms; /* when the first change after the last checkpoint was promised */

    struct redo *redo; /* recovery is under way, or NULL */
};

/* journal.c */
void journal_break(struct journal *, const struct report *);
void journal_apply(struct journal *, const struct op *, uint64_t attempt);
void journal_own_change(struct journal *, enum change_kind, const char *path);

/* promises.c */
void op_free(struct op **);
void on_commit(void *, struct envelope *);
void tell_refused(struct journal *, const struct op *, enum outcome, const struct report *);
void primary_applied(struct journal *, const struct message_applied *);
void ask_rename(struct journal *);
void rename_flushed(struct journal *, const struct message_flushed *);
void journal_append_noted(struct journal *, unsigned backup, uint64_t seq);
void journal_keep_stage(struct journal *, uint64_t seq, const char *path);
/* Of the backups named by their stable ids, those that there are. */
uint64_t journal_targets(const struct journal *, struct view ids);

/* versions.c */
void version_note(struct journal *, const struct op *);

/* checkpoint.c */
void on_finish(void *, struct envelope *);
void checkpoint_consider(struct journal *);
void checkpoint_begin(struct journal *);
void checkpoint_flushed(struct journal *, const struct message_flushed *);

/* recovery_open.c */
enum outcome recovery_open(struct journal *, const char *directory, struct report *);

/* recovery.c */
void recovery_applied(struct journal *, const struct message_applied *);
void recovery_checkpointed(struct journal *);
void recovery_close(struct journal *);

/* routes.c */
void on_route(void *, struct envelope *);

/* survey.c */
void on_survey(void *, struct envelope *);
void on_await(void *, struct envelope *);
void on_give_up(void *, struct envelope *);
void on_revive(void *, struct envelope *);
void tell_waited(struct journal *, struct wait *, bool is_late);
/* A COPY for each backup of the wait, packed. */
void pack_copies(struct journal *, const struct wait *, struct body *);

#endif

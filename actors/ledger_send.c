/*
 * What is sent next, and how it ended: the send window, the walk of a tree,
 * failures, and the breaker.
 */

#include "actors/ledger_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <string.h>

enum {
    BREAKER_FAILURES = 3, /* in a row, without one success between them */
    BACKOFF_DOUBLINGS = 20,
    JITTER_MS = 50,
};

/* xorshift64: jitter needs no better, and a seed makes a run repeatable. */
static uint64_t
random_below(struct ledger *ledger, uint64_t bound)
{
    ledger->random ^= ledger->random << 13;
    ledger->random ^= ledger->random >> 7;
    ledger->random ^= ledger->random << 17;
    return bound ? ledger->random % bound : 0;
}

static uint64_t
backoff_ms(struct ledger *ledger, unsigned doublings, uint64_t most)
{
    uint64_t wait = ledger->args.backoff_base_ms
        << (doublings < BACKOFF_DOUBLINGS ? doublings : BACKOFF_DOUBLINGS);

    return (wait < most ? wait : most) + random_below(ledger, JITTER_MS);
}

/* ---- sending ---------------------------------------------------------------- */

/* Is something above this path on its way to become, or stop being, a directory? */
static bool
has_busy_ancestor(struct backup *b, const char *path)
{
    struct view above = path_parent(view_of(path));

    while (b->sent && above.length > 1) {
        struct mark *mark;

        HASH_FIND(hh, b->marks, above.at, above.length, mark);
        if (mark && mark->state == SENT && mark->kind != MKDIR && mark->kind != CHMOD)
            return true;
        above = path_parent(above);
    }
    return false;
}

static void
note_sent(struct ledger *ledger, struct backup *b, struct mark *mark, bool prunes_tree)
{
    struct sent *sent = memory_new(sizeof *sent);

    sent->attempt = ledger->next_attempt++;
    sent->mark = mark;
    sent->is_probe = b->is_open;
    sent->prunes_tree = prunes_tree;
    HASH_ADD(hh, b->sent, attempt, sizeof sent->attempt, sent);
}

static void
order_mark(struct ledger *ledger, struct backup *b, struct mark *mark, struct order *order)
{
    *order = (struct order){
        .attempt = ledger->next_attempt,
        .seq = mark->seq,
        .kind = mark->kind,
        .path = mark->path,
        .to = mark->to,
        .mode = mark->mode,
        .size = mark->size,
        .mtime_ns = mark->mtime_ns,
        .is_barrier = mark->is_barrier || mark->kind == RENAME || mark->kind == REMOVE_TREE ||
            mark->kind == LAG_PRUNE || has_busy_ancestor(b, mark->path),
        .is_awaited = mark->links != NULL,
        .body = mark->body,
    };
    mark->state = SENT;
    note_sent(ledger, b, mark, false);
}

/* A tree begins: first goes what the primary has not, then it is walked. */
static void
begin_tree(struct ledger *ledger, struct backup *b, struct mark *tree, struct order *order)
{
    tree->state = WALKING;
    b->walking = tree;
    b->walk_after = memory_copy("", 0);
    b->walk_number++;
    b->walk_asked = b->walk_done = b->walk_pruned = b->root_found = false;
    *order = (struct order){
        .attempt = ledger->next_attempt,
        .seq = tree->seq,
        .kind = LAG_PRUNE,
        .path = tree->path,
        .is_barrier = true,
    };
    note_sent(ledger, b, tree, true);
}

static void
wake_rested(struct backup *b)
{
    uint64_t now = clock_ms();
    struct mark *mark, *next;

    if (now < b->rest_due_ms)
        return;
    b->rest_due_ms = UINT64_MAX;
    DL_FOREACH_SAFE(b->resting, mark, next)
    {
        if (mark->due_ms > now) {
            b->rest_due_ms = mark->due_ms < b->rest_due_ms ? mark->due_ms : b->rest_due_ms;
            continue;
        }
        ledger_unlist(b, mark);
        mark->state = QUEUED;
        ledger_enqueue(b, mark, false);
    }
}

/*
 * A RENAME moves what is there: so what goes there first must have arrived, or
 * an old version would come to stand under a name that it never had.
 */
static bool
must_wait(const struct backup *b, const struct mark *rename)
{
    const struct sent *sent, *next;

    if (rename->kind != RENAME)
        return false;
    HASH_ITER(hh, b->sent, sent, next)
    {
        if (sent->mark && sent->mark->is_detached && sent->mark->kind != RENAME)
            return true;
    }
    return false;
}

bool
ledger_next(struct ledger *ledger, unsigned backup, struct order *order)
{
    struct backup *b = &ledger->backups[backup];
    struct mark *mark;

    if (b->is_open && (b->sent || clock_ms() < b->probe_due_ms))
        return false;
    if (HASH_COUNT(b->sent) >= ledger->args.in_flight)
        return false;
    wake_rested(b);
    ledger_load(ledger, b);
    mark = b->queue;
    if (!mark || (mark->kind == LAG_TREE && b->walking) || must_wait(b, mark))
        return false; /* one tree at a time, and in its order */
    ledger_unlist(b, mark);
    if (mark->kind == LAG_TREE)
        begin_tree(ledger, b, mark, order);
    else
        order_mark(ledger, b, mark, order);
    return true;
}

/* ---- ending ----------------------------------------------------------------- */

static void
succeed(struct ledger *ledger, struct backup *b, struct mark *mark)
{
    b->applied++;
    if (mark->kind != LAG_PRUNE) /* what it has brought is the newest there is */
        wait_release(&mark->links, ledger_index(ledger, b));
    if (ledger_reads_primary(mark)) {
        char *path = ledger_by_now(b, mark, mark->path);

        ledger_arrived(b, path, &mark->links);
        free(path);
    }
    ledger_forget(ledger, b, mark);
}

static void
set_reason(char **place, struct view reason)
{
    free(*place);
    *place = view_dup(reason);
}

static void
note_success(struct backup *b)
{
    b->in_a_row = 0;
    b->openings = 0;
    b->is_open = false;
    free(b->reason);
    b->reason = NULL;
}

/* True if the backup, not the path, is to blame. */
static bool
note_failure(struct ledger *ledger, struct backup *b, bool is_probe, enum outcome outcome,
    struct view reason)
{
    b->failures++;
    set_reason(&b->reason, reason);
    if (outcome == REFUSED)
        return false;
    b->in_a_row++;
    if (b->is_open && !is_probe)
        return true;
    if (!b->is_open && b->in_a_row < BREAKER_FAILURES)
        return false;
    b->is_open = true;
    b->probe_due_ms = clock_ms() + backoff_ms(ledger, b->openings++, ledger->args.breaker_max_ms);
    return true;
}

static void
rest(struct ledger *ledger, struct backup *b, struct mark *mark, enum outcome outcome)
{
    uint64_t wait;

    mark->tries++;
    if (outcome == REFUSED) {
        mark->is_dead = true;
        wait = ledger->args.quarantine_ms;
    } else if (mark->tries < ledger->args.retries_per_round) {
        wait = backoff_ms(ledger, mark->tries - 1u, ledger->args.retry_interval_ms);
    } else {
        mark->tries = 0;
        mark->rounds++;
        mark->is_quarantined = mark->rounds >= ledger->args.quarantine_after;
        wait = mark->is_quarantined ? ledger->args.quarantine_ms : ledger->args.retry_interval_ms;
    }
    mark->state = RESTING;
    mark->due_ms = clock_ms() + wait;
    b->dead += mark->is_dead;
    b->quarantined += mark->is_quarantined;
    ledger_enqueue(b, mark, false);
}

/*
 * What was removed or moved may not be removed or moved by a repetition: what
 * stands there by now came later.  Compare with the primary instead.
 */
static void
fail_to_state(struct ledger *ledger, struct backup *b, struct mark *mark)
{
    bool is_path = mark->kind == LAG_PATH || (mark->kind == RENAME && mark->is_file) ||
        mark->kind == PUT || mark->kind == MKDIR || mark->kind == CHMOD;
    unsigned kind = is_path ? LAG_PATH : LAG_TREE;
    char *path = ledger_by_now(b, mark, mark->path);
    char *from = memory_copy(mark->path, strlen(mark->path));
    char *to = mark->to ? ledger_by_now(b, mark, mark->to) : NULL;
    uint64_t seq = mark->seq, size = mark->size;
    struct mark *owed;

    wait_pass_on(&mark->links, &b->idle_links);
    ledger_forget(ledger, b, mark);
    b->superseded++;
    owed = ledger_mark_state(ledger, b, path, seq, kind, size);
    if (owed && !to)
        owed->is_barrier = true;
    if (to) {
        ledger_mark_state(ledger, b, from, seq, kind, 0);
        ledger_mark_state(ledger, b, to, seq, kind, 0);
    }
    free(path);
    free(from);
    free(to);
}

/* What one of them would have moved has not arrived: they are owed by state. */
static void
give_up_renames(struct ledger *ledger, struct backup *b)
{
    struct mark *mark = b->queue;

    while (mark) {
        if (mark->kind != RENAME) {
            mark = mark->next;
            continue;
        }
        ledger_unlist(b, mark);
        fail_to_state(ledger, b, mark);
        mark = b->queue; /* what is owed now may have taken others out */
    }
}

static void
fail(struct ledger *ledger, struct backup *b, struct sent *sent, enum outcome outcome,
    enum cause cause, struct view reason)
{
    struct mark *mark = sent->mark;
    bool blames_backup = note_failure(ledger, b, sent->is_probe, outcome, reason);
    bool is_single = mark->kind == PUT || mark->kind == MKDIR || mark->kind == LAG_PATH ||
        mark->kind == LAG_PRUNE || (mark->kind == CHMOD && cause != CAUSE_NOT_FOUND);

    wait_blame(mark->links, ledger_index(ledger, b), cause, reason);
    set_reason(&mark->reason, reason);
    mark->is_dirty = true;
    if (mark->is_detached || !mark->is_newest || !is_single) {
        bool is_moved = mark->is_detached && mark->kind != RENAME;

        fail_to_state(ledger, b, mark);
        if (is_moved)
            give_up_renames(ledger, b);
    } else {
        ledger_drop_body(b, mark);
        mark->kind = (uint8_t) ledger_by_state(mark->kind);
        mark->is_barrier = true;
        if (blames_backup) {
            mark->state = QUEUED;
            ledger_enqueue(b, mark, true);
        } else {
            rest(ledger, b, mark, outcome);
        }
    }
}

static void
tree_pruned(struct ledger *ledger, struct backup *b, const struct sent *sent, enum outcome outcome,
    struct view reason)
{
    if (outcome == DONE)
        note_success(b);
    else
        note_failure(ledger, b, sent->is_probe, outcome, reason);
    if (!sent->mark)
        return;
    if (outcome == DONE) {
        b->walk_pruned = true;
        ledger_finish_walk(ledger, b);
        return;
    }
    set_reason(&sent->mark->reason, reason);
    ledger_rest_tree(b);
}

uint64_t
ledger_ended(struct ledger *ledger, unsigned backup, uint64_t attempt, enum outcome outcome,
    enum cause cause, struct view reason)
{
    struct backup *b = &ledger->backups[backup];
    uint64_t applied_seq = 0;
    struct sent *sent;

    HASH_FIND(hh, b->sent, &attempt, sizeof attempt, sent);
    if (!sent)
        return 0; /* an answer nobody waits for */
    HASH_DEL(b->sent, sent);
    if (sent->prunes_tree) {
        tree_pruned(ledger, b, sent, outcome, reason);
    } else if (outcome == DONE) {
        applied_seq = sent->mark->is_exact ? sent->mark->seq : 0;
        note_success(b);
        succeed(ledger, b, sent->mark);
    } else {
        fail(ledger, b, sent, outcome, cause, reason);
    }
    free(sent);
    return applied_seq;
}

static uint64_t
due_of(const struct backup *b)
{
    if (b->is_open && (b->queue || b->resting))
        return b->probe_due_ms;
    return b->resting ? b->rest_due_ms : UINT64_MAX;
}

uint64_t
ledger_due_ms(const struct ledger *ledger)
{
    uint64_t due = UINT64_MAX;

    for (unsigned i = 0; i < ledger->backup_count; i++) {
        uint64_t one = due_of(&ledger->backups[i]);

        due = one < due ? one : due;
    }
    return due;
}

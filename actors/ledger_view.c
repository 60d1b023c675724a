/*
 * What operators and waiters see of the ledger.
 */

#include "actors/ledger_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <string.h>

enum { BEHIND_MS = 5000 }; /* a backup that lags longer than this is behind, not syncing */

static bool
is_at_or_below(const char *path, const char *tree)
{
    return *tree == '\0' || strcmp(path, tree) == 0 || path_is_under(view_of(path), view_of(tree));
}

/* Every live mark of a backup, once. */
static void
each_mark(struct backup *b, void (*each)(void *context, struct mark *), void *context)
{
    struct mark *lists[] = { b->queue, b->resting };
    struct sent *sent, *next_sent;
    struct mark *mark, *next;

    for (int i = 0; i < 2; i++)
        DL_FOREACH_SAFE(lists[i], mark, next)
        {
            each(context, mark);
        }
    HASH_ITER(hh, b->sent, sent, next_sent)
    {
        if (!sent->prunes_tree)
            each(context, sent->mark);
    }
    if (b->walking)
        each(context, b->walking);
}

uint64_t
ledger_revive(struct ledger *ledger, const char *path)
{
    uint64_t revived = 0;

    for (unsigned i = 0; i < ledger->backup_count; i++) {
        struct backup *b = &ledger->backups[i];
        struct mark *mark, *next;

        DL_FOREACH_SAFE(b->resting, mark, next)
        {
            if (!is_at_or_below(mark->path, path))
                continue;
            ledger_unlist(b, mark);
            mark->state = QUEUED;
            mark->rounds = mark->tries = 0;
            mark->is_dirty = true;
            ledger_enqueue(b, mark, false);
            revived++;
        }
        if (b->is_open) {
            b->probe_due_ms = clock_ms();
            revived += b->count - HASH_COUNT(b->sent);
        }
    }
    return revived;
}

struct awaiting {
    struct wait *wait;
    unsigned backup;
    uint64_t seq;
    const char *path;
};

static void
await_mark(void *context, struct mark *mark)
{
    struct awaiting *a = context;
    bool is_meant = a->seq > 0
        ? mark->first_seq <= a->seq && mark->seq >= a->seq
        : is_at_or_below(mark->path, a->path) || (mark->to && is_at_or_below(mark->to, a->path)) ||
            (mark->kind == LAG_TREE && is_at_or_below(a->path, mark->path));

    if (is_meant)
        wait_hold(a->wait, a->backup, &mark->links);
}

void
ledger_await(struct ledger *ledger, unsigned backup, uint64_t seq, const char *path,
    struct wait *wait)
{
    struct backup *b = &ledger->backups[backup];
    struct awaiting awaiting = { wait, backup, seq, path };

    each_mark(b, await_mark, &awaiting);
    ledger_await_arrivals(ledger, b, wait);
    if (b->has_rows || b->idle_links)
        wait_hold(wait, backup, &b->idle_links);
}

static void
find_oldest(void *context, struct mark *mark)
{
    struct mark **oldest = context;

    if (!*oldest || mark->since_ms < (*oldest)->since_ms)
        *oldest = mark;
}

static const char *
state_name(const struct backup *b, uint64_t pending, uint64_t lag_ms)
{
    if (b->is_open)
        return "down";
    if (pending == 0)
        return "idle";
    if (!b->sent && !b->queue && !b->walking && !b->has_rows)
        return "stalled";
    return lag_ms < BEHIND_MS ? "syncing" : "behind";
}

void
ledger_state(struct ledger *ledger, unsigned backup, struct ledger_state *state)
{
    struct backup *b = &ledger->backups[backup];
    uint64_t now = clock_ms();
    struct mark *oldest = NULL;
    /* Rows may be there that were counted as something else: not in sync before one has looked. */
    uint64_t unknown = b->has_rows && b->spilled == 0;

    each_mark(b, find_oldest, &oldest);
    *state = (struct ledger_state){
        .pending = b->count + b->spilled + unknown,
        .pending_bytes = b->bytes + b->spilled_bytes,
        .lag_ms = oldest && now > oldest->since_ms ? now - oldest->since_ms : 0,
        .oldest_path = oldest ? oldest->path : NULL,
        .reason = b->reason ? b->reason : "",
        .quarantined = b->quarantined,
        .dead = b->dead,
        .promised = b->promised + unknown,
        .applied = b->applied,
        .superseded = b->superseded,
        .failures = b->failures,
        .probe_ms = b->is_open && b->probe_due_ms > now ? b->probe_due_ms - now : 0,
    };
    if (oldest && oldest->reason && !*state->reason)
        state->reason = oldest->reason;
    state->state = state_name(b, state->pending, state->lag_ms);
}

struct picking {
    const char *path, *after;
    struct mark **at;
    size_t count, room;
};

static void
pick(void *context, struct mark *mark)
{
    struct picking *p = context;

    if (!is_at_or_below(mark->path, p->path) || strcmp(mark->path, p->after) <= 0)
        return;
    if (p->count == p->room) {
        p->room = p->room ? 2 * p->room : 64;
        p->at = memory_resize(p->at, p->room * sizeof(struct mark *));
    }
    p->at[p->count++] = mark;
}

static int
by_path(const void *a, const void *b)
{
    return strcmp((*(struct mark *const *) a)->path, (*(struct mark *const *) b)->path);
}

static void
target_of(const struct mark *mark, struct target *target)
{
    *target = (struct target){
        .path = mark->path,
        .seq = mark->seq,
        .kind = mark->kind,
        .size = mark->size,
        .failures = mark->rounds,
        .is_quarantined = mark->is_quarantined || mark->is_dead,
        .is_dead = mark->is_dead,
        .reason = mark->reason ? mark->reason : "",
    };
}

bool
ledger_target(struct ledger *ledger, unsigned backup, const char *path, struct target *target)
{
    struct backup *b = &ledger->backups[backup];
    const struct mark *mark = ledger_find(b, path);
    struct catalog_lag row;

    if (mark) {
        target_of(mark, target);
        return true;
    }
    if (!b->has_rows || !catalog_lag_get(ledger->args.catalog, b->id, path, &row))
        return false;
    *target = (struct target){ .path = path,
        .seq = row.seq,
        .kind = row.kind,
        .size = row.size,
        .reason = "" };
    return true;
}

size_t
ledger_targets(struct ledger *ledger, unsigned backup, const char *path, const char *after,
    size_t limit, void (*each)(void *context, const struct target *), void *context)
{
    struct picking p = { .path = path, .after = after };
    size_t told;

    each_mark(&ledger->backups[backup], pick, &p);
    if (p.count > 0)
        qsort(p.at, p.count, sizeof(struct mark *), by_path);
    for (told = 0; told < p.count && told < limit; told++) {
        struct target target;

        target_of(p.at[told], &target);
        each(context, &target);
    }
    free(p.at);
    return told;
}

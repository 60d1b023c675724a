/*
 * The catalog's part of the ledger: rows for marks that a checkpoint must
 * keep, and for those that memory has no room for.
 */

#include "actors/ledger_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <string.h>

enum { LOAD_ROWS = 1024 };

bool
ledger_is_full(const struct ledger *ledger, const struct backup *b)
{
    return b->has_rows || b->count >= ledger->args.window_items;
}

/* Marks keep monotonic times, rows wall-clock ones. */
static uint64_t
wall_of(uint64_t ms)
{
    return clock_wall_ns() / 1000000 + ms - clock_ms();
}

/* At most so far ahead: a row may be from before somebody turned the clock back ten years. */
static uint64_t
monotonic_of(uint64_t wall_ms, uint64_t ahead_max_ms)
{
    uint64_t now = clock_ms(), wall = clock_wall_ns() / 1000000;

    if (wall_ms >= wall)
        return now + (wall_ms - wall < ahead_max_ms ? wall_ms - wall : ahead_max_ms);
    return wall - wall_ms < now ? now - (wall - wall_ms) : 0;
}

uint64_t
ledger_unspill(struct backup *b, uint64_t rows, uint64_t bytes)
{
    /* Rows of marks that are under way are counted as theirs, so never go below zero. */
    const uint64_t counted = rows < b->spilled ? rows : b->spilled;

    b->spilled -= counted;
    b->spilled_bytes -= bytes < b->spilled_bytes ? bytes : b->spilled_bytes;
    return counted;
}

void
ledger_spill(struct ledger *ledger, struct backup *b, const struct promise *p, unsigned kind)
{
    struct catalog_lag old,
        row = {
            .backup = b->id,
            .path = p->path,
            .seq = p->seq,
            .kind = ledger_by_state(kind),
            .mode = p->mode,
            .size = kind == PUT || kind == LAG_PATH ? p->size : 0,
            .since_ms = wall_of(clock_ms()),
            .reason = "",
        };
    struct report report;

    if (catalog_lag_get(ledger->args.catalog, b->id, p->path, &old)) {
        b->superseded += ledger_unspill(b, 1, old.size);
        if (old.kind != LAG_PATH && row.kind != LAG_PRUNE)
            row.kind = LAG_TREE;
        if (kind == CHMOD)
            row.size = old.size;
    }
    if (catalog_lag_put(ledger->args.catalog, &row, &report) != DONE)
        return; /* the catalog is broken now, and the next checkpoint says so */
    b->has_rows = true;
    b->promised++;
    b->spilled++;
    b->spilled_bytes += row.size;
    if (row.seq <= b->loaded_seq) { /* what a walk found is older than what was loaded */
        b->loaded_seq = row.seq;
        b->loaded_path[0] = '\0';
    }
}

void
ledger_unsave(struct ledger *ledger, struct backup *b, struct mark *mark)
{
    const char *paths[] = { mark->path, mark->kind == RENAME ? mark->to : NULL };

    for (int i = 0; i < 2 && mark->is_saved && paths[i]; i++) {
        struct catalog_lag row;

        if (catalog_lag_get(ledger->args.catalog, b->id, paths[i], &row) && row.seq <= mark->seq)
            catalog_lag_delete(ledger->args.catalog, b->id, paths[i]);
    }
    mark->is_saved = false;
}

struct loading {
    const struct ledger *ledger;
    struct backup *backup;
    uint64_t seen, loaded, bytes;
};

static void
load_row(void *context, const struct catalog_lag *row)
{
    struct loading *loading = context;
    struct backup *b = loading->backup;
    struct mark *mark;

    loading->seen++;
    b->loaded_seq = row->seq;
    snprintf(b->loaded_path, PATH_BYTES_MAX + 1, "%s", row->path);
    if (ledger_find(b, row->path))
        return; /* memory knows better */
    loading->loaded++;
    loading->bytes += row->size;
    mark = ledger_mark_new(b, row->path, ledger_by_state(row->kind), row->seq);
    mark->is_saved = true;
    mark->is_dirty = false;
    mark->mode = row->mode;
    mark->size = row->size;
    b->bytes += row->size;
    mark->since_ms = monotonic_of(row->since_ms, 0);
    mark->rounds = (uint16_t) row->failures;
    if (row->rest_until_ms > 0) {
        mark->state = RESTING;
        mark->due_ms = monotonic_of(row->rest_until_ms, loading->ledger->args.quarantine_ms);
        mark->is_dead = row->is_dead;
        mark->is_quarantined = !row->is_dead;
        mark->reason = memory_copy(row->reason, strlen(row->reason));
        b->dead += row->is_dead;
        b->quarantined += !row->is_dead;
    }
    ledger_enqueue(b, mark, false);
}

void
ledger_load(struct ledger *ledger, struct backup *b)
{
    struct loading loading = { .ledger = ledger, .backup = b };
    size_t room = ledger->args.window_items > b->count ? ledger->args.window_items - b->count : 0;

    if (!b->has_rows || room == 0 || b->queued > ledger->args.window_items / 2)
        return;
    catalog_lag_by_seq(ledger->args.catalog, b->id, b->loaded_seq, b->loaded_path,
        room < LOAD_ROWS ? room : LOAD_ROWS, load_row, &loading);
    b->promised -= ledger_unspill(b, loading.loaded, loading.bytes); /* the same, in memory now */
    if (loading.seen == 0) {
        b->has_rows = false;
        b->superseded += b->spilled; /* memory knew better of these */
        b->spilled = b->spilled_bytes = 0;
    }
}

static enum outcome
save_row(struct ledger *ledger, struct backup *b, const struct mark *mark, const char *path,
    unsigned kind, struct report *report)
{
    return catalog_lag_put(ledger->args.catalog,
        &(struct catalog_lag){
            .backup = b->id,
            .path = path,
            .seq = mark->seq,
            .kind = kind,
            .mode = mark->mode,
            .size = mark->size,
            .since_ms = wall_of(mark->since_ms),
            .failures = mark->rounds,
            .rest_until_ms = mark->is_quarantined || mark->is_dead ? wall_of(mark->due_ms) : 0,
            .is_dead = mark->is_dead,
            .reason = mark->reason ? mark->reason : "",
        },
        report);
}

/* What is newer at the path says nothing of what is below it: that is owed as well. */
static void
cover_tree(struct mark *newest)
{
    newest->is_dirty = newest->is_dirty || !newest->covers_tree;
    newest->covers_tree = true;
}

static enum outcome
cover_tree_in_row(struct ledger *ledger, struct catalog_lag *row, struct report *report)
{
    if (row->kind == LAG_TREE)
        return DONE;
    row->kind = LAG_TREE;
    return catalog_lag_put(ledger->args.catalog, row, report);
}

/*
 * What is newer at the path, a mark or a row that is saved already, keeps the
 * row.  The mark found there may as well be older, under way, and about to end:
 * its end takes its own row, so what is owed behind it needs one that stays.
 */
static enum outcome
save_unless_newer(struct ledger *ledger, struct backup *b, const struct mark *mark,
    const char *path, unsigned kind, struct report *report)
{
    struct mark *newest = ledger_find(b, path);
    struct catalog_lag row;

    if (newest && newest != mark && newest->seq >= mark->seq) {
        if (kind != LAG_PATH)
            cover_tree(newest);
        return DONE;
    }
    if (catalog_lag_get(ledger->args.catalog, b->id, path, &row) && row.seq > mark->seq)
        return kind != LAG_PATH ? cover_tree_in_row(ledger, &row, report) : DONE;
    return save_row(ledger, b, mark, path, kind, report);
}

/* What it moves, what may have been moved on since, and where it was to go. */
static enum outcome
save_rename(struct ledger *ledger, struct backup *b, const struct mark *mark, struct report *report)
{
    unsigned kind = mark->is_file ? LAG_PATH : LAG_TREE;
    char *from = ledger_by_now(b, mark, mark->path), *to = ledger_by_now(b, mark, mark->to);
    const char *paths[] = { mark->path, from, to };
    enum outcome outcome = DONE;

    for (int i = 0; i < 3 && outcome == DONE; i++)
        outcome = save_unless_newer(ledger, b, mark, paths[i], kind, report);
    free(from);
    free(to);
    return outcome;
}

/* Its rows are saved, and may be about to be replaced by what came since. */
static void
keep_rename(struct backup *b, const struct mark *mark)
{
    const char *paths[] = { mark->path, mark->to };

    for (int i = 0; i < 2 && !mark->is_file; i++) {
        struct mark *newest = ledger_find(b, paths[i]);

        if (newest)
            cover_tree(newest);
    }
}

static enum outcome
save_mark(struct ledger *ledger, struct backup *b, struct mark *mark, struct report *report)
{
    enum outcome outcome;
    char *path;

    if (mark->kind == RENAME && !mark->is_dirty)
        keep_rename(b, mark);
    if (!mark->is_dirty || mark->is_disowned ||
        (mark->kind != RENAME && !mark->is_newest && !mark->is_detached))
        return DONE;
    path = ledger_by_now(b, mark, mark->path);
    outcome = mark->kind == RENAME
        ? save_rename(ledger, b, mark, report)
        : save_unless_newer(ledger, b, mark, path,
              mark->covers_tree ? LAG_TREE : ledger_by_state(mark->kind), report);
    free(path);
    if (outcome == DONE) {
        mark->is_saved = true;
        mark->is_dirty = false;
    }
    return outcome;
}

static enum outcome
save_list(struct ledger *ledger, struct backup *b, struct mark *list, size_t *left,
    struct report *report)
{
    enum outcome outcome = DONE;

    for (struct mark *mark = list; mark && *left > 0 && outcome == DONE; mark = mark->next) {
        *left -= mark->is_dirty;
        outcome = save_mark(ledger, b, mark, report);
    }
    return outcome;
}

static enum outcome
save_backup(struct ledger *ledger, struct backup *b, size_t *left, struct report *report)
{
    enum outcome outcome = DONE;
    struct sent *sent, *next;

    HASH_ITER(hh, b->sent, sent, next)
    {
        if (outcome == DONE && !sent->prunes_tree)
            outcome = save_mark(ledger, b, sent->mark, report);
    }
    if (outcome == DONE && b->walking)
        outcome = save_mark(ledger, b, b->walking, report);
    if (outcome == DONE)
        outcome = save_list(ledger, b, b->resting, left, report);
    if (outcome == DONE)
        outcome = save_list(ledger, b, b->queue, left, report);
    return outcome;
}

enum outcome
ledger_save(struct ledger *ledger, size_t limit, struct report *report)
{
    enum outcome outcome = DONE;

    for (unsigned i = 0; i < ledger->backup_count && outcome == DONE; i++)
        outcome = save_backup(ledger, &ledger->backups[i], &limit, report);
    return outcome;
}

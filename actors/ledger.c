#include "actors/ledger_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <assert.h>
#include <string.h>

struct ledger *
ledger_new(const struct ledger_args *args)
{
    struct ledger *ledger = memory_new(sizeof *ledger);

    ledger->args = *args;
    ledger->next_attempt = args->first_attempt;
    ledger->random = args->seed | 1;
    ledger->backups = memory_new(WAIT_BACKUPS_MAX * sizeof *ledger->backups);
    return ledger;
}

static void
free_list(struct ledger *ledger, struct backup *b, struct mark **list)
{
    while (*list) {
        struct mark *mark = *list;

        DL_DELETE(*list, mark);
        mark->is_saved = false; /* the rows stay */
        wait_release(&mark->links, ledger_index(ledger, b));
        ledger_forget(ledger, b, mark);
    }
}

static void
forget_renames(struct backup *b)
{
    while (b->rename_count > 0) {
        b->rename_count--;
        free(b->renames[b->rename_count].from);
        free(b->renames[b->rename_count].to);
    }
}

static void
backup_fini(struct ledger *ledger, struct backup *b)
{
    struct sent *sent, *next;

    HASH_ITER(hh, b->sent, sent, next)
    {
        HASH_DEL(b->sent, sent);
        if (!sent->prunes_tree)
            DL_APPEND(b->queue, sent->mark);
        free(sent);
    }
    if (b->walking)
        DL_APPEND(b->queue, b->walking);
    free_list(ledger, b, &b->queue);
    free_list(ledger, b, &b->resting);
    wait_release(&b->idle_links, ledger_index(ledger, b));
    ledger_forget_arrivals(ledger, b);
    forget_renames(b);
    free(b->renames);
    free(b->loaded_path);
    free(b->walk_after);
    free(b->reason);
    free(b->name);
}

void
ledger_free(struct ledger **ledger)
{
    if (!*ledger)
        return;
    for (unsigned i = 0; i < (*ledger)->backup_count; i++)
        backup_fini(*ledger, &(*ledger)->backups[i]);
    free((*ledger)->backups);
    free(*ledger);
    *ledger = NULL;
}

unsigned
ledger_index(const struct ledger *ledger, const struct backup *b)
{
    return (unsigned) (b - ledger->backups);
}

unsigned
ledger_add(struct ledger *ledger, uint32_t id, const char *name)
{
    struct backup *b = &ledger->backups[ledger->backup_count];

    assert(ledger->backup_count < WAIT_BACKUPS_MAX);
    b->id = id;
    b->name = memory_copy(name, strlen(name));
    b->loaded_path = memory_new(PATH_BYTES_MAX + 1);
    catalog_lag_sum(ledger->args.catalog, id, &b->spilled, &b->spilled_bytes);
    b->promised = b->spilled;
    b->has_rows = true;
    ledger_load(ledger, b);
    return ledger->backup_count++;
}

struct mark *
ledger_find(struct backup *b, const char *path)
{
    struct mark *mark;

    HASH_FIND_STR(b->marks, path, mark);
    return mark;
}

struct mark *
ledger_mark_new(struct backup *b, const char *path, unsigned kind, uint64_t seq)
{
    size_t length = strlen(path);
    struct mark *mark = memory_new(sizeof *mark + length + 1);

    memcpy(mark->path, path, length);
    mark->kind = (uint8_t) kind;
    mark->seq = mark->first_seq = seq;
    mark->since_ms = clock_ms();
    mark->is_dirty = true;
    b->count++;
    b->promised++;
    if (kind != RENAME) {
        mark->is_newest = true;
        HASH_ADD_KEYPTR(hh, b->marks, mark->path, length, mark);
    }
    return mark;
}

static struct mark **
list_of(struct backup *b, const struct mark *mark)
{
    return mark->state == RESTING ? &b->resting : &b->queue;
}

void
ledger_enqueue(struct backup *b, struct mark *mark, bool in_front)
{
    struct mark **list = list_of(b, mark);

    if (list == &b->queue)
        b->queued++;
    if (list == &b->resting && mark->due_ms < b->rest_due_ms)
        b->rest_due_ms = mark->due_ms;
    if (in_front)
        DL_PREPEND(*list, mark);
    else
        DL_APPEND(*list, mark);
}

void
ledger_unlist(struct backup *b, struct mark *mark)
{
    struct mark **list = list_of(b, mark);

    assert(mark->state == QUEUED || mark->state == RESTING);
    if (list == &b->queue)
        b->queued--;
    DL_DELETE(*list, mark);
    if (mark->is_dead)
        b->dead--;
    else if (mark->is_quarantined)
        b->quarantined--;
    mark->is_dead = mark->is_quarantined = false;
}

void
ledger_drop_body(struct backup *b, struct mark *mark)
{
    if (!mark->body)
        return;
    b->body_bytes -= body_holds(mark->body);
    body_clear(mark->body);
    free(mark->body);
    mark->body = NULL;
}

void
ledger_unindex(struct backup *b, struct mark *mark)
{
    if (mark->is_newest)
        HASH_DEL(b->marks, mark);
    mark->is_newest = false;
}

void
ledger_forget(struct ledger *ledger, struct backup *b, struct mark *mark)
{
    assert(!mark->links);
    ledger_unsave(ledger, b, mark);
    ledger_unindex(b, mark);
    ledger_drop_body(b, mark);
    b->count--;
    b->bytes -= mark->size;
    b->detached -= mark->is_detached;
    if (b->detached == 0)
        forget_renames(b);
    free(mark->to);
    free(mark->reason);
    free(mark);
}

static void
keep_body(struct ledger *ledger, struct backup *b, struct mark *mark, const struct body *body)
{
    if (!body || body_view(body).length == 0 ||
        b->body_bytes + body_holds(body) > ledger->args.window_bytes)
        return;
    mark->body = memory_new(sizeof *mark->body);
    body_share(mark->body, body);
    b->body_bytes += body_holds(mark->body);
}

unsigned
ledger_by_state(unsigned kind)
{
    switch (kind) {
    case REMOVE_TREE: return LAG_PRUNE;
    case LAG_PRUNE:
    case LAG_TREE: return kind;
    default: return LAG_PATH;
    }
}

/* What one mark has to say in place of an older one that was not sent and a newer change. */
static unsigned
combine(unsigned old, unsigned kind)
{
    bool old_is_tree = old == REMOVE_TREE || old == LAG_PRUNE || old == LAG_TREE;

    if (kind == LAG_TREE || (old == LAG_TREE && kind == LAG_PRUNE))
        return LAG_TREE;
    if (kind == REMOVE_TREE || kind == LAG_PRUNE)
        return LAG_PRUNE; /* by state, because what was never made here may have made parents */
    if (old_is_tree)
        return kind == REMOVE ? LAG_PRUNE : LAG_TREE; /* made again, with what is below it */
    if (kind == REMOVE || kind == CHMOD || kind == LAG_PATH)
        return old == kind ? kind : LAG_PATH;
    return kind;
}

static void
set_content(struct ledger *ledger, struct backup *b, struct mark *mark, const struct promise *p)
{
    bool has_content = mark->kind == PUT || mark->kind == LAG_PATH || mark->kind == LAG_TREE;

    ledger_drop_body(b, mark);
    b->bytes -= mark->size;
    mark->size = has_content ? p->size : 0;
    b->bytes += mark->size;
    mark->mode = p->mode;
    mark->mtime_ns = p->mtime_ns;
    if (mark->kind == PUT)
        keep_body(ledger, b, mark, p->body);
}

/* A newer change takes the mark over; what it stood for is superseded. */
static void
renew(struct ledger *ledger, struct backup *b, struct mark *mark, const struct promise *p,
    unsigned kind)
{
    bool keeps_place = mark->state == QUEUED && mark->kind == PUT && kind == PUT;
    bool sets_mode = kind == CHMOD && (mark->kind == PUT || mark->kind == MKDIR);

    b->superseded++;
    b->promised++;
    mark->seq = p->seq;
    mark->is_dirty = true;
    if (sets_mode) {
        mark->mode = p->mode; /* what is to be made is made with this mode */
        return;
    }
    if (!keeps_place)
        ledger_unlist(b, mark);
    mark->kind = (uint8_t) combine(mark->kind, kind);
    mark->rounds = mark->tries = 0;
    mark->state = QUEUED;
    set_content(ledger, b, mark, p);
    if (!keeps_place)
        ledger_enqueue(b, mark, false);
}

/* ---- what goes ---------------------------------------------------------------------- */

/* What is under way below a tree that goes is not owed again; a RENAME has its other end. */
static void
disown(struct backup *b, struct mark *mark, struct view tree)
{
    char *path = ledger_by_now(b, mark, mark->path);

    if (mark->kind != RENAME && path_is_under(view_of(path), tree)) {
        if (mark->is_newest)
            ledger_unindex(b, mark);
        mark->is_disowned = true;
    }
    free(path);
}

static void
disown_below(struct backup *b, struct view tree)
{
    struct sent *sent, *next;
    struct mark *mark;

    HASH_ITER(hh, b->sent, sent, next)
    {
        if (sent->mark && sent->mark->state == SENT)
            disown(b, sent->mark, tree);
    }
    for (mark = b->queue; mark && b->detached > 0; mark = mark->next)
        if (mark->is_detached)
            disown(b, mark, tree);
}

static uint64_t
drop_rows(struct ledger *ledger, struct backup *b, const char *path, bool at_too)
{
    uint64_t rows, bytes, rows_after, bytes_after;

    if (!b->has_rows)
        return 0;
    catalog_lag_sum(ledger->args.catalog, b->id, &rows, &bytes);
    catalog_lag_delete_below(ledger->args.catalog, b->id, path);
    if (at_too)
        catalog_lag_delete(ledger->args.catalog, b->id, path);
    catalog_lag_sum(ledger->args.catalog, b->id, &rows_after, &bytes_after);
    b->superseded += ledger_unspill(b, rows - rows_after, bytes - bytes_after);
    return rows - rows_after;
}

/*
 * Marks below (or at, too) a path that a later change removes or replaces:
 * what they stood for is superseded; who waited for them waits for `heir`.
 * Returns how many there were.
 */
uint64_t
ledger_drop_below(struct ledger *ledger, struct backup *b, const char *path, bool at_too,
    struct wait_link **heir)
{
    struct view tree = view_of(path);
    struct mark *mark, *next;
    uint64_t dropped = 0;

    disown_below(b, tree);
    HASH_ITER(hh, b->marks, mark, next)
    {
        bool is_below = path_is_under(view_of(mark->path), tree);

        if (mark->state == SENT || !(is_below || (at_too && strcmp(mark->path, path) == 0)))
            continue;
        if (mark->state == WALKING)
            ledger_cancel_walk(b);
        ledger_unlist(b, mark);
        wait_pass_on(&mark->links, heir);
        ledger_forget(ledger, b, mark);
        b->superseded++;
        dropped++;
    }
    return dropped + drop_rows(ledger, b, path, at_too);
}

/* ---- marks -------------------------------------------------------------------------- */

struct mark *
ledger_mark(struct ledger *ledger, struct backup *b, const struct promise *p, unsigned kind)
{
    struct mark *mark = ledger_find(b, p->path);
    struct wait_link *links = NULL;
    bool is_under_way = mark && mark->state == SENT;

    if (mark && mark->seq >= p->seq)
        return mark;
    if (mark && mark->state == WALKING)
        ledger_cancel_walk(b);
    if ((kind == REMOVE_TREE || kind == LAG_PRUNE || kind == LAG_TREE) &&
        ledger_drop_below(ledger, b, p->path, false, &links) > 0 && kind == REMOVE_TREE)
        kind = LAG_PRUNE;
    if (mark && !is_under_way) {
        renew(ledger, b, mark, p, kind);
    } else if (!mark && ledger_is_full(ledger, b)) {
        wait_pass_on(&links, &b->idle_links);
        ledger_spill(ledger, b, p, kind);
        return NULL;
    } else {
        bool covers_tree =
            is_under_way && (mark->covers_tree || ledger_by_state(mark->kind) != LAG_PATH);

        if (is_under_way)
            ledger_unindex(b, mark); /* it ends, and whatever comes of it is superseded */
        mark = ledger_mark_new(b, p->path, kind, p->seq);
        mark->is_barrier = is_under_way;
        mark->covers_tree = covers_tree;
        set_content(ledger, b, mark, p);
        ledger_enqueue(b, mark, false);
    }
    wait_pass_on(&links, &mark->links);
    return mark;
}

struct mark *
ledger_mark_state(struct ledger *ledger, struct backup *b, const char *path, uint64_t seq,
    unsigned kind, uint64_t size)
{
    struct mark *mark = ledger_find(b, path);

    /* Whatever the mark there stands for, what is said by state covers it, too. */
    if (mark && mark->seq >= seq) {
        seq = mark->seq;
        mark->seq--;
    }
    mark =
        ledger_mark(ledger, b, &(struct promise){ .seq = seq, .path = path, .size = size }, kind);
    if (mark)
        mark->is_exact = false;
    return mark;
}

/* ---- promises ----------------------------------------------------------------------- */

void
ledger_hold(struct ledger *ledger, struct backup *b, struct mark *mark, struct wait *wait)
{
    struct wait_link **links = mark ? &mark->links : &b->idle_links;

    if (wait)
        wait_hold(wait, ledger_index(ledger, b), links);
}

static void
promise_change(struct ledger *ledger, struct backup *b, const struct promise *p, unsigned kind,
    struct wait *wait)
{
    struct mark *old = ledger_find(b, p->path);
    bool was_exact = !old || old->state == SENT || old->is_exact;
    struct mark *mark = ledger_mark(ledger, b, p, kind);

    if (mark)
        mark->is_exact = was_exact;
    ledger_hold(ledger, b, mark, wait);
}

void
ledger_promise(struct ledger *ledger, unsigned backup, const struct promise *p, struct wait *wait)
{
    struct backup *b = &ledger->backups[backup];

    if (p->kind == RENAME)
        ledger_rename(ledger, b, p, wait);
    else
        promise_change(ledger, b, p, p->kind, wait);
}

void
ledger_promise_again(struct ledger *ledger, unsigned backup, const struct promise *p)
{
    struct backup *b = &ledger->backups[backup];

    if (p->kind == RENAME)
        ledger_rename_by_state(ledger, b, p, NULL);
    else
        promise_change(ledger, b, p, ledger_by_state(p->kind), NULL);
}

void
ledger_compare(struct ledger *ledger, unsigned backup, const struct promise *p, struct wait *wait)
{
    struct backup *b = &ledger->backups[backup];
    /* A tree that was to go is still there, with all that is owed below it. */
    unsigned kind = p->kind == REMOVE_TREE ? LAG_TREE : LAG_PATH;

    if (p->kind == RENAME)
        ledger_rename_by_state(ledger, b, p, wait);
    else
        ledger_hold(ledger, b, ledger_mark_state(ledger, b, p->path, p->seq, kind, p->size), wait);
}

void
ledger_was_applied(struct ledger *ledger, unsigned backup, const char *path, uint64_t seq)
{
    struct backup *b = &ledger->backups[backup];
    struct mark *mark = ledger_find(b, path);

    if (!mark || mark->seq > seq || !mark->is_exact ||
        (mark->state != QUEUED && mark->state != RESTING))
        return;
    ledger_unlist(b, mark);
    ledger_forget(ledger, b, mark);
    b->applied++;
}

void
ledger_resync(struct ledger *ledger, unsigned backup, const char *path, uint64_t seq)
{
    ledger_mark_state(ledger, &ledger->backups[backup], path, seq, LAG_TREE, 0);
}

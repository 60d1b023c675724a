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
backup_fini(struct ledger *ledger, struct backup *b)
{
    struct sent *sent, *next;

    HASH_ITER(hh, b->sent, sent, next)
    {
        HASH_DEL(b->sent, sent);
        if (!sent->clears_tree)
            DL_APPEND(b->queue, sent->mark);
        free(sent);
    }
    if (b->walking)
        DL_APPEND(b->queue, b->walking);
    free_list(ledger, b, &b->queue);
    free_list(ledger, b, &b->trees);
    free_list(ledger, b, &b->resting);
    wait_release(&b->idle_links, ledger_index(ledger, b));
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
    if (kind != RENAME) {
        mark->is_newest = true;
        HASH_ADD_KEYPTR(hh, b->marks, mark->path, length, mark);
    }
    return mark;
}

static struct mark **
list_of(struct backup *b, const struct mark *mark)
{
    if (mark->state == RESTING)
        return &b->resting;
    return mark->kind == LAG_TREE ? &b->trees : &b->queue;
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
    b->body_bytes -= body_view(mark->body).length;
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
    if (mark->kind == PUT)
        b->bytes -= mark->size;
    free(mark->to);
    free(mark->moved_to);
    free(mark->reason);
    free(mark);
}

static void
keep_body(struct ledger *ledger, struct backup *b, struct mark *mark, const struct body *body)
{
    size_t length = body ? body_view(body).length : 0;

    if (!body || length == 0 || b->body_bytes + length > ledger->args.window_bytes)
        return;
    mark->body = memory_new(sizeof *mark->body);
    body_share(mark->body, body);
    b->body_bytes += length;
}

/* What must be removed first when `kind` follows on a mark that was not applied. */
static bool
must_clear(const struct mark *old, unsigned kind)
{
    if (kind != PUT && kind != MKDIR && kind != LAG_TREE)
        return false;
    return old->clear || old->kind == REMOVE_TREE || old->kind == LAG_TREE ||
        (old->kind == REMOVE && kind == MKDIR);
}

/* A newer change takes the mark over; what it stood for is superseded. */
static void
renew(struct ledger *ledger, struct backup *b, struct mark *mark, const struct promise *p,
    unsigned kind, bool clear)
{
    bool keeps_place = mark->state == QUEUED && mark->kind == kind && kind == PUT && !clear;

    if (kind == CHMOD && (mark->kind == REMOVE || mark->kind == REMOVE_TREE)) {
        kind = LAG_TREE; /* made again meanwhile, with what came to be below it */
        clear = true;
    }
    if (kind == CHMOD) {
        mark->mode = p->mode; /* what was to be made is made with this mode */
        mark->seq = p->seq;
        mark->is_dirty = true;
        return;
    }
    if (kind == REMOVE && (mark->clear || mark->kind == REMOVE_TREE || mark->kind == LAG_TREE))
        kind = REMOVE_TREE;
    clear = clear || must_clear(mark, kind);
    if (!keeps_place)
        ledger_unlist(b, mark);
    ledger_drop_body(b, mark);
    if (mark->kind == PUT)
        b->bytes -= mark->size;
    mark->kind = (uint8_t) kind;
    mark->clear = clear;
    mark->is_exact = false; /* unless promise() says so */
    mark->seq = p->seq;
    mark->size = p->size;
    mark->mode = p->mode;
    mark->mtime_ns = p->mtime_ns;
    mark->rounds = mark->tries = 0;
    mark->is_dirty = true;
    mark->state = QUEUED;
    if (kind == PUT)
        b->bytes += mark->size;
    keep_body(ledger, b, mark, p->body);
    b->superseded++;
    if (!keeps_place)
        ledger_enqueue(b, mark, false);
}

/* What is under way below a tree that goes is not owed again if it fails. */
static void
disown_sent(struct backup *b, struct view tree)
{
    struct sent *sent, *next;

    HASH_ITER(hh, b->sent, sent, next)
    {
        struct mark *mark = sent->mark;

        if (!mark || mark->state != SENT)
            continue;
        if (mark->is_newest && path_is_under(view_of(mark->path), tree))
            ledger_unindex(b, mark);
        if (mark->moved_to && path_is_under(view_of(mark->moved_to), tree)) {
            free(mark->moved_to);
            mark->moved_to = NULL;
        }
    }
}

/*
 * Marks below (or at, too) a path that a later change removes or replaces:
 * what they stood for is superseded; who waited for them waits for `heir`.
 */
static void
drop_below(struct ledger *ledger, struct backup *b, const char *path, bool at_too,
    struct wait_link **heir)
{
    struct view tree = view_of(path);
    uint64_t rows, bytes, rows_after, bytes_after;
    struct mark *mark, *next;

    disown_sent(b, tree);
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
    }
    if (b->spilled == 0)
        return;
    catalog_lag_sum(ledger->args.catalog, b->id, &rows, &bytes);
    catalog_lag_delete_below(ledger->args.catalog, b->id, path);
    if (at_too)
        catalog_lag_delete(ledger->args.catalog, b->id, path);
    catalog_lag_sum(ledger->args.catalog, b->id, &rows_after, &bytes_after);
    b->superseded += rows - rows_after;
    ledger_unspill(b, rows - rows_after, bytes - bytes_after);
}

struct mark *
ledger_mark(struct ledger *ledger, struct backup *b, const struct promise *p, unsigned kind,
    bool clear)
{
    struct mark *mark = ledger_find(b, p->path);
    struct wait_link *links = NULL;

    if (mark && mark->seq >= p->seq)
        return mark;
    if (mark && mark->state == WALKING)
        ledger_cancel_walk(b);
    if (kind == REMOVE_TREE || (kind == LAG_TREE && clear))
        drop_below(ledger, b, p->path, false, &links);
    if (mark && mark->state != SENT) {
        renew(ledger, b, mark, p, kind, clear);
    } else if (!mark && ledger_is_full(ledger, b)) {
        wait_pass_on(&links, &b->idle_links);
        return ledger_spill(ledger, b, p, kind, clear);
    } else {
        bool is_under_way = mark != NULL;

        if (is_under_way)
            ledger_unindex(b, mark); /* it ends, and whatever comes of it is superseded */
        mark = ledger_mark_new(b, p->path, kind, p->seq);
        mark->is_barrier = is_under_way;
        mark->clear = clear;
        mark->size = p->size;
        mark->mode = p->mode;
        mark->mtime_ns = p->mtime_ns;
        if (kind == PUT)
            b->bytes += mark->size;
        keep_body(ledger, b, mark, p->body);
        ledger_enqueue(b, mark, false);
    }
    wait_pass_on(&links, &mark->links);
    return mark;
}

void
ledger_mark_tree(struct ledger *ledger, struct backup *b, const char *path, uint64_t seq,
    bool clear)
{
    struct mark *mark = ledger_find(b, path);

    /* Whatever the mark there stands for, the tree covers it, too. */
    if (mark && mark->seq >= seq)
        mark->seq = seq - 1;
    ledger_mark(ledger, b, &(struct promise){ .seq = seq, .path = path }, LAG_TREE, clear);
}

/* The path that a RENAME of from to `to` makes of one at or below from. */
static char *
moved_path(const char *path, const char *from, const char *to)
{
    return memory_print("%s%s", to, path + strlen(from));
}

/* A mark that was not sent moves with the file it is about, behind the RENAME. */
static void
move_mark(struct ledger *ledger, struct backup *b, struct mark *mark, const char *path,
    uint64_t seq)
{
    struct mark *moved = ledger_mark_new(b, path, mark->kind, seq);

    ledger_unlist(b, mark);
    moved->first_seq = mark->first_seq;
    moved->since_ms = mark->since_ms;
    moved->size = mark->size;
    moved->mode = mark->mode;
    moved->mtime_ns = mark->mtime_ns;
    moved->clear = mark->clear;
    moved->body = mark->body;
    mark->body = NULL;
    if (moved->kind == PUT)
        b->bytes += moved->size;
    wait_pass_on(&mark->links, &moved->links);
    ledger_forget(ledger, b, mark);
    ledger_enqueue(b, moved, false);
}

static void
move_marks(struct ledger *ledger, struct backup *b, const struct promise *p)
{
    struct view from = view_of(p->path);
    struct mark *mark, *next;

    HASH_ITER(hh, b->marks, mark, next)
    {
        char *path;

        if (!view_equal(view_of(mark->path), from) && !path_is_under(view_of(mark->path), from))
            continue;
        path = moved_path(mark->path, p->path, p->to);
        if (mark->state == WALKING)
            ledger_cancel_walk(b);
        if (mark->state != SENT) {
            move_mark(ledger, b, mark, path, p->seq);
        } else {
            ledger_unindex(b, mark);
            free(mark->moved_to);
            mark->moved_to = memory_copy(path, strlen(path));
        }
        free(path);
    }
}

/* Renames of what is under way already is renamed again. */
static void
move_sent(struct backup *b, const struct promise *p)
{
    struct sent *sent, *next;

    HASH_ITER(hh, b->sent, sent, next)
    {
        struct mark *mark = sent->mark;
        char *path;

        if (!mark || !mark->moved_to ||
            (strcmp(mark->moved_to, p->path) != 0 &&
                !path_is_under(view_of(mark->moved_to), view_of(p->path))))
            continue;
        path = moved_path(mark->moved_to, p->path, p->to);
        free(mark->moved_to);
        mark->moved_to = path;
    }
}

static void
promise_rename(struct ledger *ledger, struct backup *b, const struct promise *p, bool is_known,
    struct wait *wait)
{
    struct mark *mark;

    if (!is_known || ledger_is_full(ledger, b)) {
        ledger_mark_tree(ledger, b, p->path, p->seq, true);
        ledger_mark_tree(ledger, b, p->to, p->seq, true);
        if (wait)
            b->idle_links = wait_hold(wait, ledger_index(ledger, b), b->idle_links);
        return;
    }
    mark = ledger_mark_new(b, p->path, RENAME, p->seq);
    mark->to = memory_copy(p->to, strlen(p->to));
    drop_below(ledger, b, p->to, true, &mark->links);
    if (wait)
        mark->links = wait_hold(wait, ledger_index(ledger, b), mark->links);
    ledger_enqueue(b, mark, false);
    move_sent(b, p);
    move_marks(ledger, b, p);
}

static void
promise(struct ledger *ledger, unsigned backup, const struct promise *p, bool is_known,
    struct wait *wait)
{
    struct backup *b = &ledger->backups[backup];
    struct mark *mark;

    b->promised++;
    if (p->kind == RENAME) {
        promise_rename(ledger, b, p, is_known, wait);
        return;
    }
    mark = ledger_mark(ledger, b, p, p->kind, false);
    if (mark && mark->seq == p->seq)
        mark->is_exact = mark->kind != LAG_TREE;
    if (wait && mark)
        mark->links = wait_hold(wait, backup, mark->links);
    else if (wait)
        b->idle_links = wait_hold(wait, backup, b->idle_links);
}

void
ledger_promise(struct ledger *ledger, unsigned backup, const struct promise *p, struct wait *wait)
{
    promise(ledger, backup, p, true, wait);
}

void
ledger_promise_again(struct ledger *ledger, unsigned backup, const struct promise *p)
{
    promise(ledger, backup, p, false, NULL);
}

void
ledger_was_applied(struct ledger *ledger, unsigned backup, const char *path, uint64_t seq)
{
    struct backup *b = &ledger->backups[backup];
    struct mark *mark = ledger_find(b, path);

    if (!mark || mark->seq > seq || mark->kind == LAG_TREE ||
        (mark->state != QUEUED && mark->state != RESTING))
        return;
    ledger_unlist(b, mark);
    ledger_forget(ledger, b, mark);
    b->applied++;
}

void
ledger_resync(struct ledger *ledger, unsigned backup, const char *path, uint64_t seq, bool clear)
{
    ledger_mark_tree(ledger, &ledger->backups[backup], path, seq, clear);
}

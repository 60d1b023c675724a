/*
 * What a RENAME does to the marks of a backup.
 *
 * What the backup has is moved, where it is known what it has; else both names
 * are owed by state.  Marks on the old name go in front of the RENAME if they
 * can be sent as they are, and behind it, under the new name, if not.  A mark
 * that a RENAME passes is detached: should it fail, its path is where the
 * renames behind it have taken it.
 */

#include "actors/ledger_internal.h"

#include "base/memory.h"

#include <string.h>

/* Every rename is kept while a mark lives whose path it, or one behind it, may have moved. */
static void
note_rename(struct backup *b, const char *from, const char *to)
{
    if (b->rename_count == b->rename_room) {
        b->rename_room = b->rename_room ? 2 * b->rename_room : 16;
        b->renames = memory_resize(b->renames, b->rename_room * sizeof *b->renames);
    }
    b->renames[b->rename_count++] =
        (struct moved){ memory_copy(from, strlen(from)), memory_copy(to, strlen(to)) };
}

char *
ledger_by_now(const struct backup *b, const struct mark *mark, const char *of)
{
    char *path = memory_copy(of, strlen(of));

    for (size_t i = mark->detached_at; mark->is_detached && i < b->rename_count; i++) {
        const struct moved *moved = &b->renames[i];
        char *next;

        if (strcmp(path, moved->from) != 0 && !path_is_under(view_of(path), view_of(moved->from)))
            continue;
        next = memory_print("%s%s", moved->to, path + strlen(moved->from));
        free(path);
        path = next;
    }
    return path;
}

static void
detach(struct backup *b, struct mark *mark)
{
    ledger_unindex(b, mark);
    mark->is_detached = true;
    mark->detached_at = (uint32_t) b->rename_count;
    b->detached++;
}

void
ledger_rename_by_state(struct ledger *ledger, struct backup *b, const struct promise *p,
    struct wait *wait)
{
    unsigned kind = p->is_directory ? LAG_TREE : LAG_PATH;
    struct mark *from = ledger_mark_state(ledger, b, p->path, p->seq, kind, 0);
    struct mark *to = ledger_mark_state(ledger, b, p->to, p->seq, kind, p->size);

    /* A tree gets marks of its own as it is walked, and its wait outlives it. */
    ledger_hold(ledger, b, p->is_directory ? NULL : from, wait);
    if (!p->is_directory)
        ledger_hold(ledger, b, to, wait);
}

/* The content that was to go to the old name goes to the new one at once. */
static void
rename_unsent(struct ledger *ledger, struct backup *b, struct mark *mark, const struct promise *p,
    struct wait *wait)
{
    bool has_content = mark->kind == PUT && mark->body;
    struct promise put = {
        .seq = p->seq,
        .path = p->to,
        .mode = p->mode,
        .size = mark->size,
        .mtime_ns = mark->mtime_ns,
        .body = mark->body,
    };
    struct mark *heir = ledger_mark(ledger, b, &put, has_content ? PUT : LAG_PATH);
    struct wait_link **links = heir ? &heir->links : &b->idle_links;

    if (heir)
        heir->is_exact = false;
    wait_pass_on(&mark->links, links);
    if (wait)
        wait_hold(wait, ledger_index(ledger, b), links);
    ledger_mark_state(ledger, b, p->path, p->seq, LAG_PATH, 0);
}

/* What is owed under a new name, once the RENAME is in the queue. */
struct owed {
    struct owed *next;
    unsigned kind;
    uint64_t size;
    struct wait_link *links;
    char path[];
};

static void
owe_moved(struct owed **list, struct mark *mark, const struct promise *p, bool is_tree)
{
    const char *rest = mark->path + strlen(p->path);
    size_t length = strlen(p->to) + strlen(rest);
    struct owed *owed = memory_new(sizeof *owed + length + 1);

    owed->kind = is_tree ? LAG_TREE : LAG_PATH;
    owed->size = mark->size;
    wait_pass_on(&mark->links, &owed->links);
    snprintf(owed->path, length + 1, "%s%s", p->to, rest);
    LL_PREPEND(*list, owed);
}

static bool
is_ready(const struct mark *mark)
{
    if (mark->state != QUEUED)
        return false;
    if (mark->kind == PUT)
        return mark->body || mark->size == 0;
    return mark->kind == MKDIR || mark->kind == CHMOD || mark->kind == REMOVE ||
        mark->kind == REMOVE_TREE;
}

/*
 * A mark below a directory that is renamed.  What is sent with all it needs
 * goes in front of the RENAME, under the old name.  What would be read from the
 * primary is no longer there under that name; so what the backup has there
 * goes first, and it is owed under the new one.
 */
static void
rename_below(struct ledger *ledger, struct backup *b, struct mark *mark, const struct promise *p,
    struct owed **list)
{
    bool is_tree = mark->kind == LAG_TREE || mark->kind == LAG_PRUNE || mark->kind == REMOVE_TREE;
    bool is_itself = strcmp(mark->path, p->path) == 0;

    if (is_ready(mark)) {
        detach(b, mark);
        return;
    }
    owe_moved(list, mark, p, is_tree);
    ledger_unlist(b, mark);
    ledger_drop_body(b, mark);
    if (is_itself) { /* the directory as such: what it is like is owed, not what is in it */
        ledger_forget(ledger, b, mark);
        b->superseded++;
        return;
    }
    mark->kind = is_tree ? REMOVE_TREE : REMOVE;
    mark->state = QUEUED;
    mark->is_disowned = true;
    ledger_enqueue(b, mark, false);
    detach(b, mark);
}

static void
rename_marks(struct ledger *ledger, struct backup *b, const struct promise *p, struct owed **list)
{
    struct view from = view_of(p->path);
    struct mark *mark, *next;

    HASH_ITER(hh, b->marks, mark, next)
    {
        if (!view_equal(view_of(mark->path), from) && !path_is_under(view_of(mark->path), from))
            continue;
        if (mark->state == WALKING)
            ledger_cancel_walk(b);
        if (mark->state == SENT)
            detach(b, mark);
        else
            rename_below(ledger, b, mark, p, list);
    }
}

static void
owe_all(struct ledger *ledger, struct backup *b, struct owed *list, uint64_t seq)
{
    while (list) {
        struct owed *owed = list;
        struct mark *mark = ledger_mark_state(ledger, b, owed->path, seq, owed->kind, owed->size);

        list = owed->next;
        wait_pass_on(&owed->links, mark ? &mark->links : &b->idle_links);
        free(owed);
    }
}

bool
ledger_reads_primary(const struct mark *mark)
{
    return mark->kind >= LAG_TREE || (mark->kind == PUT && !mark->body && mark->size > 0);
}

static bool
covers_tree(const struct mark *mark)
{
    return mark->kind == LAG_TREE || mark->kind == LAG_PRUNE;
}

/* A tree that the path is in is still to be compared: what is there may be anything. */
static bool
is_in_owed_tree(struct backup *b, const char *path)
{
    struct view above = view_of(path);

    while (above.length > 1) {
        const struct mark *mark;

        above = path_parent(above);
        HASH_FIND(hh, b->marks, above.at, above.length, mark);
        if (mark && covers_tree(mark))
            return true;
    }
    return false;
}

static bool
is_at_or_below(const char *path, const char *tree)
{
    return strcmp(path, tree) == 0 || path_is_under(view_of(path), view_of(tree));
}

/*
 * Is it known what the backup has, or will have by then, at the old name?  Not
 * while something is said by state there: it may be done after the primary has
 * made something else of that name, and a RENAME would move that.
 */
static bool
is_certain(struct backup *b, const struct promise *p, const struct mark *at)
{
    struct sent *sent, *next;
    bool certain = (!at || is_ready(at) || at->state == SENT) && !is_in_owed_tree(b, p->path) &&
        !ledger_has_arrivals(b, p->path);

    HASH_ITER(hh, b->sent, sent, next)
    {
        const struct mark *mark = sent->mark;

        if (mark && ledger_reads_primary(mark) && !mark->is_detached &&
            (is_at_or_below(mark->path, p->path) ||
                (covers_tree(mark) && is_at_or_below(p->path, mark->path))))
            certain = false;
    }
    return certain;
}

/* True if the mark is for what is at or below the path by now. */
static bool
is_within(const struct backup *b, const struct mark *mark, const char *path)
{
    const char *ends[] = { mark->path, mark->to };
    bool is_within = false;

    for (int i = 0; i < 2 && ends[i] && !is_within; i++) {
        char *now = ledger_by_now(b, mark, ends[i]);

        is_within = is_at_or_below(now, path);
        free(now);
    }
    return is_within;
}

void
ledger_hold_below(struct ledger *ledger, struct backup *b, const char *path, struct wait *wait)
{
    unsigned index = ledger_index(ledger, b);
    struct sent *sent, *next_sent;
    struct mark *mark, *next;

    HASH_ITER(hh, b->marks, mark, next)
    {
        if (is_within(b, mark, path))
            wait_hold(wait, index, &mark->links);
    }
    HASH_ITER(hh, b->sent, sent, next_sent)
    {
        mark = sent->mark;
        if (mark && !mark->is_newest && is_within(b, mark, path))
            wait_hold(wait, index, &mark->links);
    }
    for (mark = b->queue; mark && b->detached > 0; mark = mark->next)
        if (mark->is_detached && is_within(b, mark, path))
            wait_hold(wait, index, &mark->links);
}

void
ledger_rename(struct ledger *ledger, struct backup *b, const struct promise *p, struct wait *wait)
{
    struct mark *old = ledger_find(b, p->path), *mark;
    struct wait_link *links = NULL;
    struct owed *list = NULL;

    if (!ledger_is_full(ledger, b) && !p->is_directory && old && old->state != SENT) {
        rename_unsent(ledger, b, old, p, wait);
        return;
    }
    if (ledger_is_full(ledger, b) || !is_certain(b, p, old)) {
        ledger_rename_by_state(ledger, b, p, wait);
        return;
    }
    ledger_drop_below(ledger, b, p->to, true, &links);
    if (wait) /* a tree is not there before all that was owed in it under its old name */
        ledger_hold_below(ledger, b, p->path, wait);
    rename_marks(ledger, b, p, &list);
    mark = ledger_mark_new(b, p->path, RENAME, p->seq);
    mark->to = memory_copy(p->to, strlen(p->to));
    mark->is_file = !p->is_directory;
    wait_pass_on(&links, &mark->links);
    if (wait)
        wait_hold(wait, ledger_index(ledger, b), &mark->links);
    ledger_enqueue(b, mark, false);
    note_rename(b, p->path, p->to);
    detach(b, mark); /* from those behind it */
    owe_all(ledger, b, list, p->seq);
}

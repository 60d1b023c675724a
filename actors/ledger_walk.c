/*
 * The walk of a tree: what the primary has there gets marks of its own.
 */

#include "actors/ledger_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <string.h>

enum { WALK_RETRY_MS = 1000 };

static void
end_walk(struct backup *b)
{
    free(b->walk_after);
    b->walk_after = NULL;
    b->walking = NULL;
}

void
ledger_cancel_walk(struct backup *b)
{
    struct mark *tree = b->walking;
    struct sent *sent, *next;

    HASH_ITER(hh, b->sent, sent, next)
    {
        if (sent->mark == tree)
            sent->mark = NULL;
    }
    end_walk(b);
    tree->state = QUEUED;
    ledger_enqueue(b, tree, false);
}

/* All of the tree has marks of its own now, but for its beginning. */
void
ledger_finish_walk(struct ledger *ledger, struct backup *b)
{
    struct mark *tree = b->walking;
    uint64_t seq = tree->seq;
    char *path;

    if (!b->walk_done || !b->walk_pruned)
        return;
    path = memory_copy(tree->path, strlen(tree->path));
    end_walk(b);
    ledger_arrived(b, path, &tree->links);
    ledger_forget(ledger, b, tree);
    b->applied++;
    if (b->root_found)
        ledger_mark_state(ledger, b, path, seq, LAG_PATH, b->root_size);
    free(path);
}

uint64_t
ledger_walk_number(const struct ledger *ledger, unsigned backup)
{
    return ledger->backups[backup].walk_number;
}

bool
ledger_walk(struct ledger *ledger, unsigned backup, const char **path, const char **after)
{
    struct backup *b = &ledger->backups[backup];

    if (!b->walking || b->walk_asked || b->walk_done)
        return false;
    b->walk_asked = true;
    *path = b->walking->path;
    *after = b->walk_after;
    return true;
}

void
ledger_walk_found(struct ledger *ledger, unsigned backup, const char *path, uint64_t size)
{
    struct backup *b = &ledger->backups[backup];

    if (!b->walking || strcmp(path, "/") == 0)
        return;
    if (strcmp(path, b->walking->path) == 0) {
        b->root_found = true;
        b->root_size = size;
        return;
    }
    if (ledger_find(b, path) && ledger_find(b, path)->state != SENT)
        return; /* it is sent anyway, as it is by then */
    ledger_mark_state(ledger, b, path, b->walking->seq, LAG_PATH, size);
}

void
ledger_walk_paged(struct ledger *ledger, unsigned backup, bool has_more, struct view next)
{
    struct backup *b = &ledger->backups[backup];

    if (!b->walking)
        return;
    b->walk_asked = false;
    b->walk_done = !has_more;
    free(b->walk_after);
    b->walk_after = view_dup(next);
    ledger_finish_walk(ledger, b);
}

/* The tree is tried again later, from its beginning. */
void
ledger_rest_tree(struct backup *b)
{
    struct mark *tree = b->walking;

    end_walk(b);
    tree->state = RESTING;
    tree->due_ms = clock_ms() + WALK_RETRY_MS;
    ledger_enqueue(b, tree, false);
}

void
ledger_walk_failed(struct ledger *ledger, unsigned backup, enum outcome outcome, struct view reason)
{
    struct backup *b = &ledger->backups[backup];

    if (!b->walking)
        return;
    if (outcome == REFUSED) { /* nothing is there: what was to go has gone */
        ledger_walk_paged(ledger, backup, false, view_of(""));
        return;
    }
    free(b->walking->reason);
    b->walking->reason = view_dup(reason);
    b->walk_asked = false;
    if (b->walk_pruned)
        ledger_rest_tree(b);
}

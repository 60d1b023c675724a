/*
 * What was done by state, until all that can have been seen then is owed.
 *
 * When somebody who waited for a tree to be compared may hear that it is there:
 *
 * A tree that was pruned keeps each name that the primary has again: its newer
 * content is owed by a change of its own.  Until that has arrived the name
 * stands there with what it had before, which may be the very thing that was to
 * go.  So who waited for the tree waits on, for all that is owed in it then.
 *
 * But what the primary has may not be owed yet: its answer is on its way.  So
 * the wait is kept until the primary has answered all that had been promised
 * when the tree had been compared; what is owed by then is all that can have
 * been seen.  What comes later is not waited for: a wait ends under any load.
 *
 * And whether a RENAME may move what the backup has: not if it comes out of that
 * gap, because what was done by state may have followed it already, and have
 * removed what was not at its old name any more.
 */

#include "actors/ledger_internal.h"

#include "base/memory.h"

#include <string.h>

/* Of a path done by state, with who waits for it if it was a tree. */
struct arrival {
    struct arrival *prev, *next;
    struct wait_link *links;
    uint64_t promised_seq; /* the last one then; 0: not told yet */
    char path[];
};

void
ledger_arrived(struct backup *b, const char *path, struct wait_link **links)
{
    size_t length = strlen(path);
    struct arrival *arrival = memory_new(sizeof *arrival + length + 1);

    memcpy(arrival->path, path, length + 1);
    wait_pass_on(links, &arrival->links);
    DL_APPEND(b->arrivals, arrival);
}

bool
ledger_has_arrivals(const struct backup *b, const char *path)
{
    const struct arrival *arrival;

    DL_FOREACH(b->arrivals, arrival)
    {
        if (path_overlaps(view_of(arrival->path), view_of(path)))
            return true;
    }
    return false;
}

static void
forget(struct ledger *ledger, struct backup *b, struct arrival *arrival)
{
    DL_DELETE(b->arrivals, arrival);
    wait_release(&arrival->links, ledger_index(ledger, b));
    free(arrival);
}

void
ledger_forget_arrivals(struct ledger *ledger, struct backup *b)
{
    while (b->arrivals)
        forget(ledger, b, b->arrivals);
}

void
ledger_await_arrivals(struct ledger *ledger, struct backup *b, struct wait *wait)
{
    struct arrival *arrival;

    DL_FOREACH(b->arrivals, arrival)
    {
        wait_hold(wait, ledger_index(ledger, b), &arrival->links);
    }
}

static void
wait_on(struct ledger *ledger, struct backup *b, struct arrival *arrival)
{
    for (struct wait_link *link = arrival->links; link; link = link->next) {
        ledger_hold_below(ledger, b, arrival->path, link->wait);
        if (b->has_rows)
            ledger_hold(ledger, b, NULL, link->wait);
    }
    forget(ledger, b, arrival);
}

void
ledger_primary_is_at(struct ledger *ledger, uint64_t promised_seq, uint64_t answered_seq)
{
    for (unsigned i = 0; i < ledger->backup_count; i++) {
        struct backup *b = &ledger->backups[i];
        struct arrival *arrival, *next;

        if (b->idle_links && b->count == 0 && !b->has_rows)
            ledger_arrived(b, "/", &b->idle_links);
        DL_FOREACH_SAFE(b->arrivals, arrival, next)
        {
            if (arrival->promised_seq == 0)
                arrival->promised_seq = promised_seq;
            if (arrival->promised_seq <= answered_seq)
                wait_on(ledger, b, arrival);
        }
    }
}

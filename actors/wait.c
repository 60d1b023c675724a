#include "actors/wait.h"

#include "base/memory.h"

#include <assert.h>

struct wait *
wait_new(unsigned backups, uint64_t request, uint64_t seq, uint64_t targets)
{
    struct wait *wait = memory_new(sizeof *wait + backups * sizeof *wait->backup);

    wait->request = request;
    wait->seq = seq;
    wait->targets = targets;
    wait->deadline_ms = UINT64_MAX;
    return wait;
}

void
wait_free(struct wait *wait)
{
    assert(wait->links == 0);
    for (unsigned b = 0; b < WAIT_BACKUPS_MAX; b++)
        if (wait->targets & (UINT64_C(1) << b))
            free(wait->backup[b].reason);
    free(wait);
}

uint64_t
wait_acked(const struct wait *wait)
{
    return (uint64_t) __builtin_popcountll(wait->targets & ~wait->pending);
}

bool
wait_is_met(const struct wait *wait)
{
    return wait_acked(wait) >= wait->required;
}

struct wait_link *
wait_hold(struct wait *wait, unsigned backup, struct wait_link *others)
{
    struct wait_link *link = memory_new(sizeof *link);

    link->wait = wait;
    link->next = others;
    wait->links++;
    wait->backup[backup].links++;
    wait->pending |= UINT64_C(1) << backup;
    return link;
}

void
wait_release(struct wait_link **links, unsigned backup)
{
    while (*links) {
        struct wait_link *link = *links;

        *links = link->next;
        link->wait->links--;
        if (--link->wait->backup[backup].links == 0)
            link->wait->pending &= ~(UINT64_C(1) << backup);
        free(link);
    }
}

void
wait_blame(struct wait_link *links, unsigned backup, enum cause cause, struct view reason)
{
    for (; links; links = links->next) {
        struct wait_backup *b = &links->wait->backup[backup];

        b->cause = cause;
        free(b->reason);
        b->reason = view_dup(reason);
    }
}

void
wait_pass_on(struct wait_link **from, struct wait_link **to)
{
    struct wait_link **last = from;

    while (*last)
        last = &(*last)->next;
    *last = *to;
    *to = *from;
    *from = NULL;
}

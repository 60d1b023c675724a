#include "actors/wait.h"

#include "base/memory.h"

#include <utlist.h>

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

static void
link_free(struct wait_link *link)
{
    *link->place = link->next;
    if (link->next)
        link->next->place = link->place;
    DL_DELETE2(link->wait->links, link, wait_prev, wait_next);
    free(link);
}

void
wait_free(struct wait *wait)
{
    while (wait->links)
        link_free(wait->links);
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

void
wait_hold(struct wait *wait, unsigned backup, struct wait_link **links)
{
    struct wait_link *link = memory_new(sizeof *link);

    link->wait = wait;
    link->next = *links;
    link->place = links;
    if (link->next)
        link->next->place = &link->next;
    *links = link;
    DL_APPEND2(wait->links, link, wait_prev, wait_next);
    wait->backup[backup].links++;
    wait->pending |= UINT64_C(1) << backup;
}

void
wait_release(struct wait_link **links, unsigned backup)
{
    while (*links) {
        struct wait *wait = (*links)->wait;

        if (--wait->backup[backup].links == 0)
            wait->pending &= ~(UINT64_C(1) << backup);
        link_free(*links);
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

    if (!*from)
        return;
    while (*last)
        last = &(*last)->next;
    *last = *to;
    if (*to)
        (*to)->place = last;
    *to = *from;
    (*to)->place = to;
    *from = NULL;
}

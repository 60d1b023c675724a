/*
 * routes - which backups may answer a read.
 *
 * Judged when the question is heard.  Whatever was answered to a client before
 * that is owed to the backups already, and what the primary may show before it
 * is answered is among the changes under way; so a copy that lacks nothing of
 * the path here is no older than anything that anybody has seen.  What comes
 * later may be read or not: the read has begun before.
 *
 * A backup that receives nothing is kept by its operator.  What is there is
 * meant to be served.
 */

#include "actors/journal_internal.h"

#include "base/clock.h"

#include <string.h>

static bool
is_at_or_below(const char *path, const char *tree)
{
    return strcmp(path, tree) == 0 || path_is_under(view_of(path), view_of(tree));
}

/* A change of the path is promised, and the primary may show it any moment. */
static bool
is_changing(const struct journal *self, const char *path)
{
    for (const struct op *op = self->ops; op; op = op->hh.next)
        if (is_at_or_below(path, op->path) || (op->to && is_at_or_below(path, op->to)))
            return true;
    return false;
}

static bool
is_fresh(struct journal *self, unsigned backup, const char *path, uint64_t stale_ms)
{
    struct lack lack;

    if (ledger_is_down(self->ledger, backup))
        return false;
    if (!ledger_lacks(self->ledger, backup, path, &lack))
        return true;
    return stale_ms > 0 && clock_ms() - lack.since_ms <= stale_ms;
}

void
on_route(void *arg, struct envelope *envelope)
{
    const struct message_route *m = &envelope_message(envelope)->route;
    struct journal *self = arg;
    char *path = view_dup(m->path);
    bool is_settled = m->stale_ms > 0 || !is_changing(self, path);
    uint64_t copies = 0, refused = 0;

    for (unsigned b = 0; b < self->backup_count; b++) {
        const struct journal_backup *backup = &self->backups[b];

        if (!backup->serves_reads)
            continue;
        if (!backup->receives || m->stale_ms == UINT64_MAX ||
            (is_settled && is_fresh(self, b, path, m->stale_ms)))
            copies |= UINT64_C(1) << b;
        else
            refused |= UINT64_C(1) << b;
    }
    free(path);
    host_post(self->host, "router",
        &(struct message){
            .tag = ROUTED,
            .routed = { .request = m->request, .copies = copies, .refused = refused },
        },
        NULL);
}

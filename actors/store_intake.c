/*
 * What is logged before it is applied, and what must wait until the log is empty.
 *
 *     the log     heard: may be logged     heard: may not
 *     empty       logged, then begun       begun; after that, not logged but flushed
 *     not empty   logged, then begun       all is flushed, then begun
 *
 * The rules are those of actors/intake.h.  What is logged waits until nothing
 * more is heard, so that one sync serves for all.
 */

#include "actors/store_internal.h"

#include <utlist.h>

enum {
    LOGGED_BYTES_MAX =
        64 << 10, /* of one body; a larger one is cheaper to flush than to write twice */
    GROUP_BYTES_MAX = 1 << 20,
};

static bool
is_loggable(const struct apply *apply)
{
    const struct change *change = &apply->change;

    return apply->is_awaited && apply->is_inlined &&
        (change->kind == MKDIR || change->kind == REMOVE ||
            (change->kind == PUT && change->size <= LOGGED_BYTES_MAX));
}

static bool
may_log(const struct store *self, const struct apply *apply)
{
    return is_loggable(apply) && intake_has_room(self->intake) && !self->has_unlogged &&
        self->unlogged_running == 0 && !self->is_flushing;
}

bool
intake_admits(const struct store *self, const struct apply *apply)
{
    if (!self->intake || apply->is_logged)
        return true;
    return intake_is_empty(self->intake) && !may_log(self, apply);
}

static enum outcome
add(struct store *self, struct apply *apply, struct report *report)
{
    const struct change *change = &apply->change;

    return intake_add(self->intake,
        &(struct message_apply){ .kind = change->kind,
            .path = view_of(apply->path),
            .size = change->kind == PUT ? change->size : 0,
            .mode = change->mode,
            .mtime_ns = change->mtime_ns,
            .inlined = true },
        change->kind == PUT ? body_view(&apply->body) : view_of(""), report);
}

/* Those that wait, up to the first that may not. */
static void
log_waiting(struct store *self)
{
    enum outcome outcome = DONE;
    struct apply *apply, *end = NULL;
    struct report report;
    uint64_t bytes = 0;

    DL_FOREACH(self->waiting, apply)
    {
        end = apply;
        if (!is_loggable(apply) || bytes > GROUP_BYTES_MAX)
            break;
        outcome = add(self, apply, &report);
        if (outcome != DONE)
            break;
        bytes += apply->change.size;
        end = NULL;
    }
    if (outcome == DONE)
        outcome = intake_commit(self->intake, &report);
    for (apply = self->waiting; outcome == DONE && apply != end; apply = apply->next)
        apply->is_logged = true;
}

void
intake_work(struct store *self)
{
    while (self->intake && !self->is_lost && self->waiting && !self->waiting->is_logged) {
        if (may_log(self, self->waiting))
            log_waiting(self);
        else if (!intake_is_empty(self->intake))
            store_flush(self);
        else
            break;
        applies_advance(self);
    }
}

void
intake_stop(struct store *self)
{
    if (self->intake && !intake_is_empty(self->intake) && !self->is_lost)
        store_flush(self);
    intake_free(&self->intake);
}

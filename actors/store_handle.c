/*
 * The backend's handle of a store.
 *
 * The primary must open or nothing starts.  A backup may be down for a while:
 * until it opens, every change is answered with the reason, and opening is
 * tried again by the changes that come to see, not more often than every
 * OPEN_AGAIN_MS.
 *
 * After a flush that failed, a handle is not believed any more (backend.h): all
 * that was done through it since the last good flush, all that is under way and
 * all that waits behind it is answered with RETRY, and it is opened anew.  What
 * waits is answered, too, because it may build on what was lost.
 */

#include "actors/place.h"
#include "actors/replica.h"
#include "actors/store_internal.h"
#include "base/clock.h"

#include <string.h>
#include <utlist.h>

enum { OPEN_AGAIN_MS = 200 };

/* A place that was not mounted, or another one, must not take what this one lacks. */
static enum outcome
check_place(struct store *self, struct report *report)
{
    struct place place;
    enum outcome outcome = DONE;

    if (!self->place_id[0])
        return DONE;
    outcome = place_look(self->kind, &self->opened, &place, report);
    if (outcome == DONE && strcmp(place.id, self->place_id) != 0)
        outcome = report_set(report, RETRY, CAUSE_CONFIG,
            "%s: what is at %.200s now is not the place that was there", self->opened.name,
            self->opened.place);
    return outcome;
}

/* Of what another handle left, nobody knows what is durable: that is flushed first. */
static enum outcome
open_backend(struct store *self, struct report *report)
{
    enum outcome outcome = self->kind->open(&self->backend, &self->opened, report);

    if (outcome != DONE) {
        self->backend = NULL;
        return outcome;
    }
    outcome = intake_redo(self->kind, self->backend, &self->opened, report);
    if (outcome != DONE)
        self->kind->close(&self->backend);
    else if (self->number > 0)
        self->intake = intake_new(self->kind, self->backend, &self->opened);
    self->has_unlogged = true;
    return outcome;
}

static void
tell_opened(struct store *self, bool is_open)
{
    char name[REPLICA_NAME_BYTES];

    if (!self->has_replica)
        return;
    replica_name(name, self->number - 1);
    host_post(self->host, name, &(struct message){ .tag = OPENED, .opened = { is_open } }, NULL);
}

enum outcome
handle_open(struct store *self, struct report *report)
{
    enum outcome outcome = check_place(self, report);

    self->open_next_ms = clock_ms() + OPEN_AGAIN_MS;
    self->is_lost = false;
    if (outcome == DONE)
        outcome = open_backend(self, report);
    if (outcome == DONE)
        tell_opened(self, true);
    else
        self->down = *report;
    return outcome;
}

bool
handle_is_open(struct store *self)
{
    struct report report;

    if (!self->backend && clock_ms() >= self->open_next_ms)
        handle_open(self, &report);
    return self->backend != NULL;
}

static void
answer_unflushed(struct store *self)
{
    for (size_t i = 0; i < self->applied.count; i++)
        tell_applied(self, self->applied.at[i], RETRY, &self->down);
    self->applied.count = 0;
}

static void
answer_fetching(struct store *self)
{
    struct apply *apply, *next;

    HASH_ITER(hh, self->fetching, apply, next)
    {
        apply_cancel(apply);
        apply_end(apply, RETRY, &self->down);
    }
}

static void
answer_waiting(struct store *self)
{
    struct apply *apply, *next;

    DL_FOREACH_SAFE(self->waiting, apply, next)
    {
        DL_DELETE(self->waiting, apply);
        tell_applied(self, apply->change.seq, RETRY, &self->down);
        apply_free(apply);
    }
}

void
handle_give_up(struct store *self)
{
    struct report report;

    answer_unflushed(self);
    answer_fetching(self);
    answer_waiting(self);
    if (self->running > 0)
        return; /* of a kind that ends later: the store comes back when it is settled */
    tell_opened(self, false);
    intake_free(&self->intake);
    self->kind->close(&self->backend);
    handle_open(self, &report);
}

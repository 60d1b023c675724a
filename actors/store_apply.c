#include "actors/store_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <utlist.h>

enum { GATHER_DELAYS = 10 }; /* times flush_delay_ms that a change may wait for its flush */

static void
drop_held(struct apply *apply)
{
    while (apply->held) {
        struct held *held = apply->held;

        apply->held = held->next;
        body_clear(&held->body);
        free(held);
    }
}

void
apply_free(struct apply *apply)
{
    drop_held(apply);
    prune_free(&apply->prune);
    absence_free(&apply->absence);
    body_clear(&apply->body);
    free(apply->path);
    free(apply->to);
    free(apply);
}

/*
 * The flush waits until nothing came for a while, but not for ever: each one
 * makes the file system commit, and the journal's next sync waits behind that.
 */
static void
gather(struct store *self)
{
    uint64_t now = clock_ms();

    if (self->applied.count == 0)
        self->flush_late_ms = now + GATHER_DELAYS * self->flush_delay_ms;
    self->flush_due_ms = now + self->flush_delay_ms;
    if (self->flush_due_ms > self->flush_late_ms)
        self->flush_due_ms = self->flush_late_ms;
}

/* What is durable later is told later; what a lost handle did is not told as done. */
static void
tell_end(struct apply *apply, enum outcome outcome, const struct report *report)
{
    struct store *self = apply->store;
    uint64_t attempt = apply->change.seq;

    if (outcome == DONE && self->is_lost) {
        tell_applied(self, attempt, RETRY, &self->down);
    } else if (outcome == DONE && self->number > 0 && !apply->is_logged) {
        gather(self);
        seqs_add(&self->applied, attempt);
    } else {
        tell_applied(self, attempt, outcome, report);
    }
}

void
apply_end(struct apply *apply, enum outcome outcome, const struct report *report)
{
    struct store *self = apply->store;

    if (apply->has_ended)
        *apply->has_ended = true;
    fetch_stop(apply);
    self->running--;
    if (!apply->is_logged) {
        self->unlogged_running--;
        self->has_unlogged = true;
    } else if (outcome != DONE) {
        intake_hurry(self->intake);
    }
    if (apply->is_barrier)
        self->barrier_runs = false;
    tell_end(apply, outcome, report);
    apply_free(apply);
    applies_advance(self);
}

static void
on_change_ended(struct change *change, enum outcome outcome, const struct report *report)
{
    apply_end((struct apply *) change, outcome, report);
}

static void
on_consumed(struct change *change, size_t bytes)
{
    struct apply *apply = (struct apply *) change;

    while (apply->held && bytes >= apply->held->left) {
        struct held *held = apply->held;

        bytes -= held->left;
        apply->held = held->next;
        body_clear(&held->body);
        free(held);
    }
    if (apply->held)
        apply->held->left -= bytes;
}

struct apply *
apply_new(struct store *self, const struct message_apply *m, struct body *take)
{
    struct apply *apply = memory_new(sizeof *apply);

    apply->store = self;
    apply->path = view_dup(m->path);
    apply->to = m->to.length > 0 ? view_dup(m->to) : NULL;
    body_move(&apply->body, take);
    apply->is_inlined = m->inlined;
    apply->is_barrier = m->barrier;
    apply->is_awaited = m->awaited;
    apply->change = (struct change){
        .kind = (enum change_kind) m->kind,
        .path = apply->path,
        .to = apply->to,
        .seq = m->attempt,
        .size = m->size,
        .mode = (uint32_t) m->mode,
        .mtime_ns = m->mtime_ns,
        .ended = on_change_ended,
        .consumed = on_consumed,
    };
    return apply;
}

bool
apply_begin(struct apply *apply)
{
    struct store *self = apply->store;
    bool has_ended = false;

    apply->is_begun = true;
    apply->has_ended = &has_ended;
    self->kind->begin(self->backend, &apply->change);
    if (!has_ended)
        apply->has_ended = NULL;
    return !has_ended;
}

void
apply_cancel(struct apply *apply)
{
    if (apply->is_begun)
        apply->store->kind->cancel(apply->store->backend, &apply->change);
    apply->is_begun = false;
    drop_held(apply);
}

void
apply_give(struct apply *apply, struct body *take)
{
    struct held *held = memory_new(sizeof *held);
    struct view bytes;

    body_move(&held->body, take);
    bytes = body_view(&held->body);
    held->left = bytes.length;
    LL_APPEND(apply->held, held);
    apply->store->kind->write(apply->store->backend, &apply->change, bytes.at, bytes.length);
}

static void
start(struct apply *apply)
{
    struct store *self = apply->store;
    enum change_kind kind = apply->change.kind;
    bool has_content = kind == PUT && apply->is_inlined && apply->change.size > 0;

    self->running++;
    self->unlogged_running += !apply->is_logged;
    self->barrier_runs = apply->is_barrier;
    if (!handle_is_open(self))
        apply_end(apply, RETRY, &self->down);
    else if ((unsigned) kind == APPLY_PRUNE || (kind == PUT && !apply->is_inlined))
        fetch_start(apply);
    else if (apply_begin(apply) && has_content)
        apply_give(apply, &apply->body);
}

void
applies_advance(struct store *self)
{
    if (self->is_advancing || self->is_lost)
        return;
    self->is_advancing = true;
    while (self->waiting && !self->barrier_runs && !store_is_dropping(self) &&
        (self->running == 0 || !self->waiting->is_barrier) && intake_admits(self, self->waiting)) {
        struct apply *apply = self->waiting;

        DL_DELETE(self->waiting, apply);
        start(apply);
    }
    self->is_advancing = false;
}

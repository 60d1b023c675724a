#include "actors/store.h"

#include "actors/store_internal.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <utlist.h>

void
store_name(char name[STORE_NAME_BYTES], uint64_t number)
{
    snprintf(name, STORE_NAME_BYTES, "store/%" PRIu64, number);
}

bool
store_is_dropping(const struct store *self)
{
    return self->number > 0 && host_is_stopping(self->host);
}

void
seqs_add(struct seqs *seqs, uint64_t seq)
{
    if (seqs->count == seqs->room) {
        seqs->room = seqs->room ? 2 * seqs->room : 64;
        seqs->at = memory_resize(seqs->at, seqs->room * sizeof *seqs->at);
    }
    seqs->at[seqs->count++] = seq;
}

static void
seqs_swap(struct seqs *a, struct seqs *b)
{
    struct seqs swap = *a;

    *a = *b;
    *b = swap;
}

void
tell_applied(struct store *self, uint64_t attempt, enum outcome outcome,
    const struct report *report)
{
    fault_point("ack");
    host_post(self->host, "journal",
        &(struct message){
            .tag = APPLIED,
            .applied = {
                .store = self->number,
                .attempt = attempt,
                .outcome = outcome,
                .cause = outcome == DONE ? CAUSE_NONE : report->cause,
                .reason = view_of(outcome == DONE ? "" : report->text),
            },
        },
        NULL);
}

static void
tell_flushed(struct store *self, uint64_t ticket, enum outcome outcome, const struct report *report)
{
    host_post(self->host, "journal",
        &(struct message){
            .tag = FLUSHED,
            .flushed = {
                .store = self->number,
                .ticket = ticket,
                .outcome = outcome,
                .cause = outcome == DONE ? CAUSE_NONE : report->cause,
                .reason = view_of(outcome == DONE ? "" : report->text),
            },
        },
        NULL);
}

/* ---- hearing ---------------------------------------------------------------------- */

static void
on_apply(void *arg, struct envelope *envelope)
{
    struct store *self = arg;
    struct apply *apply;

    if (store_is_dropping(self))
        return;
    apply = apply_new(self, &envelope_message(envelope)->apply, envelope_body(envelope));
    DL_APPEND(self->waiting, apply);
    applies_advance(self);
}

static void
on_chunk(void *arg, struct envelope *envelope)
{
    if (!store_is_dropping(arg))
        fetch_heard(arg, envelope);
}

static void
on_flush(void *arg, struct envelope *envelope)
{
    struct store *self = arg;

    seqs_add(&self->tickets, envelope_message(envelope)->flush.ticket);
}

static void
on_flush_ended(struct flush *flush, enum outcome outcome, const struct report *report)
{
    struct store *self = (struct store *) (void *) ((char *) flush - offsetof(struct store, flush));
    struct report not_emptied;

    if (outcome == DONE && self->intake) {
        outcome = intake_flushed(self->intake, &not_emptied);
        report = outcome == DONE ? report : &not_emptied;
    }
    self->is_flushing = false;
    if (outcome != DONE && self->number > 0) {
        self->is_lost = true;
        self->down = *report;
    }
    for (size_t i = 0; i < self->flushing.count; i++)
        tell_applied(self, self->flushing.at[i], outcome, report);
    for (size_t i = 0; i < self->tickets_flushing.count; i++)
        tell_flushed(self, self->tickets_flushing.at[i], outcome, report);
    self->flushing.count = self->tickets_flushing.count = 0;
    if (self->stagings)
        stagings_flushed(self->stagings, outcome, report);
}

static void
on_stage(void *arg, struct envelope *envelope)
{
    struct store *self = arg;

    assert(self->stagings); /* asked of the primary's only */
    stagings_begin(self->stagings, &envelope_message(envelope)->stage);
}

static void
on_stage_data(void *arg, struct envelope *envelope)
{
    struct store *self = arg;

    assert(self->stagings);
    stagings_data(self->stagings, &envelope_message(envelope)->stage_data, envelope_body(envelope));
}

static void
on_unstage(void *arg, struct envelope *envelope)
{
    struct store *self = arg;

    assert(self->stagings);
    stagings_drop(self->stagings, &envelope_message(envelope)->unstage);
}

/* ---- settled ---------------------------------------------------------------------- */

static bool
is_idle(const struct store *self)
{
    return self->running == 0 && !self->waiting;
}

static bool
flush_is_due(const struct store *self)
{
    return (self->stagings && stagings_want_flush(self->stagings)) ||
        (self->tickets.count > 0 && is_idle(self)) ||
        (self->applied.count > 0 &&
            (self->applied.count >= self->flush_items || self->flush_delay_ms == 0 ||
                clock_ms() >= self->flush_due_ms)) ||
        (self->intake && clock_ms() >= intake_due_ms(self->intake));
}

void
store_flush(struct store *self)
{
    self->is_flushing = true;
    self->has_unlogged = false;
    seqs_swap(&self->applied, &self->flushing);
    if (is_idle(self))
        seqs_swap(&self->tickets, &self->tickets_flushing);
    if (self->stagings)
        stagings_flushing(self->stagings);
    if (handle_is_open(self))
        self->kind->flush(self->backend, &self->flush);
    else
        on_flush_ended(&self->flush, RETRY, &self->down);
}

static void
store_settled(void *arg)
{
    struct store *self = arg;

    if (store_is_dropping(self))
        return;
    if (self->stagings && stagings_work(self->stagings))
        host_wake_at(self->host, clock_ms());
    intake_work(self);
    if (!self->is_flushing && flush_is_due(self))
        store_flush(self);
    if (!self->is_flushing && self->is_lost)
        handle_give_up(self);
    if (self->applied.count > 0)
        host_wake_at(self->host, self->flush_due_ms);
    if (self->intake)
        host_wake_at(self->host, intake_due_ms(self->intake));
}

/* ---- beginning and end --------------------------------------------------------------- */

static void
take_args(struct store *self, const struct store_args *args)
{
    const char *place = args->backend.place ? args->backend.place : "";

    self->kind = args->kind;
    self->number = args->number;
    store_name(self->name, args->number);
    self->flush_delay_ms = args->flush_delay_ms;
    self->flush_items = args->flush_items;
    self->excludes = args->excludes;
    self->has_replica = args->has_replica;
    self->flush.ended = on_flush_ended;
    self->opened = args->backend;
    self->opened.name = memory_copy(args->backend.name, strlen(args->backend.name));
    self->opened.place = memory_copy(place, strlen(place));
    self->place_id = view_dup(view_of(args->place_id ? args->place_id : ""));
}

static void
store_close(void *arg)
{
    struct store *self = arg;
    struct apply *apply, *next;

    DL_FOREACH_SAFE(self->waiting, apply, next)
    {
        apply_free(apply);
    }
    HASH_ITER(hh, self->fetching, apply, next)
    {
        HASH_DEL(self->fetching, apply);
        apply_cancel(apply);
        apply_free(apply);
    }
    stagings_free(&self->stagings);
    intake_stop(self);
    self->kind->close(&self->backend);
    free((char *) self->opened.name);
    free((char *) self->opened.place);
    free(self->place_id);
    free(self->applied.at);
    free(self->flushing.at);
    free(self->tickets.at);
    free(self->tickets_flushing.at);
}

/* Without the primary there is nothing to serve; a backup may be down for now. */
static enum outcome
store_open(void *arg, struct host *host, const void *args, struct report *report)
{
    struct store *self = arg;
    enum outcome outcome;

    self->host = host;
    take_args(self, args);
    outcome = handle_open(self, report);
    if (outcome != DONE && self->number == 0) {
        store_close(self);
        return outcome;
    }
    if (outcome != DONE)
        LOG(WARN, "backup_not_opened", "backup=%s reason=%s", self->opened.name,
            log_quote(report->text));
    if (self->number == 0)
        self->stagings = stagings_new(host, self->kind, self->backend);
    return DONE;
}

static const struct handler handlers[] = {
    { APPLY, on_apply },
    { FLUSH, on_flush },
    { CHUNK, on_chunk },
    { STAGE, on_stage },
    { STAGE_DATA, on_stage_data },
    { UNSTAGE, on_unstage },
};

const struct actor_kind store_actor = {
    .name = "store",
    .size = sizeof(struct store),
    .open = store_open,
    .close = store_close,
    .settled = store_settled,
    HANDLERS(handlers),
};

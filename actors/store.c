#include "actors/store.h"

#include "actors/absence.h"
#include "actors/prune.h"
#include "actors/staging.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum { FETCH_TRIES = 16 }; /* a file that is replaced this often while it is read rests */

/* Bytes given to the backend and not yet consumed. */
struct held {
    struct held *next;
    struct body body;
    size_t left;
};

struct apply {
    struct change change; /* first: the backend hands back a pointer to it */
    struct store *store;
    struct apply *prev, *next; /* among the waiting */
    UT_hash_handle hh;         /* among the fetching, by change.seq */
    char *path, *to;
    struct body body; /* inlined content */
    bool is_inlined, is_barrier, is_begun;
    struct prune *prune;     /* APPLY_PRUNE, else NULL */
    struct absence *absence; /* the primary has nothing there */
    struct held *held;
    uint64_t fetched; /* bytes heard */
    uint64_t version; /* of the file being fetched */
    unsigned tries;
};

struct seqs {
    uint64_t *at;
    size_t count, room;
};

struct store {
    struct host *host;
    uint64_t number;
    char name[STORE_NAME_BYTES];
    const struct backend_kind *kind;
    struct backend *backend;
    struct stagings *stagings;

    struct apply *waiting; /* heard, not begun: behind a barrier */
    struct apply *fetching;
    size_t running;
    uint64_t ends; /* changes that have ended, to see whether one did meanwhile */
    bool barrier_runs;
    bool is_advancing;

    uint64_t flush_delay_ms, flush_items;
    struct seqs applied;  /* not yet durable */
    struct seqs flushing; /* the flush under way is for these */
    uint64_t flush_due_ms;
    struct seqs tickets, tickets_flushing;
    bool is_flushing;
    struct flush flush;
};

void
store_name(char name[STORE_NAME_BYTES], uint64_t number)
{
    snprintf(name, STORE_NAME_BYTES, "store/%" PRIu64, number);
}

static void
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

static void
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

static void
tell_fetch(struct store *self, const struct apply *apply, const char *path, uint64_t length)
{
    host_post(self->host, "reader",
        &(struct message){
            .tag = FETCH,
            .fetch = {
                .mailbox = view_of(self->name),
                .attempt = apply->change.seq,
                .path = view_of(path),
                .offset = apply->fetched,
                .length = length,
                .version = apply->version,
            },
        },
        NULL);
}

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

static void
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

static void
stop_fetching(struct apply *apply)
{
    struct apply *found;

    HASH_FIND(hh, apply->store->fetching, &apply->change.seq, sizeof apply->change.seq, found);
    if (found == apply)
        HASH_DEL(apply->store->fetching, apply);
}

static void advance(struct store *);

/* One change has ended: tell now, or when the flush has made it durable. */
static void
end(struct apply *apply, enum outcome outcome, const struct report *report)
{
    struct store *self = apply->store;
    bool is_durable_later = self->number > 0;

    stop_fetching(apply);
    self->ends++;
    self->running--;
    if (apply->is_barrier)
        self->barrier_runs = false;
    if (outcome == DONE && is_durable_later) {
        if (self->applied.count == 0)
            self->flush_due_ms = clock_ms() + self->flush_delay_ms;
        seqs_add(&self->applied, apply->change.seq);
    } else {
        tell_applied(self, apply->change.seq, outcome, report);
    }
    apply_free(apply);
    advance(self);
}

static void
on_change_ended(struct change *change, enum outcome outcome, const struct report *report)
{
    end((struct apply *) change, outcome, report);
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

/* Hand bytes to the backend and keep them until it has consumed them. */
static void
give(struct apply *apply, struct body *take_body)
{
    struct held *held = memory_new(sizeof *held);
    struct view bytes;

    body_move(&held->body, take_body);
    bytes = body_view(&held->body);
    held->left = bytes.length;
    LL_APPEND(apply->held, held);
    apply->store->kind->write(apply->store->backend, &apply->change, bytes.at, bytes.length);
}

static void
begin(struct apply *apply)
{
    struct store *self = apply->store;
    uint64_t ends = self->ends;

    apply->is_begun = true;
    self->kind->begin(self->backend, &apply->change);
    if (self->ends == ends && apply->change.kind == PUT && apply->is_inlined &&
        apply->change.size > 0)
        give(apply, &apply->body);
}

static void
start(struct apply *apply)
{
    struct store *self = apply->store;

    self->running++;
    self->barrier_runs = apply->is_barrier;
    if (!apply->prune && (apply->change.kind != PUT || apply->is_inlined)) {
        begin(apply);
        return;
    }
    HASH_ADD(hh, self->fetching, change.seq, sizeof apply->change.seq, apply);
    if (apply->prune)
        prune_begin(apply->prune);
    else
        tell_fetch(self, apply, apply->path, UINT64_MAX);
}

static void
advance(struct store *self)
{
    if (self->is_advancing)
        return;
    self->is_advancing = true;
    while (self->waiting && !self->barrier_runs &&
        (self->running == 0 || !self->waiting->is_barrier)) {
        struct apply *apply = self->waiting;

        DL_DELETE(self->waiting, apply);
        start(apply);
    }
    self->is_advancing = false;
}

/* ---- by state ----------------------------------------------------------------------- */

static void
ask_primary(void *context, const char *path)
{
    struct apply *apply = context;

    tell_fetch(apply->store, apply, path, 0);
}

static void
on_absence_ended(void *context, enum outcome outcome, const struct report *report)
{
    end(context, outcome, report);
}

/* The path is gone on the primary, so it goes here. */
static void
begin_absence(struct apply *apply)
{
    apply->absence = absence_new(apply->store->kind, apply->store->backend, apply->path,
        apply->change.seq,
        &(struct prune_caller){ .context = apply, .ask = ask_primary, .ended = on_absence_ended });
    absence_begin(apply->absence);
}

static void
on_prune_ended(void *context, enum outcome outcome, const struct report *report)
{
    struct apply *apply = context;

    if (outcome == DONE && prune_found_nothing(apply->prune))
        begin_absence(apply);
    else
        end(apply, outcome, report);
}

static struct prune *
prune_of(struct apply *apply)
{
    return prune_new(apply->store->kind, apply->store->backend, apply->path, apply->change.seq,
        &(struct prune_caller){ .context = apply, .ask = ask_primary, .ended = on_prune_ended });
}

/* ---- hearing ---------------------------------------------------------------------- */

static void
on_apply(void *arg, struct envelope *envelope)
{
    const struct message_apply *m = &envelope_message(envelope)->apply;
    struct store *self = arg;
    struct apply *apply = memory_new(sizeof *apply);

    apply->store = self;
    apply->path = view_dup(m->path);
    apply->to = m->to.length > 0 ? view_dup(m->to) : NULL;
    body_move(&apply->body, envelope_body(envelope));
    apply->is_inlined = m->inlined;
    apply->is_barrier = m->barrier;
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
    if (m->kind == APPLY_PRUNE)
        apply->prune = prune_of(apply);
    DL_APPEND(self->waiting, apply);
    advance(self);
}

/* It is a directory on the primary, so it is made one here; what is in it stays. */
static void
begin_directory(struct apply *apply, uint32_t mode)
{
    stop_fetching(apply);
    apply->change.kind = MKDIR;
    apply->change.mode = mode;
    begin(apply);
}

/* It was replaced while we read it: begin again with the new one. */
static void
fetch_again(struct apply *apply, const struct report *report)
{
    struct store *self = apply->store;

    if (apply->is_begun)
        self->kind->cancel(self->backend, &apply->change);
    drop_held(apply);
    apply->is_begun = false;
    apply->fetched = 0;
    apply->version = 0;
    if (++apply->tries < FETCH_TRIES)
        tell_fetch(self, apply, apply->path, UINT64_MAX);
    else
        end(apply, RETRY, report);
}

static void
fetch_failed(struct apply *apply, const struct message_chunk *m)
{
    struct report report = { .cause = m->cause };
    struct store *self = apply->store;

    snprintf(report.text, sizeof report.text, "%.*s", VIEW(m->reason));
    if (m->cause == CAUSE_CONFLICT || (m->outcome == REFUSED && apply->is_begun)) {
        fetch_again(apply, &report);
        return;
    }
    if (m->cause == CAUSE_NOT_FOUND || m->cause == CAUSE_NOT_A_DIRECTORY) {
        begin_absence(apply);
        return;
    }
    if (m->cause == CAUSE_IS_A_DIRECTORY) {
        begin_directory(apply, (uint32_t) m->mode);
        return;
    }
    if (apply->is_begun)
        self->kind->cancel(self->backend, &apply->change);
    end(apply, m->outcome, &report);
}

static void
primary_answered(struct apply *apply, const struct message_chunk *m)
{
    struct report report = { .cause = m->cause };

    snprintf(report.text, sizeof report.text, "%.*s", VIEW(m->reason));
    if (apply->absence)
        absence_heard(apply->absence, m->outcome, &report, (uint32_t) m->mode);
    else
        prune_heard(apply->prune, m->outcome, &report);
}

/* False if that was the end of it: an empty file, or a refusal. */
static bool
fetch_begins(struct apply *apply, const struct message_chunk *m)
{
    struct store *self = apply->store;
    uint64_t ends = self->ends;

    apply->is_begun = true;
    apply->version = m->version;
    apply->change.size = m->size;
    apply->change.mode = (uint32_t) m->mode;
    apply->change.mtime_ns = m->mtime_ns;
    self->kind->begin(self->backend, &apply->change);
    return self->ends == ends;
}

static void
on_chunk(void *arg, struct envelope *envelope)
{
    const struct message_chunk *m = &envelope_message(envelope)->chunk;
    struct store *self = arg;
    struct view bytes = body_view(envelope_body(envelope));
    struct report report;
    struct apply *apply;

    HASH_FIND(hh, self->fetching, &m->attempt, sizeof m->attempt, apply);
    if (apply && (apply->prune || apply->absence)) {
        primary_answered(apply, m);
        return;
    }
    if (!apply || m->offset != apply->fetched)
        return; /* the rest of a fetch that was given up */
    if (m->outcome != DONE) {
        fetch_failed(apply, m);
        return;
    }
    if (!apply->is_begun && !fetch_begins(apply, m))
        return;
    if (bytes.length == 0) {
        report_set(&report, RETRY, CAUSE_CONFLICT, "%s became shorter while it was read",
            apply->path);
        fetch_again(apply, &report);
        return;
    }
    apply->fetched += bytes.length;
    if (apply->fetched >= m->size)
        stop_fetching(apply);
    if (apply->fetched < m->size)
        tell_fetch(self, apply, apply->path,
            UINT64_MAX); /* the next is read while this one is written */
    give(apply, envelope_body(envelope));
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

    self->is_flushing = false;
    for (size_t i = 0; i < self->flushing.count; i++)
        tell_applied(self, self->flushing.at[i], outcome, report);
    for (size_t i = 0; i < self->tickets_flushing.count; i++)
        tell_flushed(self, self->tickets_flushing.at[i], outcome, report);
    self->flushing.count = self->tickets_flushing.count = 0;
    stagings_flushed(self->stagings, outcome, report);
}

static void
on_stage(void *arg, struct envelope *envelope)
{
    struct store *self = arg;

    stagings_begin(self->stagings, &envelope_message(envelope)->stage);
}

static void
on_stage_data(void *arg, struct envelope *envelope)
{
    struct store *self = arg;

    stagings_data(self->stagings, &envelope_message(envelope)->stage_data, envelope_body(envelope));
}

static bool
flush_is_due(const struct store *self)
{
    return stagings_want_flush(self->stagings) ||
        (self->tickets.count > 0 && self->running == 0 && !self->waiting) ||
        (self->applied.count > 0 &&
            (self->applied.count >= self->flush_items || self->flush_delay_ms == 0 ||
                clock_ms() >= self->flush_due_ms));
}

static void
store_settled(void *arg)
{
    struct store *self = arg;

    if (stagings_work(self->stagings))
        host_wake_at(self->host, clock_ms());
    if (!self->is_flushing && flush_is_due(self)) {
        self->is_flushing = true;
        seqs_swap(&self->applied, &self->flushing);
        if (self->running == 0 && !self->waiting)
            seqs_swap(&self->tickets, &self->tickets_flushing);
        stagings_flushing(self->stagings);
        self->kind->flush(self->backend, &self->flush);
    }
    if (self->applied.count > 0)
        host_wake_at(self->host, self->flush_due_ms);
}

static enum outcome
store_open(void *arg, struct host *host, const void *args, struct report *report)
{
    struct store *self = arg;
    const struct store_args *a = args;
    enum outcome outcome = a->kind->open(&self->backend, &a->backend, report);

    if (outcome != DONE)
        return outcome;
    self->host = host;
    self->kind = a->kind;
    self->number = a->number;
    store_name(self->name, a->number);
    self->flush_delay_ms = a->flush_delay_ms;
    self->flush_items = a->flush_items;
    self->flush.ended = on_flush_ended;
    self->stagings = stagings_new(host, self->kind, self->backend);
    return DONE;
}

static void
drop_applies(struct store *self)
{
    struct apply *apply, *next;

    DL_FOREACH_SAFE(self->waiting, apply, next)
    {
        apply_free(apply);
    }
    HASH_ITER(hh, self->fetching, apply, next)
    {
        HASH_DEL(self->fetching, apply);
        if (apply->is_begun)
            self->kind->cancel(self->backend, &apply->change);
        apply_free(apply);
    }
}

static void
store_close(void *arg)
{
    struct store *self = arg;

    drop_applies(self);
    stagings_free(&self->stagings);
    self->kind->close(&self->backend);
    free(self->applied.at);
    free(self->flushing.at);
    free(self->tickets.at);
    free(self->tickets_flushing.at);
}

static const struct handler handlers[] = {
    { APPLY, on_apply },
    { FLUSH, on_flush },
    { CHUNK, on_chunk },
    { STAGE, on_stage },
    { STAGE_DATA, on_stage_data },
};

const struct actor_kind store_actor = {
    .name = "store",
    .size = sizeof(struct store),
    .open = store_open,
    .close = store_close,
    .settled = store_settled,
    HANDLERS(handlers),
};

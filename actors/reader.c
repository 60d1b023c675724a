/*
 * reader - two sorts of work: transfers and searches.
 *
 * A transfer (READ, FETCH) is one read from the backend, whose buffer becomes
 * the body of the answer.  A search (LIST, GLOB, GREP, WALK) may take long: it
 * runs in slices, one after the other with all the others, and between two
 * turns the mailbox is drained; so nobody waits for somebody else's tree.  One
 * that has had its share of time ends its page early and says where to go on,
 * which also bounds what is left to do when the actor is told to stop.
 */

#include "actors/reader.h"

#include "actors/content.h"
#include "actors/search.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <assert.h>
#include <utlist.h>

enum {
    ERRANDS_MAX = 256,        /* under way; more are told to come again */
    SLICE_NS = 300 * 1000,    /* of one search, before the next one's */
    TURN_NS = 2000 * 1000,    /* of all searches, before the mailbox is drained */
    SHARE_NS = 250 * 1000000, /* of one search, before its page ends */
    LATE_MS = 1,              /* how often a backend that ends late is given a turn */
};

struct reader;

/* One request, from its arrival to its answer. */
struct errand {
    struct reader *reader;
    uint64_t number; /* the SEEK's, the WALK's or the FETCH's */
    char *mailbox;   /* of the FETCH, else NULL */
    struct errand *prev, *next;

    /* A transfer. */
    struct reading reading;
    char *path;

    /* A search. */
    struct search search;
    uint64_t used_ns;
    struct errand *ready_prev, *ready_next;
};

struct reader {
    struct host *host;
    const struct backend_kind *kind;
    struct backend *backend;
    struct errand *errands; /* all */
    struct errand *ready;   /* searches that can go on, the next one first */
    size_t errand_count;
    char *spare; /* a buffer of CHUNK_BYTES, or NULL */
};

static struct errand *
errand_new(struct reader *self, uint64_t number)
{
    struct errand *errand = memory_new(sizeof *errand);

    errand->reader = self;
    errand->number = number;
    DL_APPEND(self->errands, errand);
    self->errand_count++;
    return errand;
}

static void
errand_free(struct errand *errand)
{
    struct reader *self = errand->reader;

    DL_DELETE(self->errands, errand);
    self->errand_count--;
    free(errand->mailbox);
    free(errand->path);
    free(errand->reading.into);
    free(errand);
}

/* A backend that ends its requests later needs turns; one that does not never gets here. */
static void
keep_awake(struct reader *self)
{
    if (self->ready)
        host_wake_at(self->host, clock_ms());
    else if (self->errands)
        host_wake_at(self->host, clock_ms() + LATE_MS);
}

static enum outcome
check_path(struct view path, struct report *report)
{
    const char *flaw = path_flaw(path);

    if (flaw)
        return report_set(report, REFUSED, CAUSE_INVALID_PATH, "the path %s", flaw);
    if (path_is_internal(path))
        return report_set(report, REFUSED, CAUSE_NOT_FOUND, "nothing is there");
    return DONE;
}

static enum outcome
check_room(const struct reader *self, struct report *report)
{
    if (self->errand_count < ERRANDS_MAX)
        return DONE;
    return report_set(report, RETRY, CAUSE_BUSY, "%d reads and searches are under way already",
        ERRANDS_MAX);
}

/* ---- transfers ------------------------------------------------------------------------ */

static void
tell_content(struct errand *errand, enum outcome outcome, const struct report *report,
    struct body *body)
{
    const struct reading *reading = &errand->reading;
    struct message message = { .tag = SOUGHT };
    struct message_sought *sought = &message.sought;

    sought->request = errand->number;
    sought->outcome = outcome;
    sought->offset = reading->offset;
    if (outcome == DONE) {
        sought->size = reading->entry.size;
        sought->version = reading->entry.version;
        sought->mode = reading->entry.mode;
        sought->mtime_ns = reading->entry.mtime_ns;
    } else {
        sought->cause = report->cause;
        sought->reason = view_of(report->text);
    }
    host_post(errand->reader->host, "router", &message, body);
}

static void
tell_chunk(struct errand *errand, enum outcome outcome, const struct report *report,
    struct body *body)
{
    const struct reading *reading = &errand->reading;
    struct message message = { .tag = CHUNK };
    struct message_chunk *chunk = &message.chunk;

    chunk->attempt = errand->number;
    chunk->outcome = outcome;
    chunk->offset = reading->offset;
    chunk->mode = reading->entry.mode; /* of a directory, too */
    if (outcome == DONE) {
        chunk->size = reading->entry.size;
        chunk->version = reading->entry.version;
        chunk->mtime_ns = reading->entry.mtime_ns;
    } else {
        chunk->cause = report->cause;
        chunk->reason = view_of(report->text);
    }
    host_post(errand->reader->host, errand->mailbox, &message, body);
}

static void
on_read(struct reading *reading, enum outcome outcome, const struct report *report)
{
    struct errand *errand = (struct errand *) ((char *) reading - offsetof(struct errand, reading));
    struct reader *self = errand->reader;
    struct body body;

    if (outcome == DONE)
        content_body(reading, &body);
    else
        body_init(&body);
    if (errand->mailbox)
        tell_chunk(errand, outcome, report, &body);
    else
        tell_content(errand, outcome, report, &body);
    if (!self->spare) {
        self->spare = reading->into;
        reading->into = NULL;
    }
    errand_free(errand);
}

static void
transfer(struct errand *errand, struct view path, uint64_t offset, uint64_t length,
    uint64_t version)
{
    struct reader *self = errand->reader;
    struct reading *reading = &errand->reading;

    errand->path = view_dup(path);
    *reading = (struct reading){
        .path = errand->path,
        .offset = offset,
        .into = self->spare ? self->spare : memory_resize(NULL, CHUNK_BYTES),
        .length = length < CHUNK_BYTES ? (size_t) length : CHUNK_BYTES,
        .if_version = version,
        .ended = on_read,
    };
    self->spare = NULL;
    self->kind->read(self->backend, reading);
    keep_awake(self);
}

static void
on_fetch(void *state, struct envelope *envelope)
{
    struct reader *self = state;
    const struct message_fetch *fetch = &envelope_message(envelope)->fetch;
    struct report report;
    enum outcome outcome = check_path(fetch->path, &report);
    struct errand *errand;

    if (outcome == DONE)
        outcome = check_room(self, &report);
    errand = errand_new(self, fetch->attempt);
    errand->mailbox = view_dup(fetch->mailbox);
    if (outcome == DONE) {
        transfer(errand, fetch->path, fetch->offset, fetch->length, fetch->version);
        return;
    }
    tell_chunk(errand, outcome, &report, NULL);
    errand_free(errand);
}

/* ---- searches --------------------------------------------------------------------------- */

static void
refuse_seek(struct reader *self, uint64_t request, enum outcome outcome,
    const struct report *report)
{
    const struct message message = { .tag = SOUGHT,
        .sought = { .request = request,
            .outcome = outcome,
            .cause = report->cause,
            .reason = view_of(report->text) } };

    host_post(self->host, "router", &message, NULL);
}

static void
refuse_walk(struct reader *self, uint64_t ticket, enum outcome outcome, const struct report *report)
{
    const struct message message = { .tag = WALKED,
        .walked = { .ticket = ticket,
            .outcome = outcome,
            .cause = report->cause,
            .reason = view_of(report->text) } };

    host_post(self->host, "journal", &message, NULL);
}

static void
tell_page(struct errand *errand)
{
    struct search *search = &errand->search;
    struct view next = view_of(search->next ? search->next : "");
    struct message message = { .tag = SOUGHT,
        .sought = { .request = errand->number,
            .count = search->page.count,
            .more = search->has_more,
            .next = next } };
    bool is_walk = search->kind == SEARCH_WALK;
    struct body body;

    if (is_walk)
        message = (struct message){ .tag = WALKED,
            .walked = { .ticket = errand->number,
                .count = search->page.count,
                .more = search->has_more,
                .next = next } };
    body_init(&body);
    if (search->page.length > 0) {
        body_wrap(&body, search->page.bytes, search->page.length);
        search->page.bytes = NULL;
    }
    host_post(errand->reader->host, is_walk ? "journal" : "router", &message, &body);
}

static void
end_search(struct errand *errand)
{
    struct search *search = &errand->search;

    if (search->outcome == DONE)
        tell_page(errand);
    else if (search->kind == SEARCH_WALK)
        refuse_walk(errand->reader, errand->number, search->outcome, &search->report);
    else
        refuse_seek(errand->reader, errand->number, search->outcome, &search->report);
    search_close(search);
    errand_free(errand);
}

static void
on_ready(struct search *search)
{
    struct errand *errand = (struct errand *) ((char *) search - offsetof(struct errand, search));
    struct reader *self = errand->reader;

    DL_APPEND2(self->ready, errand, ready_prev, ready_next);
    keep_awake(self);
}

/* The first of the searches that are ready has its slice, and goes to the end. */
static void
run_slice(struct reader *self)
{
    struct errand *errand = self->ready;
    struct search *search = &errand->search;
    uint64_t begun = clock_ns(), now = begun;
    enum search_step step = SEARCH_GOES_ON;

    DL_DELETE2(self->ready, errand, ready_prev, ready_next);
    for (; step == SEARCH_GOES_ON && now - begun < SLICE_NS; now = clock_ns())
        step = search_run(search);
    errand->used_ns += now - begun;
    if (step == SEARCH_GOES_ON && errand->used_ns > SHARE_NS && search_cut(search))
        step = SEARCH_OVER;
    if (step == SEARCH_OVER)
        end_search(errand);
    else if (step == SEARCH_GOES_ON)
        DL_APPEND2(self->ready, errand, ready_prev, ready_next);
}

static void
woken(void *state)
{
    struct reader *self = state;
    uint64_t begun = clock_ns();

    if (self->kind->turn)
        self->kind->turn(self->backend);
    while (self->ready && clock_ns() - begun < TURN_NS)
        run_slice(self);
    keep_awake(self);
}

static enum outcome
begin_search(struct reader *self, uint64_t number, const struct search_args *args,
    struct report *report)
{
    enum outcome outcome = check_path(args->path, report);
    struct errand *errand;

    if (outcome == DONE)
        outcome = check_room(self, report);
    if (outcome != DONE)
        return outcome;
    errand = errand_new(self, number);
    outcome = search_open(&errand->search, self->kind, self->backend, args, report);
    if (outcome != DONE) {
        errand_free(errand);
        return outcome;
    }
    errand->search.ready = on_ready;
    on_ready(&errand->search);
    return DONE;
}

static void
on_seek(void *state, struct envelope *envelope)
{
    static const enum search_kind kinds[SEEK_KINDS] = {
        [SEEK_LIST] = SEARCH_LIST,
        [SEEK_GLOB] = SEARCH_GLOB,
        [SEEK_GREP] = SEARCH_GREP,
    };
    struct reader *self = state;
    const struct message_seek *seek = &envelope_message(envelope)->seek;
    const struct search_args args = { .kind = kinds[seek->kind < SEEK_KINDS ? seek->kind : 0],
        .path = seek->path,
        .pattern = seek->pattern,
        .after = seek->after,
        .limit = seek->limit,
        .depth = seek->depth,
        .hidden = seek->hidden,
        .ignore_case = seek->ignore_case };
    struct report report;
    enum outcome outcome;

    assert(seek->kind < SEEK_KINDS);
    if (seek->kind != SEEK_READ) {
        outcome = begin_search(self, seek->request, &args, &report);
    } else {
        outcome = check_path(seek->path, &report);
        if (outcome == DONE)
            outcome = check_room(self, &report);
        if (outcome == DONE)
            transfer(errand_new(self, seek->request), seek->path, seek->offset, seek->limit,
                seek->version);
    }
    if (outcome != DONE)
        refuse_seek(self, seek->request, outcome, &report);
}

static void
on_walk(void *state, struct envelope *envelope)
{
    struct reader *self = state;
    const struct message_walk *walk = &envelope_message(envelope)->walk;
    const struct search_args args = { .kind = SEARCH_WALK,
        .path = walk->path,
        .after = walk->after,
        .limit = walk->limit };
    struct report report;
    enum outcome outcome = begin_search(self, walk->ticket, &args, &report);

    if (outcome != DONE)
        refuse_walk(self, walk->ticket, outcome, &report);
}

/* ---- the actor ------------------------------------------------------------------------------ */

static enum outcome
reader_open(void *state, struct host *host, const void *reader_args, struct report *report)
{
    struct reader *self = state;
    const struct reader_args *args = reader_args;
    struct backend_args backend = args->backend;

    self->host = host;
    self->kind = args->kind;
    backend.is_reader = true;
    return self->kind->open(&self->backend, &backend, report);
}

/* The backend first: after that nothing ends any more. */
static void
reader_close(void *state)
{
    struct reader *self = state;
    struct errand *errand, *next;

    self->kind->close(&self->backend);
    DL_FOREACH_SAFE(self->errands, errand, next)
    {
        if (errand->search.path)
            search_close(&errand->search);
        errand_free(errand);
    }
    free(self->spare);
}

static const struct handler handlers[] = {
    { SEEK, on_seek },
    { FETCH, on_fetch },
    { WALK, on_walk },
};

const struct actor_kind reader_actor = {
    .name = "reader",
    .size = sizeof(struct reader),
    .open = reader_open,
    .close = reader_close,
    .woken = woken,
    HANDLERS(handlers),
};

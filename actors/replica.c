#include "actors/replica.h"

#include "actors/content.h"
#include "actors/place.h"
#include "base/clock.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

enum {
    OPEN_AGAIN_MS = 200, /* after a failure; until then reads end with the same */
    LATE_MS = 1,         /* how often a backend that ends late is given a turn */
};

struct replica;

struct errand {
    struct reading reading; /* first: the backend hands back a pointer to it */
    struct replica *replica;
    struct errand *prev, *next;
    uint64_t request;
    char path[];
};

struct replica {
    struct host *host;
    uint64_t backup;
    const struct backend_kind *kind;
    struct backend_args args; /* with strings of our own */
    char *place_id;

    bool may_open;           /* its store has it open */
    struct backend *backend; /* or NULL, and why */
    struct report down;
    uint64_t open_next_ms;
    bool is_doubtful; /* it failed: open it anew */

    struct errand *errands;
    char *spare; /* a buffer of CHUNK_BYTES, or NULL */
};

void
replica_name(char name[REPLICA_NAME_BYTES], uint64_t backup)
{
    snprintf(name, REPLICA_NAME_BYTES, "replica/%" PRIu64, backup);
}

static void
tell(struct replica *self, uint64_t request, const struct reading *reading, enum outcome outcome,
    const struct report *report, struct body *take_body)
{
    struct message message = { .tag = CONSULTED };
    struct message_consulted *consulted = &message.consulted;

    consulted->request = request;
    consulted->backup = self->backup;
    consulted->outcome = outcome;
    if (outcome == DONE) {
        consulted->offset = reading->offset;
        consulted->size = reading->entry.size;
        consulted->mode = reading->entry.mode;
        consulted->mtime_ns = reading->entry.mtime_ns;
    } else {
        consulted->cause = report->cause;
        consulted->reason = view_of(report->text);
    }
    host_post(self->host, "router", &message, take_body);
}

/* ---- the handle --------------------------------------------------------------------- */

static void
end_errand(struct errand *errand)
{
    struct replica *self = errand->replica;

    DL_DELETE(self->errands, errand);
    free(errand->reading.into);
    free(errand);
}

/* Nothing ends by itself after that. */
static void
close_place(struct replica *self)
{
    struct errand *errand, *next;

    self->kind->close(&self->backend);
    self->is_doubtful = false;
    report_set(&self->down, RETRY, CAUSE_NETWORK, "%s is not open", self->args.name);
    DL_FOREACH_SAFE(self->errands, errand, next)
    {
        tell(self, errand->request, &errand->reading, RETRY, &self->down, NULL);
        end_errand(errand);
    }
}

static enum outcome
open_place(struct replica *self)
{
    struct place place;
    enum outcome outcome = DONE;

    self->open_next_ms = clock_ms() + OPEN_AGAIN_MS;
    if (self->place_id[0])
        outcome = place_look(self->kind, &self->args, &place, &self->down);
    if (outcome == DONE && self->place_id[0] && strcmp(place.id, self->place_id) != 0)
        outcome = report_set(&self->down, RETRY, CAUSE_CONFIG, "%s is another place by now",
            self->args.name);
    if (outcome == DONE)
        outcome = self->kind->open(&self->backend, &self->args, &self->down);
    if (outcome != DONE)
        self->backend = NULL;
    return outcome;
}

static bool
is_open(struct replica *self)
{
    if (self->backend && self->is_doubtful && !self->errands)
        close_place(self);
    if (!self->backend && self->may_open && clock_ms() >= self->open_next_ms)
        open_place(self);
    return self->backend != NULL;
}

static void
on_opened(void *arg, struct envelope *envelope)
{
    struct replica *self = arg;

    if (self->backend)
        close_place(self);
    self->may_open = envelope_message(envelope)->opened.is_open;
    self->open_next_ms = 0;
}

/* ---- reading ------------------------------------------------------------------------ */

static void
on_read(struct reading *reading, enum outcome outcome, const struct report *report)
{
    struct errand *errand = (struct errand *) reading;
    struct replica *self = errand->replica;
    struct body body;

    body_init(&body);
    if (outcome == DONE)
        content_body(reading, &body);
    else if (outcome == RETRY)
        self->is_doubtful = true;
    tell(self, errand->request, reading, outcome, report, &body);
    if (!self->spare) {
        self->spare = reading->into;
        reading->into = NULL;
    }
    end_errand(errand);
}

static void
begin_read(struct replica *self, const struct message_consult *m)
{
    struct errand *errand = memory_new(sizeof *errand + m->path.length + 1);

    memcpy(errand->path, m->path.at, m->path.length);
    errand->replica = self;
    errand->request = m->request;
    errand->reading = (struct reading){
        .path = errand->path,
        .offset = m->offset,
        .into = self->spare ? self->spare : memory_resize(NULL, CHUNK_BYTES),
        .length = m->length < CHUNK_BYTES ? (size_t) m->length : CHUNK_BYTES,
        .ended = on_read,
    };
    self->spare = NULL;
    DL_APPEND(self->errands, errand);
    self->kind->read(self->backend, &errand->reading);
    if (self->errands)
        host_wake_at(self->host, clock_ms() + LATE_MS);
}

static void
on_consult(void *arg, struct envelope *envelope)
{
    const struct message_consult *m = &envelope_message(envelope)->consult;
    struct replica *self = arg;

    if (is_open(self))
        begin_read(self, m);
    else
        tell(self, m->request, NULL, RETRY, &self->down, NULL);
}

static void
replica_woken(void *arg)
{
    struct replica *self = arg;

    if (self->backend && self->kind->turn)
        self->kind->turn(self->backend);
    if (self->errands)
        host_wake_at(self->host, clock_ms() + LATE_MS);
}

/* ---- the actor ---------------------------------------------------------------------- */

static enum outcome
replica_open(void *arg, struct host *host, const void *replica_args, struct report *report)
{
    const struct replica_args *args = replica_args;
    const char *place = args->backend.place ? args->backend.place : "";
    struct replica *self = arg;

    (void) report;
    self->host = host;
    self->backup = args->backup;
    self->kind = args->kind;
    self->args = args->backend;
    self->args.name = memory_copy(args->backend.name, strlen(args->backend.name));
    self->args.place = memory_copy(place, strlen(place));
    self->args.is_reader = true;
    self->place_id = view_dup(view_of(args->place_id ? args->place_id : ""));
    report_set(&self->down, RETRY, CAUSE_NETWORK, "%s is not open", self->args.name);
    return DONE;
}

static void
replica_close(void *arg)
{
    struct replica *self = arg;

    self->kind->close(&self->backend);
    while (self->errands)
        end_errand(self->errands);
    free(self->spare);
    free((char *) self->args.name);
    free((char *) self->args.place);
    free(self->place_id);
}

static const struct handler handlers[] = {
    { OPENED, on_opened },
    { CONSULT, on_consult },
};

const struct actor_kind replica_actor = {
    .name = "replica",
    .size = sizeof(struct replica),
    .open = replica_open,
    .close = replica_close,
    .woken = replica_woken,
    HANDLERS(handlers),
};

/*
 * copies - backups that serve reads.
 *
 *     ROUTE ──▶ ROUTED: those that may answer ──▶ CONSULT the first by priority
 *                                  ▲                  │
 *                                  └─ has no such file, or another version,
 *                                     fails, or is not there in time
 *
 * A copy that failed is left alone for a while, longer each time; one that was
 * late, until it has answered.  The primary is the last, and the only one that
 * is believed that there is no such file; but where a backup has what nobody
 * else has, its silence is not that.
 */

#include "actors/router_internal.h"

#include "actors/replica.h"
#include "base/clock.h"

#include <utlist.h>

enum {
    PATIENCE_MS = 500, /* with one copy, before the next one is asked */
    REST_MIN_MS = 250,
    REST_MAX_MS = 30000,
};

static int
by_priority(const struct conf *conf, const struct copy *a, const struct copy *b)
{
    unsigned one = conf->backups[a->backup].read_priority;
    unsigned other = conf->backups[b->backup].read_priority;

    return one < other ? -1 : one > other;
}

/* Of equal ones the first in the configuration comes first. */
static void
add_copy(struct router *self, unsigned backup)
{
    struct copy copy = {
        .backup = backup,
        .name = self->conf->backups[backup].name,
        .is_own = !self->conf->backups[backup].receives,
    };
    size_t at = self->copy_count++;

    for (; at > 0 && by_priority(self->conf, &self->copies[at - 1], &copy) > 0; at--)
        self->copies[at] = self->copies[at - 1];
    self->copies[at] = copy;
}

void
copies_open(struct router *self)
{
    for (unsigned b = 0; b < self->conf->backup_count; b++)
        if (self->conf->backups[b].serves_reads)
            add_copy(self, b);
}

/* ---- one after the other ------------------------------------------------------------ */

static void
note_failure(struct request *r, struct copy *copy)
{
    uint64_t longer = copy->rest_ms ? 2 * copy->rest_ms : REST_MIN_MS;

    copy->failures++;
    copy->rest_ms = longer < REST_MAX_MS ? longer : REST_MAX_MS;
    copy->rest_until_ms = clock_ms() + copy->rest_ms;
    if (copy->is_own)
        r->doubted = copy;
}

/* The answer to a copy that is no longer waited for finds no request. */
static void
renumber(struct request *r)
{
    struct router *self = r->router;

    HASH_DELETE(hh, self->requests, r);
    r->number = self->next_number++;
    HASH_ADD(hh, self->requests, number, sizeof r->number, r);
}

static void
consult(struct request *r, struct copy *copy)
{
    struct router *self = r->router;
    char name[REPLICA_NAME_BYTES];

    renumber(r);
    copy->unanswered++;
    r->asked = copy;
    r->due_ms = clock_ms() + PATIENCE_MS;
    DL_APPEND2(self->consulting, r, consult_prev, consult_next);
    host_wake_at(self->host, self->consulting->due_ms);
    replica_name(name, copy->backup);
    host_post(self->host, name,
        &(struct message){
            .tag = CONSULT,
            .consult = { .request = r->number,
                .path = view_of(r->path),
                .offset = r->offset,
                .length = r->length },
        },
        NULL);
}

static void
ask_next(struct request *r)
{
    struct router *self = r->router;

    for (size_t i = 0; i < self->copy_count; i++) {
        struct copy *copy = &self->copies[i];
        uint64_t bit = UINT64_C(1) << copy->backup;

        if (!(r->copies & bit))
            continue;
        r->copies &= ~bit;
        if (!copy->is_stuck && clock_ms() >= copy->rest_until_ms) {
            consult(r, copy);
            return;
        }
        if (copy->is_own)
            r->doubted = copy;
    }
    read_primary(r);
}

void
copies_ask(struct request *r)
{
    host_post(r->router->host, "journal",
        &(struct message){
            .tag = ROUTE,
            .route = { .request = r->number,
                .path = view_of(r->path),
                .stale_ms = r->router->conf->read_stale_ms },
        },
        NULL);
}

void
on_routed(void *arg, struct envelope *envelope)
{
    const struct message_routed *m = &envelope_message(envelope)->routed;
    struct router *self = arg;
    struct request *r = request_find(self, m->request);

    if (!r)
        return;
    if (r->tag == EXPLAIN) {
        explain_routed(r, m->copies);
        return;
    }
    for (size_t i = 0; i < self->copy_count; i++)
        self->copies[i].stale += m->refused >> self->copies[i].backup & 1;
    r->copies = m->copies;
    ask_next(r);
}

/* ---- what they say ------------------------------------------------------------------ */

void
copies_forget(struct request *r)
{
    if (!r->asked)
        return;
    DL_DELETE2(r->router->consulting, r, consult_prev, consult_next);
    r->asked = NULL;
}

static struct copy *
copy_of(struct router *self, uint64_t backup)
{
    for (size_t i = 0; i < self->copy_count; i++)
        if (self->copies[i].backup == backup)
            return &self->copies[i];
    return NULL;
}

static bool
is_missing(enum cause cause)
{
    return cause == CAUSE_NOT_FOUND || cause == CAUSE_NOT_A_DIRECTORY ||
        cause == CAUSE_IS_A_DIRECTORY;
}

static void
note_answer(struct copy *copy)
{
    if (--copy->unanswered == 0)
        copy->is_stuck = false;
}

void
on_consulted(void *arg, struct envelope *envelope)
{
    const struct message_consulted *m = &envelope_message(envelope)->consulted;
    struct router *self = arg;
    struct request *r = request_find(self, m->request);
    struct copy *copy = copy_of(self, m->backup);
    struct found found = {
        .offset = m->offset,
        .size = m->size,
        .version = read_version(m->size, m->mtime_ns),
        .mode = m->mode,
        .mtime_ns = m->mtime_ns,
    };

    note_answer(copy);
    if (!r)
        return; /* another one was asked meanwhile */
    copies_forget(r);
    if (m->outcome == DONE && (r->version == 0 || r->version == found.version)) {
        copy->hits++;
        copy->rest_ms = 0;
        read_answer(r, &found, envelope_body(envelope));
        return;
    }
    if (m->outcome == DONE || is_missing(m->cause))
        copy->misses++;
    else
        note_failure(r, copy);
    ask_next(r);
}

void
copies_woken(struct router *self)
{
    while (self->consulting && self->consulting->due_ms <= clock_ms()) {
        struct request *r = self->consulting;
        struct copy *copy = r->asked;

        copy->is_stuck = true;
        copies_forget(r);
        note_failure(r, copy);
        renumber(r);
        ask_next(r);
    }
    if (self->consulting)
        host_wake_at(self->host, self->consulting->due_ms);
}

void
copies_pack(const struct router *self, struct body *body)
{
    char packed[BACKUPS_MAX * 64];
    size_t used = 0;

    for (size_t i = 0; i < self->copy_count; i++) {
        const struct copy *copy = &self->copies[i];

        used += message_pack(
            &(struct message){
                .tag = READS,
                .reads = { .backup = copy->backup,
                    .hits = copy->hits,
                    .misses = copy->misses,
                    .failures = copy->failures,
                    .stale = copy->stale },
            },
            packed + used, sizeof packed - used);
    }
    body_copy(body, (struct view){ packed, used });
}

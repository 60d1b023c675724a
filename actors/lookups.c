/*
 * lookups - what clients read and ask.
 *
 *     request ──▶ may it begin? ──yes──▶ working ──▶ CONTENT or PAGE
 *                     └─no──▶ waiting ──an answer has gone──┘
 *
 * A session has LOOKUPS_AT_WORK at once.  None begins for a client that does not
 * read its answers (answers.c).
 */

#include "actors/router_internal.h"

#include "actors/reader.h"
#include "base/memory.h"
#include "base/uri.h"

#include <string.h>
#include <utlist.h>

void
on_ping(void *arg, struct envelope *envelope)
{
    struct request *r = request_new(arg, envelope, envelope_message(envelope)->ping.id);

    if (r)
        request_answer(r, DONE, NULL);
}

static void
seek(struct request *r, const struct message_seek *seek)
{
    struct message message = { .tag = SEEK, .seek = *seek };

    message.seek.request = r->number;
    message.seek.path = view_of(r->path);
    host_post(r->router->host, "reader", &message, NULL);
}

void
on_stat(void *arg, struct envelope *envelope)
{
    const struct message_stat *m = &envelope_message(envelope)->stat;
    struct request *r = request_new(arg, envelope, m->id);
    char uri[URI_BYTES_MAX + 1] = "viking://", packed[HEADER_BYTES_MAX];
    struct report report;
    struct entry entry;
    struct body body;
    enum outcome outcome;
    size_t length;

    if (!r || !request_paths(r, m->uri, view_of("")))
        return;
    outcome = look(r->router, r->path, &entry, &report);
    if (outcome != DONE) {
        request_failed(r, outcome, &report);
        return;
    }
    path_to_uri(view_of(r->path), uri);
    length = message_pack(
        &(struct message){
            .tag = ENTRY,
            .entry = { .uri = view_of(uri),
                .is_directory = entry.is_directory,
                .mode = entry.mode,
                .size = entry.size,
                .mtime_ns = entry.mtime_ns },
        },
        packed, sizeof packed);
    body_copy(&body, (struct view){ packed, length });
    request_end(r, &(struct message){ .tag = PAGE, .page = { .id = r->id, .count = 1 } }, &body);
}

/* ---- by others ------------------------------------------------------------------------ */

static void
begin_list(struct request *r, const struct message *message)
{
    const struct message_list *m = &message->list;

    seek(r,
        &(struct message_seek){ .kind = SEEK_LIST,
            .after = m->after,
            .limit = m->limit,
            .depth = m->depth,
            .hidden = m->hidden });
}

static void
begin_glob(struct request *r, const struct message *message)
{
    const struct message_glob *m = &message->glob;

    seek(r,
        &(struct message_seek){ .kind = SEEK_GLOB,
            .pattern = m->pattern,
            .after = m->after,
            .limit = m->limit });
}

static void
begin_grep(struct request *r, const struct message *message)
{
    const struct message_grep *m = &message->grep;

    seek(r,
        &(struct message_seek){ .kind = SEEK_GREP,
            .pattern = m->pattern,
            .after = m->after,
            .limit = m->limit,
            .depth = m->depth,
            .ignore_case = m->ignore_case });
}

static void
begin_status(struct request *r, const struct message *message)
{
    const struct message_status *m = &message->status;
    struct body reads;

    copies_pack(r->router, &reads);
    host_post(r->router->host, "journal",
        &(struct message){
            .tag = SURVEY,
            .survey = { .request = r->number,
                .path = view_of(r->path ? r->path : ""),
                .after = m->after,
                .limit = m->limit },
        },
        &reads);
}

static void
begin(struct request *r, const struct message *message)
{
    DL_APPEND2(r->session->working, r, lookup_prev, lookup_next);
    r->session->working_count++;
    r->is_working = true;
    switch (message->tag) {
    case READ: read_begin(r, &message->read); break;
    case LIST: begin_list(r, message); break;
    case GLOB: begin_glob(r, message); break;
    case GREP: begin_grep(r, message); break;
    default: begin_status(r, message); break;
    }
}

/* ---- in their turn -------------------------------------------------------------------- */

static bool
may_begin(const struct session *session)
{
    return !session_is_late(session) && session->working_count < LOOKUPS_AT_WORK;
}

/* The envelope is gone when it may begin, so it waits as it is written on the wire. */
static void
wait_for_turn(struct request *r, const struct message *message)
{
    char packed[HEADER_BYTES_MAX];

    r->held_length = message_pack(message, packed, sizeof packed);
    r->held = memory_copy(packed, r->held_length);
    r->is_waiting = true;
    DL_APPEND2(r->session->waiting, r, lookup_prev, lookup_next);
}

/* False: refused and answered.  An empty URI stands for everything. */
static bool
optional_path(struct request *r, struct view uri)
{
    return uri.length == 0 || request_paths(r, uri, view_of(""));
}

static void
lookup(void *arg, struct envelope *envelope, uint64_t id, struct view uri)
{
    const struct message *message = envelope_message(envelope);
    struct request *r = request_new(arg, envelope, id);

    if (!r ||
        !(message->tag == STATUS ? optional_path(r, uri) : request_paths(r, uri, view_of(""))))
        return;
    if (may_begin(r->session) && !r->session->waiting)
        begin(r, message);
    else
        wait_for_turn(r, message);
}

void
lookups_go_on(struct session *session)
{
    if (session->is_going_on)
        return; /* one that begins may end at once: the loop below has the next */
    session->is_going_on = true;
    while (session->waiting && may_begin(session)) {
        struct request *r = session->waiting;
        struct view held = { r->held, r->held_length };
        struct message message;

        DL_DELETE2(session->waiting, r, lookup_prev, lookup_next);
        r->is_waiting = false;
        r->held = NULL;
        if (message_next(&(struct view){ held.at, held.length }, &message))
            begin(r, &message);
        free((char *) (uintptr_t) held.at);
    }
    session->is_going_on = false;
}

void
lookup_ended(struct request *r)
{
    struct session *session = r->session;

    if (r->is_waiting) {
        DL_DELETE2(session->waiting, r, lookup_prev, lookup_next);
    } else {
        DL_DELETE2(session->working, r, lookup_prev, lookup_next);
        session->working_count--;
    }
    r->is_waiting = r->is_working = false;
    lookups_go_on(session);
}

/* One at work goes on and counts, or a client could have any number at work. */
void
lookup_cancel(struct request *r)
{
    if (r->is_waiting) {
        request_free(r);
        return;
    }
    HASH_DELETE(hh_client, r->session->requests, r);
    r->is_cancelled = true;
}

void
lookups_forget(struct session *session)
{
    struct request *r, *next;

    session->is_going_on = true; /* nothing begins any more */
    DL_FOREACH_SAFE2(session->waiting, r, next, lookup_next)
    {
        request_free(r);
    }
    DL_FOREACH_SAFE2(session->working, r, next, lookup_next)
    {
        if (!r->is_cancelled)
            HASH_DELETE(hh_client, session->requests, r);
        DL_DELETE2(session->working, r, lookup_prev, lookup_next);
        r->is_working = false;
        r->session = NULL;
    }
}

void
on_read(void *arg, struct envelope *envelope)
{
    const struct message_read *m = &envelope_message(envelope)->read;

    lookup(arg, envelope, m->id, m->uri);
}

void
on_list(void *arg, struct envelope *envelope)
{
    const struct message_list *m = &envelope_message(envelope)->list;

    lookup(arg, envelope, m->id, m->uri);
}

void
on_glob(void *arg, struct envelope *envelope)
{
    const struct message_glob *m = &envelope_message(envelope)->glob;

    lookup(arg, envelope, m->id, m->uri);
}

void
on_grep(void *arg, struct envelope *envelope)
{
    const struct message_grep *m = &envelope_message(envelope)->grep;

    lookup(arg, envelope, m->id, m->uri);
}

void
on_status(void *arg, struct envelope *envelope)
{
    const struct message_status *m = &envelope_message(envelope)->status;

    lookup(arg, envelope, m->id, m->uri);
}

/* ---- their answers -------------------------------------------------------------------- */

void
on_sought(void *arg, struct envelope *envelope)
{
    const struct message_sought *m = &envelope_message(envelope)->sought;
    struct request *r = request_find(arg, m->request);
    struct report report = { .cause = m->cause };

    if (!r)
        return;
    snprintf(report.text, sizeof report.text, "%.*s", VIEW(m->reason));
    if (r->tag == READ)
        read_sought(r, m, envelope_body(envelope));
    else if (m->outcome != DONE)
        request_failed(r, m->outcome, &report);
    else
        request_end(r,
            &(struct message){
                .tag = PAGE,
                .page = { .id = r->id, .count = m->count, .more = m->more, .next = m->next },
            },
            envelope_body(envelope));
}

void
on_surveyed(void *arg, struct envelope *envelope)
{
    const struct message_surveyed *m = &envelope_message(envelope)->surveyed;
    struct request *r = request_find(arg, m->request);

    if (r)
        request_end(r,
            &(struct message){
                .tag = PAGE,
                .page = { .id = r->id, .count = m->count, .more = m->more, .next = m->next },
            },
            envelope_body(envelope));
}

/* ---- by the journal ----------------------------------------------------------------- */

void
on_retry_sync(void *arg, struct envelope *envelope)
{
    const struct message_retry_sync *m = &envelope_message(envelope)->retry_sync;
    struct request *r = request_new(arg, envelope, m->id);

    if (r && optional_path(r, m->uri))
        host_post(r->router->host, "journal",
            &(struct message){
                .tag = REVIVE,
                .revive = { .request = r->number, .path = view_of(r->path ? r->path : "") },
            },
            NULL);
}

void
on_wait_sync(void *arg, struct envelope *envelope)
{
    const struct message_wait_sync *m = &envelope_message(envelope)->wait_sync;
    struct request *r = request_new(arg, envelope, m->id);

    if (r && optional_path(r, m->uri))
        host_post(r->router->host, "journal",
            &(struct message){
                .tag = AWAIT,
                .await = { .request = r->number,
                    .seq = m->seq,
                    .path = view_of(r->path ? r->path : ""),
                    .backup = m->backup,
                    .timeout_ms = m->timeout_ms },
            },
            NULL);
}

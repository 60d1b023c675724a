/*
 * lookups - what clients read and ask.
 *
 * What is likely to be in the page cache and small is read here, because a hop
 * to the reader and back costs more than the read; all else is the reader's.
 */

#include "actors/router_internal.h"

#include "actors/reader.h"
#include "base/memory.h"
#include "base/uri.h"

#include <string.h>

void
on_ping(void *arg, struct envelope *envelope)
{
    struct request *r = request_new(arg, envelope, envelope_message(envelope)->ping.id);

    if (r)
        request_answer(r, DONE, NULL);
}

/* ---- here ------------------------------------------------------------------------- */

struct small_read {
    struct reading reading; /* first: the backend hands back a pointer to it */
    struct request *request;
};

static void
tell_content(struct request *r, const struct message_content *content, struct body *take_body)
{
    struct message message = { .tag = CONTENT, .content = *content };

    message.content.id = r->id;
    request_end(r, &message, take_body);
}

static void
on_small_read(struct reading *reading, enum outcome outcome, const struct report *report)
{
    struct request *r = ((struct small_read *) reading)->request;
    struct body body;

    body_wrap(&body, reading->into, outcome == DONE ? reading->got : 0);
    if (outcome != DONE) {
        body_clear(&body);
        request_answer(r, outcome, report);
        return;
    }
    tell_content(r,
        &(struct message_content){ .offset = reading->offset,
            .size = reading->entry.size,
            .version = reading->entry.version,
            .mode = reading->entry.mode,
            .mtime_ns = reading->entry.mtime_ns },
        &body);
}

static void
read_here(struct request *r, const struct message_read *m)
{
    struct small_read small = {
        .reading = { .path = r->path,
            .offset = m->offset,
            .into = memory_resize(NULL, (size_t) m->length),
            .length = (size_t) m->length,
            .if_version = m->version,
            .ended = on_small_read },
        .request = r,
    };

    r->router->primary_kind->read(r->router->primary, &small.reading);
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
on_read(void *arg, struct envelope *envelope)
{
    const struct message_read *m = &envelope_message(envelope)->read;
    struct request *r = request_new(arg, envelope, m->id);

    if (!r || !request_paths(r, m->uri, view_of("")))
        return;
    if (m->length <= SMALL_READ_BYTES)
        read_here(r, m);
    else
        seek(r,
            &(struct message_seek){ .kind = SEEK_READ,
                .offset = m->offset,
                .limit = m->length,
                .version = m->version });
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
        request_answer(r, outcome, &report);
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

/* ---- by the reader ------------------------------------------------------------------ */

void
on_list(void *arg, struct envelope *envelope)
{
    const struct message_list *m = &envelope_message(envelope)->list;
    struct request *r = request_new(arg, envelope, m->id);

    if (r && request_paths(r, m->uri, view_of("")))
        seek(r,
            &(struct message_seek){ .kind = SEEK_LIST,
                .after = m->after,
                .limit = m->limit,
                .depth = m->depth,
                .hidden = m->hidden });
}

void
on_glob(void *arg, struct envelope *envelope)
{
    const struct message_glob *m = &envelope_message(envelope)->glob;
    struct request *r = request_new(arg, envelope, m->id);

    if (r && request_paths(r, m->uri, view_of("")))
        seek(r,
            &(struct message_seek){ .kind = SEEK_GLOB,
                .pattern = m->pattern,
                .after = m->after,
                .limit = m->limit });
}

void
on_grep(void *arg, struct envelope *envelope)
{
    const struct message_grep *m = &envelope_message(envelope)->grep;
    struct request *r = request_new(arg, envelope, m->id);

    if (r && request_paths(r, m->uri, view_of("")))
        seek(r,
            &(struct message_seek){ .kind = SEEK_GREP,
                .pattern = m->pattern,
                .after = m->after,
                .limit = m->limit,
                .depth = m->depth,
                .ignore_case = m->ignore_case });
}

void
on_sought(void *arg, struct envelope *envelope)
{
    const struct message_sought *m = &envelope_message(envelope)->sought;
    struct request *r = request_find(arg, m->request);
    struct report report = { .cause = m->cause };

    if (!r)
        return;
    snprintf(report.text, sizeof report.text, "%.*s", VIEW(m->reason));
    if (m->outcome != DONE)
        request_answer(r, m->outcome, &report);
    else if (r->tag == READ)
        tell_content(r,
            &(struct message_content){ .offset = m->offset,
                .size = m->size,
                .version = m->version,
                .mode = m->mode,
                .mtime_ns = m->mtime_ns },
            envelope_body(envelope));
    else
        request_end(r,
            &(struct message){
                .tag = PAGE,
                .page = { .id = r->id, .count = m->count, .more = m->more, .next = m->next },
            },
            envelope_body(envelope));
}

/* ---- by the journal ----------------------------------------------------------------- */

/* False: refused and answered. An empty URI stands for everything. */
static bool
optional_path(struct request *r, struct view uri)
{
    return uri.length == 0 || request_paths(r, uri, view_of(""));
}

void
on_status(void *arg, struct envelope *envelope)
{
    const struct message_status *m = &envelope_message(envelope)->status;
    struct request *r = request_new(arg, envelope, m->id);

    if (r && optional_path(r, m->uri))
        host_post(r->router->host, "journal",
            &(struct message){
                .tag = SURVEY,
                .survey = { .request = r->number,
                    .path = view_of(r->path ? r->path : ""),
                    .after = m->after,
                    .limit = m->limit },
            },
            NULL);
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

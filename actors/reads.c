/*
 * reads - bytes of files.
 *
 *     READ ──▶ no backup serves reads ──▶ the primary ──▶ CONTENT
 *         └──▶ copies.c ──▶ a backup ──▶ CONTENT
 *                      └──none──▶ the primary
 *
 * What is likely to be in the page cache and small is read here, because a hop
 * to the reader and back costs more than the read; all else is the reader's.
 *
 * A client that reads in pieces names the version it goes on with.  Every place
 * has versions of its own; so where backups may answer, it is told one that all
 * copies of a file have in common: of its size and of its time, which is that
 * of the write to the nanosecond.
 */

#include "actors/router_internal.h"

#include "actors/reader.h"

#include <xxhash.h>

uint64_t
read_version(uint64_t size, uint64_t mtime_ns)
{
    const uint64_t both[] = { size, mtime_ns };
    uint64_t version = XXH3_64bits(both, sizeof both);

    return version ? version : 1;
}

void
read_answer(struct request *r, const struct found *found, struct body *take_body)
{
    request_end(r,
        &(struct message){
            .tag = CONTENT,
            .content = { .id = r->id,
                .offset = found->offset,
                .size = found->size,
                .version = found->version,
                .mode = found->mode,
                .mtime_ns = found->mtime_ns },
        },
        take_body);
}

/* ---- from the primary ------------------------------------------------------------- */

/* That the primary has nothing there says little while somebody else may have it. */
void
read_failed(struct request *r, enum outcome outcome, const struct report *report)
{
    struct report unsure;

    if (report->cause != CAUSE_NOT_FOUND || !r->doubted) {
        request_failed(r, outcome, report);
        return;
    }
    report_set(&unsure, RETRY, CAUSE_NETWORK, "backup '%s', which may have it, does not answer",
        r->doubted->name);
    request_answer(r, RETRY, &unsure);
}

static bool
backups_may_answer(const struct request *r)
{
    return r->router->copy_count > 0;
}

static void
answer_from_primary(struct request *r, const struct found *found, struct body *take_body)
{
    struct found told = *found;
    struct report report;

    if (backups_may_answer(r))
        told.version = read_version(found->size, found->mtime_ns);
    if (!backups_may_answer(r) || r->version == 0 || r->version == told.version) {
        read_answer(r, &told, take_body);
        return;
    }
    body_clear(take_body);
    report_set(&report, RETRY, CAUSE_CONFLICT, "replaced");
    request_failed(r, RETRY, &report);
}

static uint64_t
version_for_primary(const struct request *r)
{
    return backups_may_answer(r) ? 0 : r->version;
}

static void
seek_read(struct request *r)
{
    host_post(r->router->host, "reader",
        &(struct message){
            .tag = SEEK,
            .seek = { .request = r->number,
                .kind = SEEK_READ,
                .path = view_of(r->path),
                .offset = r->offset,
                .limit = r->length,
                .version = version_for_primary(r) },
        },
        NULL);
}

struct small_read {
    struct reading reading; /* first: the backend hands back a pointer to it */
    struct request *request;
};

static void
on_small_read(struct reading *reading, enum outcome outcome, const struct report *report)
{
    struct request *r = ((struct small_read *) reading)->request;
    struct body body;

    if (outcome != DONE) {
        read_failed(r, outcome, report);
        return;
    }
    if (reading->got < r->length && reading->offset + reading->got < reading->entry.size) {
        seek_read(r); /* there is more than is read here */
        return;
    }
    body_copy(&body, (struct view){ reading->into, reading->got });
    answer_from_primary(r,
        &(struct found){ .offset = reading->offset,
            .size = reading->entry.size,
            .version = reading->entry.version,
            .mode = reading->entry.mode,
            .mtime_ns = reading->entry.mtime_ns },
        &body);
}

/* A client that does not know how small a file is asks for much. */
static void
read_here(struct request *r)
{
    char bytes[SMALL_READ_BYTES];
    struct small_read small = {
        .reading = { .path = r->path,
            .offset = r->offset,
            .into = bytes,
            .length = r->length < sizeof bytes ? (size_t) r->length : sizeof bytes,
            .if_version = version_for_primary(r),
            .ended = on_small_read },
        .request = r,
    };

    r->router->primary_kind->read(r->router->primary, &small.reading);
}

void
read_primary(struct request *r)
{
    /* The first piece may be all; those behind it are of a large file. */
    if (r->length <= SMALL_READ_BYTES || r->offset == 0)
        read_here(r);
    else
        seek_read(r);
}

void
read_sought(struct request *r, const struct message_sought *m, struct body *body)
{
    struct report report = { .cause = m->cause };

    snprintf(report.text, sizeof report.text, "%.*s", VIEW(m->reason));
    if (m->outcome != DONE)
        read_failed(r, m->outcome, &report);
    else
        answer_from_primary(r,
            &(struct found){ .offset = m->offset,
                .size = m->size,
                .version = m->version,
                .mode = m->mode,
                .mtime_ns = m->mtime_ns },
            body);
}

void
read_begin(struct request *r, const struct message_read *m)
{
    r->offset = m->offset;
    r->length = m->length;
    r->version = m->version;
    if (backups_may_answer(r))
        copies_ask(r);
    else
        read_primary(r);
}

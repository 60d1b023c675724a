#include "actors/staging.h"

#include "base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>
#include <xxhash.h>

enum { COPY_BYTES = 1 << 20 }; /* read from the base at once */

enum phase { LINKING, HEAD, FRESH, TAIL, WHOLE, FLUSHING };

struct staging {
    struct change change; /* first: the backend hands back a pointer to it */
    UT_hash_handle hh;    /* by request */
    struct stagings *all;
    uint64_t request;
    enum phase phase;
    char *path, *base;
    uint64_t head;     /* bytes of base, or zeros, to come first */
    uint64_t fresh_in; /* new bytes heard */
    bool keeps_tail, is_last;
    uint64_t copied; /* position in base */
    uint64_t size;   /* of the stage so far */
    XXH3_state_t *hash;
};

struct stagings {
    struct host *host;
    const struct backend_kind *kind;
    struct backend *backend;
    struct staging *by_request;
};

struct stagings *
stagings_new(struct host *host, const struct backend_kind *kind, struct backend *backend)
{
    struct stagings *all = memory_new(sizeof *all);

    *all = (struct stagings){ .host = host, .kind = kind, .backend = backend };
    return all;
}

static void
staging_free(struct staging *s)
{
    HASH_DEL(s->all->by_request, s);
    free(s->path);
    free(s->base);
    XXH3_freeState(s->hash);
    free(s);
}

void
stagings_free(struct stagings **stagings)
{
    struct staging *s, *next;

    if (!*stagings)
        return;
    HASH_ITER(hh, (*stagings)->by_request, s, next)
    {
        if (s->phase < WHOLE)
            (*stagings)->kind->cancel((*stagings)->backend, &s->change);
        staging_free(s);
    }
    free(*stagings);
    *stagings = NULL;
}

static void
tell_staged(struct staging *s, enum outcome outcome, const struct report *report)
{
    XXH128_canonical_t hash;

    XXH128_canonicalFromHash(&hash, XXH3_128bits_digest(s->hash));
    host_post(s->all->host, "router",
        &(struct message){
            .tag = STAGED,
            .staged = {
                .request = s->request,
                .outcome = outcome,
                .cause = outcome == DONE ? CAUSE_NONE : report->cause,
                .reason = view_of(outcome == DONE ? "" : report->text),
                .size = s->size,
                .hash = { (const char *) hash.digest, s->base && s->head == UINT64_MAX
                        ? 0 : sizeof hash.digest },
            },
        },
        NULL);
    staging_free(s);
}

static void
tell_room(struct staging *s, uint64_t bytes)
{
    host_post(s->all->host, "router",
        &(struct message){
            .tag = STAGE_ROOM,
            .stage_room = { .request = s->request, .bytes = bytes },
        },
        NULL);
}

static void
on_ended(struct change *change, enum outcome outcome, const struct report *report)
{
    struct staging *s = (struct staging *) change;

    if (outcome != DONE)
        tell_staged(s, outcome, report);
    else
        s->phase = WHOLE;
}

static void
on_consumed(struct change *change, size_t bytes)
{
    (void) change; /* kinds that end at once have written it when write() returns */
    (void) bytes;
}

static void
fail(struct staging *s, enum outcome outcome, const struct report *report)
{
    s->all->kind->cancel(s->all->backend, &s->change);
    tell_staged(s, outcome, report);
}

/* False if the stage is gone: the backend refused the bytes. */
static bool
append(struct staging *s, const void *bytes, size_t length)
{
    struct stagings *all = s->all;
    uint64_t request = s->request;

    if (length == 0)
        return true;
    XXH3_128bits_update(s->hash, bytes, length);
    s->size += length;
    all->kind->write(all->backend, &s->change, bytes, length);
    HASH_FIND(hh, all->by_request, &request, sizeof request, s);
    return s != NULL;
}

struct copying {
    struct reading reading;
    enum outcome outcome;
    struct report report;
};

static void
on_read(struct reading *reading, enum outcome outcome, const struct report *report)
{
    struct copying *copying = (struct copying *) reading;

    copying->outcome = outcome;
    if (outcome != DONE)
        copying->report = *report;
}

enum copied { COPIED, COPIED_ALL, STAGE_GONE };

/* The next slice of base, up to `end`. */
static enum copied
copy_base(struct staging *s, uint64_t end, bool pads)
{
    char *slice = memory_new(COPY_BYTES);
    uint64_t left = end - s->copied;
    size_t wanted = left < COPY_BYTES ? (size_t) left : COPY_BYTES;
    struct copying copying = {
        .reading = { .path = s->base,
            .offset = s->copied,
            .into = slice,
            .length = wanted,
            .ended = on_read },
        .outcome = DONE,
    };
    enum copied copied = COPIED;

    if (s->base)
        s->all->kind->read(s->all->backend, &copying.reading);
    if (copying.outcome != DONE) {
        fail(s, copying.outcome, &copying.report);
        free(slice);
        return STAGE_GONE;
    }
    if (pads)
        copying.reading.got = wanted; /* what base lacks reads as zeros */
    s->copied += copying.reading.got;
    if (!append(s, slice, copying.reading.got))
        copied = STAGE_GONE;
    else if (copying.reading.got < wanted)
        copied = COPIED_ALL;
    free(slice);
    return copied;
}

static void
finish(struct staging *s)
{
    s->all->kind->finish(s->all->backend, &s->change);
}

/* The new bytes are in: go on with what base has behind them, or end. */
static bool
leave_fresh(struct staging *s)
{
    if (!s->keeps_tail) {
        finish(s);
        return false;
    }
    s->copied = s->head + s->fresh_in;
    s->phase = TAIL;
    return true;
}

static bool
copies(const struct staging *s)
{
    return s->phase == TAIL || (s->phase == HEAD && s->copied < s->head);
}

/* One slice of work; true if there is more to do without hearing anything. */
static bool
step(struct staging *s)
{
    if (s->phase == HEAD) {
        if (copies(s) && copy_base(s, s->head, true) == STAGE_GONE)
            return false;
        if (s->copied < s->head)
            return true;
        s->phase = FRESH;
        if (s->head > 0)
            tell_room(s, 0);
    }
    if (s->phase == FRESH)
        return s->is_last && leave_fresh(s);
    if (s->phase == TAIL) {
        enum copied copied = copy_base(s, s->copied + COPY_BYTES, false);

        if (copied == COPIED_ALL)
            finish(s);
        return copied == COPIED;
    }
    return false;
}

void
stagings_begin(struct stagings *all, const struct message_stage *m)
{
    struct staging *s = memory_new(sizeof *s);
    bool links = m->head == UINT64_MAX;

    s->all = all;
    s->request = m->request;
    s->path = view_dup(m->path);
    s->base = m->base.length > 0 ? view_dup(m->base) : NULL;
    s->head = m->head;
    s->keeps_tail = m->tail;
    s->is_last = m->size == 0;
    s->hash = XXH3_createState();
    XXH3_128bits_reset(s->hash);
    s->change = (struct change){
        .kind = links ? LINK : PUT,
        .path = links ? s->base : s->path,
        .to = links ? s->path : NULL,
        .seq = UINT64_MAX - m->request,
        .size = SIZE_UNKNOWN,
        .mode = (uint32_t) m->mode,
        .ended = on_ended,
        .consumed = on_consumed,
    };
    s->phase = links ? LINKING : HEAD;
    HASH_ADD(hh, all->by_request, request, sizeof s->request, s);
    all->kind->begin(all->backend, &s->change);
}

void
stagings_data(struct stagings *all, const struct message_stage_data *m, struct body *take)
{
    struct view bytes = body_view(take);
    struct staging *s;

    HASH_FIND(hh, all->by_request, &m->request, sizeof m->request, s);
    if (!s)
        return; /* it failed; the router has been told */
    if (s->phase == HEAD)
        step(s); /* nothing is before the new bytes, or they would wait for room */
    assert(s->phase == FRESH);
    if (!append(s, bytes.at, bytes.length))
        return;
    s->fresh_in += bytes.length;
    tell_room(s, bytes.length);
    s->is_last = m->last;
}

struct removal {
    struct change change; /* first: the backend hands back a pointer to it */
    char path[];
};

/* What could not be removed is removed by the next start. */
static void
on_removed(struct change *change, enum outcome outcome, const struct report *report)
{
    (void) outcome;
    (void) report;
    free(change);
}

static void
remove_stage(struct stagings *all, uint64_t request, struct view path)
{
    struct removal *removal = memory_new(sizeof *removal + path.length + 1);

    memcpy(removal->path, path.at, path.length);
    removal->change = (struct change){
        .kind = REMOVE,
        .path = removal->path,
        .seq = UINT64_MAX - request,
        .ended = on_removed,
    };
    all->kind->begin(all->backend, &removal->change);
}

void
stagings_drop(struct stagings *all, const struct message_unstage *m)
{
    struct staging *s;

    HASH_FIND(hh, all->by_request, &m->request, sizeof m->request, s);
    if (s && s->phase < WHOLE)
        all->kind->cancel(all->backend, &s->change);
    else
        remove_stage(all, m->request, m->path);
    if (s)
        staging_free(s);
}

bool
stagings_work(struct stagings *all)
{
    struct staging *s, *next, *copied = NULL;
    bool has_more = false;

    HASH_ITER(hh, all->by_request, s, next)
    {
        if (copies(s) && copied) {
            has_more = true;
            continue;
        }
        if (copies(s)) { /* and the others are before it the next time */
            copied = s;
            HASH_DEL(all->by_request, s);
            HASH_ADD(hh, all->by_request, request, sizeof s->request, s);
        }
        has_more = step(s) || has_more;
    }
    return has_more;
}

bool
stagings_want_flush(const struct stagings *all)
{
    for (const struct staging *s = all->by_request; s; s = s->hh.next)
        if (s->phase == WHOLE)
            return true;
    return false;
}

void
stagings_flushing(struct stagings *all)
{
    for (struct staging *s = all->by_request; s; s = s->hh.next)
        if (s->phase == WHOLE)
            s->phase = FLUSHING;
}

void
stagings_flushed(struct stagings *all, enum outcome outcome, const struct report *report)
{
    struct staging *s, *next;

    HASH_ITER(hh, all->by_request, s, next)
    {
        if (s->phase == FLUSHING)
            tell_staged(s, outcome, report);
    }
}

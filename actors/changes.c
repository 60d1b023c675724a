/*
 * changes - what clients ask to change, from the request to the claim.
 */

#include "actors/router_internal.h"

#include "actors/reader.h"
#include "base/uri.h"

#include <inttypes.h>
#include <string.h>

/* False: refused and answered. The configuration's count is cut to what there is; this is not. */
static bool
set_wishes(struct request *r, uint64_t acks, bool waits, uint64_t timeout_ms)
{
    int backups = __builtin_popcountll(r->router->targets);
    struct report report;

    r->acks = acks;
    r->waits = waits;
    r->timeout_ms = timeout_ms;
    if (acks == UINT64_MAX || acks <= (uint64_t) backups)
        return true;
    report_set(&report, REFUSED, CAUSE_INVALID_ARGUMENT,
        "%" PRIu64 " acknowledgements were asked for, and there are %d backups to give them", acks,
        backups);
    request_answer(r, REFUSED, &report);
    return false;
}

/* False: refused and answered. */
static bool
is_permitted(struct request *r, enum uri_use use, struct view uri, const char *path)
{
    struct report report;

    if (uri_permits(use, uri, view_of(path), &report) == DONE)
        return true;
    request_answer(r, REFUSED, &report);
    return false;
}

static bool
has_only_mode_bits(struct request *r, uint64_t mode)
{
    struct report report;

    if (mode <= MODE_BITS)
        return true;
    report_set(&report, REFUSED, CAUSE_INVALID_ARGUMENT, "mode has other than permission bits");
    request_answer(r, REFUSED, &report);
    return false;
}

static bool
write_makes_sense(struct request *r, const struct message_write *m, uint64_t length)
{
    const char *flaw = m->how >= HOWS                 ? "WRITE: how is 0, 1, 2 or 3"
        : length > CHUNK_BYTES                        ? "WRITE: the body is longer than chunk_bytes"
        : m->size != SIZE_UNKNOWN && m->size < length ? "WRITE: the body is longer than size"
                                                      : NULL;
    struct report report;

    if (!flaw)
        return has_only_mode_bits(r, m->mode);
    report_set(&report, REFUSED, CAUSE_INVALID_ARGUMENT, "%s", flaw);
    request_answer(r, REFUSED, &report);
    return false;
}

/* A stage is an open file, and the server has only so many of those. */
static bool
has_upload_to_spare(struct request *r)
{
    struct report report;
    unsigned count = 0;

    for (const struct request *other = r->session->requests; other; other = other->hh_client.next)
        count += other->is_upload;
    if (count < UPLOADS_PER_SESSION)
        return true;
    report_set(&report, RETRY, CAUSE_BUSY, "more than %d uploads at once", UPLOADS_PER_SESSION);
    request_answer(r, RETRY, &report);
    return false;
}

/*
 * A large body is staged before the claim, with the mode that the file has by
 * then.  What cannot become of it is told before it comes, and again behind it.
 */
static void
begin_large(struct request *r)
{
    struct report report;
    struct entry old;
    struct body piece;
    enum outcome outcome = write_fits(r, &old, &report);

    if (outcome != DONE) {
        request_answer(r, outcome, &report);
        return;
    }
    if (r->mode == 0)
        r->mode = old.version ? old.mode : MODE_FILE;
    body_move(&piece, &r->body);
    r->is_upload = body_view(&piece).length != r->size;
    upload_begin(r, NULL, 0, r->size, false);
    upload_piece(r, &piece, !r->is_upload);
}

/* What builds on the old file needs the claim first; its DATA may come before that. */
static void
begin_patch(struct request *r)
{
    struct body piece;

    if (body_view(&r->body).length != r->size) {
        body_move(&piece, &r->body);
        r->is_upload = true;
        upload_piece(r, &piece, false);
    }
    change_claim(r);
}

void
on_write(void *arg, struct envelope *envelope)
{
    const struct message_write *m = &envelope_message(envelope)->write;
    struct request *r = request_new(arg, envelope, m->id);

    if (!r || !write_makes_sense(r, m, body_view(envelope_body(envelope)).length) ||
        !request_paths(r, m->uri, view_of("")) || !is_permitted(r, URI_FILE, m->uri, r->path))
        return;
    if (!set_wishes(r, m->acks, m->wait, m->timeout_ms))
        return;
    r->how = m->how;
    r->offset = m->offset;
    r->size = m->size;
    r->mode = (uint32_t) m->mode;
    body_move(&r->body, envelope_body(envelope));
    if (body_view(&r->body).length != r->size && !has_upload_to_spare(r))
        return;
    if (r->how == APPEND || r->how == AT_OFFSET)
        begin_patch(r);
    else if (body_view(&r->body).length == r->size && is_small(r, r->size))
        change_claim(r);
    else
        begin_large(r);
}

void
on_truncate(void *arg, struct envelope *envelope)
{
    const struct message_truncate *m = &envelope_message(envelope)->truncate;
    struct request *r = request_new(arg, envelope, m->id);

    if (!r || !request_paths(r, m->uri, view_of("")) || !is_permitted(r, URI_FILE, m->uri, r->path))
        return;
    if (!set_wishes(r, m->acks, m->wait, m->timeout_ms))
        return;
    r->size = m->size;
    change_claim(r);
}

void
on_delete(void *arg, struct envelope *envelope)
{
    const struct message_delete *m = &envelope_message(envelope)->delete;
    struct request *r = request_new(arg, envelope, m->id);

    if (!r || !request_paths(r, m->uri, view_of("")) ||
        !is_permitted(r, URI_REMOVAL, m->uri, r->path))
        return;
    if (!set_wishes(r, m->acks, m->wait, m->timeout_ms))
        return;
    r->recursive = m->recursive;
    change_claim(r);
}

void
on_make(void *arg, struct envelope *envelope)
{
    const struct message_make *m = &envelope_message(envelope)->make;
    struct request *r = request_new(arg, envelope, m->id);

    if (!r || !has_only_mode_bits(r, m->mode) || !request_paths(r, m->uri, view_of("")) ||
        !is_permitted(r, URI_DIRECTORY, m->uri, r->path))
        return;
    if (!set_wishes(r, m->acks, m->wait, m->timeout_ms))
        return;
    r->mode = (uint32_t) m->mode;
    change_claim(r);
}

void
on_move(void *arg, struct envelope *envelope)
{
    const struct message_move *m = &envelope_message(envelope)->move;
    struct request *r = request_new(arg, envelope, m->id);
    struct report report;

    if (!r || !request_paths(r, m->uri, m->to))
        return;
    if (!r->to || strcmp(r->path, r->to) == 0) {
        report_set(&report, REFUSED, CAUSE_INVALID_ARGUMENT,
            r->to ? "both names are the same" : "the new name is missing");
        request_answer(r, REFUSED, &report);
        return;
    }
    if (!is_permitted(r, URI_REMOVAL, m->uri, r->path) ||
        !is_permitted(r, URI_DIRECTORY, m->to, r->to))
        return;
    if (!set_wishes(r, m->acks, m->wait, m->timeout_ms))
        return;
    change_claim(r);
}

void
on_mode(void *arg, struct envelope *envelope)
{
    const struct message_mode *m = &envelope_message(envelope)->mode;
    struct request *r = request_new(arg, envelope, m->id);

    if (!r || !has_only_mode_bits(r, m->mode) || !request_paths(r, m->uri, view_of("")))
        return;
    if (!set_wishes(r, m->acks, m->wait, m->timeout_ms))
        return;
    r->mode = (uint32_t) m->mode;
    change_claim(r);
}

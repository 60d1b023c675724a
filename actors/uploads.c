/*
 * uploads - bodies that come in many pieces, or build on what is there.
 *
 *     client ──WRITE DATA──▶ router ──STAGE STAGE_DATA──▶ the primary's store
 *            ◀──────GO──────        ◀──────STAGE_ROOM────
 *
 * A piece goes on as it comes, unless the upload builds on a file: then it is
 * kept until the claim is granted and the store has copied what is before it.
 * The client may be ahead of the store by its credit, and not by a byte more.
 */

#include "actors/router_internal.h"

#include "actors/reader.h"
#include "base/clock.h"
#include "base/memory.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

enum {
    SILENCE_MS = 60000,      /* an upload that says nothing for so long is dropped */
    EARLY_PIECES_MAX = 1024, /* kept; their bytes are bounded by the credit */
};

/* A piece to the store. */
static void
forward(struct request *r, struct body *take_body, bool is_last)
{
    host_post(r->router->host, "store/0",
        &(struct message){
            .tag = STAGE_DATA,
            .stage_data = { .request = r->number, .last = is_last },
        },
        take_body);
}

static void
forward_kept(struct request *r)
{
    struct piece *piece, *next;

    r->takes_pieces = true;
    LL_FOREACH_SAFE(r->pieces, piece, next)
    {
        forward(r, &piece->body, piece->is_last);
        free(piece);
    }
    r->pieces = NULL;
}

void
upload_begin(struct request *r, const char *base, uint64_t head, uint64_t size, bool keeps_tail)
{
    snprintf(r->stage, sizeof r->stage, "/.knarr-stage/%016" PRIx64, r->number);
    r->is_staging = true;
    r->heard_ms = clock_ms();
    host_post(r->router->host, "store/0",
        &(struct message){
            .tag = STAGE,
            .stage = { .request = r->number,
                .path = view_of(r->stage),
                .base = view_of(base ? base : ""),
                .head = head,
                .size = size,
                .tail = keeps_tail,
                .mode = r->mode },
        },
        NULL);
    if (head == 0)
        forward_kept(r);
}

void
upload_piece(struct request *r, struct body *take_body, bool is_last)
{
    struct piece *piece;

    r->heard += body_view(take_body).length;
    r->heard_ms = clock_ms();
    if (r->takes_pieces) {
        forward(r, take_body, is_last);
        return;
    }
    piece = memory_new(sizeof *piece);
    body_move(&piece->body, take_body);
    piece->is_last = is_last;
    LL_APPEND(r->pieces, piece);
    r->piece_count++;
}

/* What was promised is the journal's; what failed, the store has dropped. */
static void
drop_stage(struct request *r)
{
    if (r->is_staging && !r->is_committed)
        host_post(r->router->host, "store/0",
            &(struct message){
                .tag = UNSTAGE,
                .unstage = { .request = r->number, .path = view_of(r->stage) },
            },
            NULL);
}

void
upload_fini(struct request *r)
{
    struct piece *piece, *next;

    drop_stage(r);
    LL_FOREACH_SAFE(r->pieces, piece, next)
    {
        body_clear(&piece->body);
        free(piece);
    }
}

static bool
piece_fits(const struct request *r, const struct message_data *m, uint64_t length,
    struct report *report)
{
    uint64_t credit = r->router->conf->settings.credit_bytes;

    if (m->offset != r->heard)
        report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "DATA at offset %" PRIu64 ", but %" PRIu64 " was next", m->offset, r->heard);
    else if (length > CHUNK_BYTES)
        report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "DATA: the body is longer than chunk_bytes");
    else if (r->heard + length - r->taken > credit)
        report_set(report, REFUSED, CAUSE_INVALID_OPERATION,
            "more than the credit of %" PRIu64 " bytes was sent", credit);
    else if (length > 0 && !r->takes_pieces && r->piece_count == EARLY_PIECES_MAX)
        report_set(report, REFUSED, CAUSE_BUSY,
            "more than %d pieces before the file was ready to be changed", EARLY_PIECES_MAX);
    else if (r->size != SIZE_UNKNOWN &&
        (r->heard + length > r->size || (m->last && r->heard + length != r->size)))
        report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "%" PRIu64 " bytes came of the %" PRIu64 " that were announced", r->heard + length,
            r->size);
    else
        return true;
    return false;
}

void
on_data(void *arg, struct envelope *envelope)
{
    const struct message_data *m = &envelope_message(envelope)->data;
    struct body *body = envelope_body(envelope);
    struct router *self = arg;
    struct session *session = session_of(self, envelope);
    struct request *r = session ? request_of_client(session, m->id) : NULL;
    struct report report;

    if (!r || !r->is_upload)
        return; /* its answer is on the way */
    if (!piece_fits(r, m, body_view(body).length, &report)) {
        request_answer(r, REFUSED, &report);
        return;
    }
    if (body_view(body).length == 0 && !m->last)
        return;
    r->is_upload = !m->last && r->heard + body_view(body).length != r->size;
    upload_piece(r, body, !r->is_upload);
}

void
on_stage_room(void *arg, struct envelope *envelope)
{
    const struct message_stage_room *m = &envelope_message(envelope)->stage_room;
    struct request *r = request_find(arg, m->request);

    if (!r)
        return;
    r->taken += m->bytes;
    r->heard_ms = clock_ms();
    if (!r->takes_pieces)
        forward_kept(r);
    else if (r->session && r->is_upload)
        session_say_go(r, m->bytes);
}

void
on_staged(void *arg, struct envelope *envelope)
{
    const struct message_staged *m = &envelope_message(envelope)->staged;
    struct request *r = request_find(arg, m->request);
    struct report report = { .cause = m->cause };

    if (!r)
        return;
    r->is_upload = false;
    snprintf(report.text, sizeof report.text, "%.*s", VIEW(m->reason));
    if (m->outcome != DONE) {
        r->is_staging = false;
        request_failed(r, m->outcome, &report);
        return;
    }
    r->is_staged = true;
    r->result_size = m->size;
    r->has_hash = m->hash.length == sizeof r->hash;
    if (r->has_hash)
        memcpy(r->hash, m->hash.at, sizeof r->hash);
    if (r->has_claim)
        change_commit(r, r->tag == MOVE ? RENAME : PUT, 0);
    else
        change_claim(r);
}

static struct request *
find_silent(struct router *self)
{
    uint64_t now = clock_ms();

    for (struct request *r = self->requests; r; r = r->hh.next)
        if (r->is_upload && r->takes_pieces && now - r->heard_ms > SILENCE_MS)
            return r;
    return NULL;
}

/* One after the other: the end of one may grant, refuse and free others. */
void
uploads_expire(struct router *self)
{
    struct request *r;
    struct report report;

    report_set(&report, REFUSED, CAUSE_TIMEOUT, "no DATA came for %d s", SILENCE_MS / 1000);
    for (r = find_silent(self); r; r = find_silent(self))
        request_answer(r, REFUSED, &report);
}

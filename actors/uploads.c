/*
 * uploads - bodies that come in many pieces, or build on what is there.
 *
 *     client ──WRITE DATA──▶ router ──STAGE STAGE_DATA──▶ the primary's store
 *            ◀──────GO──────        ◀──────STAGE_ROOM────
 *
 * Nothing is kept here: a piece goes on as it comes.  The client may be ahead
 * of the store by its credit, and not by a byte more.
 */

#include "actors/router_internal.h"

#include "base/clock.h"

#include <inttypes.h>
#include <string.h>

enum { SILENCE_MS = 60000 /* an upload that says nothing for so long is dropped */ };

void
upload_begin(struct request *r, const char *base, uint64_t head, uint64_t size, bool keeps_tail)
{
    snprintf(r->stage, sizeof r->stage, "/.knarr-stage/%016" PRIx64, r->number);
    r->is_upload = true;
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
}

void
upload_piece(struct request *r, struct body *take_body, bool is_last)
{
    r->heard += body_view(take_body).length;
    r->heard_ms = clock_ms();
    host_post(r->router->host, "store/0",
        &(struct message){
            .tag = STAGE_DATA,
            .stage_data = { .request = r->number, .last = is_last },
        },
        take_body);
}

void
upload_cancel(struct request *r)
{
    host_post(r->router->host, "store/0",
        &(struct message){
            .tag = STAGE_DATA,
            .stage_data = { .request = r->number, .cancel = true },
        },
        NULL);
    request_free(r);
}

static void
upload_refuse(struct request *r, const struct report *report)
{
    host_post(r->router->host, "store/0",
        &(struct message){
            .tag = STAGE_DATA,
            .stage_data = { .request = r->number, .cancel = true },
        },
        NULL);
    request_answer(r, REFUSED, report);
}

static bool
piece_fits(const struct request *r, const struct message_data *m, uint64_t length,
    struct report *report)
{
    uint64_t credit = r->router->conf->settings.credit_bytes;

    if (m->offset != r->heard)
        report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "DATA at offset %" PRIu64 ", but %" PRIu64 " was next", m->offset, r->heard);
    else if (r->heard + length - r->taken > credit)
        report_set(report, REFUSED, CAUSE_INVALID_OPERATION,
            "more than the credit of %" PRIu64 " bytes was sent", credit);
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
        upload_refuse(r, &report);
        return;
    }
    upload_piece(r, body, m->last);
    r->is_upload = !m->last;
}

void
on_stage_room(void *arg, struct envelope *envelope)
{
    const struct message_stage_room *m = &envelope_message(envelope)->stage_room;
    struct request *r = request_find(arg, m->request);

    if (!r)
        return;
    r->taken += m->bytes;
    if (r->session && r->is_upload)
        host_reply(r->router->host, (struct view){ r->session->peer, r->session->peer_length },
            &(struct message){ .tag = GO, .go = { .id = r->id, .credit = m->bytes } }, NULL);
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
        request_answer(r, m->outcome, &report);
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

void
uploads_expire(struct router *self)
{
    uint64_t now = clock_ms();
    struct request *r, *next;
    struct report report;

    report_set(&report, REFUSED, CAUSE_TIMEOUT, "no DATA came for %d s", SILENCE_MS / 1000);
    HASH_ITER(hh, self->requests, r, next)
    {
        if (r->is_upload && r->tag == WRITE && now - r->heard_ms > SILENCE_MS)
            upload_refuse(r, &report);
    }
}

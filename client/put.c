/*
 * put - a file on its way to the server, never more of it than there is credit.
 *
 *     WRITE(size, first bytes) ──▶
 *     DATA(offset) DATA DATA   ──▶      while bytes under way < credit
 *                              ◀── GO   the server took some: so many more
 *     DATA(offset, last)       ──▶
 *                              ◀── ANSWER
 *
 * A file that fits in one chunk is the WRITE alone.  An ANSWER may come at any
 * time: the server has no room, or the path is refused; then sending stops.
 */

#include "client/change.h"

#include "base/memory.h"

#include <inttypes.h>

struct source {
    ssize_t (*more)(void *context, void *into, size_t room);
    void *context;
    uint64_t left; /* bytes still to come of a file whose size is known; else UINT64_MAX */
    bool is_at_end;
};

struct put {
    struct knarr *session;
    struct ending ending;
    struct source source;
    const char *uri;
    struct knarr_wish wish;
    uint64_t id;
    uint64_t size; /* KNARR_SIZE_UNKNOWN until the end was seen */
    uint64_t sent;
    uint64_t credit; /* bytes that may be sent now */
    bool has_begun, is_complete;
};

static size_t
least(uint64_t a, uint64_t b)
{
    return (size_t) (a < b ? a : b);
}

/* The next bytes, as many as there is room for, or fewer at the end. */
static enum outcome
fill(struct source *source, struct body *chunk, size_t room, struct report *report)
{
    size_t length = 0;
    char *bytes;

    room = least(room, source->left);
    bytes = memory_resize(NULL, room);
    body_init(chunk);
    while (length < room && !source->is_at_end) {
        ssize_t got = source->more(source->context, bytes + length, room - length);

        if (got < 0 || (size_t) got > room - length) {
            free(bytes);
            return report_set(report, REFUSED, CAUSE_INVALID_OPERATION,
                "the source of the bytes gave up");
        }
        source->is_at_end = got == 0;
        length += (size_t) got;
    }
    if (source->left != UINT64_MAX)
        source->left -= length;
    body_wrap(chunk, bytes, length);
    return DONE;
}

static struct message
first_message(const struct put *self)
{
    return (struct message){
        .tag = WRITE,
        .write = {
            .id = self->id,
            .uri = view_of(self->uri),
            .how = self->wish.how,
            .offset = self->wish.offset,
            .size = self->size,
            .mode = self->wish.mode,
            .acks = self->wish.acks,
            .wait = self->wish.wait,
            .timeout_ms = self->wish.timeout_ms,
        },
    };
}

static struct message
next_message(const struct put *self)
{
    return (struct message){
        .tag = DATA,
        .data = { .id = self->id, .offset = self->sent, .last = self->is_complete },
    };
}

/* The bytes are at their end: is it the end that was promised? */
static enum outcome
check_end(struct put *self, uint64_t sent, struct report *report)
{
    if (self->size == KNARR_SIZE_UNKNOWN && self->source.is_at_end && !self->has_begun)
        self->size = sent;
    self->is_complete =
        self->size == KNARR_SIZE_UNKNOWN ? self->source.is_at_end : sent == self->size;
    if (self->source.is_at_end && !self->is_complete)
        return report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "%s: %" PRIu64 " bytes were announced and only %" PRIu64 " came", self->uri, self->size,
            sent);
    return DONE;
}

static enum outcome
send_chunk(struct put *self)
{
    struct report *report = &self->ending.report;
    size_t room = least(self->session->chunk_bytes, self->credit);
    struct message message;
    struct body chunk;
    size_t length;
    enum outcome outcome = fill(&self->source, &chunk, room, report);

    length = outcome == DONE ? body_view(&chunk).length : 0;
    if (outcome == DONE)
        outcome = check_end(self, self->sent + length, report);
    if (outcome != DONE) {
        body_clear(&chunk);
        return outcome;
    }
    message = self->has_begun ? next_message(self) : first_message(self);
    self->has_begun = true;
    self->sent += length;
    self->credit -= length;
    return session_say(self->session, &message, &chunk, report);
}

static enum outcome
on_go(struct put *self, uint64_t credit)
{
    self->credit = credit > UINT64_MAX - self->credit ? UINT64_MAX : self->credit + credit;
    return DONE;
}

static enum outcome
on_answer(struct put *self, struct envelope *envelope)
{
    const struct message *message = envelope_message(envelope);

    if (message->tag == ANSWER && message->answer.outcome == DONE && !self->is_complete)
        return session_garbled(self->session, "a write was done before it was sent",
            &self->ending.report);
    return change_ended(self->session, envelope, &self->ending);
}

/* Look for what the server says; wait for it when there is nothing left to do. */
static enum outcome
listen(struct put *self)
{
    struct span span = { self->id, self->id };
    struct report *report = &self->ending.report;
    struct envelope *envelope = NULL;
    bool may_send = !self->is_complete && self->credit > 0;
    enum outcome outcome = may_send ? session_peek(self->session, span, &envelope, report)
                                    : session_hear(self->session, span, &envelope, report);

    if (outcome != DONE || !envelope)
        return outcome;
    outcome = envelope_message(envelope)->tag == GO
        ? on_go(self, envelope_message(envelope)->go.credit)
        : on_answer(self, envelope);
    envelope_close(&envelope);
    return outcome;
}

/* The server keeps nothing of a write that was not completed. */
static void
cancel(struct put *self)
{
    const struct message message = { .tag = CANCEL, .cancel = { .id = self->id } };
    struct report nobody_asks;

    if (self->session->socket && self->has_begun)
        session_say(self->session, &message, NULL, &nobody_asks);
}

static enum outcome
run(struct put *self)
{
    enum outcome outcome = session_open(self->session, &self->ending.report);

    if (outcome != DONE)
        return outcome;
    self->id = session_id(self->session);
    self->credit = self->session->credit_bytes;
    while (outcome == DONE && !self->ending.is_told) {
        if (!self->is_complete && self->credit > 0)
            outcome = send_chunk(self);
        if (outcome == DONE)
            outcome = listen(self);
    }
    if (outcome != DONE)
        cancel(self);
    return outcome;
}

enum knarr_outcome
knarr_put(struct knarr *session, const char *uri, uint64_t size,
    ssize_t (*more)(void *context, void *into, size_t room), void *context,
    const struct knarr_wish *wished, struct knarr_result *result)
{
    struct put self = {
        .session = session,
        .ending = { .result = result },
        .source = { .more = more, .context = context, .left = size },
        .uri = uri,
        .wish = wish_of(wished),
        .size = size,
    };

    result_init(result);
    return result_end(&self.ending, run(&self));
}

static ssize_t
more_of_view(void *context, void *into, size_t room)
{
    struct view *rest = context;
    size_t length = least(rest->length, room);

    if (length > 0)
        memcpy(into, rest->at, length);
    rest->at += length;
    rest->length -= length;
    return (ssize_t) length;
}

enum knarr_outcome
knarr_write(struct knarr *session, const char *uri, const void *bytes, size_t length,
    const struct knarr_wish *wished, struct knarr_result *result)
{
    struct view rest = { bytes, length };

    return knarr_put(session, uri, length, more_of_view, &rest, wished, result);
}

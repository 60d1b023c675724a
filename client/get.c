/*
 * get - bytes of a file, pulled by the client with a few READs in flight.
 *
 * The first READ tells the file's size and version; the others ask for that
 * version only, so bytes of two versions are never mixed, and stop at its end.
 * Answers may come in any order; they are handed on in the order of the file.
 */

#include "client/change.h"

enum { IN_FLIGHT = 4 };

struct ask { /* one READ, and its answer once it is there */
    uint64_t id, offset, length;
    struct envelope *content;
};

struct get {
    struct knarr *session;
    struct ending ending;
    const char *uri;
    bool (*take)(void *context, const void *bytes, size_t length, uint64_t size);
    void *context;
    uint64_t next, end; /* what remains to be asked for */
    uint64_t size, version;
    bool is_known; /* the two above are */
    struct ask asks[IN_FLIGHT];
    size_t first, count; /* a ring: oldest, and how many */
};

static struct ask *
ask_at(struct get *self, size_t i)
{
    return &self->asks[(self->first + i) % IN_FLIGHT];
}

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static enum outcome
send_ask(struct get *self)
{
    struct ask *ask = ask_at(self, self->count);
    struct message message;

    *ask = (struct ask){
        .id = session_id(self->session),
        .offset = self->next,
        .length = least(self->end - self->next, self->session->chunk_bytes),
    };
    message = (struct message){
        .tag = READ,
        .read = {
            .id = ask->id,
            .uri = view_of(self->uri),
            .offset = ask->offset,
            .length = ask->length,
            .version = self->version,
        },
    };
    self->next += ask->length;
    self->count++;
    return session_say(self->session, &message, NULL, &self->ending.report);
}

/* The first answer is sent alone, as nothing is known of the file before it. */
static bool
may_ask(const struct get *self)
{
    return self->is_known ? self->count < IN_FLIGHT && self->next < self->end : self->count == 0;
}

static struct ask *
find_ask(struct get *self, uint64_t id)
{
    for (size_t i = 0; i < self->count; i++)
        if (ask_at(self, i)->id == id)
            return ask_at(self, i);
    return NULL;
}

static enum outcome
learn(struct get *self, const struct message_content *content, struct report *report)
{
    if (!self->is_known) {
        self->is_known = true;
        self->size = content->size;
        self->version = content->version;
        self->end = least(self->end, self->size);
        return DONE;
    }
    if (content->size == self->size && content->version == self->version)
        return DONE;
    return report_set(report, RETRY, CAUSE_CONFLICT, "%s was replaced while it was read",
        self->uri);
}

/* Exactly the bytes that were asked for, as far as the file reaches. */
static bool
is_right(const struct ask *ask, const struct message_content *content, size_t length)
{
    uint64_t there = content->size > ask->offset ? content->size - ask->offset : 0;

    return content->offset == ask->offset && length == least(ask->length, there);
}

static enum outcome
on_content(struct get *self, struct envelope **take_envelope)
{
    const struct message_content *content = &envelope_message(*take_envelope)->content;
    struct ask *ask = find_ask(self, content->id);
    size_t length = body_view(envelope_body(*take_envelope)).length;

    if (!ask || ask->content || !is_right(ask, content, length))
        return session_garbled(self->session, "a read was answered with other bytes",
            &self->ending.report);
    ask->content = *take_envelope;
    *take_envelope = NULL;
    return learn(self, content, &self->ending.report);
}

static enum outcome
on_refusal(struct get *self, struct envelope *envelope)
{
    const struct message *message = envelope_message(envelope);

    if (message->tag != ANSWER || message->answer.outcome == DONE)
        return session_garbled(self->session, "a read was answered without bytes",
            &self->ending.report);
    return change_ended(self->session, envelope, &self->ending);
}

static enum outcome
hand_on(struct get *self)
{
    while (self->count > 0 && ask_at(self, 0)->content) {
        struct ask *ask = ask_at(self, 0);
        struct view bytes = body_view(envelope_body(ask->content));
        bool is_wanted =
            bytes.length == 0 || self->take(self->context, bytes.at, bytes.length, self->size);

        envelope_close(&ask->content);
        self->first = (self->first + 1) % IN_FLIGHT;
        self->count--;
        if (!is_wanted)
            return report_set(&self->ending.report, REFUSED, CAUSE_INVALID_OPERATION,
                "the taker of the bytes gave up");
    }
    return DONE;
}

static enum outcome
step(struct get *self)
{
    struct report *report = &self->ending.report;
    struct envelope *envelope = NULL;
    enum outcome outcome = DONE;
    struct span span;

    while (outcome == DONE && may_ask(self))
        outcome = send_ask(self);
    span = (struct span){ ask_at(self, 0)->id, ask_at(self, self->count - 1)->id };
    if (outcome == DONE)
        outcome = session_hear(self->session, span, &envelope, report);
    if (outcome == DONE && envelope_message(envelope)->tag == CONTENT)
        outcome = on_content(self, &envelope);
    else if (outcome == DONE)
        outcome = on_refusal(self, envelope);
    envelope_close(&envelope);
    return outcome == DONE && !self->ending.is_told ? hand_on(self) : outcome;
}

static enum outcome
run(struct get *self)
{
    enum outcome outcome = session_open(self->session, &self->ending.report);

    while (outcome == DONE && !self->ending.is_told &&
        (!self->is_known || self->count > 0 || self->next < self->end))
        outcome = step(self);
    for (size_t i = 0; i < self->count; i++)
        envelope_close(&ask_at(self, i)->content);
    return outcome;
}

enum knarr_outcome
knarr_get(struct knarr *session, const char *uri, uint64_t offset, uint64_t length,
    bool (*take)(void *context, const void *bytes, size_t length, uint64_t size), void *context,
    struct knarr_result *result)
{
    struct get self = {
        .session = session,
        .ending = { .result = result },
        .uri = uri,
        .take = take,
        .context = context,
        .next = offset,
        .end = length > UINT64_MAX - offset ? UINT64_MAX : offset + length,
    };
    enum outcome outcome;

    result_init(result);
    outcome = run(&self);
    if (outcome == DONE && !self.ending.is_told)
        result->size = self.size;
    return result_end(&self.ending, outcome);
}

#include "client/session_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { PING_AFTER_MS = 2000 }; /* of silence, at most */

/* PINGs have numbers of their own, so that those of requests stay consecutive. */
static const uint64_t ping_bit = UINT64_C(1) << 63;

/* What the wait for an answer knows: when the server was last heard and last asked. */
struct silence {
    uint64_t since_ms, pinged_ms;
};

uint64_t
session_id(struct knarr *self)
{
    return ++self->last_id;
}

void
session_close(struct knarr *self)
{
    if (self->socket)
        zmq_socket_monitor(self->socket, NULL, 0);
    if (self->monitor)
        zmq_close(self->monitor);
    if (self->socket)
        zmq_close(self->socket);
    self->socket = NULL;
    self->monitor = NULL;
    self->is_connected = false;
    self->is_lost = false;
}

enum outcome
session_garbled(struct knarr *self, const char *what, struct report *report)
{
    session_close(self);
    return report_set(report, REFUSED, CAUSE_DAMAGED, "%s does not speak our protocol: %s",
        self->endpoint, what);
}

enum outcome
session_lost(struct knarr *self, const char *how, struct report *report)
{
    session_close(self);
    return report_set(report, RETRY, CAUSE_NETWORK,
        "%s %s; is the server running? Start it with 'openviking-server --config FILE'",
        self->endpoint, how);
}

static int
ready_for(struct knarr *self)
{
    int events = 0;
    size_t size = sizeof events;

    return zmq_getsockopt(self->socket, ZMQ_EVENTS, &events, &size) == 0 ? events : 0;
}

bool
session_can_say(struct knarr *self)
{
    return ready_for(self) & ZMQ_POLLOUT;
}

/* Each event is a frame that begins with its number, and one with an address. */
void
session_look(struct knarr *self)
{
    unsigned char event[16] = { 0 }, address[256];

    while (zmq_recv(self->monitor, event, sizeof event, ZMQ_DONTWAIT) >= 2) {
        uint16_t number;

        memcpy(&number, event, sizeof number);
        self->is_connected = number == ZMQ_EVENT_CONNECTED;
        self->is_lost = self->is_lost || number == ZMQ_EVENT_DISCONNECTED;
        zmq_recv(self->monitor, address, sizeof address, ZMQ_DONTWAIT);
    }
}

/* What came before the connection was lost is still there to be read: ask for it last. */
enum outcome
session_sleep(struct knarr *self, short events, uint64_t at_ms, struct report *report)
{
    zmq_pollitem_t items[] = {
        { .socket = self->socket, .events = events },
        { .socket = self->monitor, .events = ZMQ_POLLIN },
    };
    uint64_t now_ms = clock_ms();

    if (zmq_poll(items, 2, at_ms > now_ms ? (long) (at_ms - now_ms) : 0) < 0 && errno != EINTR)
        return session_lost(self, "cannot be waited for", report);
    session_look(self);
    if (self->is_lost && !(ready_for(self) & events))
        return session_lost(self, "closed the connection", report);
    return DONE;
}

static void
ping(struct knarr *self, struct silence *silence)
{
    const struct message message = {
        .tag = PING,
        .ping = { .id = ping_bit | (self->last_ping + 1) },
    };

    silence->pinged_ms = clock_ms();
    if (session_can_say(self) && message_send(self->socket, view_of(""), &message, NULL))
        self->last_ping++;
}

uint64_t
session_sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Often enough that a server with a short timeout may still take long over a request. */
static uint64_t
ping_after_ms(const struct knarr *self)
{
    return session_sooner(PING_AFTER_MS, self->timeout_ms / 3);
}

/* One step of waiting for a message, at the end of which it may be there. */
static enum outcome
await_sign(struct knarr *self, struct silence *silence, struct report *report)
{
    uint64_t gone_ms = silence->since_ms + self->timeout_ms;
    uint64_t ping_ms = silence->since_ms + ping_after_ms(self);
    char how[64];

    if (clock_ms() >= gone_ms) {
        snprintf(how, sizeof how, "has been silent for %" PRIu64 " ms", self->timeout_ms);
        return session_lost(self, how, report);
    }
    if (silence->pinged_ms >= silence->since_ms && silence->pinged_ms > 0)
        ping_ms = silence->pinged_ms + ping_after_ms(self);
    if (clock_ms() >= ping_ms) {
        ping(self, silence);
        ping_ms = silence->pinged_ms + ping_after_ms(self);
    }
    return session_sleep(self, ZMQ_POLLIN, session_sooner(gone_ms, ping_ms), report);
}

/* 0, or why not; the body stays the caller's. */
static int
offer(struct knarr *self, const struct message *message, const struct body *body)
{
    struct body shared;

    if (body)
        body_share(&shared, body);
    return message_send(self->socket, view_of(""), message, body ? &shared : NULL) ? 0 : errno;
}

enum outcome
session_say(struct knarr *self, const struct message *message, struct body *take_body,
    struct report *report)
{
    uint64_t gone_ms = clock_ms() + self->timeout_ms;
    enum outcome outcome = DONE;
    int error = offer(self, message, take_body);

    while (outcome == DONE && error == EAGAIN && clock_ms() < gone_ms) {
        outcome = session_sleep(self, ZMQ_POLLOUT, gone_ms, report);
        if (outcome == DONE)
            error = offer(self, message, take_body);
    }
    if (take_body)
        body_clear(take_body);
    if (outcome != DONE || error == 0)
        return outcome;
    if (error == EMSGSIZE)
        return report_set(report, REFUSED, CAUSE_TOO_LARGE, "the request is longer than %d bytes",
            HEADER_BYTES_MAX);
    return session_lost(self, "takes no more messages", report);
}

/* The request a message answers; 0: none. */
static uint64_t
request_of(const struct message *message)
{
    switch (message->tag) {
    case ANSWER: return message->answer.id;
    case CONTENT: return message->content.id;
    case PAGE: return message->page.id;
    case GO: return message->go.id;
    case WELCOME: return 1; /* the greeting is the first request of a session */
    default: return 0;
    }
}

static bool
is_in(struct span span, uint64_t id)
{
    return id >= span.first && id <= span.last;
}

/*
 * What to do with a message that has come: keep it if it was waited for; take
 * the answer to a PING as a sign of life; pass over what belongs to a request
 * that nobody waits for any more.
 */
static enum outcome
sort(struct knarr *self, struct span span, struct silence *silence, struct envelope **envelope,
    struct report *report)
{
    const struct message *message = envelope_message(*envelope);
    uint64_t id = request_of(message);
    enum outcome outcome = DONE;

    if (is_in(span, id))
        return DONE;
    if (message->tag == ANSWER && id == (ping_bit | self->last_ping) && self->last_ping > 0) {
        silence->since_ms = clock_ms();
        if (message->answer.outcome != DONE)
            outcome = session_lost(self, "has been started anew meanwhile", report);
    }
    envelope_close(envelope);
    return outcome;
}

enum outcome
session_peek(struct knarr *self, struct span span, struct envelope **envelope,
    struct report *report)
{
    struct silence silence = { .since_ms = clock_ms() };
    enum outcome outcome = DONE;
    int got = 1;

    *envelope = NULL;
    for (int i = 0; i < SESSION_FRAMES && outcome == DONE && !*envelope && got > 0; i++) {
        got = message_receive(self->socket, false, envelope);
        if (got > 0)
            outcome = sort(self, span, &silence, envelope, report);
    }
    if (got < 0)
        return session_garbled(self, "a message has no known form", report);
    return outcome;
}

enum outcome
session_hear(struct knarr *self, struct span span, struct envelope **envelope,
    struct report *report)
{
    struct silence silence = { .since_ms = clock_ms() };
    int got = message_await(self->socket, envelope);

    for (;; got = message_receive(self->socket, false, envelope)) {
        enum outcome outcome = DONE;

        if (got < 0)
            return session_garbled(self, "a message has no known form", report);
        if (got > 0)
            outcome = sort(self, span, &silence, envelope, report);
        if (outcome != DONE || *envelope)
            return outcome;
        outcome = await_sign(self, &silence, report);
        if (outcome != DONE)
            return outcome;
    }
}

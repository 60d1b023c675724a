#include "client/session.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum {
    PROTOCOL = 1,
    CONNECT_MS = 3000,    /* for somebody to be there at all */
    PING_AFTER_MS = 2000, /* of silence, at most */
    LINGER_MS = 500,      /* for a CANCEL still to leave */
    FRAMES_WAITING = 32,  /* received and not yet looked at */
};

/* PINGs have numbers of their own, so that those of requests stay consecutive. */
static const uint64_t ping_bit = UINT64_C(1) << 63;

#define MONITOR "inproc://monitor"

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
    if (!self->socket)
        return;
    zmq_socket_monitor(self->socket, NULL, 0);
    zmq_close(self->monitor);
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

static enum outcome
lost(struct knarr *self, const char *how, struct report *report)
{
    session_close(self);
    return report_set(report, RETRY, CAUSE_NETWORK,
        "%s %s; is the server running? Start it with 'openviking-server --config FILE'",
        self->endpoint, how);
}

static bool
is_writable(struct knarr *self)
{
    int events = 0;
    size_t size = sizeof events;

    return zmq_getsockopt(self->socket, ZMQ_EVENTS, &events, &size) == 0 && events & ZMQ_POLLOUT;
}

/* What libzmq's monitor tells: each event is a frame that begins with its number, and an address. */
static void
read_monitor(struct knarr *self)
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

/* Sleep until the socket can do what is asked, the connection is lost, or it is time. */
static enum outcome
sleep_until(struct knarr *self, short events, uint64_t at_ms, struct report *report)
{
    zmq_pollitem_t items[] = {
        { .socket = self->socket, .events = events },
        { .socket = self->monitor, .events = ZMQ_POLLIN },
    };
    uint64_t now_ms = clock_ms();

    if (zmq_poll(items, 2, at_ms > now_ms ? (long) (at_ms - now_ms) : 0) < 0 && errno != EINTR)
        return lost(self, "cannot be waited for", report);
    read_monitor(self);
    if (self->is_lost && !(items[0].revents & events))
        return lost(self, "closed the connection", report);
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
    if (is_writable(self) && message_send(self->socket, view_of(""), &message, NULL))
        self->last_ping++;
}

static uint64_t
sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Often enough that a server with a short timeout may still take long over a request. */
static uint64_t
ping_after_ms(const struct knarr *self)
{
    return sooner(PING_AFTER_MS, self->timeout_ms / 3);
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
        return lost(self, how, report);
    }
    if (silence->pinged_ms >= silence->since_ms && silence->pinged_ms > 0)
        ping_ms = silence->pinged_ms + ping_after_ms(self);
    if (clock_ms() >= ping_ms) {
        ping(self, silence);
        ping_ms = silence->pinged_ms + ping_after_ms(self);
    }
    return sleep_until(self, ZMQ_POLLIN, sooner(gone_ms, ping_ms), report);
}

enum outcome
session_say(struct knarr *self, const struct message *message, struct body *take_body,
    struct report *report)
{
    uint64_t gone_ms = clock_ms() + self->timeout_ms;
    enum outcome outcome = DONE;

    while (outcome == DONE && !is_writable(self)) {
        outcome = sleep_until(self, ZMQ_POLLOUT, gone_ms, report);
        if (outcome == DONE && clock_ms() >= gone_ms && !is_writable(self))
            outcome = lost(self, "takes no more messages", report);
    }
    if (outcome != DONE) {
        if (take_body)
            body_clear(take_body);
        return outcome;
    }
    if (message_send(self->socket, view_of(""), message, take_body))
        return DONE;
    if (errno == EMSGSIZE)
        return report_set(report, REFUSED, CAUSE_TOO_LARGE, "the request is longer than %d bytes",
            HEADER_BYTES_MAX);
    return lost(self, "takes no more messages", report);
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
            outcome = lost(self, "has been started anew meanwhile", report);
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
    for (int i = 0; i < FRAMES_WAITING && outcome == DONE && !*envelope && got > 0; i++) {
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

    for (;;) {
        int got = message_receive(self->socket, false, envelope);
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

static void
set_number(void *socket, int option, int value)
{
    zmq_setsockopt(socket, option, &value, sizeof value);
}

/* Frames are bounded before libzmq allocates them; nothing is queued for nobody. */
static enum outcome
dial(struct knarr *self, struct report *report)
{
    const int64_t frame_bytes = CHUNK_BYTES_MAX;

    self->socket = zmq_socket(self->context, ZMQ_DEALER);
    self->monitor = zmq_socket(self->context, ZMQ_PAIR);
    if (!self->socket || !self->monitor)
        return report_errno(report, errno, "%s: no socket", self->endpoint);
    zmq_setsockopt(self->socket, ZMQ_MAXMSGSIZE, &frame_bytes, sizeof frame_bytes);
    set_number(self->socket, ZMQ_IMMEDIATE, 1);
    set_number(self->socket, ZMQ_LINGER, LINGER_MS);
    set_number(self->socket, ZMQ_RCVHWM, FRAMES_WAITING);
    set_number(self->monitor, ZMQ_LINGER, 0);
    zmq_socket_monitor(self->socket, MONITOR, ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED);
    if (zmq_connect(self->monitor, MONITOR) || zmq_connect(self->socket, self->endpoint))
        return report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "%s is not an endpoint (ipc:///PATH or tcp://HOST:PORT): %s", self->endpoint,
            zmq_strerror(errno));
    return DONE;
}

/*
 * With ZMQ_IMMEDIATE a socket is writable once somebody is there and speaks
 * ZeroMQ.  One who is there and slow has the time of any other answer.
 */
static enum outcome
await_peer(struct knarr *self, struct report *report)
{
    uint64_t began_ms = clock_ms(), patience_ms = sooner(CONNECT_MS, self->timeout_ms);
    enum outcome outcome = DONE;

    while (outcome == DONE && !is_writable(self) && clock_ms() < began_ms + patience_ms) {
        outcome = sleep_until(self, ZMQ_POLLOUT, began_ms + patience_ms, report);
        if (self->is_connected)
            patience_ms = self->timeout_ms;
    }
    if (outcome == DONE && !is_writable(self))
        return lost(self, "does not answer", report);
    return outcome;
}

static enum outcome
on_welcome(struct knarr *self, const struct message *message, struct report *report)
{
    if (message->tag == ANSWER && message->answer.outcome != DONE) {
        enum outcome outcome = message->answer.outcome;

        session_close(self);
        return report_set(report, outcome, message->answer.cause, "%.*s",
            VIEW(message->answer.reason));
    }
    if (message->tag != WELCOME)
        return session_garbled(self, "the greeting was not returned", report);
    if (message->welcome.protocol != PROTOCOL)
        return session_garbled(self, "its version of the protocol is another", report);
    if (message->welcome.chunk_bytes == 0 || message->welcome.credit_bytes == 0)
        return session_garbled(self, "it takes no bytes", report);
    self->chunk_bytes = sooner(message->welcome.chunk_bytes, CHUNK_BYTES_MAX);
    self->credit_bytes = message->welcome.credit_bytes;
    snprintf(self->server, sizeof self->server, "%.*s", VIEW(message->welcome.server));
    return DONE;
}

static enum outcome
greet(struct knarr *self, struct report *report)
{
    const struct message message = {
        .tag = GREET,
        .greet = {
            .protocol = PROTOCOL,
            .client = view_of(self->client),
            .account = view_of(self->account),
            .user = view_of(self->user),
        },
    };
    struct envelope *envelope = NULL;
    enum outcome outcome = session_say(self, &message, NULL, report);

    /* WELCOME has no number; a refused greeting is answered with number 0. */
    if (outcome == DONE)
        outcome = session_hear(self, (struct span){ 0, 1 }, &envelope, report);
    if (outcome == DONE)
        outcome = on_welcome(self, envelope_message(envelope), report);
    envelope_close(&envelope);
    return outcome;
}

enum outcome
session_open(struct knarr *self, struct report *report)
{
    enum outcome outcome;

    if (self->socket)
        read_monitor(self);
    if (self->is_lost)
        session_close(self);
    if (self->socket)
        return DONE;
    self->last_id = 1; /* the greeting */
    outcome = dial(self, report);
    if (outcome == DONE)
        outcome = await_peer(self, report);
    if (outcome == DONE)
        outcome = greet(self, report);
    if (outcome != DONE)
        session_close(self);
    return outcome;
}

/*
 * The beginning of a session: a socket, somebody at its other end, a greeting
 * and a welcome.
 */

#include "client/session_internal.h"

#include "base/clock.h"
#include "client/context.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

enum {
    PROTOCOL = 1,
    CONNECT_MS = 3000, /* for somebody to be there at all */
    LINGER_MS = 500,   /* for a CANCEL still to leave */
    /*
     * Most answers come by then, and libzmq waits for them with the fewest
     * system calls; but it does not look at the monitor meanwhile.
     */
    ANSWER_SOON_MS = 20,
};

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
    static atomic_uint dialled; /* the last monitor's name may still be taken */
    void *context = context_zmq(self->context);
    char monitor[64];

    snprintf(monitor, sizeof monitor, "inproc://monitor/%u", dialled++);
    self->socket = zmq_socket(context, ZMQ_DEALER);
    self->monitor = zmq_socket(context, ZMQ_PAIR);
    if (!self->socket || !self->monitor)
        return report_errno(report, errno, "%s: no socket", self->endpoint);
    zmq_setsockopt(self->socket, ZMQ_MAXMSGSIZE, &frame_bytes, sizeof frame_bytes);
    set_number(self->socket, ZMQ_IMMEDIATE, 1);
    set_number(self->socket, ZMQ_LINGER, LINGER_MS);
    set_number(self->socket, ZMQ_RCVHWM, SESSION_FRAMES);
    set_number(self->socket, ZMQ_RCVTIMEO, (int) session_sooner(ANSWER_SOON_MS, self->timeout_ms));
    set_number(self->monitor, ZMQ_LINGER, 0);
    zmq_socket_monitor(self->socket, monitor, ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED);
    if (zmq_connect(self->monitor, monitor) || zmq_connect(self->socket, self->endpoint))
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
    uint64_t began_ms = clock_ms(), patience_ms = session_sooner(CONNECT_MS, self->timeout_ms);
    enum outcome outcome = DONE;

    while (outcome == DONE && !session_can_say(self) && clock_ms() < began_ms + patience_ms) {
        outcome = session_sleep(self, ZMQ_POLLOUT, began_ms + patience_ms, report);
        if (self->is_connected)
            patience_ms = self->timeout_ms;
    }
    if (outcome == DONE && !session_can_say(self))
        return session_lost(self, "does not answer", report);
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
    self->chunk_bytes = session_sooner(message->welcome.chunk_bytes, CHUNK_BYTES_MAX);
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
        session_look(self);
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

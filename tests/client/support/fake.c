#include "tests/client/support/fake.h"

#include "tests/check.h"

#include <unistd.h>

enum { LOOK_MS = 10, CHUNK_BYTES = 64 << 10, CREDIT_BYTES = 256 << 10 };

static struct view
peer_of(const struct fake *self)
{
    return (struct view){ self->peer, self->peer_length };
}

void
fake_say(struct fake *self, const struct message *message, struct view bytes)
{
    struct body body;

    if (!self->socket)
        return;
    body_copy(&body, bytes);
    message_send(self->socket, peer_of(self), message, &body);
}

void
fake_say_frames(struct fake *self, struct view header, struct view body)
{
    zmq_send(self->socket, self->peer, self->peer_length, ZMQ_SNDMORE);
    zmq_send(self->socket, header.at, header.length, body.length > 0 ? ZMQ_SNDMORE : 0);
    if (body.length > 0)
        zmq_send(self->socket, body.at, body.length, 0);
}

void
fake_answer(struct fake *self, uint64_t id, enum outcome outcome, enum cause cause,
    const char *reason)
{
    const struct message message = {
        .tag = ANSWER,
        .answer = {
            .id = id,
            .outcome = outcome,
            .cause = cause,
            .reason = view_of(reason),
            .hash = view_of(""),
            .seq = 1,
        },
    };

    fake_say(self, &message, view_of(""));
}

void
fake_hang_up(struct fake *self)
{
    int none = 0;

    zmq_setsockopt(self->socket, ZMQ_LINGER, &none, sizeof none);
    zmq_close(self->socket);
    self->socket = NULL;
}

static void
welcome(struct fake *self)
{
    const struct message message = {
        .tag = WELCOME,
        .welcome = {
            .protocol = 1,
            .server = view_of("fake 1"),
            .chunk_bytes = self->chunk_bytes ? self->chunk_bytes : CHUNK_BYTES,
            .credit_bytes = self->credit_bytes ? self->credit_bytes : CREDIT_BYTES,
        },
    };

    fake_say(self, &message, view_of(""));
}

static void
on_message(struct fake *self, struct envelope *envelope)
{
    const struct message *message = envelope_message(envelope);
    struct view peer = envelope_peer(envelope);
    struct view body = body_view(envelope_body(envelope));

    check(peer.length <= sizeof self->peer);
    memcpy(self->peer, peer.at, peer.length);
    self->peer_length = peer.length;
    if (message->tag == GREET && !self->hears_greeting && !self->is_mute) {
        welcome(self);
    } else if (message->tag == PING) {
        self->pings++;
        if (!self->is_mute)
            fake_answer(self, message->ping.id, DONE, CAUSE_NONE, "");
    } else if (self->hear) {
        self->hear(self, message, body);
        self->heard++;
    }
}

static void *
serve(void *context)
{
    struct fake *self = context;

    while (!self->is_over) {
        zmq_pollitem_t item = { .socket = self->socket, .events = ZMQ_POLLIN };
        struct envelope *envelope = NULL;

        zmq_poll(&item, self->socket ? 1 : 0, LOOK_MS);
        while (self->socket && message_receive(self->socket, true, &envelope) > 0) {
            on_message(self, envelope);
            envelope_close(&envelope);
        }
    }
    return NULL;
}

void
fake_start_again(struct fake *self)
{
    self->is_over = false;
    self->context = zmq_ctx_new();
    self->socket = zmq_socket(self->context, ZMQ_ROUTER);
    check(zmq_bind(self->socket, self->endpoint) == 0);
    check(pthread_create(&self->thread, NULL, serve, self) == 0);
}

void
fake_start(struct fake *self)
{
    snprintf(self->directory, sizeof self->directory, "/tmp/knarr-fake-XXXXXX");
    check(mkdtemp(self->directory));
    snprintf(self->endpoint, sizeof self->endpoint, "ipc://%s/socket", self->directory);
    fake_start_again(self);
}

void
fake_stop(struct fake *self)
{
    self->is_over = true;
    check(pthread_join(self->thread, NULL) == 0);
    if (self->socket)
        fake_hang_up(self);
    zmq_ctx_term(self->context);
}

void
fake_end(struct fake *self)
{
    fake_stop(self);
    unlink(self->endpoint + strlen("ipc://"));
    rmdir(self->directory);
}

void
packed_add(struct packed *self, const struct message *message)
{
    size_t length =
        message_pack(message, self->bytes + self->length, sizeof self->bytes - self->length);

    check(length > 0);
    self->length += length;
}

struct view
packed_view(const struct packed *self)
{
    return (struct view){ self->bytes, self->length };
}

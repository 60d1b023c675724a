/*
 * envelope - messages on sockets: [peer] header [body].
 */

#include "transport/message.h"

#include "base/memory.h"

#include <errno.h>
#include <string.h>

struct envelope {
    struct message message; /* views into `bytes` */
    struct body body;
    size_t peer_length;
    char bytes[]; /* the peer, then the header */
};

struct envelope *
envelope_open(struct view header, struct view peer, struct body *take_body)
{
    struct envelope *e = memory_new(sizeof *e + peer.length + header.length);
    struct view rest = { e->bytes + peer.length, header.length };

    if (peer.length > 0)
        memcpy(e->bytes, peer.at, peer.length);
    if (header.length > 0)
        memcpy(e->bytes + peer.length, header.at, header.length);
    e->peer_length = peer.length;
    if (!message_next(&rest, &e->message) || rest.length > 0) {
        free(e);
        return NULL;
    }
    body_init(&e->body);
    if (take_body)
        body_move(&e->body, take_body);
    return e;
}

const struct message *
envelope_message(const struct envelope *e)
{
    return &e->message;
}

struct view
envelope_peer(const struct envelope *e)
{
    return (struct view){ e->bytes, e->peer_length };
}

struct body *
envelope_body(struct envelope *e)
{
    return &e->body;
}

void
envelope_close(struct envelope **envelope)
{
    if (!*envelope)
        return;
    body_clear(&(*envelope)->body);
    free(*envelope);
    *envelope = NULL;
}

bool
message_send(void *socket, struct view peer, const struct message *message, struct body *take_body)
{
    char header[HEADER_BYTES_MAX];
    size_t length = message_pack(message, header, sizeof header);
    bool has_body = take_body && body_view(take_body).length > 0;
    bool sent;

    if (length == 0)
        errno = EMSGSIZE;
    sent = length > 0 &&
        (peer.length == 0 ||
            zmq_send(socket, peer.at, peer.length, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0) &&
        zmq_send(socket, header, length, ZMQ_DONTWAIT | (has_body ? ZMQ_SNDMORE : 0)) >= 0 &&
        (!has_body || zmq_msg_send(&take_body->frame, socket, ZMQ_DONTWAIT) >= 0);
    if (take_body)
        body_clear(take_body);
    return sent;
}

/* The frames of one multipart message; those beyond the third are read and counted. */
struct parts {
    zmq_msg_t frame[3];
    int count;
};

/* The flags are for the first; what belongs to it is there when it is. */
static int
receive_parts(void *socket, int flags, struct parts *parts)
{
    bool has_more = true;

    for (parts->count = 0; has_more; parts->count++) {
        zmq_msg_t beyond, *frame = parts->count < 3 ? &parts->frame[parts->count] : &beyond;

        zmq_msg_init(frame);
        if (zmq_msg_recv(frame, socket, parts->count == 0 ? flags : ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(frame);
            return -1;
        }
        has_more = zmq_msg_more(frame);
        if (frame == &beyond)
            zmq_msg_close(frame);
    }
    return 0;
}

static struct view
frame_view(zmq_msg_t *frame)
{
    return (struct view){ zmq_msg_data(frame), zmq_msg_size(frame) };
}

static struct envelope *
open_parts(struct parts *parts, int first)
{
    struct view peer = { NULL, 0 };
    struct envelope *envelope;
    struct body body;

    if (parts->count <= first || parts->count > first + 2)
        return NULL;
    if (first == 1)
        peer = frame_view(&parts->frame[0]);
    body_init(&body);
    if (parts->count == first + 2)
        zmq_msg_move(&body.frame, &parts->frame[first + 1]);
    envelope = envelope_open(frame_view(&parts->frame[first]), peer, &body);
    body_clear(&body);
    return envelope;
}

static int
receive(void *socket, int flags, bool has_peer, struct envelope **envelope)
{
    struct parts parts;
    int kept, failed = receive_parts(socket, flags, &parts);

    kept = parts.count < 3 ? parts.count : 3;
    *envelope = failed ? NULL : open_parts(&parts, has_peer ? 1 : 0);
    for (int i = 0; i < kept; i++)
        zmq_msg_close(&parts.frame[i]);
    if (failed)
        return 0;
    return *envelope ? 1 : -1;
}

int
message_receive(void *socket, bool has_peer, struct envelope **envelope)
{
    return receive(socket, ZMQ_DONTWAIT, has_peer, envelope);
}

int
message_await(void *socket, struct envelope **envelope)
{
    return receive(socket, 0, false, envelope);
}

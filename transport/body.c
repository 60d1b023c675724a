#include "transport/body.h"

#include "base/memory.h"

#include <assert.h>

enum { RECEIVE_BUFFER_BYTES = 8 << 10 };

void
body_init(struct body *body)
{
    zmq_msg_init(&body->frame);
}

static void
free_bytes(void *bytes, void *hint)
{
    (void) hint;
    free(bytes);
}

void
body_wrap(struct body *body, void *take_bytes, size_t length)
{
    int failed = zmq_msg_init_data(&body->frame, take_bytes, length, free_bytes, NULL);

    assert(!failed);
    (void) failed;
}

void
body_copy(struct body *body, struct view bytes)
{
    body_wrap(body, memory_copy(bytes.at, bytes.length), bytes.length);
}

void
body_share(struct body *body, const struct body *from)
{
    /* libzmq counts the reference inside `from`, so it wants it writable. */
    struct body *counted = (struct body *) (uintptr_t) from;

    zmq_msg_init(&body->frame);
    zmq_msg_copy(&body->frame, &counted->frame);
}

void
body_move(struct body *body, struct body *from)
{
    zmq_msg_init(&body->frame);
    zmq_msg_move(&body->frame, &from->frame);
}

void
body_clear(struct body *body)
{
    zmq_msg_close(&body->frame);
    zmq_msg_init(&body->frame);
}

struct view
body_view(const struct body *body)
{
    struct body *read = (struct body *) (uintptr_t) body;

    return (struct view){ zmq_msg_data(&read->frame), zmq_msg_size(&read->frame) };
}

/*
 * libzmq receives what is small into a buffer of its own (8 KiB), and hands it
 * out as a part of that buffer, which stays until nobody has a part of it.
 */
size_t
body_holds(const struct body *body)
{
    const size_t length = body_view(body).length;

    return length < RECEIVE_BUFFER_BYTES ? RECEIVE_BUFFER_BYTES : length;
}

#ifndef TRANSPORT_BODY_H
#define TRANSPORT_BODY_H

/*
 * body - file bytes on their way: counted references to one buffer.
 *
 * A body is a ZeroMQ message.  body_share() gives a second reference to the
 * same bytes, so a write to eight backups is in memory once; the bytes are
 * never changed after they were wrapped.
 */

#include "base/view.h"

#include <stdint.h>
#include <zmq.h>

struct body {
    zmq_msg_t frame;
};

/* An empty body; every body ends in body_clear or is taken by a post. */
void body_init(struct body *);
/* Takes a buffer that free() can free. */
void body_wrap(struct body *, void *take_bytes, size_t length);
void body_copy(struct body *, struct view);
void body_share(struct body *, const struct body *from);
void body_move(struct body *, struct body *from);
void body_clear(struct body *);
struct view body_view(const struct body *);
/* Bytes of memory that keeping it keeps, at most: more than its length if it is small. */
size_t body_holds(const struct body *);

#endif

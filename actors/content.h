#ifndef ACTORS_CONTENT_H
#define ACTORS_CONTENT_H

/*
 * content - what was read from a place, as the body of a message.
 */

#include "backends/backend.h"
#include "transport/body.h"

enum { CHUNK_BYTES = 1 << 20 }; /* largest body frame of file content */

/* What was read into a buffer of CHUNK_BYTES, which goes with it unless so little is in it. */
void content_body(struct reading *, struct body *);

#endif

#include "actors/content.h"

#include "base/memory.h"

enum { SMALL_BYTES = 16 << 10 }; /* copied, rather than give away the buffer */

void
content_body(struct reading *reading, struct body *body)
{
    if (reading->got == 0) {
        body_init(body);
    } else if (reading->got <= SMALL_BYTES) {
        body_copy(body, (struct view){ reading->into, reading->got });
    } else {
        if (reading->got < CHUNK_BYTES)
            reading->into = memory_resize(reading->into, reading->got);
        body_wrap(body, reading->into, reading->got);
        reading->into = NULL;
    }
}

#ifndef TRANSPORT_FLAT_H
#define TRANSPORT_FLAT_H

/*
 * flat - is this one array of numbers, texts and bytes, and how long is it?
 *
 * Asked before msgpack-c sees the bytes: it allocates what an array header
 * claims, so five bytes from a stranger could ask it for 128 GiB.
 */

#include "base/view.h"

/* Bytes of the flat array at the start, of at most `elements_max`; 0 if it is none. */
size_t flat_size(struct view bytes, size_t elements_max);

#endif

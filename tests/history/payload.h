#ifndef TESTS_HISTORY_PAYLOAD_H
#define TESTS_HISTORY_PAYLOAD_H

/*
 * payload - the bytes that an operation wrote, made again from its number.
 *
 * The workload writes them and the checker makes them again, so a history
 * holds no content and still every byte of every file can be explained.
 * Two operations share no run of eight bytes, except by accident.
 */

#include <stddef.h>
#include <stdint.h>

/* Bytes [offset, offset + length) of what operation `id` writes. */
void payload_fill(uint64_t id, uint64_t offset, void *into, size_t length);

#endif

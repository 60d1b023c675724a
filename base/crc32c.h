#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

/*
 * crc32c - the Castagnoli checksum (RFC 3720, B.4), by the processor's own
 * instruction where it has one.
 *
 * It goes on from `seed`: crc32c(crc32c(0, a), b) is the checksum of a and b
 * in sequence.  A seed of one's own makes a family of checksums.
 */

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t seed, const void *bytes, size_t length);

/* The same by table, on every processor; for the tests. */
uint32_t crc32c_by_table(uint32_t seed, const void *bytes, size_t length);

#endif

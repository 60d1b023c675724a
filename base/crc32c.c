#include "base/crc32c.h"

#include <endian.h>
#include <pthread.h>
#include <string.h>

enum { SLICES = 8 };

static const uint32_t polynomial = 0x82f63b78; /* reflected */
static uint32_t table[SLICES][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void
make_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;

        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
        table[0][byte] = crc;
    }
    for (int slice = 1; slice < SLICES; slice++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            const uint32_t below = table[slice - 1][byte];

            table[slice][byte] = below >> 8 ^ table[0][below & 0xff];
        }
}

/* Slicing by eight (Kounavis and Berry, 2005). */
uint32_t
crc32c_by_table(uint32_t seed, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    uint32_t crc = ~seed;

    pthread_once(&table_once, make_table);
    for (; length >= 8; length -= 8, at += 8) {
        uint32_t low, high;

        memcpy(&low, at, 4);
        memcpy(&high, at + 4, 4);
        low = le32toh(low) ^ crc;
        high = le32toh(high);
        crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^
            table[4][low >> 24] ^ table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
            table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
    }
    for (; length > 0; length--)
        crc = crc >> 8 ^ table[0][(crc ^ *at++) & 0xff];
    return ~crc;
}

#if defined(__x86_64__)

#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t seed, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    uint64_t crc = ~seed;

    for (; length >= 8; length -= 8, at += 8) {
        uint64_t word;

        memcpy(&word, at, 8);
        crc = _mm_crc32_u64(crc, word);
    }
    for (; length > 0; length--)
        crc = _mm_crc32_u8((uint32_t) crc, *at++);
    return ~(uint32_t) crc;
}

uint32_t
crc32c(uint32_t seed, const void *bytes, size_t length)
{
    if (__builtin_cpu_supports("sse4.2"))
        return by_instruction(seed, bytes, length);
    return crc32c_by_table(seed, bytes, length);
}

#else

uint32_t
crc32c(uint32_t seed, const void *bytes, size_t length)
{
    return crc32c_by_table(seed, bytes, length);
}

#endif

#include "tests/history/payload.h"

#include <string.h>

/* The finaliser of splitmix64 (Steele, Lea, Flood: Fast splittable PRNGs, 2014). */
static uint64_t
mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

void
payload_fill(uint64_t id, uint64_t offset, void *into, size_t length)
{
    unsigned char *out = into;
    const uint64_t start = mix(id + 1);

    while (length > 0) {
        const uint64_t block = mix(start + offset / 8 * 0x9e3779b97f4a7c15U);
        const size_t skip = (size_t) (offset % 8);
        const size_t bytes = length < 8 - skip ? length : 8 - skip;

        memcpy(out, (const unsigned char *) &block + skip, bytes);
        out += bytes;
        offset += bytes;
        length -= bytes;
    }
}

#include "transport/flat.h"

#include <stdint.h>

/* The big-endian number of `width` bytes behind a type byte. */
static size_t
length_at(const uint8_t *at, size_t width)
{
    size_t length = 0;

    for (size_t i = 0; i < width; i++)
        length = length << 8 | at[i];
    return length;
}

/* Bytes the element at `at` takes, or 0 if it is none that we send. */
static size_t
element_size(const uint8_t *at, size_t left)
{
    static const uint8_t number[] = { 1, 2, 4, 8 }; /* after 0xcc..0xcf */
    size_t width;

    if (at[0] <= 0x7f) /* a small number */
        return 1;
    if (at[0] >= 0xa0 && at[0] <= 0xbf) /* a short text */
        return 1 + (size_t) (at[0] & 0x1f);
    if (at[0] >= 0xcc && at[0] <= 0xcf)
        return 1 + (size_t) number[at[0] - 0xcc];
    if (at[0] >= 0xc4 && at[0] <= 0xc6) /* bytes */
        width = (size_t) 1 << (at[0] - 0xc4);
    else if (at[0] >= 0xd9 && at[0] <= 0xdb) /* a longer text */
        width = (size_t) 1 << (at[0] - 0xd9);
    else
        return 0;
    if (left <= width)
        return 0;
    return 1 + width + length_at(at + 1, width);
}

size_t
flat_size(struct view bytes, size_t elements_max)
{
    const uint8_t *begin = (const uint8_t *) bytes.at, *at = begin;
    size_t left = bytes.length, elements, size;

    if (left >= 1 && (at[0] & 0xf0) == 0x90) {
        elements = at[0] & 0x0f;
        size = 1;
    } else if (left >= 3 && at[0] == 0xdc) {
        elements = length_at(at + 1, 2);
        size = 3;
    } else {
        return 0;
    }
    if (elements > elements_max)
        return 0;
    for (at += size, left -= size; elements > 0; elements--, at += size, left -= size) {
        size = left > 0 ? element_size(at, left) : 0;
        if (size == 0 || size > left)
            return 0;
    }
    return (size_t) (at - begin);
}

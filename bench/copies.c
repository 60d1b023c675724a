#include "bench/copies.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t body_bytes; /* atomic */

static void
count(const unsigned char *from, size_t length)
{
    uint64_t found = 0;
    size_t run = 0;

    if (length < COPIES_RUN)
        return;
    for (size_t i = 0; i < length; i++) {
        run = from[i] == COPIES_MARK ? run + 1 : 0;
        if (run == COPIES_RUN)
            found += run;
        else if (run > COPIES_RUN)
            found++;
    }
    if (found > 0)
        __atomic_fetch_add(&body_bytes, found, __ATOMIC_RELAXED);
}

/* Byte by byte, and compiled so that it does not become a call of itself. */
static void *
copy(void *to, const void *from, size_t length)
{
    unsigned char *const target = to;
    const unsigned char *const source = from;

    count(source, length);
    if ((uintptr_t) target <= (uintptr_t) source) {
        for (size_t i = 0; i < length; i++)
            target[i] = source[i];
    } else {
        for (size_t i = length; i > 0; i--)
            target[i - 1] = source[i - 1];
    }
    return to;
}

#define STANDS_IN __attribute__((visibility("default")))

STANDS_IN void *
memcpy(void *restrict to, const void *restrict from, size_t length)
{
    return copy(to, from, length);
}

STANDS_IN void *
memmove(void *to, const void *from, size_t length)
{
    return copy(to, from, length);
}

STANDS_IN void *
mempcpy(void *restrict to, const void *restrict from, size_t length)
{
    return (char *) copy(to, from, length) + length;
}

void *__memcpy_chk(void *, const void *, size_t length, size_t room);
void *__memmove_chk(void *, const void *, size_t length, size_t room);
void *__mempcpy_chk(void *, const void *, size_t length, size_t room);

STANDS_IN void *
__memcpy_chk(void *to, const void *from, size_t length, size_t room)
{
    if (length > room)
        abort();
    return copy(to, from, length);
}

STANDS_IN void *
__memmove_chk(void *to, const void *from, size_t length, size_t room)
{
    return __memcpy_chk(to, from, length, room);
}

STANDS_IN void *
__mempcpy_chk(void *to, const void *from, size_t length, size_t room)
{
    return (char *) __memcpy_chk(to, from, length, room) + length;
}

__attribute__((destructor)) static void
tell(void)
{
    const char *const path = getenv("KNARR_COPIES");
    FILE *const out = path ? fopen(path, "w") : NULL;

    if (!out)
        return;
    fprintf(out, "%llu\n", (unsigned long long) __atomic_load_n(&body_bytes, __ATOMIC_RELAXED));
    fclose(out);
}

#include "base/memory.h"

#include "base/fault.h"
#include "base/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
must(void *got, size_t bytes)
{
    if (got && !fault_starves())
        return got;
    fprintf(stderr, "knarr: out of memory (%zu bytes asked for); stopping, nothing is lost\n",
        bytes);
    abort();
}

void *
memory_new(size_t bytes)
{
    return must(calloc(1, bytes ? bytes : 1), bytes);
}

void *
memory_resize(void *old, size_t bytes)
{
    return must(realloc(old, bytes ? bytes : 1), bytes);
}

void *
memory_copy(const void *from, size_t bytes)
{
    char *copy = must(malloc(bytes + 1), bytes);

    if (bytes > 0)
        memcpy(copy, from, bytes);
    copy[bytes] = '\0';
    return copy;
}

char *
memory_print(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return must(text, 0);
}

char *
view_dup(struct view view)
{
    return memory_copy(view.at, view.length);
}

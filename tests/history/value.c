#include "tests/history/value.h"

#include "base/memory.h"
#include "tests/history/payload.h"

#include <stdlib.h>
#include <string.h>

const struct value value_absent = { .kind = VALUE_ABSENT };
const struct value value_directory = { .kind = VALUE_DIRECTORY };
const struct value value_anything = { .kind = VALUE_ANYTHING };

static struct value *
value_new(struct values *values, const struct op *by, const struct value *base, uint64_t size)
{
    struct value *self = memory_new(sizeof *self);

    self->kind = VALUE_FILE;
    self->by = by;
    self->base = base;
    self->size = size;
    self->is_opaque =
        base && base->kind == VALUE_FILE && (base->is_opaque || !base->by) && size > 0;
    self->all = values->all;
    values->all = self;
    return self;
}

void
values_free(struct values *values)
{
    struct value *next;

    for (struct value *self = values->all; self; self = next) {
        next = self->all;
        free(self);
    }
    values->all = NULL;
}

static struct value *
value_derive(struct values *values, const struct value *base, const struct op *op, uint64_t size)
{
    struct value *parent = (struct value *) base;
    struct value *self;

    for (self = parent->derived; self; self = self->next)
        if (self->by == op)
            return self;
    self = value_new(values, op, base, size);
    self->next = parent->derived;
    parent->derived = self;
    return self;
}

struct value *
value_after(struct values *values, const struct value *base, struct op *op)
{
    if (base->kind == VALUE_DIRECTORY || (op->kind == OP_TRUNCATE && base->kind == VALUE_ABSENT))
        return NULL;
    if (base->kind == VALUE_FILE && op->kind == OP_APPEND)
        return value_derive(values, base, op, base->size + op->size);
    if (base->kind == VALUE_FILE && op->kind == OP_WRITE_AT)
        return value_derive(values, base, op,
            base->size > op->offset + op->size ? base->size : op->offset + op->size);
    if (op->kind == OP_TRUNCATE)
        return value_derive(values, base, op, op->size);
    if (!op->written)
        op->written = value_new(values, op, NULL, op->offset + op->size);
    return op->written;
}

struct value *
value_seen(struct values *values, const struct found *found)
{
    struct value *self = value_new(values, NULL, NULL, found->size);

    memcpy(self->hash, found->hash, sizeof self->hash);
    return self;
}

/* Where in the file the bytes of its newest operation are. */
static uint64_t
value_start(const struct value *self)
{
    if (self->by->kind == OP_WRITE_AT)
        return self->by->offset;
    return self->by->kind == OP_APPEND && self->base ? self->base->size : 0;
}

/*
 * From the newest layer to the oldest, bytes [from, to): each fills what the
 * ones above left to it, and leaves what is before and behind its own bytes.  A
 * truncate hides what its base has behind its end; it shows zeros where it is
 * longer, which the caller's buffer holds already.
 */
static void
value_bytes(const struct value *self, uint64_t from, uint64_t to, char *into)
{
    for (; self && self->by && from < to; self = self->base) {
        const uint64_t start = value_start(self), end = start + self->by->size;
        const uint64_t first = start > from ? start : from;
        uint64_t last = end;

        if (to > self->size)
            to = self->size;
        if (last > to)
            last = to;
        if (self->by->kind == OP_TRUNCATE || first >= last)
            continue;
        payload_fill(self->by->id, first - start, into + first, last - first);
        value_bytes(self->base, last, to, into);
        to = first;
    }
}

static const char *
value_hash(const struct value *self)
{
    if (!*self->hash) {
        char *bytes = memory_new(self->size + 1);
        value_bytes(self, 0, self->size, bytes);
        hash_print(bytes, self->size, ((struct value *) self)->hash);
        free(bytes);
    }
    return self->hash;
}

bool
value_is(const struct value *self, const struct found *found)
{
    if (self->kind == VALUE_ANYTHING)
        return true;
    if (!found || self->kind == VALUE_ABSENT)
        return !found && self->kind == VALUE_ABSENT;
    if (found->is_directory || self->kind == VALUE_DIRECTORY)
        return found->is_directory && self->kind == VALUE_DIRECTORY;
    if (self->size != found->size)
        return false;
    return self->is_opaque || strcmp(value_hash(self), found->hash) == 0;
}

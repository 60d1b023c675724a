#ifndef TESTS_HISTORY_VALUE_H
#define TESTS_HISTORY_VALUE_H

/*
 * value - what can be at a path: nothing, a directory, or a file whose content
 * is told by the operations that made it.
 *
 * The same content made the same way is the same pointer.  Its bytes are only
 * made, and hashed, when a snapshot holds a file of the same size.
 */

#include "tests/history/history.h"
#include "tests/history/snapshot.h"

struct value {
    enum { VALUE_ABSENT, VALUE_DIRECTORY, VALUE_FILE, VALUE_ANYTHING } kind;
    const struct op *by;      /* put, append, ...; NULL: seen, and nobody knows whose */
    const struct value *base; /* what all but a put changed; NULL: nothing was there */
    uint64_t size;
    bool is_opaque;               /* made from something nobody knows: only its size is known */
    char hash[33];                /* empty until needed */
    struct value *derived, *next; /* made from this one */
    struct value *all;            /* for values_free */
};

struct values {
    struct value *all;
};

extern const struct value value_absent, value_directory;
extern const struct value value_anything; /* one of more than are kept */

void values_free(struct values *);

/* What an operation that writes leaves where `base` was; NULL if it would be refused. */
struct value *value_after(struct values *, const struct value *base, struct op *);

/* What a snapshot found, when no operation explains it. */
struct value *value_seen(struct values *, const struct found *);

/* `found` may be NULL: nothing there. */
bool value_is(const struct value *, const struct found *);

#endif

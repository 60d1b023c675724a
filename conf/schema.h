#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

/*
 * schema - what an object of the configuration may hold: one table per object,
 * one row per key, and one function that reads an object by its table.
 *
 * A row says the key's type, where the value goes in the struct that is being
 * filled, its default, and what is right.  The defaults are set first, so a
 * key that is absent (or null, where null is allowed) leaves its default.
 */

#include "conf/problems.h"

#include <stddef.h>
#include <stdint.h>

enum key_type {
    KEY_TEXT,   /* into a char *, on the heap */
    KEY_NUMBER, /* into a uint64_t */
    KEY_FLAG,   /* into a bool */
    KEY_WORD,   /* its place among the words, into an enum, an int or a bool */
    KEY_READ,   /* by a function of its own */
    KEY_OBJECT, /* must be one; read elsewhere or not at all */
    KEY_LIST,   /* the same */
    KEY_ANY,    /* OpenViking's, and nothing that concerns us */
    KEY_UNUSED, /* known, has no effect, and that is told */
};

enum { NOWHERE = -1 };

struct key {
    const char *name;
    enum key_type type;
    bool may_be_null;
    long into;    /* offset, or NOWHERE */
    size_t bytes; /* of the enum, int or bool that a KEY_WORD goes into */
    uint64_t initial, least, most;
    const char *unit;
    const char *text; /* KEY_TEXT: the default; KEY_UNUSED: why it has no effect */
    const char *const *words;
    void (*read)(struct reader *, json_t *, const struct spot *, void *target);
};

struct object {
    const char *what; /* "a backup": for sentences */
    const struct key *keys;
    size_t count;
    bool is_open; /* OpenViking may know more keys than we do: a warning is enough */
};

#define OBJECT(what, keys)                               \
    {                                                    \
        what, keys, sizeof(keys) / sizeof *(keys), false \
    }

/* The inside of a row: { ROW_FLAG("enabled", encryption, is_enabled, false), .may_be_null = true } */
#define ROW_AT(type, field) \
    .into = (long) offsetof(struct type, field), .bytes = sizeof(((struct type *) 0)->field)
#define ROW_TEXT(key, type_, field, initially) \
    .name = key, .type = KEY_TEXT, ROW_AT(type_, field), .text = initially
#define ROW_NUMBER(key, type_, field, initially, least_, most_, unit_)                            \
    .name = key, .type = KEY_NUMBER, ROW_AT(type_, field), .initial = initially, .least = least_, \
    .most = most_, .unit = unit_
#define ROW_FLAG(key, type_, field, initially) \
    .name = key, .type = KEY_FLAG, ROW_AT(type_, field), .initial = initially
#define ROW_WORD(key, type_, field, words_) \
    .name = key, .type = KEY_WORD, ROW_AT(type_, field), .words = words_
#define ROW_READ(key, function) .name = key, .type = KEY_READ, .into = NOWHERE, .read = function
#define ROW_UNUSED(key, why) .name = key, .type = KEY_UNUSED, .into = NOWHERE, .text = why
/* Only looked at: KEY_ANY, KEY_OBJECT, KEY_LIST, or a type whose value goes nowhere. */
#define ROW_SEEN(key, type_) .name = key, .type = type_, .into = NOWHERE

void read_object(struct reader *, json_t *, const struct spot *, const struct object *,
    void *target);
void set_defaults(const struct object *, void *target);

/* The value of a list's row, element by element; a complaint if it is no list. */
void read_list(struct reader *, json_t *, const struct spot *,
    void (*each)(struct reader *, json_t *, const struct spot *, void *target), void *target);

#endif

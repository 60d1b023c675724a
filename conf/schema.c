#include "conf/schema.h"

#include "base/memory.h"
#include "conf/guess.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

static void *
field(const struct key *key, void *target)
{
    return (char *) target + key->into;
}

static void
set_text(const struct key *key, void *target, const char *text)
{
    char **slot = field(key, target);

    free(*slot);
    *slot = text ? memory_copy(text, strlen(text)) : NULL;
}

static void
set_number(const struct key *key, void *target, uint64_t number)
{
    *(uint64_t *) field(key, target) = number;
}

static void
set_flag(const struct key *key, void *target, bool flag)
{
    *(bool *) field(key, target) = flag;
}

static void
set_word(const struct key *key, void *target, size_t index)
{
    int number = (int) index;

    if (key->bytes == sizeof(bool)) {
        set_flag(key, target, index != 0);
        return;
    }
    assert(key->bytes == sizeof number);
    memcpy(field(key, target), &number, sizeof number);
}

void
set_defaults(const struct object *object, void *target)
{
    for (size_t i = 0; i < object->count; i++) {
        const struct key *key = &object->keys[i];

        if (key->into == NOWHERE)
            continue;
        switch (key->type) {
        case KEY_TEXT: set_text(key, target, key->text); break;
        case KEY_NUMBER: set_number(key, target, key->initial); break;
        case KEY_FLAG: set_flag(key, target, key->initial != 0); break;
        case KEY_WORD: set_word(key, target, key->initial); break;
        default: break;
        }
    }
}

/* ---- one value -------------------------------------------------------------- */

static void
wrong_type(struct reader *self, const json_t *value, const struct spot *spot, const char *wanted)
{
    struct shown shown;

    complain(self, spot, "%s is not %s", show_value(value, &shown), wanted);
}

static void
read_text(struct reader *self, const struct key *key, const json_t *value, const struct spot *spot,
    void *target)
{
    if (!json_is_string(value))
        wrong_type(self, value, spot, "a text in quotes");
    else if (key->into != NOWHERE)
        set_text(key, target, json_string_value(value));
}

static void
read_number(struct reader *self, const struct key *key, const json_t *value,
    const struct spot *spot, void *target)
{
    json_int_t number = json_integer_value(value);
    struct shown shown;

    if (!json_is_integer(value))
        wrong_type(self, value, spot, "a whole number");
    else if (number < 0 || (uint64_t) number < key->least || (uint64_t) number > key->most)
        complain(self, spot, "%s is not between %" PRIu64 " and %" PRIu64 "%s%s",
            show_value(value, &shown), key->least, key->most, key->unit ? " " : "",
            key->unit ? key->unit : "");
    else if (key->into != NOWHERE)
        set_number(key, target, (uint64_t) number);
}

static void
read_flag(struct reader *self, const struct key *key, const json_t *value, const struct spot *spot,
    void *target)
{
    if (!json_is_boolean(value))
        wrong_type(self, value, spot, "true or false");
    else if (key->into != NOWHERE)
        set_flag(key, target, json_is_true(value));
}

static char *
join_words(const char *const *words)
{
    char *joined = memory_print("'%s'", words[0]);

    for (size_t i = 1; words[i]; i++) {
        char *longer = memory_print("%s%s'%s'", joined, words[i + 1] ? ", " : " or ", words[i]);

        free(joined);
        joined = longer;
    }
    return joined;
}

static void
wrong_word(struct reader *self, const struct key *key, const json_t *value, const struct spot *spot)
{
    struct guess guess = guess_begin(json_is_string(value) ? json_string_value(value) : "");
    char *joined = join_words(key->words);
    struct shown shown;

    for (size_t i = 0; key->words[i]; i++)
        guess_try(&guess, key->words[i]);
    complain(self, spot, "%s is not %s%s", show_value(value, &shown), joined, guess_phrase(&guess));
    free(joined);
}

static void
read_word(struct reader *self, const struct key *key, const json_t *value, const struct spot *spot,
    void *target)
{
    for (size_t i = 0; json_is_string(value) && key->words[i]; i++)
        if (strcmp(json_string_value(value), key->words[i]) == 0) {
            if (key->into != NOWHERE)
                set_word(key, target, i);
            return;
        }
    wrong_word(self, key, value, spot);
}

static void
read_key(struct reader *self, const struct key *key, json_t *value, const struct spot *spot,
    void *target)
{
    if (json_is_null(value) && key->may_be_null)
        return;
    switch (key->type) {
    case KEY_TEXT: read_text(self, key, value, spot, target); break;
    case KEY_NUMBER: read_number(self, key, value, spot, target); break;
    case KEY_FLAG: read_flag(self, key, value, spot, target); break;
    case KEY_WORD: read_word(self, key, value, spot, target); break;
    case KEY_READ: key->read(self, value, spot, target); break;
    case KEY_OBJECT:
        if (!json_is_object(value))
            wrong_type(self, value, spot, "an object {...}");
        break;
    case KEY_LIST:
        if (!json_is_array(value))
            wrong_type(self, value, spot, "a list [...]");
        break;
    case KEY_ANY: break;
    case KEY_UNUSED: warn_about(self, spot, "has no effect: %s", key->text); break;
    }
}

/* ---- objects ---------------------------------------------------------------- */

static void
unknown_key(struct reader *self, const struct object *object, const struct spot *spot)
{
    struct guess guess = guess_begin(spot->key);
    struct shown shown;

    for (size_t i = 0; i < object->count && self->unlisted == 0; i++)
        guess_try(&guess, object->keys[i].name);
    if (object->is_open && !guess.best)
        warn_about(self, spot, "%s is not known here and not used", show_text(spot->key, &shown));
    else
        complain(self, spot, "%s is not a key of %s%s", show_text(spot->key, &shown), object->what,
            guess_phrase(&guess));
}

void
read_object(struct reader *self, json_t *json, const struct spot *above,
    const struct object *object, void *target)
{
    const char *name;
    json_t *value;
    struct shown shown;

    if (!json_is_object(json)) {
        complain(self, above, "%s is not an object {...}", show_value(json, &shown));
        return;
    }
    json_object_foreach(json, name, value)
    {
        struct spot spot = { above, name, 0 };
        const struct key *key = NULL;

        for (size_t i = 0; i < object->count; i++)
            if (strcmp(object->keys[i].name, name) == 0)
                key = &object->keys[i];
        if (key)
            read_key(self, key, value, &spot, target);
        else
            unknown_key(self, object, &spot);
    }
}

void
read_list(struct reader *self, json_t *json, const struct spot *above,
    void (*each)(struct reader *, json_t *, const struct spot *, void *target), void *target)
{
    json_t *value;
    size_t index;
    struct shown shown;

    if (!json_is_array(json)) {
        complain(self, above, "%s is not a list [...]", show_value(json, &shown));
        return;
    }
    json_array_foreach(json, index, value)
    {
        struct spot spot = { above, NULL, index };

        each(self, value, &spot, target);
    }
}

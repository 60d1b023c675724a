#include "conf/expand.h"

#include "base/memory.h"

#include <ctype.h>
#include <stdlib.h>

enum { NAME_MAX_BYTES = 128 };

struct expansion {
    struct reader *reader;
    const char *at, *end; /* what is left */
    char *into;
    size_t length, room;
    unsigned line;
    bool in_string;
};

static bool
is_name_byte(char byte)
{
    return isalnum((unsigned char) byte) || byte == '_';
}

/* The reference ahead: its bytes, and the name in it. False if it is only a '$'. */
static bool
see_reference(const struct expansion *self, struct view *reference, struct view *name)
{
    const char *start = self->at + 1, *stop;
    bool has_brace = start < self->end && *start == '{';

    start += has_brace;
    for (stop = start; stop < self->end && is_name_byte(*stop);)
        stop++;
    *name = (struct view){ start, (size_t) (stop - start) };
    if (name->length == 0 || name->length > NAME_MAX_BYTES)
        return false;
    if (has_brace && (stop == self->end || *stop != '}'))
        return false;
    *reference = (struct view){ self->at, (size_t) (stop - self->at) + has_brace };
    return true;
}

static bool
put(struct expansion *self, struct view bytes)
{
    if (bytes.length > CONF_BYTES_MAX - self->length)
        return false;
    if (bytes.length > self->room - self->length) {
        self->room = 2 * self->room + bytes.length;
        self->into = memory_resize(self->into, self->room + 1);
    }
    memcpy(self->into + self->length, bytes.at, bytes.length);
    self->length += bytes.length;
    return true;
}

static bool
bends_a_string(const char *value)
{
    for (; *value; value++)
        if (*value == '"' || *value == '\\' || iscntrl((unsigned char) *value))
            return true;
    return false;
}

static bool
is_one_value(const char *value)
{
    json_t *parsed = json_loads(value, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

    json_decref(parsed);
    return parsed != NULL;
}

/* Its line breaks become blanks, so that the lines below keep their numbers. */
static bool
put_value(struct expansion *self, const char *value)
{
    size_t start = self->length;

    if (!put(self, view_of(value)))
        return false;
    for (size_t i = start; i < self->length; i++)
        if (self->into[i] == '\n')
            self->into[i] = ' ';
    return true;
}

/* What stands for the variable: its value, or something harmless after a complaint. */
static const char *
checked_value(struct expansion *self, struct view reference, const char *value)
{
    if (self->in_string && bends_a_string(value)) {
        complain_line(self->reader, self->line, NULL,
            "the value of %.*s has a quote, a backslash or a control byte, and cannot stand "
            "inside a JSON string",
            VIEW(reference));
        return "";
    }
    if (!self->in_string && !is_one_value(value)) {
        complain_line(self->reader, self->line, NULL,
            "the value of %.*s is not one JSON value; put the reference in quotes if it is text",
            VIEW(reference));
        return "null";
    }
    return value;
}

static bool
put_variable(struct expansion *self, struct view reference, struct view name)
{
    char *key = view_dup(name);
    const char *value = getenv(key);

    free(key);
    self->at += reference.length;
    if (value)
        return put_value(self, checked_value(self, reference, value));
    warn_line(self->reader, self->line,
        "%.*s is not set in the environment and stays as it is written", VIEW(reference));
    return put(self, reference);
}

/* One byte, or inside a string an escape with the byte that follows it. */
static bool
put_byte(struct expansion *self)
{
    size_t length = self->in_string && *self->at == '\\' && self->at + 1 < self->end ? 2 : 1;
    struct view bytes = { self->at, length };

    if (*self->at == '"')
        self->in_string = !self->in_string;
    self->line += *self->at == '\n' || (length == 2 && self->at[1] == '\n');
    self->at += length;
    return put(self, bytes);
}

char *
expand(struct reader *reader, struct view text, size_t *length)
{
    struct expansion expansion = { .reader = reader, .line = 1 };
    struct view reference, name;
    bool fits = true;

    expansion.at = text.at;
    expansion.end = text.at + text.length;
    expansion.room = text.length;
    expansion.into = memory_new(expansion.room + 1);
    while (fits && expansion.at < expansion.end)
        if (*expansion.at == '$' && see_reference(&expansion, &reference, &name))
            fits = put_variable(&expansion, reference, name);
        else
            fits = put_byte(&expansion);
    if (!fits) {
        complain_line(reader, expansion.line, NULL,
            "with its variables expanded, the file is larger than 1 MiB");
        free(expansion.into);
        return NULL;
    }
    expansion.into[expansion.length] = '\0';
    *length = expansion.length;
    return expansion.into;
}

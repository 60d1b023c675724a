/*
 *     pattern      = ["(?i)"] alternatives
 *     alternatives = sequence { "|" sequence }
 *     sequence     = { atom [ "?" ] } [ "$" ]         the "$" only where nothing encloses it
 *     atom         = literal | "\" sign | set | "(" [ "?:" ] alternatives ")"
 *
 * Each part becomes the list of all texts that it matches; a sequence is the
 * product of its parts.  The lists are bounded, so is the depth.
 */
#include "conf/extensions.h"

#include "base/memory.h"
#include "base/path.h"

#include <ctype.h>
#include <stdio.h>

enum { DEPTH_MAX = 16 };

struct parsing {
    const char *pattern, *at;
    unsigned depth;
    struct pattern_flaw *flaw;
    bool has_failed;
};

#define NO_LIST "has no end to what it matches; write the extensions out, as in (pdf|zip)"

static void
fail(struct parsing *self, const char *at, const char *why)
{
    if (self->has_failed)
        return;
    self->has_failed = true;
    self->flaw->place = (size_t) (at - self->pattern) + 1;
    if (*at && isgraph((unsigned char) *at))
        snprintf(self->flaw->why, sizeof self->flaw->why, "'%c' %s", *at, why);
    else
        snprintf(self->flaw->why, sizeof self->flaw->why, "%s %s",
            *at ? "a byte that is not ASCII or a sign" : "its end", why);
}

/* ---- lists -------------------------------------------------------------------------- */

static void
add(struct extensions *list, char *take_text)
{
    list->at = memory_resize(list->at, (list->count + 1) * sizeof *list->at);
    list->at[list->count++] = take_text;
}

void
extensions_free(struct extensions *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->at[i]);
    free(list->at);
    *list = (struct extensions){ 0 };
}

static bool
has(const struct extensions *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->at[i], text) == 0)
            return true;
    return false;
}

/* What either matches, in `into`. */
static void
unite(struct parsing *self, struct extensions *into, struct extensions *take)
{
    for (size_t i = 0; i < take->count; i++)
        if (has(into, take->at[i]))
            free(take->at[i]);
        else
            add(into, take->at[i]);
    free(take->at);
    *take = (struct extensions){ 0 };
    if (into->count > EXTENSIONS_MAX)
        fail(self, self->at, "makes it more than 1024 extensions");
}

/* One behind the other, in `into`. */
static void
multiply(struct parsing *self, struct extensions *into, struct extensions *take)
{
    struct extensions product = { 0 };

    if (into->count * take->count > EXTENSIONS_MAX)
        fail(self, self->at, "makes it more than 1024 extensions");
    for (size_t i = 0; i < into->count && !self->has_failed; i++)
        for (size_t j = 0; j < take->count && !self->has_failed; j++) {
            char *text = memory_print("%s%s", into->at[i], take->at[j]);

            if (strlen(text) > NAME_BYTES_MAX)
                fail(self, self->at, "makes it longer than any name");
            if (has(&product, text))
                free(text);
            else
                add(&product, text);
        }
    extensions_free(into);
    extensions_free(take);
    *into = product;
}

static void
add_letter(struct extensions *list, unsigned char letter)
{
    char text[2] = { (char) tolower(letter), '\0' };

    if (!has(list, text))
        add(list, memory_copy(text, 1));
}

/* ---- the grammar ---------------------------------------------------------------------- */

static void parse_alternatives(struct parsing *, struct extensions *);

/* A byte that stands for itself. */
static bool
is_literal(unsigned char byte)
{
    return byte >= 0x80 || isalnum(byte) || strchr(" _-~!#%&,;:=@'\"<>`", byte);
}

static bool
parse_escape(struct parsing *self, unsigned char *letter)
{
    const char *sign = self->at + 1;

    if (*sign == '\0' || !ispunct((unsigned char) *sign)) {
        fail(self, sign, "behind a '\\' is no sign; write what it stands for, as in [0-9]");
        return false;
    }
    *letter = (unsigned char) *sign;
    self->at += 2;
    return true;
}

/* One end of a range. */
static bool
parse_member(struct parsing *self, unsigned char *letter)
{
    unsigned char byte = (unsigned char) *self->at;

    if (byte == '\\')
        return parse_escape(self, letter);
    if (byte == '\0')
        fail(self, self->at, "comes before the ']' of a set");
    else if (byte < 0x20 || byte >= 0x7f || byte == '[')
        fail(self, self->at, "cannot stand in a set");
    else
        self->at++;
    *letter = byte;
    return !self->has_failed;
}

static void
parse_set(struct parsing *self, struct extensions *list)
{
    const char *begin = self->at++;

    if (*self->at == '^')
        fail(self, self->at, "in a set means all but a few; " NO_LIST);
    else if (*self->at == ']')
        fail(self, begin, "begins a set of nothing");
    while (!self->has_failed && *self->at != ']') {
        unsigned char first, last;

        if (!parse_member(self, &first))
            return;
        last = first;
        if (self->at[0] == '-' && self->at[1] != ']') {
            self->at++;
            if (!parse_member(self, &last))
                return;
        }
        if (last < first)
            fail(self, self->at - 1, "comes before the beginning of its range");
        for (unsigned letter = first; letter <= last; letter++)
            add_letter(list, (unsigned char) letter);
    }
    self->at += !self->has_failed;
}

static void
parse_group(struct parsing *self, struct extensions *list)
{
    const char *begin = self->at++;

    if (strncmp(self->at, "?:", 2) == 0)
        self->at += 2;
    if (++self->depth > DEPTH_MAX)
        fail(self, begin, "is in too many others");
    parse_alternatives(self, list);
    if (!self->has_failed && *self->at != ')')
        fail(self, begin, "is not closed");
    self->at += !self->has_failed;
    self->depth--;
}

static void
parse_atom(struct parsing *self, struct extensions *list)
{
    unsigned char byte = (unsigned char) *self->at, letter;

    if (byte == '(') {
        parse_group(self, list);
    } else if (byte == '[') {
        parse_set(self, list);
    } else if (byte == '\\') {
        if (parse_escape(self, &letter))
            add_letter(list, letter);
    } else if (is_literal(byte)) {
        add_letter(list, byte);
        self->at++;
    } else if (byte == '.') {
        fail(self, self->at, "is any character; for the dot itself write \\.");
    } else if (byte == '*' || byte == '+' || byte == '{') {
        fail(self, self->at, NO_LIST);
    } else if (byte == '^' || byte == '$') {
        fail(self, self->at, "can never match here");
    } else {
        fail(self, self->at, "cannot stand here");
    }
}

static bool
ends_sequence(const struct parsing *self)
{
    return *self->at == '\0' || *self->at == '|' || *self->at == ')';
}

static void
parse_sequence(struct parsing *self, struct extensions *list)
{
    add(list, memory_copy("", 0));
    while (!self->has_failed && !ends_sequence(self)) {
        struct extensions part = { 0 };

        if (*self->at == '$' && self->depth == 0 && (self->at[1] == '\0' || self->at[1] == '|')) {
            self->at++;
            return;
        }
        parse_atom(self, &part);
        if (!self->has_failed && *self->at == '?') {
            if ((unsigned char) self->at[-1] >= 0x80)
                fail(self, self->at, "would make half a character optional; write (...)?");
            if (!has(&part, ""))
                add(&part, memory_copy("", 0));
            self->at++;
        }
        multiply(self, list, &part);
    }
}

static void
parse_alternatives(struct parsing *self, struct extensions *list)
{
    for (;;) {
        struct extensions sequence = { 0 };

        parse_sequence(self, &sequence);
        unite(self, list, &sequence);
        if (self->has_failed || *self->at != '|')
            return;
        self->at++;
    }
}

/* ---- the whole -------------------------------------------------------------------------- */

/* The dot in front of it is no part of an extension, and there is none in it. */
static void
settle(struct parsing *self, struct extensions *list)
{
    struct extensions settled = { 0 };

    for (size_t i = 0; i < list->count && !self->has_failed; i++) {
        const char *text = list->at[i] + (list->at[i][0] == '.');

        if (*text == '\0')
            fail(self, self->at, "is reached with nothing matched, and that is no extension");
        else if (strpbrk(text, "./"))
            fail(self, self->pattern,
                "begins what has a '.' or '/' in it, which no extension has: that of 'x.tar.gz' "
                "is 'gz'");
        else if (!has(&settled, text))
            add(&settled, memory_copy(text, strlen(text)));
    }
    extensions_free(list);
    *list = settled;
}

bool
extensions_parse(const char *pattern, struct extensions *list, struct pattern_flaw *flaw)
{
    struct parsing self = { .pattern = pattern, .at = pattern, .flaw = flaw };

    *list = (struct extensions){ 0 };
    if (strncmp(pattern, "(?i)", 4) == 0)
        self.at += 4;
    parse_alternatives(&self, list);
    if (*self.at == ')')
        fail(&self, self.at, "closes nothing");
    settle(&self, list);
    if (self.has_failed)
        extensions_free(list);
    return !self.has_failed;
}

struct view
extension_of(struct view path)
{
    struct view name = path_name(path);

    for (size_t i = name.length; i > 1; i--)
        if (name.at[i - 1] == '.')
            return (struct view){ name.at + i, name.length - i };
    return (struct view){ NULL, 0 };
}

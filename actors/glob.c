/*
 * glob - a pattern is translated into a regular expression for PCRE2.
 *
 * Names are bytes, so the expression is one of bytes, and what is a character
 * is spelt out: a byte of ASCII, a lead byte with the bytes that continue it,
 * or a stray byte.  A set is a look at what is ahead, then one character:
 *
 *     [aé-]   (?=[a\-]|é) CHARACTER        [!a]   (?![a]) CHARACTER
 *
 * Whether anything below a directory can match is a partial match: "src/" leads
 * to "src/a.c" if the expression has not failed when the text has ended.
 */

#define PCRE2_CODE_UNIT_WIDTH 8

#include "actors/glob.h"

#include "base/memory.h"
#include "base/path.h"

#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#define CHARACTER "(?:[^/\\x80-\\xff]|[\\xc0-\\xff][\\x80-\\xbf]*+|[\\x80-\\xbf])"

enum {
    MATCH_LIMIT = 200000,
    HEAP_LIMIT = 4096, /* KiB */
    BRACES_MAX = 32,
    PIECE_BYTES = 160, /* what one character of a pattern becomes, at most */
};

struct glob {
    pcre2_code *code;
    pcre2_match_data *found;
    pcre2_match_context *limits;
    bool gave_up;
};

struct translation {
    struct view pattern;
    size_t at;    /* in the pattern */
    size_t depth; /* of braces */
    char *regex;
    size_t length, room;
};

static void
add(struct translation *t, const char *bytes, size_t length)
{
    if (t->room - t->length < length + PIECE_BYTES) {
        t->room = 2 * t->room + length + PIECE_BYTES;
        t->regex = memory_resize(t->regex, t->room);
    }
    memcpy(t->regex + t->length, bytes, length);
    t->length += length;
}

static void
add_text(struct translation *t, const char *text)
{
    add(t, text, strlen(text));
}

static void
add_literal(struct translation *t, unsigned char byte)
{
    char text[8];

    snprintf(text, sizeof text, "\\x%02x", byte);
    add_text(t, text);
}

static enum outcome
invalid(size_t at, const char *why, struct report *report)
{
    return report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
        "the pattern is not valid at byte %zu: %s", at, why);
}

static bool
is_next(const struct translation *t, const char *text)
{
    size_t length = strlen(text);

    return t->pattern.length - t->at >= length && memcmp(t->pattern.at + t->at, text, length) == 0;
}

/* ---- sets ----------------------------------------------------------------------- */

struct set {
    char ascii[128];      /* 1: in it */
    struct view wide[64]; /* characters beyond ASCII */
    size_t wide_count;
};

/* The character at t->at, escaped or not, stepped over; empty if there is none. */
static struct view
take_character(struct translation *t)
{
    struct view got = { t->pattern.at + t->at, 0 };

    if (is_next(t, "\\") && t->at + 1 < t->pattern.length)
        got.at = t->pattern.at + ++t->at;
    if (t->at == t->pattern.length)
        return got;
    do {
        got.length++;
        t->at++;
    } while (t->at < t->pattern.length && (unsigned char) got.at[0] >= 0xc0 &&
        ((unsigned char) t->pattern.at[t->at] & 0xc0) == 0x80);
    return got;
}

static enum outcome
take_member(struct translation *t, struct set *set, struct report *report)
{
    struct view first, last;
    size_t at = t->at;

    first = last = take_character(t);
    if (first.length > 0 && is_next(t, "-") && t->at + 1 < t->pattern.length &&
        t->pattern.at[t->at + 1] != ']') {
        t->at++;
        last = take_character(t);
        if (first.length > 1 || last.length > 1)
            return invalid(at, "a range goes from one ASCII character to another", report);
    }
    if (first.length == 0 || last.length == 0)
        return invalid(at, "a set without its ']'", report);
    if (first.length > 1 || (unsigned char) *first.at > 127) {
        if (set->wide_count == sizeof set->wide / sizeof *set->wide)
            return invalid(at, "too many characters in one set", report);
        set->wide[set->wide_count++] = first;
        return DONE;
    }
    if ((unsigned char) *last.at > 127 || *first.at > *last.at)
        return invalid(at, "a range that ends before it begins", report);
    for (int c = *first.at; c <= *last.at; c++)
        set->ascii[c] = 1;
    return DONE;
}

static void
add_set(struct translation *t, const struct set *set, bool is_negated)
{
    add_text(t, is_negated ? "(?!" : "(?=");
    add_text(t, "[");
    for (unsigned char c = 0; c < 128; c++)
        if (set->ascii[c])
            add_literal(t, c);
    /* A class has at least one member; '/' is in no name. */
    add_text(t, "/]");
    for (size_t i = 0; i < set->wide_count; i++) {
        add_text(t, "|");
        for (size_t k = 0; k < set->wide[i].length; k++)
            add_literal(t, (unsigned char) set->wide[i].at[k]);
    }
    add_text(t, ")" CHARACTER);
}

static enum outcome
translate_set(struct translation *t, struct report *report)
{
    struct set set = { .wide_count = 0 };
    bool is_negated, is_first = true;
    enum outcome outcome = DONE;
    size_t begin = t->at++;

    is_negated = is_next(t, "!") || is_next(t, "^");
    t->at += is_negated;
    for (; outcome == DONE && (is_first || !is_next(t, "]")); is_first = false) {
        if (t->at == t->pattern.length)
            return invalid(begin, "a set without its ']'", report);
        outcome = take_member(t, &set, report);
    }
    t->at++;
    if (outcome == DONE)
        add_set(t, &set, is_negated);
    return outcome;
}

/* ---- the rest ----------------------------------------------------------------------- */

static bool
begins_part(const struct translation *t)
{
    return t->at == 0 || strchr("/{,", t->pattern.at[t->at - 1]);
}

static void
translate_stars(struct translation *t)
{
    bool is_part = begins_part(t);

    if (!is_next(t, "**")) {
        t->at++;
        add_text(t, "[^/]*");
        return;
    }
    while (is_next(t, "*"))
        t->at++;
    if (is_part && is_next(t, "/")) {
        t->at++;
        add_text(t, "(?:[^/]+/)*");
    } else {
        add_text(t, is_part ? ".+" : ".*");
    }
}

static enum outcome
translate_brace(struct translation *t, struct report *report)
{
    char c = t->pattern.at[t->at];

    if (c == '{' && t->depth == BRACES_MAX)
        return invalid(t->at, "braces too deep in one another", report);
    if (c == '}' && t->depth == 0)
        return invalid(t->at, "a '}' without its '{'", report);
    t->at++;
    t->depth += c == '{';
    t->depth -= c == '}';
    add_text(t, c == '{' ? "(?:" : c == '}' ? ")" : "|");
    return DONE;
}

static enum outcome
translate_next(struct translation *t, struct report *report)
{
    char c = t->pattern.at[t->at];

    switch (c) {
    case '[': return translate_set(t, report);
    case '*': translate_stars(t); return DONE;
    case '{':
    case '}': return translate_brace(t, report);
    case ',':
        if (t->depth > 0)
            return translate_brace(t, report);
        break;
    case '?':
        t->at++;
        add_text(t, CHARACTER);
        return DONE;
    case '\\':
        if (t->at + 1 == t->pattern.length)
            return invalid(t->at, "a '\\' at the end", report);
        t->at++;
        break;
    }
    add_literal(t, (unsigned char) t->pattern.at[t->at++]);
    return DONE;
}

static enum outcome
translate(struct translation *t, struct report *report)
{
    enum outcome outcome = DONE;

    add_text(t, "\\A(?:");
    while (outcome == DONE && t->at < t->pattern.length)
        outcome = translate_next(t, report);
    if (outcome == DONE && t->depth > 0)
        outcome = invalid(t->at, "a '{' without its '}'", report);
    add_text(t, ")\\z");
    return outcome;
}

static enum outcome
compile(struct glob *self, const struct translation *t, struct report *report)
{
    int error;
    size_t offset;
    unsigned char why[128];

    self->code =
        pcre2_compile((PCRE2_SPTR) t->regex, t->length, PCRE2_DOTALL, &error, &offset, NULL);
    if (!self->code) {
        pcre2_get_error_message(error, why, sizeof why);
        return invalid(t->pattern.length, (const char *) why, report);
    }
    pcre2_jit_compile(self->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD);
    self->found = pcre2_match_data_create(1, NULL);
    self->limits = pcre2_match_context_create(NULL);
    if (!self->found || !self->limits)
        abort();
    pcre2_set_match_limit(self->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(self->limits, HEAP_LIMIT);
    return DONE;
}

enum outcome
glob_open(struct glob **glob, struct view pattern, struct report *report)
{
    struct translation t = { .pattern = pattern };
    struct glob *self = memory_new(sizeof *self);
    enum outcome outcome;

    *glob = NULL;
    if (pattern.length == 0 || pattern.length > GLOB_BYTES_MAX)
        outcome = report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "a pattern has 1 to %d bytes, not %zu", GLOB_BYTES_MAX, pattern.length);
    else
        outcome = translate(&t, report);
    if (outcome == DONE)
        outcome = compile(self, &t, report);
    free(t.regex);
    if (outcome != DONE)
        glob_close(&self);
    *glob = self;
    return outcome;
}

void
glob_close(struct glob **glob)
{
    if (!*glob)
        return;
    pcre2_code_free((*glob)->code);
    pcre2_match_data_free((*glob)->found);
    pcre2_match_context_free((*glob)->limits);
    free(*glob);
    *glob = NULL;
}

static int
match(struct glob *self, const char *path, size_t length, uint32_t options)
{
    int result =
        pcre2_match(self->code, (PCRE2_SPTR) path, length, 0, options, self->found, self->limits);

    if (result < 0 && result != PCRE2_ERROR_NOMATCH && result != PCRE2_ERROR_PARTIAL)
        self->gave_up = true;
    return result;
}

bool
glob_matches(struct glob *self, struct view path)
{
    return match(self, path.at, path.length, 0) >= 0;
}

bool
glob_reaches(struct glob *self, struct view directory)
{
    char path[PATH_BYTES_MAX + 1];

    if (directory.length >= PATH_BYTES_MAX)
        return false;
    memcpy(path, directory.at, directory.length);
    path[directory.length] = '/';
    return match(self, path, directory.length + 1, PCRE2_PARTIAL_HARD) != PCRE2_ERROR_NOMATCH;
}

bool
glob_gave_up(const struct glob *self)
{
    return self->gave_up;
}

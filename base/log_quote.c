/*
 * Text from outside as one quoted value, and back.  Escaped are the quote, the
 * backslash, every control character (the two-byte ones of Unicode too: some
 * terminals obey them) and every byte that is not UTF-8.
 */

#include "base/log.h"
#include "base/log_internal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { QUOTE_BYTES = 1024, QUOTES = 8 };

/*
 * How many bytes of well-formed UTF-8 start here; 0 if none do (RFC 3629).
 * JSON readers refuse a whole line for one stray byte.
 */
size_t
log_utf8_length(const char *text)
{
    const unsigned char *at = (const unsigned char *) text;
    size_t length;

    if (at[0] < 0x80)
        return 1;
    if (at[0] < 0xc2 || at[0] > 0xf4)
        return 0;
    length = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return length;
}

static int
hex_digit(char c)
{
    const char *const digits = "0123456789abcdef";
    const char *found = c ? strchr(digits, c) : NULL;

    return found ? (int) (found - digits) : -1;
}

/* Undo one escape of log_quote; returns the byte and moves behind it. */
char
log_unquote(const char **at)
{
    const char *text = *at;

    if (text[0] == '\\' && text[1] == 'x' && hex_digit(text[2]) >= 0 && hex_digit(text[3]) >= 0) {
        *at += 4;
        return (char) (hex_digit(text[2]) * 16 + hex_digit(text[3]));
    }
    if (text[0] == '\\' && text[1]) {
        *at += 2;
        return text[1] == 'n' ? '\n' : text[1] == 't' ? '\t' : text[1];
    }
    *at += 1;
    return *text;
}

static bool
is_control(const char *at)
{
    const unsigned char first = (unsigned char) at[0];

    return first < 0x20 || first == 0x7f || (first == 0xc2 && (unsigned char) at[1] < 0xa0);
}

/* Print one character, or its escape, to `into`; returns the bytes of `at` it was. */
static size_t
quote_one(char into[8], const char *at)
{
    const size_t length = log_utf8_length(at);

    if (length == 0 || is_control(at)) {
        snprintf(into, 8, "\\x%02x", (unsigned) (unsigned char) *at);
        return 1;
    }
    snprintf(into, 8, "%s%.*s", *at == '"' || *at == '\\' ? "\\" : "", (int) length, at);
    return length;
}

const char *
log_quote(const char *text)
{
    static _Thread_local char quotes[QUOTES][QUOTE_BYTES];
    static _Thread_local unsigned turn;
    char *const quoted = quotes[turn++ % QUOTES];
    const char *const rest = "...\"";
    size_t length = 0;
    char one[8];

    quoted[length++] = '"';
    for (const char *at = text; *at;) {
        at += quote_one(one, at);
        if (length + strlen(one) + strlen(rest) >= QUOTE_BYTES) {
            strcpy(quoted + length, rest);
            return quoted;
        }
        strcpy(quoted + length, one);
        length += strlen(one);
    }
    strcpy(quoted + length, "\"");
    return quoted;
}

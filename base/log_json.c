/*
 * The pairs of an event, already printed, as members of a JSON object: a value
 * that is a number stays one, every other becomes a string.
 */

#include "base/log_internal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* One character inside a JSON string; returns how many bytes of `at` it was. */
static size_t
put_json_character(struct log_line *line, const char *at)
{
    const size_t length = log_utf8_length(at);
    char escaped[8];

    if (length == 0) {
        log_put_text(line, "\xef\xbf\xbd"); /* U+FFFD, the replacement character */
        return 1;
    }
    if (*at == '"' || *at == '\\') {
        log_put_text(line, "\\");
        log_put(line, at, 1);
    } else if ((unsigned char) *at < 0x20 || *at == 0x7f) {
        snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned) (unsigned char) *at);
        log_put_text(line, escaped);
    } else if ((unsigned char) at[0] == 0xc2 && (unsigned char) at[1] < 0xa0) {
        snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned) (unsigned char) at[1]);
        log_put_text(line, escaped);
    } else {
        log_put(line, at, length);
    }
    return length;
}

/* A value up to its closing quote, or to the next space; then what follows. */
static const char *
put_json_value(struct log_line *line, const char *at)
{
    const bool is_quoted = *at == '"';
    char raw[LOG_PAIRS_BYTES];
    size_t length = 0;

    at += is_quoted;
    while (*at && *at != (is_quoted ? '"' : ' '))
        if (is_quoted)
            raw[length++] = log_unquote(&at);
        else
            raw[length++] = *at++;
    at += is_quoted && *at == '"';
    raw[length] = '\0';
    log_put_text(line, "\"");
    for (size_t i = 0; i < length;)
        i += put_json_character(line, raw + i);
    log_put_text(line, "\"");
    return at;
}

/* A number goes unquoted: digits, one minus in front, one point inside, no leading zero. */
static size_t
number_length(const char *at)
{
    const size_t minus = *at == '-';
    const size_t whole = strspn(at + minus, "0123456789");
    size_t length = minus + whole;
    size_t part;

    if (whole == 0 || whole > 15 || (whole > 1 && at[minus] == '0'))
        return 0;
    if (at[length] == '.') {
        part = strspn(at + length + 1, "0123456789");
        if (part == 0)
            return 0;
        length += 1 + part;
    }
    return at[length] == ' ' || at[length] == '\0' ? length : 0;
}

void
log_put_json(struct log_line *line, const char *pairs)
{
    const char *at = pairs + strspn(pairs, " ");

    while (*at) {
        const size_t key = strcspn(at, "= ");
        size_t number;

        log_put_text(line, ",\"");
        for (const char *end = at + key; at < end;)
            at += put_json_character(line, at);
        log_put_text(line, "\":");
        if (*at == '=')
            at++;
        number = number_length(at);
        log_put(line, at, number);
        at = number ? at + number : put_json_value(line, at);
        at += strspn(at, " ");
    }
}

void
log_begin_json(struct log_line *line, const char *date, const char *level, const char *event)
{
    log_put_text(line, "{\"time\":\"");
    log_put_text(line, date);
    log_put_text(line, "\",\"level\":\"");
    log_put_text(line, level);
    log_put_text(line, "\",\"event\":\"");
    log_put_text(line, event);
    log_put_text(line, "\"");
}

/*
 * A line is built in one buffer on the stack and leaves by one write(2), so
 * lines of several threads never mix and a dying process loses none.  The
 * JSON form parses the pairs it has just printed: there is one way to say an
 * event, not two.
 *
 * Text from outside comes in through log_quote and cannot end its value, start
 * another pair, or move the cursor of a terminal.  A raw control character in
 * the pairs themselves (a forgotten log_quote) is shown as '?'.
 */

#include "base/log.h"

#include "base/clock.h"
#include "base/log_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STAMP_BYTES = 80 };

static const char *const level_names[] = { "debug", "info", "warn", "error" };
static atomic_int least_level = LEVEL_INFO;
static atomic_int is_json_mode;

void
log_setup(enum log_level least, int is_json)
{
    atomic_store(&least_level, (int) least);
    atomic_store(&is_json_mode, is_json);
}

void
log_put(struct log_line *line, const char *text, size_t length)
{
    const size_t room = sizeof line->text - LOG_TAIL_BYTES - line->length;

    if (length > room)
        length = room;
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

void
log_put_text(struct log_line *line, const char *text)
{
    log_put(line, text, strlen(text));
}

static void
stamp(char into[STAMP_BYTES])
{
    const uint64_t now_ns = clock_wall_ns();
    const time_t seconds = (time_t) (now_ns / 1000000000);
    struct tm date;

    gmtime_r(&seconds, &date);
    snprintf(into, STAMP_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", date.tm_year + 1900,
        date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec,
        (unsigned) (now_ns / 1000000 % 1000));
}

static void
put_plain(struct log_line *line, const char *pairs)
{
    for (const char *at = pairs; *at; at++) {
        const bool is_control = (unsigned char) *at < 0x20 || *at == 0x7f;

        log_put(line, is_control ? "?" : at, 1);
    }
}

static void
write_line(struct log_line *line)
{
    const char *at = line->text;

    while (line->length > 0) {
        const ssize_t put_bytes = write(STDERR_FILENO, at, line->length);

        if (put_bytes < 0 && errno == EINTR)
            continue;
        if (put_bytes <= 0)
            return; /* nobody is left to tell */
        at += put_bytes;
        line->length -= (size_t) put_bytes;
    }
}

static void
begin_plain(struct log_line *line, const char *date, const char *level, const char *event)
{
    log_put_text(line, date);
    log_put_text(line, " ");
    log_put_text(line, level);
    log_put(line, "     ", 6 - strlen(level));
    log_put_text(line, event);
}

void
log_event(enum log_level level, const char *event, const char *pairs, ...)
{
    const int kept = errno; /* saying something must not change what is being said */
    char printed[LOG_PAIRS_BYTES];
    char date[STAMP_BYTES];
    struct log_line line;
    va_list args;

    if ((int) level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;
    va_start(args, pairs);
    if (vsnprintf(printed, sizeof printed, pairs, args) < 0)
        printed[0] = '\0';
    va_end(args);
    stamp(date);
    line.length = 0;
    if (atomic_load_explicit(&is_json_mode, memory_order_relaxed)) {
        log_begin_json(&line, date, level_names[level], event);
        log_put_json(&line, printed);
        line.text[line.length++] = '}';
    } else {
        begin_plain(&line, date, level_names[level], event);
        log_put_text(&line, *printed ? " " : "");
        put_plain(&line, printed);
    }
    line.text[line.length++] = '\n';
    write_line(&line);
    errno = kept;
}

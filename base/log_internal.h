#ifndef BASE_LOG_INTERNAL_H
#define BASE_LOG_INTERNAL_H

/*
 * log_internal - what the files that make a log line share.
 */

#include <stddef.h>

enum {
    LOG_PAIRS_BYTES = 4096,
    LOG_LINE_BYTES = 8 * LOG_PAIRS_BYTES, /* as JSON no pair is more than 6 times as long */
    LOG_TAIL_BYTES = 2,                   /* kept free for "}\n" */
};

/* A line under construction; what does not fit is left out. */
struct log_line {
    char text[LOG_LINE_BYTES];
    size_t length;
};

void log_put(struct log_line *, const char *text, size_t length);
void log_put_text(struct log_line *, const char *text);

/* Everything of the object but its closing brace. */
void log_begin_json(struct log_line *, const char *date, const char *level, const char *event);
void log_put_json(struct log_line *, const char *pairs);

/* Bytes of the well-formed UTF-8 character that starts here; 0 if none does (RFC 3629). */
size_t log_utf8_length(const char *text);
/* Undo one escape of log_quote: returns the byte and moves behind it. */
char log_unquote(const char **at);

#endif

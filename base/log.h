#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * log - one line per event, for people and for their tools.
 *
 *     LOG(INFO, "backup_down", "backup=%s reason=%s", name, log_quote(text));
 *
 * writes to stderr
 *
 *     2026-11-22T19:30:01.123Z info  backup_down backup=local-az2 reason="No space left"
 * or, in JSON mode, as one object per line with the same keys.  No content of
 * a file, no key and no credential is ever logged.
 */

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };

void log_setup(enum log_level least, int is_json);

/* `pairs` is a printf format of key=value pairs separated by single spaces. */
void log_event(enum log_level, const char *event, const char *pairs, ...)
    __attribute__((format(printf, 3, 4)));

/* The text as one quoted value, escaped; good until the eighth later call on this thread. */
const char *log_quote(const char *text);

#define LOG(LEVEL, event, ...) log_event(LEVEL_##LEVEL, event, __VA_ARGS__)

#endif

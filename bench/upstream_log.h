#ifndef BENCH_UPSTREAM_LOG_H
#define BENCH_UPSTREAM_LOG_H

/*
 * upstream_log - a directory's .sync_log.json, read whole and written whole,
 * for bench/upstream.c.  Only what it prints itself is parsed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log;

struct log_entry {
    char *name;
    uint64_t seq, size;
    bool committed;
    unsigned backends; /* the first so many have acknowledged seq */
};

struct log *log_new(void);
struct log *log_read(const char *path);
void log_write(const struct log *, const char *path);
void log_free(struct log *);

/* The entry of that name, made if missing; good until the next log_put. */
struct log_entry *log_put(struct log *, const char *name, size_t length);

#endif

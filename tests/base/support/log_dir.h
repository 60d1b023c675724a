#ifndef TESTS_BASE_SUPPORT_LOG_DIR_H
#define TESTS_BASE_SUPPORT_LOG_DIR_H

/*
 * log_dir - an empty directory for a log, and what was found in it as a list
 * that can be compared.
 */

#include "base/wal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEPT_MAX = 1 << 16, TEXT_MAX = 96 };

/* One record as it was read, its data shortened to a checksum when long. */
struct kept {
    uint8_t type;
    uint64_t seq;
    uint64_t segment;
    uint32_t epoch;
    uint32_t length;
    uint32_t crc;
};

struct log_dir {
    int fd;
    char path[64];
    struct kept *kept;
    size_t count;
    struct wal_found found;
    struct report report;
    uint32_t epoch; /* of the last open; goes up by itself */
    uint64_t segment_bytes;
    bool is_careless;
};

/* In memory (/dev/shm) where there is some. */
void log_dir_make(struct log_dir *, uint64_t segment_bytes);
void log_dir_drop(struct log_dir *);

enum outcome log_dir_open(struct log_dir *, struct wal **);

/* The record number `seq` of a made-up history: its data follows from seq and length alone. */
void log_dir_fill(char *into, uint64_t seq, size_t length);
enum outcome log_dir_append(struct wal *, uint64_t seq, size_t length, struct report *);
/* As it would be read, if it is what log_dir_append gave. */
bool log_dir_is(const struct kept *, uint64_t seq, size_t length);

/* The whole file; free() it. */
char *log_dir_read(struct log_dir *, uint64_t segment, size_t *length);
void log_dir_write(struct log_dir *, uint64_t segment, const char *bytes, size_t length);
/* Leave the log as kill -9 would: nothing is said to the files any more. */
void log_dir_kill(struct wal **);

#endif

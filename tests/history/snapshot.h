#ifndef TESTS_HISTORY_SNAPSHOT_H
#define TESTS_HISTORY_SNAPSHOT_H

/*
 * snapshot - what a directory holds: every path below it with its kind, mode,
 * size and content hash, in byte order of the paths.
 *
 *     KIND MODE SIZE HASH PATH        a file of such lines, KIND is f or d
 *
 * Names that are the server's own business are left out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct found {
    char *path; /* "/default/resources/a.txt" */
    bool is_directory;
    unsigned mode;
    uint64_t size;
    char hash[33]; /* xxh3-128 in hex; "-" for a directory */
};

struct snapshot {
    struct found *at;
    size_t count, room;
};

void snapshot_free(struct snapshot *);

/* Both return false with a sentence on stderr. */
bool snapshot_take(struct snapshot *, const char *directory);
bool snapshot_read(struct snapshot *, const char *file);
void snapshot_print(const struct snapshot *, FILE *);

void snapshot_add(struct snapshot *, const struct found *); /* takes the path */
void snapshot_sort(struct snapshot *);
const struct found *snapshot_find(const struct snapshot *, const char *path); /* or NULL */

void hash_print(const void *bytes, size_t length, char hash[33]);

#endif

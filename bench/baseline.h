#ifndef BENCH_BASELINE_H
#define BENCH_BASELINE_H

/*
 * baseline - what knarr is measured against, each as fast as plain C makes it.
 *
 * Every baseline is given the same options and prints one JSON object.
 */

#include "bench/measure.h"

#include <stdbool.h>
#include <stddef.h>

struct options {
    struct plan plan;
    const char *place;    /* directory it works in */
    const char *endpoint; /* ZeroMQ */
    size_t size;          /* bytes of a file, a record or an answer */
    unsigned copies;      /* directories written in sequence; backups emulated */
    unsigned batch;       /* records for each sync */
    uint64_t files;       /* that are there already, or are read */
    bool unsynced;        /* no fsync of any kind */
    const char *tag;      /* makes names unique among runs in one directory */
};

/* Parses --name value pairs; ends the program on one it does not know. */
void options_parse(struct options *, int argc, char **argv);

/* `size` bytes that do not compress and do not repeat. */
char *noise_new(size_t size);

void baseline_files(const struct options *);     /* temp + fdatasync + rename + directory fsync */
void baseline_append(const struct options *);    /* pwrite + fdatasync in a preallocated file */
void baseline_upstream(const struct options *);  /* an emulation of OpenViking's I/O pattern */
void baseline_reads(const struct options *);     /* open + pread + close */
void baseline_roundtrip(const struct options *); /* bare ZeroMQ over ipc */

#endif

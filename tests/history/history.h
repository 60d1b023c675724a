#ifndef TESTS_HISTORY_HISTORY_H
#define TESTS_HISTORY_HISTORY_H

/*
 * history - what clients asked for, what they were told, and when.
 *
 * A text file to which workloads and drivers append whole lines; fields are
 * separated by one blank; %XX stands for a byte that is a blank, a percent
 * sign or not printable; times are CLOCK_MONOTONIC, in nanoseconds.
 *
 *     b NS ID CLIENT KIND SIZE PATH TO      an operation begins; TO is where a rename
 *                                           goes, the offset of a write_at, else -
 *     e NS ID OUTCOME SEQ REQUIRED ACKED CAUSE
 *                                           its answer came; none: it is unknown
 *     m NS start|kill|cut|stop              the server began, or had ended by then
 *     s NS primary|BACKUP FILE              a snapshot taken while nothing was under way
 *     p NS BACKUP FILE                      one taken right after a power cut: what nobody
 *                                           acknowledged may be torn there until the next start
 *
 * SIZE is the payload of put, append and write_at and the new length of truncate.  What
 * was written is payload_fill(ID).  A line that is cut off (the last one, when
 * a workload was killed) is left out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum op_kind {
    OP_PUT,
    OP_APPEND,
    OP_WRITE_AT, /* over what is there, which may become longer */
    OP_TRUNCATE,
    OP_REMOVE,
    OP_REMOVE_TREE,
    OP_RENAME,
    OP_MKDIR,
    OP_KINDS
};

extern const char *const op_names[OP_KINDS]; /* "put" */

/*
 * How an operation ended.  An error that carries a seq was applied (a missed
 * quorum).  An error REFUSED without one was not.  Everything else may be.
 */
enum fate { FATE_UNKNOWN, FATE_APPLIED, FATE_NOT_APPLIED };

/* What observations said of an operation whose fate was unknown. */
enum proof { PROOF_NONE, PROOF_APPLIED, PROOF_NOT_APPLIED };

struct value;

struct op {
    uint64_t id;
    unsigned client;
    enum op_kind kind;
    uint64_t size;
    uint64_t offset; /* of a write_at */
    char *path, *to; /* to is NULL if there is none */
    uint64_t begin_ns;
    uint64_t end_ns;      /* UINT64_MAX if no answer came */
    uint64_t deadline_ns; /* it cannot take effect after this: the server had ended */
    bool acknowledged;    /* answered "done" */
    enum fate fate;
    uint64_t seq;
    uint64_t required, acked;

    enum proof proof;
    const char *proof_path;
    struct value *written; /* the file it wrote, if it is a put */
};

struct sighting { /* an `s` or `p` line */
    uint64_t at_ns;
    char *who; /* "primary" or the backup's name */
    char *file;
    bool is_after_cut; /* a `p` line */
};

struct history {
    struct op **ops; /* in the order of their beginnings */
    size_t count, room;
    uint64_t *deaths_ns; /* ascending */
    size_t death_count, death_room;
    struct sighting *sightings; /* as they are in the file */
    size_t sighting_count, sighting_room;
};

struct history *history_new(void);
void history_free(struct history **);

/* One line, without its end. False, and nothing kept, if it is not one of the above. */
bool history_line(struct history *, const char *line);
/* All lines of a file; false with a sentence on stderr. */
bool history_read(struct history *, const char *path);
/* Call once after the last line: orders everything and derives deadlines. */
void history_seal(struct history *);

/* Names as fields of a line: the result is the caller's. */
char *field_escape(const char *);
char *field_unescape(const char *);

#endif

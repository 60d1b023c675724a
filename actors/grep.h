#ifndef ACTORS_GREP_H
#define ACTORS_GREP_H

/*
 * grep - which lines of a stream of bytes match a regular expression?
 *
 *     scan_init ──▶ scan_next ──SCAN_HUNGRY──▶ scan_room, scan_feed ─┐
 *                       ▲ └────▶ SCAN_OVER                           │
 *                       └────────────────────────────────────────────┘
 *
 * A scan holds SCAN_BYTES of a file at a time.  It can begin where an earlier
 * one said that it was.  Of a longer line only so much is searched.  A file
 * with a NUL in its first 8 KiB is binary: it has no lines.
 *
 * The expression is Perl-compatible, over UTF-8; what is not UTF-8 matches
 * nothing but does no harm.  Its effort on a line is limited.
 */

#include "base/outcome.h"
#include "base/view.h"

#include <stdint.h>

enum {
    SCAN_BYTES = 64 << 10,
    MATCH_TEXT_MAX = 1024,   /* bytes of a matching line that are told */
    GREP_PATTERN_MAX = 4096, /* bytes */
};

struct grep;

/* INVALID_ARGUMENT with PCRE2's own words, and where. */
enum outcome grep_open(struct grep **, struct view pattern, bool ignore_case, struct report *);
void grep_close(struct grep **);

/* Where in a file: zeros for its start. */
struct position {
    uint64_t offset;
    uint64_t line;    /* begins here, less 1 */
    bool is_skipping; /* the rest of a line that was too long */
};

enum scan_step {
    SCAN_MATCH,
    SCAN_HUNGRY, /* feed it */
    SCAN_PAUSE,  /* some lines were searched; call again */
    SCAN_OVER,
    SCAN_GAVE_UP, /* a line was too much for the limits */
};

struct scan {
    struct position position; /* of the first byte not dealt with */

    /* After SCAN_MATCH, until the next call. */
    struct position match; /* of the line */
    struct view text;

    struct grep *grep;
    char *bytes;
    size_t at, used;
    bool is_at_end;
};

void scan_init(struct scan *, struct grep *, const struct position *);
void scan_fini(struct scan *);
enum scan_step scan_next(struct scan *);
/* Where to read to, from the file at scan_offset(), and how much fits. */
void *scan_room(struct scan *, size_t *bytes);
uint64_t scan_offset(const struct scan *);
void scan_feed(struct scan *, size_t bytes, bool is_at_end);

#endif

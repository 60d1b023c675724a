#ifndef BASE_WAL_H
#define BASE_WAL_H

/*
 * wal - an append-only log of records in preallocated segment files, made
 * durable in groups.
 *
 *     append* ──▶ commit      one pwritev and one fdatasync for all of them
 *
 * A record is a type, a number that never goes down (seq), and up to
 * WAL_RECORD_MAX bytes.  What was committed is read back after a crash exactly
 * as it was given; what was not is cut off as a torn tail.  Damage in front of
 * records that are whole is never a torn tail: it is reported as DAMAGED.
 *
 * The layout, what makes a record valid, and what happens after a crash at
 * each step are told at the top of base/wal.c.
 */

#include "base/outcome.h"
#include "base/view.h"

#include <stdint.h>

enum { WAL_RECORD_MAX = 2 << 20, WAL_TYPES_MAX = 255 };

struct wal;

struct wal_args {
    int directory;          /* open; stays the caller's; holds nothing but segments */
    uint64_t segment_bytes; /* of new segments: zeroed and synced before use */
    uint32_t epoch;         /* goes up with every start; records carry it */
    bool is_careless;       /* durability "process": commit does not sync */
};

struct wal_record {
    uint8_t type; /* 1..255, the caller's */
    uint64_t seq;
    uint32_t epoch;
    uint64_t segment; /* the number of the segment it is in */
    struct view data;
};

/* What opening found. */
struct wal_found {
    uint64_t records;
    uint64_t first_segment, last_segment;
    uint64_t last_seq;
    uint32_t last_epoch;
    uint64_t torn_bytes; /* cut off behind the last whole record */
};

/*
 * Read every whole record, oldest first, through `each` (which may refuse; its
 * report is passed on), then be ready to append behind the last.  The data of
 * a record is good until `each` returns.  What is reported is durable.
 *
 * An epoch that is not above the last one in the log is REFUSED as a conflict
 * before any record is read; found->last_epoch then says which that is.
 */
enum outcome wal_open(struct wal **, const struct wal_args *,
    enum outcome (*each)(void *context, const struct wal_record *, struct report *), void *context,
    struct wal_found *, struct report *);

void wal_close(struct wal **);

/*
 * Read every record as wal_open does, and change nothing: DONE if it would open.
 * Not while somebody appends, whose unfinished commit might look like damage.
 */
enum outcome wal_check(int directory, struct wal_found *, struct report *);

/*
 * Copy `header` and remember a reference to `body` (both may be empty; the
 * record's data is the two in sequence).  `body` must stay valid and unchanged
 * until the next wal_commit returns.  REFUSED if longer than WAL_RECORD_MAX.
 */
enum outcome wal_append(struct wal *, uint8_t type, uint64_t seq, struct view header,
    struct view body, struct report *);

/* Bytes appended and not yet committed. */
uint64_t wal_pending_bytes(const struct wal *);

/*
 * Make what was appended durable.  When the disk refuses, the write or the sync
 * is never believed again on that file: the same records are written to a new
 * segment and synced there; if that fails too the outcome is RETRY, nothing of
 * the group may be acknowledged, and the wal is broken: every later commit
 * fails at once with the same report.
 *
 * When a full segment finds no space for the next one, only this group fails
 * (RETRY, no_space): the wal is not broken, and later commits may succeed.
 * After any failure the group is forgotten here; the next open may find all of
 * it, its first records, or none.
 */
enum outcome wal_commit(struct wal *, struct report *);

uint64_t wal_segment(const struct wal *); /* the number records now go to */
/* Records go to a new segment from here on; the old one is complete. */
enum outcome wal_rotate(struct wal *, struct report *);
/*
 * Segments with lower numbers are no longer needed: they are recycled or
 * removed, oldest first, each durably before the next.  last_seq and the epoch
 * are remembered by the segment that is left.
 */
enum outcome wal_release(struct wal *, uint64_t before_segment, struct report *);
uint64_t wal_disk_bytes(const struct wal *); /* all segments, the recycled ones too */

#endif

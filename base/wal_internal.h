#ifndef BASE_WAL_INTERNAL_H
#define BASE_WAL_INTERNAL_H

/*
 * wal_internal - what the files of the write-ahead log share: the formats, the
 * segment files, the reader.  The layout is told at the top of base/wal.c.
 */

#include "base/wal.h"

#include <stddef.h>

enum {
    WAL_VERSION = 1,
    WAL_PAGE_BYTES = 4096, /* the header page of a segment; records follow */
    WAL_BLOCK_BYTES = 512, /* what a disk writes whole or not at all; commits start on one */
    WAL_RECORD_HEADER_BYTES = 40,
    WAL_FILLER = 0, /* the type of records that only fill up a block */
    WAL_FILLER_BYTES_MAX = WAL_BLOCK_BYTES + WAL_RECORD_HEADER_BYTES,
    WAL_SPARES_MAX = 2,
    WAL_NAME_BYTES = 24,
    WAL_IS_CARELESS = 1, /* a flag of a segment: its commits were not synced one by one */
};

/* The header page, read. */
struct wal_page {
    uint16_t version;
    uint16_t flags;
    uint32_t epoch;
    uint32_t salt;
    uint64_t segment;
    uint64_t bytes;
    uint64_t previous;     /* number of the segment before this one; 0: none */
    uint64_t previous_end; /* where its last believed commit ends */
    uint64_t last_seq;     /* the highest in all segments before */
};

enum wal_page_state {
    WAL_PAGE_BEGUN, /* it says it is this segment */
    WAL_PAGE_BLANK, /* zeros, or the page of the segment this file was before */
    WAL_PAGE_BAD,
};

struct wal_file {
    uint64_t number;
    uint64_t bytes;
};

struct wal_files {
    struct wal_file *at;
    size_t count, room;
};

/* A record appended and not yet committed; its first bytes are in the arena. */
struct wal_pending {
    uint64_t seq;
    size_t arena_at;     /* record header, the caller's header, a small body, padding */
    size_t arena_length; /* all of it */
    struct view body;    /* what is not in the arena; empty: all is */
    uint32_t length;     /* of the data */
    uint8_t type;
};

struct wal {
    struct wal_args args;
    bool is_read_only; /* for wal_check */

    struct wal_files chain;   /* begun, oldest first; the current one is the last */
    struct wal_files spares;  /* zeroed or recycled, synced, named with later numbers */
    struct wal_files garbage; /* failed before they were begun; oldest first */
    int preparing_fd;         /* the spare being zeroed, or -1 */
    uint64_t prepared_bytes;
    bool is_preparing_off; /* it failed; not again before the next segment */

    uint64_t number; /* of the current segment */
    int fd;          /* -1: not begun */
    uint32_t salt;
    uint64_t offset;                 /* where the next commit goes */
    uint64_t good_segment, good_end; /* the last position that was synced */
    uint64_t last_seq;

    char *arena;
    size_t arena_length, arena_room;
    struct wal_pending *pending;
    size_t pending_count, pending_room;
    uint64_t pending_bytes;
    size_t placed; /* pending records already durable */
    struct iovec *pieces;
    size_t piece_count, piece_room;
    char filler[WAL_FILLER_BYTES_MAX];

    unsigned refusals; /* writes and syncs that failed */
    bool is_broken;
    struct report broken;
};

/* wal_format.c: bytes and structs. */

static inline size_t
wal_padding(size_t length)
{
    return (8 - length % 8) % 8;
}

static inline size_t
wal_record_bytes(size_t length)
{
    return WAL_RECORD_HEADER_BYTES + length + wal_padding(length);
}

/* What a commit of `bytes` needs on top to end on a block: 0, or a whole filler record. */
size_t wal_filler_bytes(uint64_t bytes);

void wal_name(char into[WAL_NAME_BYTES], uint64_t number);
bool wal_name_read(const char *name, uint64_t *number);

void wal_page_put(char into[WAL_PAGE_BYTES], const struct wal_page *);
enum wal_page_state wal_page_get(const char from[WAL_PAGE_BYTES], uint64_t number,
    struct wal_page *);

/* All but the checksum, which covers what follows too. */
void wal_record_put(char into[WAL_RECORD_HEADER_BYTES], const struct wal_record *,
    uint64_t group_offset);
void wal_record_seal(char record[WAL_RECORD_HEADER_BYTES], uint32_t crc);
/* What the checksum of this header is going on from. */
uint32_t wal_record_crc(const char record[WAL_RECORD_HEADER_BYTES], uint32_t salt);
bool wal_record_is_sealed(const char *record, size_t bytes, uint32_t salt);
/* False unless it has the marks of a record; not yet checked by its checksum. */
bool wal_record_get(const char from[WAL_RECORD_HEADER_BYTES], struct wal_record *, size_t *length,
    uint64_t *group_offset);

/* wal_group.c: what was appended, laid out and written. */

uint64_t wal_group_bytes(uint64_t record_bytes); /* with its filler */
void wal_forget_pending(struct wal *);
/* Records from..from+count-1 at the current offset; no record makes a group of one filler. */
enum outcome wal_write_group(struct wal *, size_t from, size_t count, bool is_synced,
    struct report *);
/* The current file refused `act`: leave it for the next number.  Returns RETRY. */
enum outcome wal_abandon(struct wal *, int error, const char *act, struct report *);

/* wal_segment.c: segment files, their number, their directory. */

void wal_files_add(struct wal_files *, struct wal_file);
void wal_files_drop_first(struct wal_files *);
int wal_file_open(const struct wal *, uint64_t number); /* -1 with errno */

/* Zero more of a spare, in step with how full the current segment gets. */
void wal_prepare_more(struct wal *);
/* A whole spare now. */
enum outcome wal_prepare_all(struct wal *, struct report *);
void wal_prepare_stop(struct wal *);
/* A file named for the current number, zeroed or recycled and synced. */
enum outcome wal_spare_take(struct wal *, int *fd, struct report *);
/* The file is nobody's: make a spare of it, or remove it. */
enum outcome wal_file_recycle(struct wal *, struct wal_file, struct report *);
enum outcome wal_file_remove(struct wal *, uint64_t number, struct report *);

/* wal_scan.c: reading a segment. */

struct wal_scan {
    uint64_t number;
    struct wal_page page;
    int fd;
    uint64_t file_bytes;
    uint64_t until;      /* where the next segment says this one ends; 0: it is the last */
    uint64_t end;        /* found: behind the last whole record */
    uint64_t last_group; /* found: where the commit of that record begins; 0: no record */
    uint64_t torn_bytes; /* found */
    uint64_t records;    /* found */
    uint64_t last_seq;   /* found */
};

typedef enum outcome wal_each(void *context, const struct wal_record *, struct report *);

enum outcome wal_scan_run(struct wal_scan *, wal_each *, void *context, struct report *);

/* A block behind the header page may begin a group of this segment, or cannot be read. */
bool wal_has_marks(int fd, uint64_t number);

/* wal_open.c */

enum outcome wal_damaged(struct report *, uint64_t number, uint64_t offset, const char *what);

#endif

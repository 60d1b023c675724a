/*
 * Reading one segment from its first record to the last whole one, and judging
 * what is behind that.
 *
 * A sector that did not reach the disk can only belong to the commit under way
 * when the machine stopped: the one before was synced first.  So records found
 * whole behind a hole are no proof of damage while they belong to the commit
 * the hole is in; a record of a later commit is.
 */

#include "base/disk.h"
#include "base/memory.h"
#include "base/wal_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Twice the largest record and more, so that refilling moves little. */
enum { WINDOW_BYTES = 2 * WAL_RECORD_MAX + (64 << 10) };

/* The part of the file that is in memory. */
struct window {
    int fd;
    uint64_t file_bytes;
    char *bytes;
    size_t room;
    uint64_t start;
    size_t have;
    int error; /* of the read that failed */
};

static int
window_fill(struct window *window, uint64_t offset)
{
    const uint64_t end = window->start + window->have;
    const size_t kept = offset < end ? (size_t) (end - offset) : 0;
    ssize_t got;

    memmove(window->bytes, window->bytes + (window->have - kept), kept);
    got = disk_read_all(window->fd, window->bytes + kept, window->room - kept,
        (off_t) (offset + kept));
    window->start = offset;
    window->have = kept + (size_t) (got > 0 ? got : 0);
    if (got < 0)
        window->error = errno;
    return got < 0 ? -1 : 0;
}

/* `bytes` at `offset`, or NULL behind the end or when a read failed.  Never goes back. */
static const char *
window_at(struct window *window, uint64_t offset, size_t bytes)
{
    if (window->error || bytes > window->file_bytes || offset > window->file_bytes - bytes)
        return NULL;
    if (offset + bytes > window->start + window->have && window_fill(window, offset) < 0)
        return NULL;
    if (offset + bytes > window->start + window->have)
        return NULL; /* the file got shorter under us */
    return window->bytes + (offset - window->start);
}

struct found {
    struct wal_record record;
    size_t bytes;
    uint64_t group;
    bool has_marks; /* a header of this segment, whole or not */
};

/* The record at `offset`, if it is whole and of this segment. */
static bool
record_at(const struct wal_scan *scan, struct window *window, uint64_t offset, struct found *found)
{
    const char *at = window_at(window, offset, WAL_RECORD_HEADER_BYTES);
    size_t length;

    found->has_marks = false;
    if (!at || !wal_record_get(at, &found->record, &length, &found->group))
        return false;
    if (found->record.segment != scan->number || found->record.epoch != scan->page.epoch ||
        found->group < WAL_PAGE_BYTES || found->group > offset)
        return false;
    found->has_marks = true;
    found->bytes = wal_record_bytes(length);
    at = window_at(window, offset, found->bytes);
    if (!at || !wal_record_is_sealed(at, found->bytes, scan->page.salt))
        return false;
    found->record.data = (struct view){ at + WAL_RECORD_HEADER_BYTES, length };
    return true;
}

/* It goes on with the commit we are in, or starts one where one may start. */
static bool
is_next(const struct wal_scan *scan, uint64_t offset, const struct found *found)
{
    return found->group == offset ? offset % WAL_BLOCK_BYTES == 0
                                  : found->group == scan->last_group;
}

static enum outcome
deliver(struct wal_scan *scan, const struct found *found, wal_each *each, void *context,
    struct report *report)
{
    if (found->record.type == WAL_FILLER)
        return DONE;
    scan->records++;
    if (found->record.seq > scan->last_seq)
        scan->last_seq = found->record.seq;
    return each(context, &found->record, report);
}

static enum outcome
scan_whole(struct wal_scan *scan, struct window *window, wal_each *each, void *context,
    struct report *report)
{
    struct found found;

    scan->end = WAL_PAGE_BYTES;
    while (scan->until == 0 || scan->end < scan->until) {
        enum outcome outcome;

        if (!record_at(scan, window, scan->end, &found) || !is_next(scan, scan->end, &found))
            break;
        outcome = deliver(scan, &found, each, context, report);
        if (outcome != DONE)
            return outcome;
        scan->last_group = found.group;
        scan->end += found.bytes;
    }
    return DONE;
}

/* Everything behind the last whole record: is it a torn commit, or are later ones there? */
static enum outcome
judge_tail(struct wal_scan *scan, struct window *window, struct report *report)
{
    const bool may_have_holes = scan->page.flags & WAL_IS_CARELESS;
    const uint64_t hole = scan->end;
    uint64_t torn_end = hole;
    struct found found;

    for (uint64_t at = hole; at + WAL_RECORD_HEADER_BYTES <= scan->file_bytes; at += 8) {
        const bool is_whole = record_at(scan, window, at, &found);

        if (window->error)
            break;
        if (is_whole && found.group > hole && !may_have_holes)
            return wal_damaged(report, scan->number, hole,
                "what is here is no record, and later commits are whole behind it");
        if (is_whole)
            torn_end = at + found.bytes;
        else if (at == hole && found.has_marks)
            torn_end = at + found.bytes;
    }
    if (torn_end > scan->file_bytes)
        torn_end = scan->file_bytes;
    scan->torn_bytes = torn_end - hole;
    return DONE;
}

static enum outcome
judge_end(struct wal_scan *scan, struct window *window, struct report *report)
{
    if (scan->until == 0)
        return judge_tail(scan, window, report);
    if (scan->end != scan->until)
        return wal_damaged(report, scan->number, scan->end,
            "what is here is no record, and the next segment says that more were committed");
    return DONE;
}

enum outcome
wal_scan_run(struct wal_scan *scan, wal_each *each, void *context, struct report *report)
{
    struct window window = { .fd = scan->fd, .file_bytes = scan->file_bytes };
    enum outcome outcome;

    window.room = scan->file_bytes < WINDOW_BYTES ? (size_t) scan->file_bytes : WINDOW_BYTES;
    window.bytes = memory_resize(NULL, window.room);
    outcome = scan_whole(scan, &window, each, context, report);
    if (outcome == DONE && !window.error)
        outcome = judge_end(scan, &window, report);
    if (outcome == DONE && window.error)
        outcome = report_errno(report, window.error,
            "cannot read journal segment %016" PRIx64 ".wal at byte %" PRIu64, scan->number,
            scan->end);
    free(window.bytes);
    return outcome;
}

bool
wal_has_marks(int fd, uint64_t number)
{
    char bytes[64 << 10];
    struct wal_record record;
    uint64_t group, offset = WAL_PAGE_BYTES;
    size_t length;
    ssize_t got;

    do {
        got = disk_read_all(fd, bytes, sizeof bytes, (off_t) offset);
        if (got < 0)
            return true;
        for (size_t at = 0; at + WAL_RECORD_HEADER_BYTES <= (size_t) got; at += WAL_BLOCK_BYTES)
            if (wal_record_get(bytes + at, &record, &length, &group) && record.segment == number)
                return true;
        offset += (uint64_t) got;
    } while (got > 0);
    return false;
}

/*
 * Purpose.  Every write is promised here before it is made anywhere else, so
 * this file decides what survives.  It wants one sequential write and one
 * fdatasync for a group of records, and a reader that after any crash returns
 * every record of every group that was acknowledged, in order, or refuses.
 *
 * Layout.  A log is segment files named by number, 16 hexadecimal digits and
 * ".wal"; all numbers in them are little-endian.  A segment begins with a
 * header page of 4096 bytes, of which the first 512 are used:
 *
 *       0  8  "KNARRWAL"             32  8  number of the segment before, 0: none
 *       8  2  format version, 1      40  8  where that one ends
 *      10  2  flags (1: careless)    48  8  highest seq in all segments before
 *      12  4  epoch                  56  4  salt
 *      16  8  number of segment     508  4  CRC-32C of 0..507
 *      24  8  bytes of segment
 *
 * Groups follow.  A group is what one commit wrote: it starts on a block of 512
 * bytes and ends on one, by a record of type 0 (filler) if need be, so that a
 * torn sector never harms the group before.  A record is aligned to 8 bytes:
 *
 *       0  4  CRC-32C of the rest, padding included, going on from the salt
 *       4  2  "KW"                   24  8  seq
 *       6  1  format version, 1      32  4  block its group starts on
 *       7  1  type                   36  4  flags, reserved, 0
 *       8  4  length of data         40     data, then zeros to a multiple of 8
 *      12  4  epoch
 *      16  8  number of segment
 *
 * Valid.  A record is valid if and only if its marks, lengths, segment and
 * epoch are right, its checksum holds, and its group is the one of the record
 * before it or starts right here.  A segment is its longest run of valid
 * records from byte 4096; for all segments but the last that run must end
 * exactly where the next header page says.  In the last one, a valid record of
 * a later group behind the end of the run is damage; else what is there is a
 * torn tail.  Recycled segments are full of stale records, and a user may store
 * bytes that look like records: neither has the salt.
 *
 * Order.  Spare: blocks, zeros, sync; name, directory sync (base/wal_segment.c).
 * Begin: header page, sync.  Commit: group, sync.  Nothing waits for more than
 * the step before it:
 *
 *      crash before, in      what opening finds
 *      spare's zeros         spare.new: removed
 *      spare's name          either name; a spare or spare.new
 *      header page           a blank page: a spare.  The segment before is the last
 *      first group           a begun segment without records
 *      any group, its sync   the group whole, a prefix of it, or nothing; it was never
 *                            acknowledged.  What is kept is made durable first
 *                            (base/wal_open.c)
 *      release               a prefix of the released segments is gone
 *
 * Every open begins a new segment, whose header page says where the last one
 * ended, so a torn tail is never written over and never read again.  The same
 * line in the header page makes a failed sync safe: the kernel may have thrown
 * the dirty pages away and call them clean, so that file is left as it was
 * believed last; the group goes to a new segment from memory, and the old file's
 * unbelieved bytes are cut by the new header.  A clean stop appends an empty
 * group: then even the last record cannot be damaged without being noticed.
 *
 * Rejected.  A closing mark at the end of each segment: it would have to be
 * written to a file whose sync has just failed.  One file as a ring: no place to
 * go when a sync fails.  Checksums over whole groups: one bad sector would take
 * a group of many writes with it.  O_DIRECT: the page cache costs little at this
 * size, and file systems differ in what they demand.  sync_file_range: it does
 * not flush the drive's cache.
 */

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/wal_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Nobody who stores a file can know it; it need not be a secret from who reads the disk. */
static uint32_t
new_salt(const struct wal *wal)
{
    const uint64_t seeds[] = { clock_ns(), clock_wall_ns(), wal->number, wal->args.epoch };

    return crc32c(0, seeds, sizeof seeds);
}

/* It never began: no header page will name it, and release removes it. */
static enum outcome
give_up(struct wal *wal, const char *act, struct report *report)
{
    const struct wal_file file = { wal->number, wal->args.segment_bytes };

    wal_files_add(&wal->garbage, file);
    return wal_abandon(wal, errno, act, report);
}

static enum outcome
begin_segment(struct wal *wal, struct report *report)
{
    char bytes[WAL_PAGE_BYTES];
    const struct wal_page page = {
        .version = WAL_VERSION,
        .flags = wal->args.is_careless ? WAL_IS_CARELESS : 0,
        .epoch = wal->args.epoch,
        .salt = new_salt(wal),
        .segment = wal->number,
        .bytes = wal->args.segment_bytes,
        .previous = wal->good_segment,
        .previous_end = wal->good_end,
        .last_seq = wal->last_seq,
    };
    const enum outcome outcome = wal_spare_take(wal, &wal->fd, report);

    if (outcome != DONE)
        return outcome;
    wal->salt = page.salt;
    wal->offset = WAL_PAGE_BYTES;
    wal_page_put(bytes, &page);
    if (disk_write_all(wal->fd, bytes, sizeof bytes, 0) < 0)
        return give_up(wal, "write the header of", report);
    if (disk->datasync(wal->fd) < 0)
        return give_up(wal, "sync the header of", report);
    wal_files_add(&wal->chain, (struct wal_file){ wal->number, wal->args.segment_bytes });
    wal->good_segment = wal->number;
    wal->good_end = wal->offset;
    return DONE;
}

static enum outcome
break_down(struct wal *wal, struct report *report)
{
    wal->is_broken = true;
    wal->broken = *report;
    LOG(ERROR, "wal_broken", "reason=%s", log_quote(report->text));
    return RETRY;
}

/*
 * The next header page will vouch for what is in this one, so it must be
 * durable.  It is, unless careless; and then a sync that fails takes records
 * with it that are no longer in memory: nothing can be rewritten elsewhere.
 */
static enum outcome
end_segment(struct wal *wal, struct report *report)
{
    if (wal->args.is_careless && disk->datasync(wal->fd) < 0) {
        wal_abandon(wal, errno, "sync", report);
        return break_down(wal, report);
    }
    disk->close(wal->fd);
    wal->fd = -1;
    wal->number++;
    wal->offset = WAL_PAGE_BYTES;
    return DONE;
}

/* How many pending records from `from` go here: all, if they fit; else a new segment is better. */
static size_t
count_fitting(const struct wal *wal, size_t from)
{
    const uint64_t room = wal->args.segment_bytes - wal->offset;
    uint64_t bytes = 0;
    size_t count = 0;

    while (from + count < wal->pending_count) {
        bytes += wal_record_bytes(wal->pending[from + count].length);
        if (wal_group_bytes(bytes) > room)
            break;
        count++;
    }
    if (from + count < wal->pending_count && wal->offset > WAL_PAGE_BYTES)
        return 0;
    return count;
}

static enum outcome
place_all(struct wal *wal, struct report *report)
{
    enum outcome outcome = DONE;

    while (outcome == DONE && wal->placed < wal->pending_count) {
        size_t count;

        if (wal->fd < 0)
            outcome = begin_segment(wal, report);
        if (outcome != DONE)
            break;
        count = count_fitting(wal, wal->placed);
        if (count == 0) {
            outcome = end_segment(wal, report);
            continue;
        }
        outcome = wal_write_group(wal, wal->placed, count, !wal->args.is_careless, report);
        if (outcome == DONE)
            wal->placed += count;
    }
    return outcome;
}

/*
 * A new segment that cannot be had (no space) fails this group only: nothing
 * unbelieved was written.  A file that refused gets one successor.
 */
enum outcome
wal_commit(struct wal *wal, struct report *report)
{
    const unsigned refusals = wal->refusals;
    enum outcome outcome;

    if (wal->is_broken) {
        wal_forget_pending(wal);
        *report = wal->broken;
        return RETRY;
    }
    if (wal->pending_count == 0)
        return DONE;
    outcome = place_all(wal, report);
    if (outcome != DONE && wal->refusals > refusals && !wal->is_broken) {
        outcome = place_all(wal, report);
        if (outcome != DONE)
            break_down(wal, report);
    }
    wal_forget_pending(wal);
    if (outcome != DONE)
        return RETRY;
    wal_prepare_more(wal);
    return DONE;
}

uint64_t
wal_segment(const struct wal *wal)
{
    return wal->number;
}

enum outcome
wal_rotate(struct wal *wal, struct report *report)
{
    if (wal->is_broken) {
        *report = wal->broken;
        return RETRY;
    }
    if (wal->fd < 0 || wal->offset == WAL_PAGE_BYTES)
        return DONE;
    return end_segment(wal, report);
}

/* Oldest first, all but the last: the numbers and the epoch live on in it. */
static enum outcome
release_chain(struct wal *wal, uint64_t before_segment, struct report *report)
{
    enum outcome outcome = DONE;

    while (wal->chain.count > 1 && wal->chain.at[0].number < before_segment) {
        outcome = wal_file_recycle(wal, wal->chain.at[0], report);
        if (outcome != DONE)
            break;
        wal_files_drop_first(&wal->chain);
    }
    return outcome;
}

static enum outcome
release_garbage(struct wal *wal, uint64_t before_segment, struct report *report)
{
    enum outcome outcome = DONE;

    while (wal->garbage.count > 0 && wal->garbage.at[0].number < before_segment) {
        outcome = wal_file_remove(wal, wal->garbage.at[0].number, report);
        if (outcome != DONE)
            break;
        wal_files_drop_first(&wal->garbage);
    }
    return outcome;
}

/*
 * When even the last begun segment goes, the next one begins first.  By then
 * the older ones have made room for it.
 */
enum outcome
wal_release(struct wal *wal, uint64_t before_segment, struct report *report)
{
    enum outcome outcome;

    if (before_segment > wal->number)
        before_segment = wal->number;
    outcome = release_garbage(wal, before_segment, report);
    if (outcome == DONE)
        outcome = release_chain(wal, before_segment, report);
    if (outcome != DONE || wal->fd >= 0 || wal->is_broken)
        return outcome;
    if (wal->chain.count == 0 || wal->chain.at[0].number >= before_segment)
        return DONE;
    outcome = begin_segment(wal, report);
    return outcome == DONE ? release_chain(wal, before_segment, report) : outcome;
}

static uint64_t
bytes_of(const struct wal_files *files)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < files->count; i++)
        bytes += files->at[i].bytes;
    return bytes;
}

uint64_t
wal_disk_bytes(const struct wal *wal)
{
    const uint64_t preparing = wal->preparing_fd < 0 ? 0 : wal->args.segment_bytes;

    return bytes_of(&wal->chain) + bytes_of(&wal->spares) + bytes_of(&wal->garbage) + preparing;
}

/* A clean stop is told from a crash by an empty group; if that fails it was none. */
static void
mark_end(struct wal *wal)
{
    struct report ignored;

    if (wal->fd < 0 || wal->is_broken || wal->args.segment_bytes - wal->offset < WAL_BLOCK_BYTES)
        return;
    if (wal_write_group(wal, 0, 0, true, &ignored) != DONE)
        LOG(WARN, "wal_end_unmarked", "segment=%" PRIu64, wal->good_segment);
}

void
wal_close(struct wal **closed)
{
    struct wal *const wal = *closed;

    if (!wal)
        return;
    mark_end(wal);
    wal_prepare_stop(wal);
    if (wal->fd >= 0)
        disk->close(wal->fd);
    free(wal->chain.at);
    free(wal->spares.at);
    free(wal->garbage.at);
    free(wal->arena);
    free(wal->pending);
    free(wal->pieces);
    free(wal);
    *closed = NULL;
}

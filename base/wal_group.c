/*
 * A group: what was appended since the last commit, laid out and written.
 *
 * The arena holds what is copied (record headers, the caller's headers, small
 * bodies), one record behind the other; large bodies are written from where
 * they are.  Where a record goes is part of its checksum, so both are made when
 * its place is known, and made again when the group has to go elsewhere.
 */

#include "base/crc32c.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/wal_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    BODY_COPIED_MAX = 1024, /* a piece of its own in pwritev costs more than copying this */
    ARENA_KEPT_MAX = 4 << 20,
};

static const char zeros[8];

static void *
grown(void *at, size_t *room, size_t wanted, size_t each_bytes)
{
    if (wanted <= *room)
        return at;
    *room = wanted + wanted / 2 + 16;
    return memory_resize(at, *room * each_bytes);
}

static void
arena_add(struct wal *wal, const void *bytes, size_t length)
{
    wal->arena = grown(wal->arena, &wal->arena_room, wal->arena_length + length, 1);
    if (length > 0)
        memcpy(wal->arena + wal->arena_length, bytes, length);
    wal->arena_length += length;
}

static uint64_t
room_of_segment(const struct wal *wal)
{
    return wal->args.segment_bytes - WAL_PAGE_BYTES;
}

uint64_t
wal_group_bytes(uint64_t record_bytes)
{
    return record_bytes + wal_filler_bytes(record_bytes);
}

static enum outcome
check_length(const struct wal *wal, uint64_t length, struct report *report)
{
    if (length > WAL_RECORD_MAX)
        return report_set(report, REFUSED, CAUSE_TOO_LARGE,
            "a journal record of %" PRIu64 " bytes is longer than %d", length, WAL_RECORD_MAX);
    if (wal_group_bytes(wal_record_bytes((size_t) length)) > room_of_segment(wal))
        return report_set(report, REFUSED, CAUSE_TOO_LARGE,
            "a journal record of %" PRIu64 " bytes does not fit into a segment of %" PRIu64, length,
            wal->args.segment_bytes);
    return DONE;
}

enum outcome
wal_append(struct wal *wal, uint8_t type, uint64_t seq, struct view header, struct view body,
    struct report *report)
{
    static const char unwritten[WAL_RECORD_HEADER_BYTES];
    const size_t length = header.length + body.length;
    const bool is_copied = body.length <= BODY_COPIED_MAX;
    struct wal_pending pending = { .seq = seq, .type = type, .arena_at = wal->arena_length };
    enum outcome outcome = check_length(wal, length, report);

    if (outcome != DONE)
        return outcome;
    arena_add(wal, unwritten, sizeof unwritten);
    arena_add(wal, header.at, header.length);
    if (is_copied) {
        arena_add(wal, body.at, body.length);
        arena_add(wal, zeros, wal_padding(length));
    } else {
        pending.body = body;
    }
    pending.arena_length = wal->arena_length - pending.arena_at;
    pending.length = (uint32_t) length;
    wal->pending =
        grown(wal->pending, &wal->pending_room, wal->pending_count + 1, sizeof *wal->pending);
    wal->pending[wal->pending_count++] = pending;
    wal->pending_bytes += wal_record_bytes(length);
    return DONE;
}

uint64_t
wal_pending_bytes(const struct wal *wal)
{
    return wal->pending_bytes;
}

void
wal_forget_pending(struct wal *wal)
{
    wal->pending_count = 0;
    wal->pending_bytes = 0;
    wal->placed = 0;
    wal->arena_length = 0;
    if (wal->arena_room > ARENA_KEPT_MAX) {
        free(wal->arena);
        wal->arena = NULL;
        wal->arena_room = 0;
    }
}

/* Pieces that lie one behind the other in memory are one. */
static void
add_piece(struct wal *wal, const void *at, size_t bytes)
{
    struct iovec *last;

    if (bytes == 0)
        return;
    if (wal->piece_count > 0) {
        last = &wal->pieces[wal->piece_count - 1];
        if ((const char *) last->iov_base + last->iov_len == at) {
            last->iov_len += bytes;
            return;
        }
    }
    wal->pieces = grown(wal->pieces, &wal->piece_room, wal->piece_count + 1, sizeof *wal->pieces);
    wal->pieces[wal->piece_count++] = (struct iovec){ (void *) (uintptr_t) at, bytes };
}

static void
seal(const struct wal *wal, char *record, size_t arena_length, struct view body, size_t padding)
{
    const size_t head = WAL_RECORD_HEADER_BYTES;
    uint32_t crc = wal_record_crc(record, wal->salt);

    crc = crc32c(crc, record + head, arena_length - head);
    crc = crc32c(crc, body.at, body.length);
    wal_record_seal(record, crc32c(crc, zeros, padding));
}

/* Where a record goes is in its checksum, so it is made here, at its place. */
static void
place_record(struct wal *wal, const struct wal_pending *pending)
{
    const struct wal_record record = {
        .type = pending->type,
        .seq = pending->seq,
        .epoch = wal->args.epoch,
        .segment = wal->number,
        .data = { NULL, pending->length },
    };
    const size_t padding = pending->body.length > 0 ? wal_padding(pending->length) : 0;
    char *const at = wal->arena + pending->arena_at;

    wal_record_put(at, &record, wal->offset);
    seal(wal, at, pending->arena_length, pending->body, padding);
    add_piece(wal, at, pending->arena_length);
    add_piece(wal, pending->body.at, pending->body.length);
    add_piece(wal, zeros, padding);
}

static void
place_filler(struct wal *wal, size_t bytes)
{
    const struct wal_record record = {
        .type = WAL_FILLER,
        .epoch = wal->args.epoch,
        .segment = wal->number,
        .data = { NULL, bytes - WAL_RECORD_HEADER_BYTES },
    };

    memset(wal->filler, 0, sizeof wal->filler);
    wal_record_put(wal->filler, &record, wal->offset);
    seal(wal, wal->filler, bytes, (struct view){ NULL, 0 }, 0);
    add_piece(wal, wal->filler, bytes);
}

/* The file refused.  What it holds beyond the last good position is never believed. */
enum outcome
wal_abandon(struct wal *wal, int error, const char *act, struct report *report)
{
    report_errno(report, error, "cannot %s journal segment %016" PRIx64 ".wal at byte %" PRIu64,
        act, wal->number, wal->offset);
    LOG(ERROR, "wal_segment_abandoned", "segment=%" PRIu64 " reason=%s", wal->number,
        log_quote(report->text));
    disk->close(wal->fd);
    wal->fd = -1;
    wal->number++;
    wal->offset = WAL_PAGE_BYTES;
    wal->refusals++;
    return RETRY;
}

/* The pending records from..from+count-1; none make an empty group of one filler. */
enum outcome
wal_write_group(struct wal *wal, size_t from, size_t count, bool is_synced, struct report *report)
{
    uint64_t bytes = 0;
    size_t filler;

    wal->piece_count = 0;
    for (size_t i = from; i < from + count; i++) {
        place_record(wal, &wal->pending[i]);
        bytes += wal_record_bytes(wal->pending[i].length);
    }
    filler = count > 0 ? wal_filler_bytes(bytes) : WAL_BLOCK_BYTES;
    if (filler > 0)
        place_filler(wal, filler);
    if (disk_writev_all(wal->fd, wal->pieces, (int) wal->piece_count, (off_t) wal->offset) < 0)
        return wal_abandon(wal, errno, "write", report);
    if (is_synced && disk->datasync(wal->fd) < 0)
        return wal_abandon(wal, errno, "sync", report);
    wal->offset += bytes + filler;
    wal->good_segment = wal->number;
    wal->good_end = wal->offset;
    for (size_t i = from; i < from + count; i++)
        if (wal->pending[i].seq > wal->last_seq)
            wal->last_seq = wal->pending[i].seq;
    return DONE;
}

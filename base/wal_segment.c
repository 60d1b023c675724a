/*
 * The files of a log and their directory.
 *
 * A segment is ready for its first record only when its blocks are allocated
 * and written, its size is durable, and so is its name: then a commit changes
 * nothing but data, and fdatasync has no metadata to wait for (188 instead of
 * 534 microseconds on a journaling ext4).
 *
 * Writing 64 MiB of zeros when a segment is full would hold up a commit for a
 * tenth of a second.  So a spare is zeroed in pieces between commits, twice as
 * fast as the current segment fills, and segments that are released become
 * spares as they are: what is stale in them carries another number and salt.
 *
 * Every change of a name is followed by a sync of the directory before the
 * next one.  A crash thus never leaves a gap in front of a segment that is
 * still there.
 */

#include "base/disk.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/wal_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

enum { PIECE_BYTES = 512 << 10, PIECES_MAX = 8 };

static const char *const preparing_name = "spare.new";

void
wal_files_add(struct wal_files *files, struct wal_file file)
{
    if (files->count == files->room) {
        files->room = files->room ? 2 * files->room : 16;
        files->at = memory_resize(files->at, files->room * sizeof *files->at);
    }
    files->at[files->count++] = file;
}

void
wal_files_drop_first(struct wal_files *files)
{
    files->count--;
    memmove(files->at, files->at + 1, files->count * sizeof *files->at);
}

int
wal_file_open(const struct wal *wal, uint64_t number)
{
    char name[WAL_NAME_BYTES];

    wal_name(name, number);
    return disk->openat(wal->args.directory, name, wal->is_read_only ? O_RDONLY : O_RDWR, 0);
}

static enum outcome
rename_durably(struct wal *wal, const char *from, uint64_t number, struct report *report)
{
    char name[WAL_NAME_BYTES];

    wal_name(name, number);
    if (disk->renameat(wal->args.directory, from, wal->args.directory, name) < 0)
        return report_errno(report, errno, "cannot rename journal file %s to %s", from, name);
    if (disk->sync(wal->args.directory) < 0)
        return report_errno(report, errno, "cannot sync the journal directory after naming %s",
            name);
    return DONE;
}

enum outcome
wal_file_remove(struct wal *wal, uint64_t number, struct report *report)
{
    char name[WAL_NAME_BYTES];

    wal_name(name, number);
    if (disk->unlinkat(wal->args.directory, name, 0) < 0 && errno != ENOENT)
        return report_errno(report, errno, "cannot remove journal file %s", name);
    if (disk->sync(wal->args.directory) < 0)
        return report_errno(report, errno, "cannot sync the journal directory after removing %s",
            name);
    return DONE;
}

/* Behind every spare and the current segment, if that has its file already. */
static uint64_t
next_spare_number(const struct wal *wal)
{
    uint64_t highest = wal->fd < 0 ? wal->number - 1 : wal->number;

    for (size_t i = 0; i < wal->spares.count; i++)
        if (wal->spares.at[i].number > highest)
            highest = wal->spares.at[i].number;
    return highest + 1;
}

enum outcome
wal_file_recycle(struct wal *wal, struct wal_file file, struct report *report)
{
    const uint64_t number = next_spare_number(wal);
    char name[WAL_NAME_BYTES];
    enum outcome outcome;

    if (wal->spares.count >= WAL_SPARES_MAX || file.bytes != wal->args.segment_bytes)
        return wal_file_remove(wal, file.number, report);
    wal_name(name, file.number);
    outcome = rename_durably(wal, name, number, report);
    if (outcome == DONE)
        wal_files_add(&wal->spares, (struct wal_file){ number, file.bytes });
    return outcome;
}

void
wal_prepare_stop(struct wal *wal)
{
    if (wal->preparing_fd < 0)
        return;
    disk->close(wal->preparing_fd);
    disk->unlinkat(wal->args.directory, preparing_name, 0);
    wal->preparing_fd = -1;
    wal->prepared_bytes = 0;
}

/* A file system without fallocate gets its blocks by the zeros alone. */
static enum outcome
prepare_start(struct wal *wal, struct report *report)
{
    const off_t bytes = (off_t) wal->args.segment_bytes;

    wal->prepared_bytes = 0;
    wal->preparing_fd = disk->openat(wal->args.directory, preparing_name,
        O_RDWR | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR);
    if (wal->preparing_fd < 0)
        return report_errno(report, errno, "cannot make a new journal segment");
    if (disk->allocate(wal->preparing_fd, 0, bytes) < 0 && errno != EOPNOTSUPP && errno != ENOSYS)
        return report_errno(report, errno,
            "cannot allocate a new journal segment of %" PRIu64 " bytes", wal->args.segment_bytes);
    return DONE;
}

static enum outcome
prepare_piece(struct wal *wal, struct report *report)
{
    static char zeros[PIECE_BYTES]; /* only read; not const, which would cost room in the program */
    const uint64_t left = wal->args.segment_bytes - wal->prepared_bytes;
    const size_t piece = left < PIECE_BYTES ? (size_t) left : PIECE_BYTES;

    if (disk_write_all(wal->preparing_fd, zeros, piece, (off_t) wal->prepared_bytes) < 0)
        return report_errno(report, errno, "cannot zero a new journal segment");
    wal->prepared_bytes += piece;
    return DONE;
}

/* The spare is whole: make it and its name durable. */
static enum outcome
prepare_finish(struct wal *wal, struct report *report)
{
    const uint64_t number = next_spare_number(wal);
    enum outcome outcome;

    if (disk->sync(wal->preparing_fd) < 0)
        return report_errno(report, errno, "cannot sync a new journal segment");
    outcome = rename_durably(wal, preparing_name, number, report);
    if (outcome != DONE)
        return outcome;
    disk->close(wal->preparing_fd);
    wal->preparing_fd = -1;
    wal->prepared_bytes = 0;
    wal_files_add(&wal->spares, (struct wal_file){ number, wal->args.segment_bytes });
    return DONE;
}

/*
 * A few pieces, synced at once: a small sync now and then instead of a large one.
 * A spare that cannot be made is no failure yet; the segment's end will tell.
 */
void
wal_prepare_more(struct wal *wal)
{
    const uint64_t wanted = 2 * (wal->offset - WAL_PAGE_BYTES);
    struct report report;
    enum outcome outcome = DONE;

    if (wal->spares.count > 0 || wal->is_preparing_off || wal->prepared_bytes > wanted)
        return;
    if (wal->preparing_fd < 0)
        outcome = prepare_start(wal, &report);
    for (int pieces = 0; outcome == DONE && pieces < PIECES_MAX; pieces++) {
        if (wal->prepared_bytes > wanted || wal->prepared_bytes == wal->args.segment_bytes)
            break;
        outcome = prepare_piece(wal, &report);
    }
    if (outcome == DONE && disk->datasync(wal->preparing_fd) < 0)
        outcome = report_errno(&report, errno, "cannot sync a new journal segment");
    if (outcome == DONE && wal->prepared_bytes == wal->args.segment_bytes)
        outcome = prepare_finish(wal, &report);
    if (outcome == DONE)
        return;
    LOG(WARN, "wal_spare_failed", "reason=%s", log_quote(report.text));
    wal_prepare_stop(wal);
    wal->is_preparing_off = true;
}

enum outcome
wal_prepare_all(struct wal *wal, struct report *report)
{
    enum outcome outcome = DONE;

    if (wal->preparing_fd < 0)
        outcome = prepare_start(wal, report);
    while (outcome == DONE && wal->prepared_bytes < wal->args.segment_bytes)
        outcome = prepare_piece(wal, report);
    if (outcome == DONE)
        outcome = prepare_finish(wal, report);
    if (outcome != DONE)
        wal_prepare_stop(wal);
    return outcome;
}

enum outcome
wal_spare_take(struct wal *wal, int *fd, struct report *report)
{
    char name[WAL_NAME_BYTES];
    uint64_t number;
    enum outcome outcome = DONE;

    wal->is_preparing_off = false;
    if (wal->spares.count == 0)
        outcome = wal_prepare_all(wal, report);
    if (outcome != DONE)
        return outcome;
    number = wal->spares.at[0].number;
    wal_name(name, number);
    if (number != wal->number)
        outcome = rename_durably(wal, name, wal->number, report);
    if (outcome != DONE)
        return outcome;
    wal->spares.at[0].number = wal->number;
    *fd = wal_file_open(wal, wal->number);
    if (*fd < 0)
        return report_errno(report, errno, "cannot open new journal segment %" PRIu64, wal->number);
    wal_files_drop_first(&wal->spares);
    return DONE;
}

/*
 * PUT: bytes go to a temporary file as they come, and after the last one it is
 * put in place.  For a small file in a directory that is open already that is
 * openat, pwrite, close, renameat.
 *
 * A flush may come between any two pieces and covers what was there by then; so
 * every piece and the end make the place dirty anew.
 */
#include "backends/local_internal.h"

#include "backends/request.h"
#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>

enum {
    NS_PER_S = 1000000000,
    /*
     * A file that is read in pieces needs a time of its own: the kernel's clock
     * for files ticks so slowly that two versions of one size could get the
     * same one, and the same inode.
     */
    OWN_TIME_MIN = 64 << 10,
};

struct upload {
    struct temporary temporary;
    uint64_t written;
};

static void
end(struct backend *self, struct change *change, enum outcome outcome, const struct report *report)
{
    self->is_dirty = true;
    free(change->of_backend);
    change->of_backend = NULL;
    change->ended(change, outcome, report);
}

static void
abandon(struct backend *self, struct change *change, enum outcome outcome,
    const struct report *report)
{
    struct upload *upload = change->of_backend;

    temporary_drop(&upload->temporary);
    end(self, change, outcome, report);
}

static int
set_time(const struct upload *upload, uint64_t mtime_ns)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };

    if (mtime_ns == 0 && upload->written < OWN_TIME_MIN)
        return 0;
    if (mtime_ns == 0)
        mtime_ns = clock_wall_ns();
    times[1].tv_sec = (time_t) (mtime_ns / NS_PER_S);
    times[1].tv_nsec = (long) (mtime_ns % NS_PER_S);
    return disk->utimens(upload->temporary.fd, times);
}

static void
complete(struct backend *self, struct change *change)
{
    struct upload *upload = change->of_backend;
    struct report report = { .cause = CAUSE_NONE };
    enum outcome outcome;

    if (set_time(upload, change->mtime_ns) != 0 ||
        temporary_settle(self, upload->temporary.fd, upload->temporary.parent->fd,
            name_of(change->path)) != 0) {
        outcome = local_failed(self, errno, "finish", change->path, &report);
        abandon(self, change, outcome, &report);
        return;
    }
    outcome = temporary_place(self, &upload->temporary, change->path, &report);
    end(self, change, outcome, &report);
}

/* Room for a large file is taken at once: in one piece, and refused before the work. */
static int
preallocate(int fd, uint64_t size)
{
    if (size == SIZE_UNKNOWN || size < PREALLOCATE_MIN)
        return 0;
    if (size > INT64_MAX) {
        errno = EFBIG;
        return -1;
    }
    if (disk->allocate(fd, 0, (off_t) size) == 0)
        return 0;
    return errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL || errno == EINTR ? 0 : -1;
}

void
put_begin(struct backend *self, struct change *change)
{
    struct upload *upload = memory_new(sizeof *upload);
    struct report report = { .cause = CAUSE_NONE };
    enum outcome outcome;

    change->of_backend = upload;
    outcome = temporary_create(self, &upload->temporary, change->path, change->seq, change->mode,
        &report);
    if (outcome != DONE) {
        end(self, change, outcome, &report);
        return;
    }
    if (preallocate(upload->temporary.fd, change->size) != 0) {
        outcome = local_failed(self, errno, "make room for", change->path, &report);
        abandon(self, change, outcome, &report);
        return;
    }
    if (change->size == 0)
        complete(self, change);
}

void
local_write(struct backend *self, struct change *change, const void *bytes, size_t length)
{
    struct upload *upload = change->of_backend;
    struct report report = { .cause = CAUSE_NONE };
    bool is_last;

    if (length > change->size - upload->written) {
        report_set(&report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "%s: more bytes came for %s than were announced", self->name,
            path_excerpt(change->path).text);
        abandon(self, change, REFUSED, &report);
        return;
    }
    if (disk_write_all(upload->temporary.fd, bytes, length, (off_t) upload->written) != 0) {
        const enum outcome outcome = local_failed(self, errno, "write", change->path, &report);

        abandon(self, change, outcome, &report);
        return;
    }
    self->is_dirty = true;
    upload->written += length;
    is_last = upload->written == change->size;
    if (change->consumed)
        change->consumed(change, length); /* may call finish */
    if (is_last)
        complete(self, change);
}

void
local_finish(struct backend *self, struct change *change)
{
    complete(self, change);
}

void
local_cancel(struct backend *self, struct change *change)
{
    struct upload *upload = change->of_backend;

    (void) self;
    temporary_drop(&upload->temporary);
    free(upload);
    change->of_backend = NULL;
}

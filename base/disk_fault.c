#include "base/disk_fault.h"

#ifdef KNARR_FAULT_POINTS

#include "base/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

static const struct disk *below;

static bool
is_stopped(const struct fault *fault)
{
    if (fault->act != FAULT_FAIL || fault->is_after)
        return false;
    errno = fault->error;
    return true;
}

/* A sync that only says so: does a power cut tell the difference? */
static bool
is_skipped(const struct fault *fault)
{
    return fault->act == FAULT_SKIP;
}

static ssize_t
ended_bytes(const struct fault *fault, ssize_t result)
{
    if (fault->act == FAULT_TORN || (fault->act == FAULT_KILL && fault->is_after))
        fault_kill();
    if (fault->act != FAULT_FAIL || !fault->is_after)
        return result;
    errno = fault->error;
    return -1;
}

static int
ended(const struct fault *fault, int result)
{
    return (int) ended_bytes(fault, result);
}

static size_t
part_of(const struct fault *fault, size_t bytes)
{
    const bool is_part = fault->act == FAULT_SHORT || fault->act == FAULT_TORN;

    return is_part && bytes > 1 ? bytes / 2 : bytes;
}

static int
fault_openat(int dir, const char *path, int flags, mode_t mode)
{
    const struct fault fault = fault_meet(flags & O_CREAT ? FAULT_CREATE : FAULT_OPEN, dir, path);
    int fd;

    if (is_stopped(&fault))
        return -1;
    fd = below->openat(dir, path, flags, mode);
    if (fd >= 0 && fault.act == FAULT_FAIL)
        below->close(fd);
    return ended(&fault, fd);
}

/* A close that fails has closed all the same, as Linux does it. */
static int
fault_close(int fd)
{
    struct fault fault = fault_meet(FAULT_CLOSE, fd, NULL);

    fault.is_after = 1;
    return ended(&fault, below->close(fd));
}

static ssize_t
fault_pread(int fd, void *into, size_t bytes, off_t offset)
{
    const struct fault fault = fault_meet(FAULT_READ, fd, NULL);

    if (is_stopped(&fault))
        return -1;
    return ended_bytes(&fault, below->pread(fd, into, part_of(&fault, bytes), offset));
}

static ssize_t
fault_pwrite(int fd, const void *from, size_t bytes, off_t offset)
{
    const struct fault fault = fault_meet(FAULT_WRITE, fd, NULL);

    if (is_stopped(&fault))
        return -1;
    return ended_bytes(&fault, below->pwrite(fd, from, part_of(&fault, bytes), offset));
}

/* Half of the pieces, or half of the only one. */
static ssize_t
fault_pwritev(int fd, const struct iovec *from, int count, off_t offset)
{
    const struct fault fault = fault_meet(FAULT_WRITE, fd, NULL);

    if (is_stopped(&fault))
        return -1;
    if (count == 1)
        return ended_bytes(&fault,
            below->pwrite(fd, from->iov_base, part_of(&fault, from->iov_len), offset));
    return ended_bytes(&fault,
        below->pwritev(fd, from, (int) part_of(&fault, (size_t) count), offset));
}

static ssize_t
fault_copy(int from, off_t *from_offset, int to, off_t *to_offset, size_t bytes)
{
    const struct fault fault = fault_meet(FAULT_COPY, to, NULL);

    if (is_stopped(&fault))
        return -1;
    return ended_bytes(&fault,
        below->copy(from, from_offset, to, to_offset, part_of(&fault, bytes)));
}

static int
fault_truncate(int fd, off_t bytes)
{
    const struct fault fault = fault_meet(FAULT_TRUNCATE, fd, NULL);

    return is_stopped(&fault) ? -1 : ended(&fault, below->truncate(fd, bytes));
}

static int
fault_allocate(int fd, off_t offset, off_t bytes)
{
    const struct fault fault = fault_meet(FAULT_ALLOCATE, fd, NULL);

    return is_stopped(&fault) ? -1 : ended(&fault, below->allocate(fd, offset, bytes));
}

static int
fault_datasync(int fd)
{
    const struct fault fault = fault_meet(FAULT_DATASYNC, fd, NULL);

    return is_stopped(&fault) ? -1 : ended(&fault, is_skipped(&fault) ? 0 : below->datasync(fd));
}

static int
fault_sync(int fd)
{
    const struct fault fault = fault_meet(FAULT_SYNC, fd, NULL);

    return is_stopped(&fault) ? -1 : ended(&fault, is_skipped(&fault) ? 0 : below->sync(fd));
}

static int
fault_syncfs(int fd)
{
    const struct fault fault = fault_meet(FAULT_SYNCFS, fd, NULL);

    return is_stopped(&fault) ? -1 : ended(&fault, is_skipped(&fault) ? 0 : below->syncfs(fd));
}

static int
fault_stat(int fd, struct stat *found)
{
    const struct fault fault = fault_meet(FAULT_STAT, fd, NULL);

    return is_stopped(&fault) ? -1 : ended(&fault, below->stat(fd, found));
}

static int
fault_statat(int dir, const char *name, struct stat *found)
{
    const struct fault fault = fault_meet(FAULT_STAT, dir, name);

    return is_stopped(&fault) ? -1 : ended(&fault, below->statat(dir, name, found));
}

static int
fault_mkdirat(int dir, const char *name, mode_t mode)
{
    const struct fault fault = fault_meet(FAULT_MKDIR, dir, name);

    return is_stopped(&fault) ? -1 : ended(&fault, below->mkdirat(dir, name, mode));
}

/* A path= means the name that is made. */
static int
fault_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    const struct fault fault = fault_meet(FAULT_RENAME, to_dir, to);

    return is_stopped(&fault) ? -1 : ended(&fault, below->renameat(from_dir, from, to_dir, to));
}

static int
fault_linkat(int from_dir, const char *from, int to_dir, const char *to)
{
    const struct fault fault = fault_meet(FAULT_LINK, to_dir, to);

    return is_stopped(&fault) ? -1 : ended(&fault, below->linkat(from_dir, from, to_dir, to));
}

static int
fault_unlinkat(int dir, const char *name, int flags)
{
    const struct fault fault = fault_meet(FAULT_UNLINK, dir, name);

    return is_stopped(&fault) ? -1 : ended(&fault, below->unlinkat(dir, name, flags));
}

static int
fault_chmod(int fd, mode_t mode)
{
    const struct fault fault = fault_meet(FAULT_CHMOD, fd, NULL);

    return is_stopped(&fault) ? -1 : ended(&fault, below->chmod(fd, mode));
}

static int
fault_utimens(int fd, const struct timespec times[2])
{
    const struct fault fault = fault_meet(FAULT_UTIMENS, fd, NULL);

    return is_stopped(&fault) ? -1 : ended(&fault, below->utimens(fd, times));
}

static int
fault_space(int fd, struct statvfs *found)
{
    const struct fault fault = fault_meet(FAULT_SPACE, fd, NULL);

    return is_stopped(&fault) ? -1 : ended(&fault, below->space(fd, found));
}

static int
fault_lock(int fd)
{
    const struct fault fault = fault_meet(FAULT_LOCK, fd, NULL);

    return is_stopped(&fault) ? -1 : ended(&fault, below->lock(fd));
}

static int
fault_list(int dir, void **stream, const char **name, unsigned char *type)
{
    const struct fault fault = fault_meet(FAULT_LIST, dir, NULL);

    return is_stopped(&fault) ? -1 : ended(&fault, below->list(dir, stream, name, type));
}

static void
fault_list_end(void **stream)
{
    below->list_end(stream);
}

static const struct disk disk_fault = {
    .openat = fault_openat,
    .close = fault_close,
    .pread = fault_pread,
    .pwrite = fault_pwrite,
    .pwritev = fault_pwritev,
    .copy = fault_copy,
    .truncate = fault_truncate,
    .allocate = fault_allocate,
    .datasync = fault_datasync,
    .sync = fault_sync,
    .syncfs = fault_syncfs,
    .stat = fault_stat,
    .statat = fault_statat,
    .mkdirat = fault_mkdirat,
    .renameat = fault_renameat,
    .linkat = fault_linkat,
    .unlinkat = fault_unlinkat,
    .chmod = fault_chmod,
    .utimens = fault_utimens,
    .space = fault_space,
    .lock = fault_lock,
    .list = fault_list,
    .list_end = fault_list_end,
};

void
disk_fault_put(void)
{
    if (disk == &disk_fault)
        return;
    below = disk;
    disk = &disk_fault;
}

void
disk_fault_remove(void)
{
    if (disk == &disk_fault)
        disk = below;
}

#endif

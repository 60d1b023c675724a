#include "base/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    COPY_CHUNK_BYTES = 64 << 10,
    OPEN_TRIES = 64, /* openat2 says EAGAIN while somebody renames on the way */
};

/*
 * A kernel or a sandbox without openat2 is an error (ENOSYS), never a reason
 * to open without what it promises.
 */
static int
open_beneath(int dir, const char *path, int flags, mode_t mode)
{
    const int is_creating = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    struct open_how how = {
        .flags = (unsigned) flags | O_CLOEXEC,
        .mode = is_creating ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };

    for (int tries = 1;; tries++) {
        const int fd = (int) syscall(SYS_openat2, dir, path, &how, sizeof how);

        if (fd >= 0 || errno != EAGAIN || tries == OPEN_TRIES)
            return fd;
    }
}

static int
real_openat(int dir, const char *path, int flags, mode_t mode)
{
    if (dir == AT_FDCWD)
        return openat(dir, path, flags | O_CLOEXEC, mode);
    return open_beneath(dir, path, flags, mode);
}

/* By hand, where the kernel does not copy between these two files. */
static ssize_t
copy_by_hand(int from, off_t *from_offset, int to, off_t *to_offset, size_t bytes)
{
    char chunk[COPY_CHUNK_BYTES];
    const size_t wanted = bytes < sizeof chunk ? bytes : sizeof chunk;
    const ssize_t got =
        from_offset ? pread(from, chunk, wanted, *from_offset) : read(from, chunk, wanted);
    ssize_t put;

    if (got <= 0)
        return got;
    put = to_offset ? pwrite(to, chunk, (size_t) got, *to_offset) : write(to, chunk, (size_t) got);
    if (put < 0)
        return -1;
    if (from_offset)
        *from_offset += put;
    else if (put < got && lseek(from, put - got, SEEK_CUR) < 0)
        return -1;
    if (to_offset)
        *to_offset += put;
    return put;
}

static ssize_t
real_copy(int from, off_t *from_offset, int to, off_t *to_offset, size_t bytes)
{
    const ssize_t copied = copy_file_range(from, from_offset, to, to_offset, bytes, 0);

    if (copied >= 0)
        return copied;
    if (errno != EXDEV && errno != ENOSYS && errno != EINVAL && errno != EOPNOTSUPP)
        return -1;
    return copy_by_hand(from, from_offset, to, to_offset, bytes);
}

static int
real_allocate(int fd, off_t offset, off_t bytes)
{
    return fallocate(fd, 0, offset, bytes);
}

static int
real_statat(int dir, const char *name, struct stat *found)
{
    return fstatat(dir, name, found, AT_SYMLINK_NOFOLLOW);
}

static int
real_linkat(int from_dir, const char *from, int to_dir, const char *to)
{
    return linkat(from_dir, from, to_dir, to, 0);
}

static int
real_lock(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB);
}

static void
real_list_end(void **stream)
{
    const int kept = errno;

    if (*stream)
        closedir(*stream);
    *stream = NULL;
    errno = kept;
}

/*
 * The stream reads through a description of its own, opened anew: with dup()
 * two listings of one directory would share, and move, a single position.
 */
static DIR *
open_stream(int dir)
{
    const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream;

    if (fd < 0)
        return NULL;
    stream = fdopendir(fd);
    if (!stream)
        close(fd);
    return stream;
}

static int
real_list(int dir, void **stream, const char **name, unsigned char *type)
{
    const struct dirent *entry;

    if (!*stream)
        *stream = open_stream(dir);
    if (!*stream)
        return -1;
    do {
        errno = 0;
        entry = readdir(*stream);
    } while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    if (!entry) {
        const int result = errno ? -1 : 0;

        real_list_end(stream);
        return result;
    }
    *name = entry->d_name;
    *type = entry->d_type;
    return 1;
}

const struct disk disk_real = {
    .openat = real_openat,
    .close = close,
    .pread = pread,
    .pwrite = pwrite,
    .pwritev = pwritev,
    .copy = real_copy,
    .truncate = ftruncate,
    .allocate = real_allocate,
    .datasync = fdatasync,
    .sync = fsync,
    .syncfs = syncfs,
    .stat = fstat,
    .statat = real_statat,
    .mkdirat = mkdirat,
    .renameat = renameat,
    .linkat = real_linkat,
    .unlinkat = unlinkat,
    .chmod = fchmod,
    .utimens = futimens,
    .space = fstatvfs,
    .lock = real_lock,
    .list = real_list,
    .list_end = real_list_end,
};

const struct disk *disk = &disk_real;

int
disk_write_all(int fd, const void *from, size_t bytes, off_t offset)
{
    const char *at = from;

    while (bytes > 0) {
        const ssize_t put = disk->pwrite(fd, at, bytes, offset);

        if (put < 0 && errno == EINTR)
            continue;
        if (put == 0)
            errno = EIO; /* no progress and no reason */
        if (put <= 0)
            return -1;
        at += put;
        bytes -= (size_t) put;
        offset += put;
    }
    return 0;
}

/* Step over `bytes` that were written, and over what is empty. */
static void
advance(struct iovec **from, int *count, size_t bytes)
{
    while (*count > 0 && bytes >= (*from)->iov_len) {
        bytes -= (*from)->iov_len;
        (*from)++;
        (*count)--;
    }
    if (*count > 0) {
        (*from)->iov_base = (char *) (*from)->iov_base + bytes;
        (*from)->iov_len -= bytes;
    }
}

int
disk_writev_all(int fd, struct iovec *from, int count, off_t offset)
{
    advance(&from, &count, 0);
    while (count > 0) {
        const ssize_t put = disk->pwritev(fd, from, count < IOV_MAX ? count : IOV_MAX, offset);

        if (put < 0 && errno == EINTR)
            continue;
        if (put == 0)
            errno = EIO;
        if (put <= 0)
            return -1;
        advance(&from, &count, (size_t) put);
        offset += put;
    }
    return 0;
}

ssize_t
disk_read_all(int fd, void *into, size_t bytes, off_t offset)
{
    size_t have = 0;

    while (have < bytes) {
        const ssize_t got =
            disk->pread(fd, (char *) into + have, bytes - have, offset + (off_t) have);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        have += (size_t) got;
    }
    return (ssize_t) have;
}

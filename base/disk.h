#ifndef BASE_DISK_H
#define BASE_DISK_H

/*
 * disk - the thin layer through which every file is touched.
 *
 * `disk` points at a table of calls with the meaning, the return values and
 * the errno of the system calls they are named after.  Three tables exist or
 * will: the real one; one that counts the calls and fails or kills at the
 * chosen one (test builds, base/disk_fault.h); and the simulator's.  Nothing
 * else in the tree opens, writes, syncs or renames a file.
 *
 * openat() resolves beneath its directory: no ".." and no absolute path leads
 * out of it, and no symbolic link is followed (openat2 with RESOLVE_BENEATH and
 * RESOLVE_NO_SYMLINKS), unless dir is AT_FDCWD, which trusts its caller.
 * The other *at calls take a directory opened that way and a single name.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>

struct disk {
    int (*openat)(int dir, const char *path, int flags, mode_t mode);
    int (*close)(int fd);
    ssize_t (*pread)(int fd, void *into, size_t bytes, off_t offset);
    ssize_t (*pwrite)(int fd, const void *from, size_t bytes, off_t offset);
    ssize_t (*pwritev)(int fd, const struct iovec *from, int count, off_t offset);
    ssize_t (*copy)(int from, off_t *from_offset, int to, off_t *to_offset, size_t bytes);
    int (*truncate)(int fd, off_t bytes);
    int (*allocate)(int fd, off_t offset, off_t bytes); /* fallocate, mode 0 */
    int (*datasync)(int fd);
    int (*sync)(int fd);
    int (*syncfs)(int fd);
    int (*stat)(int fd, struct stat *);
    int (*statat)(int dir, const char *name, struct stat *); /* not through a link */
    int (*mkdirat)(int dir, const char *name, mode_t mode);
    int (*renameat)(int from_dir, const char *from, int to_dir, const char *to);
    int (*linkat)(int from_dir, const char *from, int to_dir, const char *to);
    int (*unlinkat)(int dir, const char *name, int flags);
    int (*chmod)(int fd, mode_t mode);
    int (*utimens)(int fd, const struct timespec times[2]);
    int (*space)(int fd, struct statvfs *);
    int (*lock)(int fd); /* exclusive flock, not waiting */
    /*
     * Names in an open directory, in no order, without "." and "..".  Returns 1
     * and the next name, 0 at the end, -1 with errno.  Start with *stream NULL;
     * it is freed at the end or by list_end.  The directory's fd stays yours.
     */
    int (*list)(int dir, void **stream, const char **name, unsigned char *type);
    void (*list_end)(void **stream);
};

extern const struct disk *disk;
extern const struct disk disk_real;

#ifdef KNARR_FAULT_POINTS
/*
 * A test build notes which function asks for a sync: many of them differ in
 * nothing else, and each must be missed by itself when it is left out
 * (base/fault.h: site=).
 */
#include <unistd.h> /* has functions of these names */
extern _Thread_local const char *disk_site;
#define datasync(fd) datasync((disk_site = __func__, (fd)))
#define sync(fd) sync((disk_site = __func__, (fd)))
#define syncfs(fd) syncfs((disk_site = __func__, (fd)))
#endif

/* Everything or an error: loops over short reads and writes and EINTR. */
int disk_write_all(int fd, const void *from, size_t bytes, off_t offset);
int disk_writev_all(int fd, struct iovec *from, int count, off_t offset); /* uses up `from` */
ssize_t disk_read_all(int fd, void *into, size_t bytes, off_t offset); /* short only at the end */

#endif

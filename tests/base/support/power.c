#include "tests/base/support/power.h"

#include "tests/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

enum { BLOCK = 512, BLOCKS = POWER_FILE_BYTES_MAX / BLOCK, FILES = 64, NAMES = 32, CHANGES = 64 };
enum { NAME_BYTES = 32, FD_FIRST = 1000, FDS = 16 };

struct file {
    bool is_used;
    char seen[POWER_FILE_BYTES_MAX], left[POWER_FILE_BYTES_MAX];
    bool is_dirty[BLOCKS];
    size_t seen_bytes, left_bytes;
};

struct names {
    struct {
        char name[NAME_BYTES];
        int file;
    } at[NAMES];
    size_t count;
};

/* `to` is what `file` is called from now on; an empty one: `from` is gone. */
struct change {
    char from[NAME_BYTES], to[NAME_BYTES];
    int file;
};

static struct {
    uint64_t random;
    unsigned calls_left, failing_one_in;
    bool is_off, is_to_go_off;
    struct file files[FILES];
    struct names seen, left;
    struct change changes[CHANGES];
    size_t change_count;
    int fds[FDS];
} power;

uint64_t
power_random(uint64_t below)
{
    power.random = power.random * 6364136223846793005 + 1442695040888963407;
    return (power.random >> 33) % below;
}

static int
fail(int error)
{
    errno = error;
    return -1;
}

/* Counts a call that changes something; the last one may still get through. */
static bool
is_cut(void)
{
    if (power.is_off || !power.is_to_go_off)
        return power.is_off;
    if (power.calls_left-- > 0)
        return false;
    power.is_off = true;
    return power_random(2);
}

static int
find(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->at[i].name, name) == 0)
            return (int) i;
    return -1;
}

static void
drop(struct names *names, const char *name)
{
    const int at = find(names, name);

    if (at >= 0)
        names->at[at] = names->at[--names->count];
}

static void
apply(struct names *names, const struct change *change)
{
    drop(names, change->from);
    drop(names, change->to);
    if (!*change->to)
        return;
    check(names->count < NAMES);
    snprintf(names->at[names->count].name, NAME_BYTES, "%s", change->to);
    names->at[names->count++].file = change->file;
}

static void
change_name(const char *from, const char *to, int file)
{
    struct change *const change = &power.changes[power.change_count++];

    check(power.change_count < CHANGES);
    snprintf(change->from, NAME_BYTES, "%s", from);
    snprintf(change->to, NAME_BYTES, "%s", to);
    change->file = file;
    apply(&power.seen, change);
}

static struct file *
file_of(int fd)
{
    check(fd >= FD_FIRST && fd < FD_FIRST + FDS && power.fds[fd - FD_FIRST] >= 0);
    return &power.files[power.fds[fd - FD_FIRST]];
}

static int
new_file(void)
{
    int i = 0;

    while (i < FILES && power.files[i].is_used)
        i++;
    check(i < FILES);
    memset(&power.files[i], 0, sizeof power.files[i]);
    power.files[i].is_used = true;
    return i;
}

static int
power_openat(int dir, const char *name, int flags, mode_t mode)
{
    int at = find(&power.seen, name);

    (void) mode;
    check(dir == POWER_DIRECTORY);
    if (at < 0 && !(flags & O_CREAT))
        return fail(ENOENT);
    if ((flags & O_CREAT) && is_cut())
        return fail(EIO);
    if (power.is_off)
        return fail(EIO);
    if (at < 0) {
        change_name("", name, new_file());
        at = find(&power.seen, name);
    }
    for (int fd = 0; fd < FDS; fd++)
        if (power.fds[fd] < 0) {
            power.fds[fd] = power.seen.at[at].file;
            return FD_FIRST + fd;
        }
    return fail(EMFILE);
}

static int
power_close(int fd)
{
    file_of(fd);
    power.fds[fd - FD_FIRST] = -1;
    return 0;
}

static ssize_t
power_pread(int fd, void *into, size_t bytes, off_t offset)
{
    const struct file *const file = file_of(fd);
    const size_t at = (size_t) offset;

    if (power.is_off)
        return fail(EIO);
    if (at >= file->seen_bytes)
        return 0;
    if (bytes > file->seen_bytes - at)
        bytes = file->seen_bytes - at;
    memcpy(into, file->seen + at, bytes);
    return (ssize_t) bytes;
}

static void
write_bytes(struct file *file, const void *from, size_t bytes, size_t at)
{
    check(at + bytes <= POWER_FILE_BYTES_MAX);
    if (bytes == 0)
        return;
    memcpy(file->seen + at, from, bytes);
    for (size_t block = at / BLOCK; block <= (at + bytes - 1) / BLOCK; block++)
        file->is_dirty[block] = true;
    if (at + bytes > file->seen_bytes)
        file->seen_bytes = at + bytes;
}

static ssize_t
power_pwrite(int fd, const void *from, size_t bytes, off_t offset)
{
    if (is_cut())
        return fail(EIO);
    write_bytes(file_of(fd), from, bytes, (size_t) offset);
    return (ssize_t) bytes;
}

static ssize_t
power_pwritev(int fd, const struct iovec *from, int count, off_t offset)
{
    ssize_t written = 0;

    if (is_cut())
        return fail(EIO);
    for (int i = 0; i < count; i++) {
        write_bytes(file_of(fd), from[i].iov_base, from[i].iov_len, (size_t) (offset + written));
        written += (ssize_t) from[i].iov_len;
    }
    return written;
}

static int
power_allocate(int fd, off_t offset, off_t bytes)
{
    struct file *const file = file_of(fd);

    if (is_cut())
        return fail(EIO);
    if ((size_t) (offset + bytes) > file->seen_bytes)
        file->seen_bytes = (size_t) (offset + bytes);
    return 0;
}

static void
keep_names(void)
{
    for (size_t i = 0; i < power.change_count; i++)
        apply(&power.left, &power.changes[i]);
    power.change_count = 0;
}

static int
power_sync(int fd)
{
    const bool is_failing = power.failing_one_in && power_random(power.failing_one_in) == 0;
    struct file *file;

    if (is_cut())
        return fail(EIO);
    if (fd == POWER_DIRECTORY) {
        keep_names();
        return 0;
    }
    file = file_of(fd);
    for (size_t block = 0; block < BLOCKS; block++) {
        if (file->is_dirty[block] && !is_failing)
            memcpy(file->left + block * BLOCK, file->seen + block * BLOCK, BLOCK);
        file->is_dirty[block] = false;
    }
    if (is_failing)
        return fail(EIO);
    file->left_bytes = file->seen_bytes;
    return 0;
}

static int
power_stat(int fd, struct stat *found)
{
    memset(found, 0, sizeof *found);
    found->st_size = (off_t) file_of(fd)->seen_bytes;
    return power.is_off ? fail(EIO) : 0;
}

static int
power_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    const int at = find(&power.seen, from);

    check(from_dir == POWER_DIRECTORY && to_dir == POWER_DIRECTORY);
    if (is_cut())
        return fail(EIO);
    if (at < 0)
        return fail(ENOENT);
    change_name(from, to, power.seen.at[at].file);
    return 0;
}

static int
power_unlinkat(int dir, const char *name, int flags)
{
    const int at = find(&power.seen, name);

    check(dir == POWER_DIRECTORY && flags == 0);
    if (at < 0)
        return fail(ENOENT);
    if (is_cut())
        return fail(EIO);
    change_name(name, "", power.seen.at[at].file);
    return 0;
}

static int
power_list(int dir, void **stream, const char **name, unsigned char *type)
{
    const size_t at = (size_t) (uintptr_t) *stream;

    check(dir == POWER_DIRECTORY);
    if (power.is_off)
        return fail(EIO);
    if (at == power.seen.count)
        return 0;
    *name = power.seen.at[at].name;
    *type = DT_REG;
    *stream = (void *) (uintptr_t) (at + 1);
    return 1;
}

static void
power_list_end(void **stream)
{
    *stream = NULL;
}

const struct disk disk_power = {
    .openat = power_openat,
    .close = power_close,
    .pread = power_pread,
    .pwrite = power_pwrite,
    .pwritev = power_pwritev,
    .allocate = power_allocate,
    .datasync = power_sync,
    .sync = power_sync,
    .stat = power_stat,
    .renameat = power_renameat,
    .unlinkat = power_unlinkat,
    .list = power_list,
    .list_end = power_list_end,
};

void
power_new(uint64_t seed)
{
    memset(&power, 0, sizeof power);
    power.random = seed;
    power_restart_process();
}

void
power_off_after(unsigned calls)
{
    power.is_to_go_off = true;
    power.calls_left = calls;
}

bool
power_is_off(void)
{
    return power.is_off;
}

void
power_failing_syncs(unsigned one_in)
{
    power.failing_one_in = one_in;
}

void
power_restart_process(void)
{
    power.is_off = power.is_to_go_off = false;
    for (size_t i = 0; i < FDS; i++)
        power.fds[i] = -1;
}

/* How much of what was not synced is left differs from cut to cut: none, some, all. */
static void
cut_file(struct file *file, uint64_t luck)
{
    for (size_t block = 0; block < BLOCKS; block++)
        if (file->is_dirty[block] && power_random(4) < luck)
            memcpy(file->left + block * BLOCK, file->seen + block * BLOCK, BLOCK);
    if (power_random(4) < luck)
        file->left_bytes = file->seen_bytes;
    memset(file->left + file->left_bytes, 0, sizeof file->left - file->left_bytes);
    memset(file->is_dirty, 0, sizeof file->is_dirty);
    memcpy(file->seen, file->left, sizeof file->seen);
    file->seen_bytes = file->left_bytes;
}

void
power_restart_machine(void)
{
    const uint64_t luck = power_random(5);

    for (size_t i = 0; i < FILES; i++)
        if (power.files[i].is_used)
            cut_file(&power.files[i], luck);
    for (size_t i = 0; i < power.change_count; i++)
        if (power_random(4) < luck)
            apply(&power.left, &power.changes[i]);
    power.change_count = 0;
    power.seen = power.left;
    for (int i = 0; i < FILES; i++) {
        power.files[i].is_used = false;
        for (size_t at = 0; at < power.left.count; at++)
            if (power.left.at[at].file == i)
                power.files[i].is_used = true;
    }
    power_restart_process();
}

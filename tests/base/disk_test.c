#include "base/disk.h"

#include "base/fault.h"
#include "base/memory.h"
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

static char path[64];
static int dir;

static void
begin(void)
{
    snprintf(path, sizeof path, "/tmp/knarr-test-XXXXXX");
    check(mkdtemp(path));
    dir = disk->openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    check(dir >= 0);
}

/* One level of directories is all these tests make. */
static void
empty(int fd)
{
    void *stream = NULL;
    const char *name;
    unsigned char type;

    while (disk->list(fd, &stream, &name, &type) > 0)
        if (disk->unlinkat(fd, name, 0) < 0) {
            const int below = disk->openat(fd, name, O_RDONLY | O_DIRECTORY, 0);

            empty(below);
            disk->close(below);
            check(disk->unlinkat(fd, name, AT_REMOVEDIR) == 0);
        }
}

static void
end(void)
{
    fault_plan(NULL);
    empty(dir);
    disk->close(dir);
    check(rmdir(path) == 0);
}

static int
make(const char *name, const char *text)
{
    const int fd = disk->openat(dir, name, O_RDWR | O_CREAT | O_EXCL, 0600);

    check(fd >= 0);
    check(disk_write_all(fd, text, strlen(text), 0) == 0);
    return fd;
}

static bool
holds(int fd, const char *text)
{
    char bytes[256];
    const ssize_t got = disk_read_all(fd, bytes, sizeof bytes, 0);

    return got == (ssize_t) strlen(text) && memcmp(bytes, text, (size_t) got) == 0;
}

static void
nothing_leads_out_of_a_directory(void)
{
    static const struct {
        const char *name;
        int error;
    } ways[] = {
        { "../outside", EXDEV }, { "..", EXDEV }, { "/etc/passwd", EXDEV },
        { "absolute", ELOOP },     /* a link to /etc/passwd */
        { "relative", ELOOP },     /* a link to ../../etc/passwd */
        { "directory/up", ELOOP }, /* a link to ../.. */
        { "magic", ELOOP },        /* a link into /proc */
    };

    begin();
    check(disk->mkdirat(dir, "directory", 0700) == 0);
    check(symlinkat("/etc/passwd", dir, "absolute") == 0);
    check(symlinkat("../../etc/passwd", dir, "relative") == 0);
    check(symlinkat("../..", dir, "directory/up") == 0);
    check(symlinkat("/proc/self/root/etc/passwd", dir, "magic") == 0);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        check(disk->openat(dir, ways[i].name, O_RDONLY, 0) < 0 && errno == ways[i].error);
        check(disk->openat(dir, ways[i].name, O_WRONLY | O_CREAT, 0600) < 0);
    }
    end();
}

static void
no_link_is_followed(void)
{
    begin();
    check(disk->mkdirat(dir, "directory", 0700) == 0);
    disk->close(make("directory/file", "inside"));
    check(symlinkat("directory/file", dir, "link") == 0);
    check(symlinkat("directory", dir, "way") == 0);
    check(disk->openat(dir, "link", O_RDONLY, 0) < 0 && errno == ELOOP);
    check(disk->openat(dir, "way/file", O_RDONLY, 0) < 0 && errno == ELOOP);
    check(disk->openat(dir, "way/new", O_WRONLY | O_CREAT, 0600) < 0 && errno == ELOOP);
    end();
}

static void
short_writes_and_reads_are_finished(void)
{
    static const char *const plans[] = { "call=write do=short", "call=write when=2 do=EINTR",
        "call=read do=short", "call=read when=1 do=EINTR", "call=read,write when=2+ do=short" };

    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        struct iovec pieces[] = { { "one ", 4 }, { "", 0 }, { "two ", 4 }, { "three", 5 } };
        int fd;

        begin();
        fd = disk->openat(dir, "file", O_RDWR | O_CREAT, 0600);
        fault_plan(plans[i]);
        check(disk_writev_all(fd, pieces, 4, 0) == 0);
        check(disk_write_all(fd, " and more", 9, 13) == 0);
        check(holds(fd, "one two three and more"));
        check(fault_count("fired") > 0);
        disk->close(fd);
        end();
    }
}

static void
more_pieces_than_one_call_takes_are_written(void)
{
    const int count = 3 * IOV_MAX + 1;
    struct iovec *const pieces = memory_new((size_t) count * sizeof *pieces);
    char *const bytes = memory_new((size_t) count);
    int fd;

    begin();
    for (int i = 0; i < count; i++) {
        bytes[i] = (char) ('a' + i % 26);
        pieces[i] = (struct iovec){ bytes + i, 1 };
    }
    fd = disk->openat(dir, "file", O_RDWR | O_CREAT, 0600);
    check(disk_writev_all(fd, pieces, count, 0) == 0);
    memset(bytes, 0, (size_t) count);
    check(disk_read_all(fd, bytes, (size_t) count + 100, 0) == count);
    for (int i = 0; i < count; i++)
        check(bytes[i] == 'a' + i % 26);
    disk->close(fd);
    free(pieces);
    free(bytes);
    end();
}

static void
an_error_ends_a_write(void)
{
    int fd;

    begin();
    fd = make("file", "");
    fault_plan("call=write when=2 do=ENOSPC;call=write when=1 do=short");
    check(disk_write_all(fd, "0123456789", 10, 0) < 0 && errno == ENOSPC);
    check(holds(fd, "01234"));
    disk->close(fd);
    end();
}

static void
check_copy(int from)
{
    const char *const text = "some bytes to copy";
    const int to = disk->openat(dir, "copy", O_RDWR | O_CREAT | O_TRUNC, 0600);
    off_t from_offset = 5;
    off_t to_offset = 0;

    check(from >= 0 && to >= 0);
    check(disk_write_all(from, text, strlen(text), 0) == 0);
    while (disk->copy(from, &from_offset, to, &to_offset, 4) > 0)
        check(from_offset == 5 + to_offset);
    check(holds(to, text + 5));
    check(lseek(from, 0, SEEK_CUR) == 0 && lseek(to, 0, SEEK_CUR) == 0);
    check(disk->copy(from, NULL, to, NULL, 4) == 4); /* from where the files stand, moving both */
    check(lseek(from, 0, SEEK_CUR) == 4 && lseek(to, 0, SEEK_CUR) == 4);
    check(holds(to, "somes to copy"));
    disk->close(from);
    disk->close(to);
}

static void
copies_are_made_by_the_kernel_or_by_hand(void)
{
    begin();
    check_copy(make("file", ""));
    check_copy(memfd_create("elsewhere", MFD_CLOEXEC)); /* another file system: EXDEV */
    end();
}

static void
a_listing_has_every_name_once(void)
{
    unsigned seen = 0;
    void *streams[2] = { NULL, NULL };
    const char *name;
    unsigned char type;

    begin();
    disk->close(make("a", ""));
    disk->close(make("b", ""));
    check(disk->mkdirat(dir, "c", 0700) == 0);
    check(disk->list(dir, &streams[0], &name, &type) == 1);
    for (int more = disk->list(dir, &streams[1], &name, &type); more > 0;
         more = disk->list(dir, &streams[1], &name, &type)) {
        check(strlen(name) == 1 && !(seen >> (*name - 'a') & 1));
        seen |= 1u << (*name - 'a');
    }
    check(seen == 7 && !streams[1]);
    for (int i = 0; i < 2; i++) /* the other has a position of its own */
        check(disk->list(dir, &streams[0], &name, &type) == 1);
    check(disk->list(dir, &streams[0], &name, &type) == 0);
    check(disk->list(dir, &streams[0], &name, &type) == 1);
    disk->list_end(&streams[0]);
    disk->list_end(&streams[0]);
    end();
}

static void
a_lock_is_held_by_one(void)
{
    int one, other;

    begin();
    one = make("lock", "");
    other = disk->openat(dir, "lock", O_RDWR, 0);
    check(disk->lock(one) == 0);
    check(disk->lock(other) < 0 && errno == EWOULDBLOCK);
    disk->close(one);
    check(disk->lock(other) == 0);
    disk->close(other);
    end();
}

static void
a_link_is_looked_at_not_through(void)
{
    struct stat stat;

    begin();
    check(symlinkat("nowhere", dir, "link") == 0);
    check(disk->statat(dir, "link", &stat) == 0 && S_ISLNK(stat.st_mode));
    end();
}

static const struct test tests[] = {
    { "nothing leads out of a directory", nothing_leads_out_of_a_directory },
    { "no link is followed, wherever it leads", no_link_is_followed },
    { "short writes and reads are finished", short_writes_and_reads_are_finished },
    { "more pieces than one call takes are written", more_pieces_than_one_call_takes_are_written },
    { "an error ends a write", an_error_ends_a_write },
    { "copies are made by the kernel or by hand", copies_are_made_by_the_kernel_or_by_hand },
    { "a listing has every name once", a_listing_has_every_name_once },
    { "a lock is held by one", a_lock_is_held_by_one },
    { "a link is looked at, not through", a_link_is_looked_at_not_through },
};

TEST_MAIN(tests)

/*
 * lookup and read: one open below the root each, never through a link at the
 * end of the path, and whatever is found is judged by what was opened.
 */
#include "backends/local_internal.h"

#include "backends/request.h"

#include <errno.h>
#include <fcntl.h>
#include <xxhash.h>

enum { NS_PER_S = 1000000000 };

static uint64_t
nanoseconds(const struct timespec *time)
{
    return (uint64_t) time->tv_sec * NS_PER_S + (uint64_t) time->tv_nsec;
}

struct entry
entry_of(const struct stat *found)
{
    const uint64_t identity[] = { found->st_ino, (uint64_t) found->st_size,
        nanoseconds(&found->st_mtim), nanoseconds(&found->st_ctim) };
    /* A directory is the same one whatever is put into it and wherever it is moved. */
    const size_t bytes = S_ISDIR(found->st_mode) ? sizeof *identity : sizeof identity;
    const uint64_t version = XXH3_64bits(identity, bytes);

    return (struct entry){
        .is_directory = S_ISDIR(found->st_mode),
        .mode = found->st_mode & MODE_MASK,
        .size = S_ISDIR(found->st_mode) ? 0 : (uint64_t) found->st_size,
        .mtime_ns = nanoseconds(&found->st_mtim),
        .version = version ? version : 1,
    };
}

/* A path below the root as openat wants it. */
static const char *
below_root(const char *path)
{
    return path[1] ? path + 1 : ".";
}

static enum outcome
open_failed(struct backend *self, const char *act, const char *path, struct report *report)
{
    return local_failed(self, errno == ENOTDIR ? ENOENT : errno, act, path, report);
}

static enum outcome
no_file(struct backend *self, const char *path, struct report *report)
{
    return report_set(report, REFUSED, CAUSE_INVALID_PATH,
        "%s: %s is neither a file nor a directory", self->name, path_excerpt(path).text);
}

static enum outcome
look_up(struct backend *self, struct lookup *lookup, struct report *report)
{
    struct stat found;
    int fd, result;

    if (path_check(self->name, lookup->path, report) != DONE)
        return REFUSED;
    fd = disk->openat(self->root, below_root(lookup->path), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0)
        return open_failed(self, "look at", lookup->path, report);
    result = disk->stat(fd, &found);
    if (result != 0)
        local_failed(self, errno, "look at", lookup->path, report);
    disk->close(fd);
    if (result != 0)
        return RETRY;
    if (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode))
        return no_file(self, lookup->path, report);
    lookup->entry = entry_of(&found);
    return DONE;
}

void
local_lookup(struct backend *self, struct lookup *lookup)
{
    struct report report = { .cause = CAUSE_NONE };
    const enum outcome outcome = look_up(self, lookup, &report);

    lookup->ended(lookup, outcome, &report);
}

static enum outcome
read_open(struct backend *self, int fd, struct reading *reading, struct report *report)
{
    uint64_t length = reading->length;
    struct stat found;
    ssize_t got;

    if (disk->stat(fd, &found) != 0)
        return local_failed(self, errno, "read", reading->path, report);
    reading->entry = entry_of(&found);
    if (S_ISDIR(found.st_mode))
        return local_failed(self, EISDIR, "read", reading->path, report);
    if (!S_ISREG(found.st_mode))
        return no_file(self, reading->path, report);
    if (reading->if_version && reading->if_version != reading->entry.version)
        return report_set(report, RETRY, CAUSE_CONFLICT, "%s: %s was replaced while it was read",
            self->name, path_excerpt(reading->path).text);
    if (reading->offset >= reading->entry.size)
        return DONE;
    if (length > reading->entry.size - reading->offset)
        length = reading->entry.size - reading->offset; /* or one more read would find the end */
    got = disk_read_all(fd, reading->into, (size_t) length, (off_t) reading->offset);
    if (got < 0)
        return local_failed(self, errno, "read", reading->path, report);
    reading->got = (size_t) got;
    return DONE;
}

static enum outcome
read_path(struct backend *self, struct reading *reading, struct report *report)
{
    enum outcome outcome;
    int fd;

    if (path_check(self->name, reading->path, report) != DONE)
        return REFUSED;
    fd = disk->openat(self->root, below_root(reading->path),
        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
    if (fd < 0 && errno == ENXIO) /* a socket */
        return no_file(self, reading->path, report);
    if (fd < 0)
        return open_failed(self, "read", reading->path, report);
    outcome = read_open(self, fd, reading, report);
    disk->close(fd);
    return outcome;
}

void
local_read(struct backend *self, struct reading *reading)
{
    struct report report = { .cause = CAUSE_NONE };
    enum outcome outcome;

    reading->got = 0;
    outcome = read_path(self, reading, &report);
    reading->ended(reading, outcome, &report);
}

/*
 * list: pages of a directory in byte order, out of a snapshot of its names.
 *
 * readdir knows no order and cannot start at a name.  Reading and sorting the
 * whole directory for every page would make a long listing quadratic.  So the
 * sorted names of the directory listed last are kept until its last page, and
 * used again while the directory's modification time says that no name came or
 * went.  That time ticks slowly; when it was younger than SETTLED_MS while the
 * names were read, it proves nothing and they are read again.
 *
 * A large directory that changes all the time would be read for every page even
 * so.  There, a page that continues may come from a snapshot no older than
 * STALE_FACTOR times what reading took; names that came since may be missing
 * from it.  The first page never does that.
 *
 * A snapshot takes at most SNAPSHOT_MAX bytes.  When a directory has more names,
 * the upper half of those read so far is dropped, together with every later name
 * that sorts behind: the snapshot then covers the names from `from` to `upto`.
 */
#include "backends/local_internal.h"

#include "backends/request.h"
#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>

enum {
    SNAPSHOT_MAX = 64 << 20, /* bytes */
    SETTLED_MS = 20,
    LARGE_MIN = 10000, /* names */
    STALE_FACTOR = 20,
};

struct snapshot {
    ino_t directory;
    struct timespec mtime;
    bool is_settled;
    uint64_t read_ns, cost_ns;
    char from[NAME_BYTES_MAX + 1]; /* names up to and with this one were left out */
    char upto[NAME_BYTES_MAX + 1]; /* and from this one on, unless it is "" */

    char *bytes; /* the names, each with its NUL */
    size_t bytes_used, bytes_size;
    uint32_t *starts; /* of each name in bytes */
    size_t count, capacity;
};

void
list_forget(struct snapshot **snapshot)
{
    struct snapshot *self = *snapshot;

    *snapshot = NULL;
    if (!self)
        return;
    free(self->bytes);
    free(self->starts);
    free(self);
}

static const char *
name_at(const struct snapshot *self, size_t i)
{
    return self->bytes + self->starts[i];
}

static int
compare_names(const void *a, const void *b, void *bytes)
{
    const uint32_t *left = a, *right = b;

    return strcmp((const char *) bytes + *left, (const char *) bytes + *right);
}

static void
sort(struct snapshot *self)
{
    if (self->count > 1)
        qsort_r(self->starts, self->count, sizeof *self->starts, compare_names, self->bytes);
}

static void
append(struct snapshot *self, const char *name)
{
    const size_t length = strlen(name) + 1;

    if (self->bytes_used + length > self->bytes_size) {
        self->bytes_size = self->bytes_size ? 2 * self->bytes_size : 4096;
        self->bytes = memory_resize(self->bytes, self->bytes_size);
    }
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 128;
        self->starts = memory_resize(self->starts, self->capacity * sizeof *self->starts);
    }
    memcpy(self->bytes + self->bytes_used, name, length);
    self->starts[self->count++] = (uint32_t) self->bytes_used;
    self->bytes_used += length;
}

/* Keep the lower half of the names. */
static void
halve(struct snapshot *self)
{
    struct snapshot whole = *self;

    sort(&whole);
    self->bytes = NULL;
    self->starts = NULL;
    self->bytes_used = self->bytes_size = self->count = self->capacity = 0;
    for (size_t i = 0; i < whole.count / 2; i++)
        append(self, name_at(&whole, i));
    memcpy(self->upto, name_at(&whole, whole.count / 2),
        strlen(name_at(&whole, whole.count / 2)) + 1);
    free(whole.bytes);
    free(whole.starts);
}

static void
take(struct snapshot *self, const char *name)
{
    if (name_is_temporary(name) || strlen(name) > NAME_BYTES_MAX)
        return;
    if (self->bytes_used + self->count * sizeof *self->starts > SNAPSHOT_MAX / 2)
        halve(self); /* half of the bound: buffers double */
    if (strcmp(name, self->from) > 0 && (!self->upto[0] || strcmp(name, self->upto) < 0))
        append(self, name);
}

static int
take_all(struct snapshot *self, int dir)
{
    void *stream = NULL;
    const char *name;
    unsigned char type;
    int more = disk->list(dir, &stream, &name, &type);

    while (more > 0) {
        take(self, name);
        more = disk->list(dir, &stream, &name, &type);
    }
    disk->list_end(&stream);
    return more;
}

static uint64_t
nanoseconds(const struct timespec *time)
{
    return (uint64_t) time->tv_sec * UINT64_C(1000000000) + (uint64_t) time->tv_nsec;
}

/* NULL with errno. */
static struct snapshot *
snapshot_read(int dir, const struct stat *directory, const char *after)
{
    struct snapshot *self = memory_new(sizeof *self);

    self->read_ns = clock_ns();
    self->directory = directory->st_ino;
    self->mtime = directory->st_mtim;
    self->is_settled = clock_wall_ns() > nanoseconds(&self->mtime) + SETTLED_MS * UINT64_C(1000000);
    memcpy(self->from, after, strlen(after) + 1);
    if (take_all(self, dir) != 0) {
        const int error = errno;

        list_forget(&self);
        errno = error;
        return NULL;
    }
    sort(self);
    self->cost_ns = clock_ns() - self->read_ns;
    return self;
}

static bool
snapshot_serves(const struct snapshot *self, const struct stat *directory, const char *after)
{
    if (self->directory != directory->st_ino || strcmp(after, self->from) < 0)
        return false;
    if (self->upto[0] && (self->count == 0 || strcmp(after, name_at(self, self->count - 1)) >= 0))
        return false;
    if (self->is_settled && nanoseconds(&self->mtime) == nanoseconds(&directory->st_mtim))
        return true;
    return after[0] && self->count >= LARGE_MIN &&
        clock_ns() - self->read_ns < STALE_FACTOR * self->cost_ns;
}

/* The first name that sorts behind `after`. */
static size_t
first_after(const struct snapshot *self, const char *after)
{
    size_t low = 0, high = self->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (strcmp(name_at(self, middle), after) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A page being told. */
struct page {
    struct listing *listing;
    size_t told;
    char reached[NAME_BYTES_MAX + 1]; /* names up to this one are dealt with */
};

/* Tell names, leaving out those that are gone by now; -1 with errno. */
static int
tell(const struct snapshot *self, int dir, struct page *page)
{
    struct listing *listing = page->listing;
    size_t i = first_after(self, page->reached);

    for (; i < self->count && page->told < listing->limit; i++) {
        struct stat found;
        struct entry entry;

        memcpy(page->reached, name_at(self, i), strlen(name_at(self, i)) + 1);
        if (disk->statat(dir, name_at(self, i), &found) != 0) {
            if (errno == ENOENT)
                continue;
            return -1;
        }
        if (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode))
            continue;
        entry = entry_of(&found);
        listing->found(listing, name_at(self, i), &entry);
        page->told++;
    }
    listing->has_more = i < self->count || self->upto[0];
    return 0;
}

/* Make sure that the snapshot kept serves this directory behind this name. */
static int
snapshot_ready(struct backend *self, int dir, const char *after)
{
    struct stat directory;

    if (disk->stat(dir, &directory) != 0)
        return -1;
    if (self->snapshot && !snapshot_serves(self->snapshot, &directory, after))
        list_forget(&self->snapshot);
    if (!self->snapshot)
        self->snapshot = snapshot_read(dir, &directory, after);
    return self->snapshot ? 0 : -1;
}

static int
list_open(struct backend *self, int dir, struct listing *listing)
{
    struct page page = { .listing = listing };

    memcpy(page.reached, listing->after, strlen(listing->after) + 1);
    do {
        if (snapshot_ready(self, dir, page.reached) != 0 || tell(self->snapshot, dir, &page) != 0)
            return -1;
    } while (listing->has_more && page.told < listing->limit);
    if (!listing->has_more)
        list_forget(&self->snapshot);
    return 0;
}

static enum outcome
list_path(struct backend *self, struct listing *listing, struct report *report)
{
    const char *path = listing->path[1] ? listing->path + 1 : ".";
    enum outcome outcome = DONE;
    int dir;

    if (path_check(self->name, listing->path, report) != DONE)
        return REFUSED;
    if (strlen(listing->after) > NAME_BYTES_MAX)
        return report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "%s: no name is as long as the one to list after", self->name);
    dir = disk->openat(self->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (dir < 0)
        return local_failed(self, errno, "list", listing->path, report);
    if (list_open(self, dir, listing) != 0)
        outcome = local_failed(self, errno, "list", listing->path, report);
    disk->close(dir);
    return outcome;
}

void
local_list(struct backend *self, struct listing *listing)
{
    struct report report = { .cause = CAUSE_NONE };
    enum outcome outcome;

    listing->has_more = false;
    outcome = list_path(self, listing, &report);
    listing->ended(listing, outcome, &report);
}

/*
 * The directory that a change happens in.
 *
 * It is reached part by part from the root, each part opened below the one
 * before it and never through a link, so no path leads out, and a link that
 * somebody put on the way is seen for what it is.  That would cost a system call
 * per part and write, so the last few directories stay open.
 *
 * A directory kept open is still the right one while nobody moved or removed
 * one.  What this handle does itself it knows (the generation); what others do
 * is noticed after PARENT_TRUST_MS, the time a child inherits from the parent
 * it was reached through.
 */
#include "backends/local_internal.h"

#include "backends/request.h"
#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>

bool
parent_is_current(const struct backend *self, const struct parent *parent)
{
    return parent == self->top ||
        (parent->generation == self->generation &&
            clock_ns() - parent->verified_ns < PARENT_TRUST_MS * UINT64_C(1000000));
}

void
parent_release(struct parent **parent)
{
    struct parent *self = *parent;

    *parent = NULL;
    if (!self || --self->references > 0)
        return;
    if (self->fd >= 0)
        disk->close(self->fd);
    free(self);
}

void
parents_forget(struct backend *self)
{
    self->generation++;
    for (size_t i = 0; i < PARENTS_MAX; i++)
        parent_release(&self->parents[i]);
}

/* Keep it as the latest used: at the front, where `slot` was or the oldest goes. */
static void
keep(struct backend *self, struct parent *parent, size_t slot)
{
    memmove(self->parents + 1, self->parents, slot * sizeof *self->parents);
    self->parents[0] = parent;
}

/* The deepest open directory that is the wanted one or above it, latest used now. */
static struct parent *
nearest(struct backend *self, const char *path, size_t length)
{
    struct parent *best = self->top;
    size_t slot = 0;

    for (size_t i = 0; i < PARENTS_MAX && self->parents[i] && best->length < length; i++) {
        struct parent *at = self->parents[i];

        if (at->length > length || at->length <= best->length)
            continue;
        if (memcmp(at->path, path, at->length) != 0 || path[at->length] != '/')
            continue;
        if (!parent_is_current(self, at))
            continue;
        best = at;
        slot = i;
    }
    if (best != self->top)
        keep(self, best, slot);
    best->references++;
    return best;
}

static struct parent *
parent_new(struct backend *self, const struct parent *above, int fd, const char *path,
    size_t length)
{
    struct parent *parent = memory_new(sizeof *parent + length + 1);

    parent->fd = fd;
    parent->references = 2; /* the caller's and the cache's */
    parent->generation = self->generation;
    parent->verified_ns = above == self->top ? clock_ns() : above->verified_ns;
    parent->mode_asked = MODE_UNKNOWN;
    parent->length = length;
    memcpy(parent->path, path, length);
    parent_release(&self->parents[PARENTS_MAX - 1]);
    keep(self, parent, PARENTS_MAX - 1);
    return parent;
}

/* Clear the way for the directory `name` after opening it failed with `error`. */
static int
make_part(int dir, const char *name, int error)
{
    if (error == ENOENT)
        return disk->mkdirat(dir, name, PARENT_MODE) == 0 || errno == EEXIST ? 0 : -1;
    if (error != ENOTDIR && error != ELOOP)
        return -1;
    return disk->unlinkat(dir, name, 0) == 0 || errno == ENOENT || errno == EISDIR ? 0 : -1;
}

static int
open_part(int dir, const char *name, bool make)
{
    for (int tries = 1;; tries++) {
        const int fd = disk->openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

        if (fd >= 0 || !make || tries == TRIES_MAX || make_part(dir, name, errno) != 0)
            return fd;
    }
}

/* The directory that the next part of the path names, below one that is open. */
static enum outcome
step(struct backend *self, const struct parent *above, const char *path, bool make,
    struct parent **below, struct report *report)
{
    const char *start = path + above->length + 1;
    const char *end = strchr(start, '/');
    const size_t length = (size_t) (end - path);
    char name[NAME_BYTES_MAX + 1];
    enum outcome outcome = DONE;
    struct stat found;
    int fd;

    memcpy(name, start, (size_t) (end - start));
    name[end - start] = '\0';
    fd = open_part(above->fd, name, make);
    if (fd < 0)
        return local_failed(self, !make && errno == ENOTDIR ? ENOENT : errno,
            "open the directory of", path, report);
    if (disk->stat(fd, &found) != 0)
        outcome = local_failed(self, errno, "look at the directory of", path, report);
    else if (found.st_dev != self->device)
        outcome = report_set(report, REFUSED, CAUSE_UNSUPPORTED,
            "%s: %s is on another file system than its root %.150s", self->name,
            path_excerpt(path).text, self->place);
    if (outcome != DONE) {
        disk->close(fd);
        return outcome;
    }
    *below = parent_new(self, above, fd, path, length);
    return DONE;
}

static enum outcome
walk(struct backend *self, const char *path, bool make, struct parent **found,
    struct report *report)
{
    const size_t length = (size_t) (strrchr(path, '/') - path);
    struct parent *at = nearest(self, path, length);

    while (at->length < length) {
        struct parent *below;
        const enum outcome outcome = step(self, at, path, make, &below, report);

        parent_release(&at);
        if (outcome != DONE)
            return outcome;
        at = below;
    }
    *found = at;
    return DONE;
}

static bool
is_disturbed(const struct report *report)
{
    return report->cause == CAUSE_NOT_FOUND || report->cause == CAUSE_NOT_A_DIRECTORY;
}

enum outcome
parent_open(struct backend *self, const char *path, bool make, struct parent **found,
    struct report *report)
{
    enum outcome outcome = walk(self, path, make, found, report);

    /* What was made or is open is gone again: somebody else is at work here. */
    for (int tries = 1; make && outcome == REFUSED && is_disturbed(report); tries++) {
        if (tries == TRIES_MAX)
            return report_set(report, RETRY, CAUSE_BUSY,
                "%s: somebody else keeps changing the directories of %s in %.150s", self->name,
                path_excerpt(path).text, self->place);
        parents_forget(self);
        outcome = walk(self, path, make, found, report);
    }
    return outcome;
}

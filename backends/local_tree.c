/*
 * Removing what is at a name, whatever it is.
 *
 * A tree is emptied depth first with one open directory per level, down to
 * DEPTH_MAX levels.  What lies deeper is first moved up, under a temporary
 * name, into the top of the tree that is being removed, and found there in the
 * next round.  So neither the stack nor the open files grow with the depth.
 * Everything can be done again after a crash in the middle.  Nobody sees that
 * middle: a tree is set aside (local_aside.c) before it is removed.
 */
#include "backends/local_internal.h"

#include "backends/request.h"
#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

enum { DEPTH_MAX = 16 };

struct removal {
    struct backend *backend;
    int top;
    bool has_hoisted;
    uint64_t hoisted;  /* how many; numbers their names */
    uint64_t until_ns; /* clock_ns() at which to stop; 0: never */
};

static int
open_directory(int dir, const char *name)
{
    return disk->openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

static int
is_foreign(const struct backend *self, int dir)
{
    struct stat found;

    if (disk->stat(dir, &found) != 0)
        return -1;
    errno = EBUSY;
    return found.st_dev == self->device ? 0 : -1;
}

/* Move a directory that is too deep up into the top of the tree. */
static int
hoist(struct removal *removal, int dir, const char *name)
{
    removal->has_hoisted = true;
    for (int tries = 1;; tries++) {
        char temporary[32];

        snprintf(temporary, sizeof temporary, BACKEND_TEMPORARY "%" PRIx64, removal->hoisted++);
        if (disk->renameat(dir, name, removal->top, temporary) == 0)
            return 0;
        if ((errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) || tries == 1 << 16)
            return -1;
    }
}

static int remove_name(struct removal *, int dir, const char *name, unsigned char type, int depth);

/* Somebody else removed or replaced what was listed; another round will see. */
static bool
is_moving(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

/* Once through an open directory; -1 with errno. */
static int
remove_names(struct removal *removal, int dir, int depth)
{
    void *stream = NULL;
    const char *name;
    unsigned char type;
    int more = disk->list(dir, &stream, &name, &type);

    while (more > 0) {
        if (remove_name(removal, dir, name, type, depth) != 0 && !is_moving(errno))
            more = -1;
        else
            more = disk->list(dir, &stream, &name, &type);
    }
    disk->list_end(&stream);
    return more;
}

static int
remove_directory(struct removal *removal, int dir, const char *name, int depth)
{
    int below, result;

    if (disk->unlinkat(dir, name, AT_REMOVEDIR) == 0)
        return 0;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return -1;
    if (depth == DEPTH_MAX)
        return hoist(removal, dir, name);
    below = open_directory(dir, name);
    if (below < 0)
        return -1;
    result = is_foreign(removal->backend, below);
    /* A name may be missed by the first round when others change the directory. */
    for (int tries = 1; result == 0 && tries <= TRIES_MAX; tries++) {
        result = remove_names(removal, below, depth + 1);
        if (result == 0 && disk->unlinkat(dir, name, AT_REMOVEDIR) == 0)
            break;
        if (result == 0 && errno != ENOTEMPTY && errno != EEXIST)
            result = -1;
        else if (result == 0 && tries == TRIES_MAX)
            result = -1;
    }
    disk->close(below);
    return result;
}

static int
remove_name(struct removal *removal, int dir, const char *name, unsigned char type, int depth)
{
    if (removal->until_ns && clock_ns() > removal->until_ns) {
        errno = ETIME;
        return -1;
    }
    if (type != DT_DIR && disk->unlinkat(dir, name, 0) == 0)
        return 0;
    if (type != DT_DIR && errno != EISDIR)
        return -1;
    return remove_directory(removal, dir, name, depth);
}

enum outcome
local_removal_failed(struct backend *self, const char *path, struct report *report)
{
    if (errno == ENOTEMPTY || errno == EEXIST || errno == EISDIR || is_moving(errno))
        return report_set(report, RETRY, CAUSE_BUSY,
            "%s: cannot remove %s in %.150s: somebody else keeps changing it", self->name,
            path_excerpt(path).text, self->place);
    if (errno != EBUSY)
        return local_failed(self, errno, "remove", path, report);
    return report_set(report, REFUSED, CAUSE_UNSUPPORTED,
        "%s: cannot remove %s in %.150s: another file system is mounted there", self->name,
        path_excerpt(path).text, self->place);
}

static enum outcome
empty(struct backend *self, int dir, const char *path, uint64_t until_ns, struct report *report)
{
    struct removal removal = { .backend = self, .top = dir, .until_ns = until_ns };

    parents_forget(self);
    do {
        removal.has_hoisted = false;
        if (remove_names(&removal, dir, 0) != 0)
            return local_removal_failed(self, path, report);
    } while (removal.has_hoisted);
    return DONE;
}

enum outcome
local_empty(struct backend *self, int dir, const char *path, struct report *report)
{
    return empty(self, dir, path, 0, report);
}

enum outcome
local_remove_tree(struct backend *self, int dir, const char *name, const char *path,
    uint64_t until_ns, struct report *report)
{
    for (int tries = 1;; tries++) {
        const int top = open_directory(dir, name);
        enum outcome outcome = DONE;

        if (top < 0 && errno == ENOENT)
            return DONE;
        if (top < 0 || is_foreign(self, top) != 0)
            outcome = local_removal_failed(self, path, report);
        else
            outcome = empty(self, top, path, until_ns, report);
        if (top >= 0)
            disk->close(top);
        if (outcome != DONE)
            return outcome;
        if (disk->unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return DONE;
        if ((errno != ENOTEMPTY && errno != EEXIST) || tries == TRIES_MAX)
            return local_removal_failed(self, path, report);
    }
}

/* The names of what was mounted must stay where it was mounted. */
static enum outcome
remove_aside(struct backend *self, int dir, const char *name, const char *path,
    struct report *report)
{
    struct aside aside = { .name = "" };
    enum outcome outcome = aside_take(self, &aside, dir, name, path, report);

    if (outcome != DONE || !aside.name[0])
        return outcome;
    outcome = local_remove_tree(self, aside.dir, aside.name, path, 0, report);
    if (outcome == REFUSED && report->cause == CAUSE_UNSUPPORTED) {
        aside_bring_back(self, &aside, dir, name);
        return outcome;
    }
    aside_discard(self, &aside); /* for the caller it is gone, whatever is left of it */
    return DONE;
}

enum outcome
local_remove_at(struct backend *self, int dir, const char *name, const char *path,
    struct report *report)
{
    if (disk->unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return DONE;
    if (errno != EISDIR)
        return local_removal_failed(self, path, report);
    parents_forget(self);
    if (disk->unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return DONE;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return local_removal_failed(self, path, report);
    if (name_is_temporary(name))
        return local_remove_tree(self, dir, name, path, 0, report);
    return remove_aside(self, dir, name, path, report);
}

/* Remove the temporaries in a directory; whether nothing else was there. */
static bool
sweep(struct backend *self, int dir)
{
    struct report report;
    void *stream = NULL;
    const char *name;
    unsigned char type;
    bool is_swept = true;

    while (is_swept && disk->list(dir, &stream, &name, &type) > 0)
        is_swept = name_is_temporary(name);
    disk->list_end(&stream);
    while (is_swept && disk->list(dir, &stream, &name, &type) > 0)
        if (name_is_temporary(name))
            local_remove_at(self, dir, name, name, &report);
    disk->list_end(&stream);
    return is_swept;
}

int
local_remove_empty(struct backend *self, int dir, const char *name)
{
    int below;
    bool is_swept;

    parents_forget(self);
    if (disk->unlinkat(dir, name, AT_REMOVEDIR) == 0)
        return 0;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return -1;
    below = open_directory(dir, name);
    if (below < 0)
        return -1;
    is_swept = sweep(self, below);
    disk->close(below);
    errno = ENOTEMPTY;
    return is_swept ? disk->unlinkat(dir, name, AT_REMOVEDIR) : -1;
}

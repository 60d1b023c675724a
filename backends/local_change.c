/*
 * The changes other than PUT: each tries the plain system call first and looks
 * at what is in the way only when that fails.
 */
#include "backends/local_internal.h"

#include "backends/request.h"

#include <errno.h>
#include <fcntl.h>

/* Give the directory `name` this mode if it has another. */
static enum outcome
set_directory_mode(struct backend *self, int dir, const char *name, const struct change *change,
    struct report *report)
{
    const mode_t mode = change->mode & MODE_MASK;
    enum outcome outcome = DONE;
    struct stat found;
    int fd;

    if (disk->statat(dir, name, &found) != 0)
        return local_failed(self, errno, "make", change->path, report);
    if ((found.st_mode & MODE_MASK) == mode)
        return DONE;
    fd = disk->openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (fd < 0)
        return local_failed(self, errno, "open", change->path, report);
    if (disk->chmod(fd, mode) != 0)
        outcome = local_failed(self, errno, "set the mode of", change->path, report);
    disk->close(fd);
    return outcome;
}

static bool
is_directory(int dir, const char *name)
{
    struct stat found;

    return disk->statat(dir, name, &found) == 0 && S_ISDIR(found.st_mode);
}

static enum outcome
make_at(struct backend *self, int dir, const struct change *change, struct report *report)
{
    const char *name = name_of(change->path);

    for (int tries = 1;; tries++) {
        enum outcome outcome;

        if (disk->mkdirat(dir, name, change->mode & MODE_MASK) == 0)
            break;
        if (errno != EEXIST || tries == TRIES_MAX)
            return local_failed(self, errno, "make", change->path, report);
        if (!change->clear && is_directory(dir, name))
            break;
        outcome = local_remove_at(self, dir, name, change->path, report);
        if (outcome != DONE)
            return outcome;
    }
    return set_directory_mode(self, dir, name, change, report);
}

static enum outcome
make_directory(struct backend *self, struct change *change, struct report *report)
{
    if (change->path[1] == '\0')
        return change->clear ? local_empty(self, self->root, "/", report) : DONE;
    for (int tries = 1;; tries++) {
        struct parent *parent;
        enum outcome outcome = parent_open(self, change->path, true, &parent, report);

        if (outcome != DONE)
            return outcome;
        outcome = make_at(self, parent->fd, change, report);
        parent_release(&parent);
        if (outcome != REFUSED || report->cause != CAUSE_NOT_FOUND || tries == TRIES_MAX)
            return outcome;
        parents_forget(self); /* the directory was removed by somebody else */
    }
}

static enum outcome
remove_at(struct backend *self, int dir, const char *path, struct report *report)
{
    if (disk->unlinkat(dir, name_of(path), 0) == 0 || errno == ENOENT)
        return DONE;
    if (errno == EISDIR && local_remove_empty(self, dir, name_of(path)) == 0)
        return DONE;
    return errno == ENOENT ? DONE : local_failed(self, errno, "remove", path, report);
}

static enum outcome
remove_path(struct backend *self, struct change *change, struct report *report)
{
    struct parent *parent;
    enum outcome outcome = parent_open(self, change->path, false, &parent, report);

    if (outcome != DONE)
        return report->cause == CAUSE_NOT_FOUND ? DONE : outcome;
    if (change->kind == REMOVE)
        outcome = remove_at(self, parent->fd, change->path, report);
    else
        outcome = local_remove_at(self, parent->fd, name_of(change->path), change->path, report);
    parent_release(&parent);
    return outcome;
}

/* A file that shares its bytes with another name must not share its new mode. */
static enum outcome
set_mode(struct backend *self, int fd, const struct change *change, struct report *report)
{
    const mode_t mode = change->mode & MODE_MASK;
    struct stat found;

    if (disk->stat(fd, &found) != 0)
        return local_failed(self, errno, "look at", change->path, report);
    if (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode))
        return report_set(report, REFUSED, CAUSE_INVALID_PATH,
            "%s: %s is neither a file nor a directory", self->name,
            path_excerpt(change->path).text);
    if ((found.st_mode & MODE_MASK) == mode)
        return DONE;
    if (S_ISREG(found.st_mode) && found.st_nlink > 1)
        return temporary_copy(self, fd, change->path, change->seq, mode, report);
    if (disk->chmod(fd, mode) != 0)
        return local_failed(self, errno, "set the mode of", change->path, report);
    return DONE;
}

static enum outcome
change_mode(struct backend *self, struct change *change, struct report *report)
{
    struct parent *parent;
    enum outcome outcome = parent_open(self, change->path, false, &parent, report);
    int fd;

    if (outcome != DONE)
        return outcome;
    fd = disk->openat(parent->fd, name_of(change->path),
        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
    if (fd < 0)
        outcome = local_failed(self, errno, "open", change->path, report);
    else
        outcome = set_mode(self, fd, change, report);
    if (fd >= 0)
        disk->close(fd);
    if (outcome == DONE)
        temporary_forget(parent->fd, change->seq); /* of a copy that is not needed any more */
    parent_release(&parent);
    return outcome;
}

static enum outcome (*const changes[CHANGE_KINDS])(struct backend *, struct change *,
    struct report *) = {
    [MKDIR] = make_directory,
    [REMOVE] = remove_path,
    [REMOVE_TREE] = remove_path,
    [RENAME] = local_rename,
    [LINK] = local_link,
    [CHMOD] = change_mode,
};

void
local_begin(struct backend *self, struct change *change)
{
    struct report report = { .cause = CAUSE_NONE };
    enum outcome outcome = change_check(self->name, change, &report);

    if (outcome == DONE)
        self->is_dirty = true; /* whatever comes of it */
    if (outcome == DONE && change->kind == PUT) {
        put_begin(self, change);
        return;
    }
    if (outcome == DONE)
        outcome = changes[change->kind](self, change, &report);
    change->ended(change, outcome, &report);
}

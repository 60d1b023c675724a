/*
 * RENAME and LINK.
 *
 * Two names of one inode are where rename(2) surprises: it does nothing and
 * leaves both.  LINK makes such pairs, so both changes look for them.
 */
#include "backends/local_internal.h"

#include "backends/request.h"

#include <errno.h>
#include <fcntl.h>

static bool
is_same(const struct stat *source, int dir, const char *name)
{
    struct stat found;

    return disk->statat(dir, name, &found) == 0 && found.st_ino == source->st_ino &&
        found.st_dev == source->st_dev;
}

/* What is in the way was met by rename(2): is it a thing that we may remove? */
static bool
is_occupied(int error)
{
    return error == EISDIR || error == ENOTDIR || error == ENOTEMPTY || error == EEXIST;
}

static enum outcome
rename_failed(struct backend *self, const struct change *change, struct report *report)
{
    if (errno == ENOENT || is_occupied(errno))
        return report_set(report, RETRY, CAUSE_BUSY,
            "%s: cannot rename %s in %.150s: somebody else keeps changing it", self->name,
            path_excerpt(change->path).text, self->place);
    if (errno != EXDEV && errno != EBUSY)
        return local_failed(self, errno, "rename", change->path, report);
    return report_set(report, REFUSED, CAUSE_UNSUPPORTED,
        "%s: cannot rename %s in %.150s: another file system is mounted on the way", self->name,
        path_excerpt(change->path).text, self->place);
}

static enum outcome
rename_at(struct backend *self, int from_dir, int to_dir, const struct change *change,
    struct report *report)
{
    const char *from = name_of(change->path), *to = name_of(change->to);
    struct aside aside = { .name = "" };
    enum outcome outcome = DONE;

    for (int tries = 1; outcome == DONE; tries++) {
        if (disk->renameat(from_dir, from, to_dir, to) == 0) {
            aside_discard(self, &aside);
            return DONE;
        }
        if (!is_occupied(errno) || tries == TRIES_MAX)
            outcome = rename_failed(self, change, report);
        else
            outcome = aside_take(self, &aside, to_dir, to, change->to, report);
    }
    aside_bring_back(self, &aside, to_dir, to);
    return outcome;
}

static int
settle(const struct backend *self, int from_dir, int to_dir, const struct change *change)
{
    int fd, result;

    if (!self->keeps_flushed)
        return 0;
    fd = disk->openat(from_dir, name_of(change->path),
        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    result = fd < 0 ? -1 : temporary_settle(self, fd, to_dir, name_of(change->to));
    if (fd >= 0)
        disk->close(fd);
    return result;
}

static enum outcome
rename_to(struct backend *self, int from_dir, const struct stat *source,
    const struct change *change, struct report *report)
{
    struct parent *to;
    enum outcome outcome = parent_open(self, change->to, true, &to, report);

    if (outcome != DONE)
        return outcome;
    if (!S_ISDIR(source->st_mode) && source->st_nlink > 1 &&
        is_same(source, to->fd, name_of(change->to)))
        outcome = disk->unlinkat(from_dir, name_of(change->path), 0) == 0
            ? DONE
            : rename_failed(self, change, report);
    else if (S_ISREG(source->st_mode) && settle(self, from_dir, to->fd, change) != 0)
        outcome = rename_failed(self, change, report);
    else
        outcome = rename_at(self, from_dir, to->fd, change, report);
    parent_release(&to);
    return outcome;
}

enum outcome
local_rename(struct backend *self, struct change *change, struct report *report)
{
    struct parent *from;
    struct stat source;
    enum outcome outcome = parent_open(self, change->path, false, &from, report);

    if (outcome != DONE)
        return outcome;
    if (disk->statat(from->fd, name_of(change->path), &source) != 0)
        outcome = local_failed(self, errno, "rename", change->path, report);
    else if (strcmp(change->path, change->to) != 0)
        outcome = rename_to(self, from->fd, &source, change, report);
    parent_release(&from);
    /* What was open below the old name is elsewhere now; or what was open misled us. */
    if (outcome != DONE || S_ISDIR(source.st_mode))
        parents_forget(self);
    return outcome;
}

static enum outcome
copy_to(struct backend *self, struct parent *from, const struct stat *source,
    const struct change *change, struct report *report)
{
    const int fd = disk->openat(from->fd, name_of(change->path),
        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    enum outcome outcome;

    if (fd < 0)
        return local_failed(self, errno, "open", change->path, report);
    outcome =
        temporary_copy(self, fd, change->to, change->seq, source->st_mode & MODE_MASK, report);
    disk->close(fd);
    return outcome;
}

static enum outcome
link_to(struct backend *self, struct parent *from, const struct stat *source,
    const struct change *change, struct report *report)
{
    struct temporary temporary;
    struct parent *to;
    bool is_done;

    if (parent_open(self, change->to, true, &to, report) == DONE) {
        is_done = is_same(source, to->fd, name_of(change->to));
        if (is_done)
            temporary_forget(to->fd, change->seq);
        parent_release(&to);
        if (is_done)
            return DONE;
    }
    /* A hard link may be impossible for many reasons; a copy then says what is wrong. */
    if (temporary_link(self, &temporary, change->to, change->seq, from, name_of(change->path),
            report) == DONE)
        return temporary_place(self, &temporary, change->to, report);
    return copy_to(self, from, source, change, report);
}

enum outcome
local_link(struct backend *self, struct change *change, struct report *report)
{
    struct parent *from;
    struct stat source;
    enum outcome outcome = parent_open(self, change->path, false, &from, report);

    if (outcome != DONE)
        return outcome;
    if (disk->statat(from->fd, name_of(change->path), &source) != 0)
        outcome = local_failed(self, errno, "link", change->path, report);
    else if (S_ISDIR(source.st_mode))
        outcome = local_failed(self, EISDIR, "link", change->path, report);
    else if (!S_ISREG(source.st_mode))
        outcome = local_failed(self, ELOOP, "link", change->path, report);
    else
        outcome = link_to(self, from, &source, change, report);
    parent_release(&from);
    return outcome;
}

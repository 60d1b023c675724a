/*
 * A file that appears whole.
 *
 *     create ──▶ written by its owner ──▶ place     renamed over whatever is there
 *                                 └─────▶ drop      nothing is left
 *
 * The name is made of the change's seq.  A file of that name that is already
 * there was left by an attempt that a crash ended, and goes.
 *
 * While a file is being written its directory may be moved.  The temporary moves
 * along; so before it is placed, a parent that is no longer certain is looked
 * up again, and the file is renamed from where it is to where it belongs.
 */
#include "backends/local_internal.h"

#include "backends/request.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

static enum outcome
disturbed(struct backend *self, const char *path, struct report *report)
{
    return report_set(report, RETRY, CAUSE_BUSY,
        "%s: the temporary file of %s in %.150s or its directory was removed by somebody else",
        self->name, path_excerpt(path).text, self->place);
}

static void
name_temporary(char name[static 32], uint64_t seq)
{
    snprintf(name, 32, BACKEND_TEMPORARY "%" PRIx64, seq);
}

void
temporary_forget(int dir, uint64_t seq)
{
    char name[32];

    name_temporary(name, seq);
    disk->unlinkat(dir, name, 0);
}

/* Create the temporary by `make` (0 or -1 with errno) in the directory of `path`. */
static enum outcome
create(struct backend *self, struct temporary *temporary, const char *path, uint64_t seq,
    int (*make)(struct temporary *, void *context), void *context, struct report *report)
{
    name_temporary(temporary->name, seq);
    for (int tries = 1; tries <= TRIES_MAX; tries++) {
        enum outcome outcome = parent_open(self, path, true, &temporary->parent, report);

        if (outcome != DONE || make(temporary, context) == 0)
            return outcome;
        if (errno == EEXIST)
            outcome = local_remove_at(self, temporary->parent->fd, temporary->name, path, report);
        else if (errno == ENOENT)
            parents_forget(self);
        else
            outcome = local_failed(self, errno, "create", path, report);
        parent_release(&temporary->parent);
        if (outcome != DONE)
            return outcome;
    }
    return disturbed(self, path, report);
}

static int
make_file(struct temporary *temporary, void *mode)
{
    temporary->fd = disk->openat(temporary->parent->fd, temporary->name,
        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, *(mode_t *) mode);
    return temporary->fd < 0 ? -1 : 0;
}

/*
 * The umask or a default ACL may have taken bits away.  What happens to a mode
 * in a directory is looked at once and remembered with the open directory.
 */
static int
correct_mode(struct temporary *temporary, mode_t mode)
{
    struct parent *parent = temporary->parent;
    struct stat found;

    if (parent->mode_asked != mode) {
        if (disk->stat(temporary->fd, &found) != 0)
            return -1;
        parent->mode_asked = mode;
        parent->mode_got = found.st_mode & MODE_MASK;
    }
    return parent->mode_got == mode ? 0 : disk->chmod(temporary->fd, mode);
}

enum outcome
temporary_create(struct backend *self, struct temporary *temporary, const char *path, uint64_t seq,
    uint32_t asked, struct report *report)
{
    mode_t mode = asked & MODE_MASK;
    enum outcome outcome = create(self, temporary, path, seq, make_file, &mode, report);

    if (outcome != DONE || correct_mode(temporary, mode) == 0)
        return outcome;
    outcome = local_failed(self, errno, "set the mode of", path, report);
    temporary_drop(temporary);
    return outcome;
}

struct source {
    struct parent *parent;
    const char *name;
};

static int
make_link(struct temporary *temporary, void *context)
{
    const struct source *source = context;

    temporary->fd = -1;
    return disk->linkat(source->parent->fd, source->name, temporary->parent->fd, temporary->name);
}

enum outcome
temporary_link(struct backend *self, struct temporary *temporary, const char *path, uint64_t seq,
    struct parent *from, const char *name, struct report *report)
{
    struct source source = { from, name };

    return create(self, temporary, path, seq, make_link, &source, report);
}

void
temporary_drop(struct temporary *temporary)
{
    if (temporary->fd >= 0)
        disk->close(temporary->fd);
    temporary->fd = -1;
    disk->unlinkat(temporary->parent->fd, temporary->name, 0);
    parent_release(&temporary->parent);
}

/* Rename it over what is at the name in `target`; a directory there goes first. */
static enum outcome
rename_over(struct backend *self, const struct temporary *temporary, const struct parent *target,
    const char *path, struct report *report)
{
    const char *name = name_of(path);
    struct aside aside = { .name = "" };
    enum outcome outcome = DONE;

    for (int tries = 1; outcome == DONE; tries++) {
        if (disk->renameat(temporary->parent->fd, temporary->name, target->fd, name) == 0) {
            aside_discard(self, &aside);
            return DONE;
        }
        if (errno != EISDIR || tries == TRIES_MAX)
            outcome = local_failed(self, errno, "put in place", path, report);
        else
            outcome = aside_take(self, &aside, target->fd, name, path, report);
    }
    aside_bring_back(self, &aside, target->fd, name);
    return outcome;
}

static enum outcome
place(struct backend *self, struct temporary *temporary, const char *path, struct report *report)
{
    enum outcome outcome;

    if (parent_is_current(self, temporary->parent)) {
        outcome = rename_over(self, temporary, temporary->parent, path, report);
        if (outcome != REFUSED || report->cause != CAUSE_NOT_FOUND)
            return outcome;
        parents_forget(self);
    }
    for (int tries = 1; tries <= TRIES_MAX; tries++) {
        struct parent *target;

        outcome = parent_open(self, path, true, &target, report);
        if (outcome != DONE)
            return outcome;
        outcome = rename_over(self, temporary, target, path, report);
        parent_release(&target);
        if (outcome != REFUSED || report->cause != CAUSE_NOT_FOUND)
            return outcome;
        parents_forget(self);
    }
    return disturbed(self, path, report);
}

int
temporary_settle(const struct backend *self, int fd, int dir, const char *name)
{
    struct stat old;

    if (!self->keeps_flushed || (disk->statat(dir, name, &old) != 0 && errno == ENOENT))
        return 0;
    return disk->datasync(fd);
}

enum outcome
temporary_place(struct backend *self, struct temporary *temporary, const char *path,
    struct report *report)
{
    const int fd = temporary->fd;
    enum outcome outcome;

    temporary->fd = -1;
    /* Some file systems only say at close that the bytes did not fit. */
    if (fd >= 0 && disk->close(fd) != 0) {
        outcome = local_failed(self, errno, "write", path, report);
        temporary_drop(temporary);
        return outcome;
    }
    outcome = place(self, temporary, path, report);
    if (outcome != DONE)
        temporary_drop(temporary);
    else
        parent_release(&temporary->parent);
    return outcome;
}

static int
copy_all(int from, int to)
{
    enum { COPY_BYTES = 16 << 20 };
    off_t read_to = 0, written_to = 0;

    for (;;) {
        const ssize_t copied = disk->copy(from, &read_to, to, &written_to, COPY_BYTES);

        if (copied == 0)
            return 0;
        if (copied < 0 && errno != EINTR)
            return -1;
    }
}

enum outcome
temporary_copy(struct backend *self, int from, const char *path, uint64_t seq, uint32_t mode,
    struct report *report)
{
    struct temporary temporary;
    struct stat source;
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
    enum outcome outcome = temporary_create(self, &temporary, path, seq, mode, report);

    if (outcome != DONE)
        return outcome;
    if (disk->stat(from, &source) == 0 && copy_all(from, temporary.fd) == 0) {
        times[1] = source.st_mtim;
        if (disk->utimens(temporary.fd, times) == 0 &&
            temporary_settle(self, temporary.fd, temporary.parent->fd, name_of(path)) == 0)
            return temporary_place(self, &temporary, path, report);
    }
    outcome = local_failed(self, errno, "copy to", path, report);
    temporary_drop(&temporary);
    return outcome;
}

/*
 * local - files in a directory of this machine.
 *
 * A file is written under a temporary name beside its target and renamed over
 * it, so it appears whole or not at all.  Nothing is synced on the way: flush()
 * is one syncfs for all that changed since the last one.  For that to cover
 * everything, a change never crosses into another file system mounted below
 * the root; it is refused with a sentence that says so.
 *
 * After a syncfs that failed, the kernel may have dropped what it could not
 * write and will not tell again.  So a failed flush means: everything since the
 * last good one must be applied anew, through a handle opened anew.  This one
 * keeps failing with the same report instead of believing a second syncfs,
 * whatever has been changed since: that it was all of it nobody here can know.
 *
 * A handle begins as if something had changed: what a process that was killed
 * did not flush counts as applied for the one that finds it done already.
 */
#include "backends/local_internal.h"

#include "backends/request.h"
#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>

enum outcome
local_failed(struct backend *self, int error, const char *act, const char *path,
    struct report *report)
{
    return report_errno(report, error, "%s: cannot %s %s in %.150s", self->name, act,
        path_excerpt(path).text, self->place);
}

static int
open_place(const char *place)
{
    return disk->openat(AT_FDCWD, place, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

/* Every part of the place that is missing, from the top. */
static int
make_place(const char *place)
{
    char *path = memory_copy(place, strlen(place));
    int result = 0;

    for (char *at = path + 1; result == 0; at++) {
        const char kept = *at;

        if (kept != '/' && kept != '\0')
            continue;
        *at = '\0';
        if (disk->mkdirat(AT_FDCWD, path, PARENT_MODE) != 0 && errno != EEXIST)
            result = -1;
        *at = kept;
        if (kept == '\0')
            break;
    }
    free(path);
    return result;
}

static enum outcome
open_root(struct backend *self, struct report *report)
{
    struct stat found;

    self->root = open_place(self->place);
    if (self->root < 0 && errno == ENOENT && make_place(self->place) == 0)
        self->root = open_place(self->place);
    self->top->fd = self->root;
    if (self->root < 0 || disk->stat(self->root, &found) != 0)
        return report_errno(report, errno, "%s: cannot open the directory %.200s", self->name,
            self->place);
    self->device = found.st_dev;
    return DONE;
}

static struct backend *
backend_new(const struct backend_args *args)
{
    struct backend *self = memory_new(sizeof *self);

    self->name = memory_copy(args->name, strlen(args->name));
    self->place = memory_copy(args->place, strlen(args->place));
    self->is_careless = args->is_careless;
    self->keeps_flushed = args->keeps_flushed && !args->is_careless;
    self->top = memory_new(sizeof *self->top + 1);
    self->top->references = 1;
    self->top->fd = -1;
    self->top->mode_asked = MODE_UNKNOWN;
    self->is_dirty = true;
    self->opened_ns = self->aside_ns = clock_wall_ns();
    return self;
}

static void
local_close(struct backend **backend)
{
    struct backend *self = *backend;

    if (!self)
        return;
    parents_forget(self);
    parent_release(&self->top);
    list_forget(&self->snapshot);
    free(self->name);
    free(self->place);
    free(self);
    *backend = NULL;
}

static enum outcome
local_open(struct backend **backend, const struct backend_args *args, struct report *report)
{
    struct backend *self;
    enum outcome outcome;

    if (!args->place || !args->place[0])
        return report_set(report, REFUSED, CAUSE_CONFIG, "%s: no directory is given", args->name);
    self = backend_new(args);
    outcome = open_root(self, report);
    if (outcome != DONE) {
        local_close(&self);
        return outcome;
    }
    if (!args->is_reader)
        asides_sweep(self);
    *backend = self;
    return DONE;
}

static void
local_flush(struct backend *self, struct flush *flush)
{
    const struct report fine = { .cause = CAUSE_NONE };

    if (self->is_lost) {
        flush->ended(flush, RETRY, &self->loss);
        return;
    }
    if (self->is_careless || !self->is_dirty) {
        flush->ended(flush, DONE, &fine);
        return;
    }
    if (disk->syncfs(self->root) != 0) {
        self->is_lost = true;
        report_set(&self->loss, RETRY, CAUSE_IO,
            "%s: what changed since the last flush may not be on the disk of %.150s: %s",
            self->name, self->place, strerror(errno));
        flush->ended(flush, RETRY, &self->loss);
        return;
    }
    self->is_dirty = false;
    flush->ended(flush, DONE, &fine);
}

static enum outcome
local_space(struct backend *self, struct space *space, struct report *report)
{
    struct statvfs found;

    if (disk->space(self->root, &found) != 0)
        return local_failed(self, errno, "measure the space of", "/", report);
    space->free_bytes = (uint64_t) found.f_bavail * found.f_frsize;
    space->total_bytes = (uint64_t) found.f_blocks * found.f_frsize;
    space->free_files = found.f_files ? found.f_favail : UINT64_MAX; /* some count no files */
    return DONE;
}

static int
local_directory(struct backend *self)
{
    return self->root;
}

const struct backend_kind backend_local = {
    .name = "local",
    .traits = RENAMES_WHOLE | KEEPS_MODE | KEEPS_OVER_RESTART | ENDS_AT_ONCE,
    .open = local_open,
    .close = local_close,
    .begin = local_begin,
    .write = local_write,
    .finish = local_finish,
    .cancel = local_cancel,
    .flush = local_flush,
    .lookup = local_lookup,
    .read = local_read,
    .list = local_list,
    .space = local_space,
    .directory = local_directory,
};

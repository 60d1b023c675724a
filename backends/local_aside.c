/*
 * What has to go is first set aside: renamed, in one step, to a temporary name
 * in the root of the place.  Then it is gone whole, for everybody, and what
 * takes its place can be put there; only then is it deleted, which may take
 * long and may fail halfway without anybody seeing half a tree.
 *
 *     take ──▶ the change ──▶ discard     deleted; what cannot be deleted is left
 *                   └───────▶ bring_back  the change failed: it stands where it stood
 *
 * A crash or a failure leaves it under its temporary name, in the root, where a
 * sweep finds it without walking: when a handle is opened, and when another
 * tree has been discarded.  The name is the time of day in 16 hexadecimal
 * digits; a sweep takes what is older than its handle.  What a PUT is writing
 * has a number that is far from the time of day: of an attempt, small, or of a
 * stage, from the other end.  A sweep takes SWEEP_MS at most; the next goes on.
 *
 * Where that is refused (EXDEV: the root has another quota; EACCES: the
 * directory may not be written to), it is set aside in the directory it is in,
 * and goes with that one.
 */
#include "backends/local_internal.h"

#include "backends/request.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SWEEP_MS = 500, ASIDE_DIGITS = 16 };

static void
next_name(struct backend *self, struct aside *aside)
{
    const uint64_t now = clock_wall_ns();

    self->aside_ns = now > self->aside_ns ? now : self->aside_ns + 1;
    snprintf(aside->name, sizeof aside->name, BACKEND_TEMPORARY "%016" PRIx64, self->aside_ns);
}

static bool
is_taken(int error)
{
    return error == ENOTEMPTY || error == EEXIST || error == ENOTDIR || error == EISDIR;
}

enum outcome
aside_take(struct backend *self, struct aside *aside, int dir, const char *name, const char *path,
    struct report *report)
{
    aside_discard(self, aside); /* somebody has put another one there meanwhile */
    parents_forget(self);
    aside->dir = self->root;
    for (int tries = 1;; tries++) {
        next_name(self, aside);
        if (disk->renameat(dir, name, aside->dir, aside->name) == 0)
            return DONE;
        if ((errno == EXDEV || errno == EACCES || errno == EPERM) && aside->dir != dir)
            aside->dir = dir;
        else if (!is_taken(errno) || tries == TRIES_MAX)
            break;
    }
    aside->name[0] = '\0';
    return errno == ENOENT ? DONE : local_removal_failed(self, path, report);
}

void
aside_bring_back(const struct backend *self, struct aside *aside, int dir, const char *name)
{
    if (!aside->name[0])
        return;
    if (disk->renameat(aside->dir, aside->name, dir, name) != 0)
        LOG(ERROR, "not_brought_back", "place=%s name=%s stands=%s reason=%s",
            log_quote(self->place), log_quote(name), log_quote(aside->name),
            log_quote(strerror(errno)));
    aside->name[0] = '\0';
}

static void
note_leftover(struct backend *self, const char *name, const char *reason)
{
    if (!self->has_leftovers)
        LOG(WARN, "leftover", "place=%s name=%s reason=%s", log_quote(self->place), log_quote(name),
            log_quote(reason));
    self->has_leftovers = true;
}

void
aside_discard(struct backend *self, struct aside *aside)
{
    struct report report;

    if (!aside->name[0])
        return;
    if (local_remove_at(self, aside->dir, aside->name, aside->name, &report) != DONE)
        note_leftover(self, aside->name, report.text);
    else if (self->has_leftovers)
        asides_sweep(self);
    aside->name[0] = '\0';
}

static bool
is_old_aside(const struct backend *self, const char *name)
{
    const char *digits = name + sizeof BACKEND_TEMPORARY - 1;

    return name_is_temporary(name) && strspn(digits, "0123456789abcdef") == ASIDE_DIGITS &&
        digits[ASIDE_DIGITS] == '\0' && strtoull(digits, NULL, 16) < self->opened_ns;
}

/* Not those of this handle: what it could not delete a moment ago is left to the next one. */
void
asides_sweep(struct backend *self)
{
    const uint64_t until_ns = clock_ns() + SWEEP_MS * UINT64_C(1000000);
    struct report report;
    void *stream = NULL;
    const char *name;
    unsigned char type;

    self->has_leftovers = false;
    while (disk->list(self->root, &stream, &name, &type) > 0)
        if (is_old_aside(self, name) && disk->unlinkat(self->root, name, 0) != 0 &&
            local_remove_tree(self, self->root, name, name, until_ns, &report) != DONE)
            note_leftover(self, name, report.text);
    disk->list_end(&stream);
}

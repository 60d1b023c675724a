#include "cli/knarr/target.h"

#include "base/memory.h"
#include "cli/knarr/local.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 5 }; /* of a file that is replaced while it is fetched */

struct target {
    int fd;
    int error; /* errno of what failed, or 0 */
    struct progress progress;
};

/* What an interrupt removes. */
static char *volatile temporary;

static char last_printed = '\n';

static void
on_interrupt(int number)
{
    if (temporary)
        unlink(temporary);
    signal(number, SIG_DFL);
    raise(number);
}

static void
guard(char *path)
{
    temporary = path;
    signal(SIGINT, path ? on_interrupt : SIG_DFL);
    signal(SIGTERM, path ? on_interrupt : SIG_DFL);
    signal(SIGHUP, path ? on_interrupt : SIG_DFL);
}

static bool
take(void *context, const void *bytes, size_t length, uint64_t size)
{
    struct target *self = context;
    const char *at = bytes;
    size_t left = length;

    self->progress.total = size;
    while (left > 0) {
        ssize_t put = write(self->fd, at, left);

        if (put < 0 && errno != EINTR) {
            self->error = errno;
            return false;
        }
        if (put > 0) {
            at += put;
            left -= (size_t) put;
        }
    }
    last_printed = at[-1];
    progress_add(&self->progress, length);
    return true;
}

/* Nothing of an attempt that failed may stay in front of the next one. */
static bool
rewind_file(int fd)
{
    return ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0;
}

static bool
is_conflict(const struct knarr_result *result)
{
    return result->outcome == KNARR_RETRY && strcmp(result->cause, "conflict") == 0;
}

static enum knarr_outcome
fill(struct target *self, struct knarr *knarr, const char *uri, struct knarr_result *result)
{
    for (int i = 1;; i++) {
        progress_begin(&self->progress, local_name(uri), UINT64_MAX);
        knarr_get(knarr, uri, 0, UINT64_MAX, take, self, result);
        progress_end(&self->progress);
        if (!is_conflict(result) || i == TRIES)
            return result->outcome;
        if (!rewind_file(self->fd)) {
            self->error = errno;
            return result->outcome;
        }
        knarr_result_clear(result);
    }
}

/* mkstemp makes it for the owner only; a plain open would have obeyed the umask. */
static bool
set_mode(int fd, uint32_t mode)
{
    mode_t mask = umask(0);

    umask(mask);
    return fchmod(fd, (mode ? mode : 0644) & 0777 & ~mask) == 0;
}

static bool
publish(struct target *self, const char *from, const char *to, uint32_t mode)
{
    if (set_mode(self->fd, mode) && fsync(self->fd) == 0 && rename(from, to) == 0)
        return true;
    self->error = errno;
    return false;
}

/* ".name.XXXXXX" beside it. */
static char *
temporary_beside(const char *target)
{
    const char *slash = strrchr(target, '/');
    const char *name = slash ? slash + 1 : target;

    return memory_print("%.*s.%.200s.XXXXXX", (int) (name - target), target, name);
}

static enum knarr_outcome
replace_file(struct knarr *knarr, const struct knarr_entry *entry, const char *to,
    struct knarr_result *result)
{
    char *path = temporary_beside(to);
    struct target self = { .fd = mkstemp(path) };

    if (self.fd < 0) {
        self.error = errno;
    } else {
        guard(path);
        if (fill(&self, knarr, entry->uri, result) != KNARR_DONE ||
            !publish(&self, path, to, entry->mode))
            unlink(path);
        guard(NULL);
        close(self.fd);
    }
    free(path);
    return self.error ? local_failed(result, to, "written", self.error) : result->outcome;
}

enum knarr_outcome
target_get(struct knarr *knarr, const struct knarr_entry *entry, const char *target,
    struct knarr_result *result)
{
    memset(result, 0, sizeof *result);
    if (strcmp(target, "-") == 0)
        return target_print(knarr, entry->uri, 0, UINT64_MAX, result);
    return replace_file(knarr, entry, target, result);
}

enum knarr_outcome
target_print(struct knarr *knarr, const char *uri, uint64_t offset, uint64_t length,
    struct knarr_result *result)
{
    struct target self = { .fd = STDOUT_FILENO };

    fflush(stdout);
    /* What is read on the terminal would be overwritten by its own progress. */
    progress_begin(&self.progress, isatty(STDOUT_FILENO) ? NULL : local_name(uri), UINT64_MAX);
    knarr_get(knarr, uri, offset, length, take, &self, result);
    progress_end(&self.progress);
    return self.error ? local_failed(result, "standard output", "written", self.error)
                      : result->outcome;
}

void
target_print_end(void)
{
    if (isatty(STDOUT_FILENO) && last_printed != '\n')
        putchar('\n');
}

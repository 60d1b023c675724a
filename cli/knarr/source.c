#include "cli/knarr/source.h"

#include "cli/knarr/local.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
source_open(struct source *self, const char *name)
{
    struct stat about;
    bool is_stdin = strcmp(name, "-") == 0;

    *self = (struct source){ .name = name, .size = KNARR_SIZE_UNKNOWN };
    self->fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    if (self->fd < 0)
        return false;
    if (fstat(self->fd, &about) == 0 && S_ISDIR(about.st_mode)) {
        source_close(self);
        errno = EISDIR;
        return false;
    }
    if (!is_stdin && S_ISREG(about.st_mode)) {
        self->size = (uint64_t) about.st_size;
        self->mode = about.st_mode & 0777;
    }
    return true;
}

void
source_close(struct source *self)
{
    if (self->fd != STDIN_FILENO)
        close(self->fd);
    self->fd = STDIN_FILENO;
}

static ssize_t
more(void *context, void *into, size_t room)
{
    struct source *self = context;
    ssize_t got;

    do {
        got = read(self->fd, into, room);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        self->error = errno;
    else
        progress_add(&self->progress, (uint64_t) got);
    return got;
}

enum knarr_outcome
source_put(struct source *self, struct knarr *knarr, const char *uri, const struct knarr_wish *wish,
    struct knarr_result *result)
{
    enum knarr_outcome outcome;

    progress_begin(&self->progress, local_name(self->name), self->size);
    outcome = knarr_put(knarr, uri, self->size, more, self, wish, result);
    progress_end(&self->progress);
    if (self->error)
        return local_failed(result, self->name, "read", self->error);
    return outcome;
}

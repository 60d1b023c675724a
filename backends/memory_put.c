#include "backends/memory_internal.h"

#include "backends/request.h"
#include "base/memory.h"

#include <inttypes.h>

struct upload {
    struct content *content;
};

static void
end(struct change *change, enum outcome outcome, const struct report *report)
{
    free(change->of_backend);
    change->of_backend = NULL;
    change->ended(change, outcome, report);
}

static void
complete(struct backend *self, struct change *change)
{
    const struct report report = { .cause = CAUSE_NONE };
    struct upload *upload = change->of_backend;
    struct node *file;

    pthread_mutex_lock(&self->store->lock);
    file = store_set_file(self->store, change->path, upload->content);
    file->mode = change->mode & 0777;
    if (change->mtime_ns)
        file->mtime_ns = change->mtime_ns;
    pthread_mutex_unlock(&self->store->lock);
    end(change, DONE, &report);
}

static enum outcome
too_large(struct backend *self, const char *path, uint64_t size, struct report *report)
{
    return report_set(report, REFUSED, CAUSE_TOO_LARGE,
        "%s: %s with %" PRIu64 " bytes is larger than the whole store (max_bytes %" PRIu64 ")",
        self->name, path_excerpt(path).text, size, self->store->max_bytes);
}

static bool
can_hold(const struct store *store, uint64_t size)
{
    return !store->max_bytes ||
        (store->max_bytes >= CONTENT_OVERHEAD && size <= store->max_bytes - CONTENT_OVERHEAD);
}

void
memory_put_begin(struct backend *self, struct change *change)
{
    const uint64_t size = change->size == SIZE_UNKNOWN ? 0 : change->size;
    struct upload *upload = memory_new(sizeof *upload);
    struct report report;

    change->of_backend = upload;
    if (!can_hold(self->store, size)) {
        too_large(self, change->path, size, &report);
        end(change, REFUSED, &report);
        return;
    }
    pthread_mutex_lock(&self->store->lock);
    upload->content = content_new(self->store);
    pthread_mutex_unlock(&self->store->lock);
    if (change->size == 0)
        complete(self, change);
}

void
memory_cancel(struct backend *self, struct change *change)
{
    struct upload *upload = change->of_backend;

    pthread_mutex_lock(&self->store->lock);
    content_release(self->store, &upload->content);
    pthread_mutex_unlock(&self->store->lock);
    free(upload);
    change->of_backend = NULL;
}

static enum outcome
store_bytes(struct backend *self, struct change *change, const void *bytes, size_t length,
    struct report *report)
{
    struct content *content = ((struct upload *) change->of_backend)->content;
    const uint64_t size = content->size;
    bool is_kept;

    if (length > change->size - size)
        return report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "%s: more bytes came for %s than were announced", self->name,
            path_excerpt(change->path).text);
    if (!can_hold(self->store, size + length))
        return too_large(self, change->path, size + length, report);
    pthread_mutex_lock(&self->store->lock);
    is_kept = content_grow(self->store, content, length);
    if (is_kept && length > 0)
        memcpy(content->bytes + size, bytes, length);
    pthread_mutex_unlock(&self->store->lock);
    if (is_kept)
        return DONE;
    return report_set(report, RETRY, CAUSE_NO_SPACE,
        "%s: no room for %s beside the files that are being written", self->name,
        path_excerpt(change->path).text);
}

void
memory_write(struct backend *self, struct change *change, const void *bytes, size_t length)
{
    struct upload *upload = change->of_backend;
    struct report report = { .cause = CAUSE_NONE };
    const enum outcome outcome = store_bytes(self, change, bytes, length, &report);
    bool is_last;

    if (outcome != DONE) {
        memory_cancel(self, change);
        change->ended(change, outcome, &report);
        return;
    }
    is_last = upload->content->size == change->size;
    if (change->consumed)
        change->consumed(change, length); /* may call finish */
    if (is_last)
        complete(self, change);
}

void
memory_finish(struct backend *self, struct change *change)
{
    complete(self, change);
}

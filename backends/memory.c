/*
 * memory - files in this process, for tests, caches and dry runs.
 *
 * Stores live by their name as long as a handle is open on them, and are shared
 * by all handles of that name.  Nothing is left after the last one closes.
 *
 * With max_bytes, files leave when they must, the least recently read or written
 * first; an owner that wants one back is told NOT_FOUND, and puts it again.
 */
#include "backends/memory_internal.h"

#include "backends/request.h"
#include "base/memory.h"

static enum outcome
memory_open(struct backend **backend, const struct backend_args *args, struct report *report)
{
    struct backend *self = memory_new(sizeof *self);

    (void) report;
    self->name = memory_copy(args->name, strlen(args->name));
    self->store = store_take(args->place ? args->place : "", args->max_bytes);
    *backend = self;
    return DONE;
}

static void
memory_close(struct backend **backend)
{
    struct backend *self = *backend;

    if (!self)
        return;
    store_give_back(&self->store);
    free(self->name);
    free(self);
    *backend = NULL;
}

enum outcome
memory_not_found(const struct backend *self, const char *path, struct report *report)
{
    return report_set(report, REFUSED, CAUSE_NOT_FOUND, "%s: there is no %s", self->name,
        path_excerpt(path).text);
}

static void
memory_flush(struct backend *self, struct flush *flush)
{
    const struct report report = { .cause = CAUSE_NONE };

    (void) self;
    flush->ended(flush, DONE, &report);
}

static enum outcome
memory_space(struct backend *self, struct space *space, struct report *report)
{
    struct store *store = self->store;

    (void) report;
    *space = (struct space){ UINT64_MAX, UINT64_MAX, UINT64_MAX };
    if (!store->max_bytes)
        return DONE;
    pthread_mutex_lock(&store->lock);
    space->total_bytes = store->max_bytes;
    space->free_bytes =
        store->max_bytes > store->used_bytes ? store->max_bytes - store->used_bytes : 0;
    pthread_mutex_unlock(&store->lock);
    return DONE;
}

const struct backend_kind backend_memory = {
    .name = "memory",
    .traits = RENAMES_WHOLE | KEEPS_MODE | ENDS_AT_ONCE,
    .open = memory_open,
    .close = memory_close,
    .begin = memory_begin,
    .write = memory_write,
    .finish = memory_finish,
    .cancel = memory_cancel,
    .flush = memory_flush,
    .lookup = memory_lookup,
    .read = memory_read,
    .list = memory_list,
    .space = memory_space,
};

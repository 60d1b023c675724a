/*
 * null - accepts everything and keeps nothing, for measuring what the rest costs.
 */
#include "backends/request.h"
#include "base/memory.h"

struct backend {
    char *name;
};

struct upload {
    uint64_t left; /* bytes that have not come */
};

static const struct report fine = { .cause = CAUSE_NONE };

static enum outcome
null_open(struct backend **backend, const struct backend_args *args, struct report *report)
{
    (void) report;
    *backend = memory_new(sizeof **backend);
    (*backend)->name = memory_copy(args->name, strlen(args->name));
    return DONE;
}

static void
null_close(struct backend **backend)
{
    if (!*backend)
        return;
    free((*backend)->name);
    free(*backend);
    *backend = NULL;
}

static void
null_cancel(struct backend *self, struct change *change)
{
    (void) self;
    free(change->of_backend);
    change->of_backend = NULL;
}

static void
null_finish(struct backend *self, struct change *change)
{
    null_cancel(self, change);
    change->ended(change, DONE, &fine);
}

static void
null_begin(struct backend *self, struct change *change)
{
    struct report report = fine;
    const enum outcome outcome = change_check(self->name, change, &report);

    if (outcome == DONE && change->kind == PUT && change->size > 0) {
        struct upload *upload = memory_new(sizeof *upload);

        upload->left = change->size;
        change->of_backend = upload;
        return;
    }
    change->ended(change, outcome, &report);
}

static void
null_write(struct backend *self, struct change *change, const void *bytes, size_t length)
{
    struct upload *upload = change->of_backend;
    bool is_last;

    (void) bytes;
    if (change->size != SIZE_UNKNOWN)
        upload->left -= length < upload->left ? length : upload->left;
    is_last = upload->left == 0;
    if (change->consumed)
        change->consumed(change, length); /* may call finish */
    if (is_last)
        null_finish(self, change);
}

static void
null_flush(struct backend *self, struct flush *flush)
{
    (void) self;
    flush->ended(flush, DONE, &fine);
}

static enum outcome
nothing(const struct backend *self, const char *path, struct report *report)
{
    return report_set(report, REFUSED, CAUSE_NOT_FOUND, "%s: keeps nothing, so there is no %s",
        self->name, path_excerpt(path).text);
}

static void
null_lookup(struct backend *self, struct lookup *lookup)
{
    struct report report;

    lookup->ended(lookup, nothing(self, lookup->path, &report), &report);
}

static void
null_read(struct backend *self, struct reading *reading)
{
    struct report report;

    reading->got = 0;
    reading->ended(reading, nothing(self, reading->path, &report), &report);
}

static void
null_list(struct backend *self, struct listing *listing)
{
    struct report report;

    listing->has_more = false;
    if (!listing->path[1])
        listing->ended(listing, DONE, &fine);
    else
        listing->ended(listing, nothing(self, listing->path, &report), &report);
}

static enum outcome
null_space(struct backend *self, struct space *space, struct report *report)
{
    (void) self;
    (void) report;
    *space = (struct space){ UINT64_MAX, UINT64_MAX, UINT64_MAX };
    return DONE;
}

const struct backend_kind backend_null = {
    .name = "null",
    .traits = RENAMES_WHOLE | KEEPS_MODE | ENDS_AT_ONCE,
    .open = null_open,
    .close = null_close,
    .begin = null_begin,
    .write = null_write,
    .finish = null_finish,
    .cancel = null_cancel,
    .flush = null_flush,
    .lookup = null_lookup,
    .read = null_read,
    .list = null_list,
    .space = null_space,
};

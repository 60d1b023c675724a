/*
 * watch - a thread beside knarrd that writes down what its memory backups hold,
 * since no client can see that.
 *
 *     KNARR_WATCH = FIFO       each line written to it: PLACE SNAPSHOT DONE
 *
 * The store called PLACE is opened through a handle of our own, its snapshot
 * (tests/history/snapshot.h) written, and then the file DONE made.
 */

#include "backends/backend.h"
#include "base/memory.h"
#include "tests/history/snapshot.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_NAMES = 256, LINE_BYTES = 8192 };

struct walk {
    const struct backend_kind *kind;
    struct backend *backend;
    struct snapshot *snapshot;
};

struct page {
    struct listing listing; /* first */
    const struct walk *walk;
    char last[256];
};

static void
on_read(struct reading *reading, enum outcome outcome, const struct report *report)
{
    (void) reading;
    (void) report;
    assert(outcome == DONE);
}

static void
hash_file(const struct walk *self, struct found *file)
{
    struct reading reading = { .path = file->path, .length = file->size, .ended = on_read };

    reading.into = memory_new(file->size + 1);
    self->kind->read(self->backend, &reading);
    assert(reading.got == file->size);
    hash_print(reading.into, reading.got, file->hash);
    free(reading.into);
}

static void
on_found(struct listing *listing, const char *name, const struct entry *entry)
{
    struct page *page = (struct page *) listing;
    const bool is_top = strcmp(listing->path, "/") == 0;
    struct found found = { .is_directory = entry->is_directory, .hash = "-" };

    snprintf(page->last, sizeof page->last, "%s", name);
    if (strncmp(name, INTERNAL_PREFIX, sizeof INTERNAL_PREFIX - 1) == 0)
        return;
    found.path = memory_print("%s/%s", is_top ? "" : listing->path, name);
    found.mode = entry->mode;
    found.size = entry->is_directory ? 0 : entry->size;
    snapshot_add(page->walk->snapshot, &found);
}

static void
on_listed(struct listing *listing, enum outcome outcome, const struct report *report)
{
    (void) listing;
    (void) report;
    assert(outcome == DONE);
}

static void
walk_directory(const struct walk *self, const char *path)
{
    struct page page = { .walk = self };

    do {
        char *after = memory_copy(page.last, strlen(page.last));

        page.listing = (struct listing){ .path = path,
            .after = after,
            .limit = PAGE_NAMES,
            .found = on_found,
            .ended = on_listed };
        self->kind->list(self->backend, &page.listing);
        free(after);
    } while (page.listing.has_more);
}

/* Each directory adds what is in it behind all that is known so far. */
static void
walk_all(const struct walk *self)
{
    walk_directory(self, "/");
    for (size_t i = 0; i < self->snapshot->count; i++) {
        struct found found = self->snapshot->at[i];

        if (found.is_directory)
            walk_directory(self, found.path);
        else
            hash_file(self, &self->snapshot->at[i]);
    }
    snapshot_sort(self->snapshot);
}

static void
write_down(const char *place, const char *file)
{
    const struct backend_args args = { .name = "watch", .place = place, .is_reader = true };
    struct snapshot snapshot = { 0 };
    struct walk walk = { .kind = backend_kind_find("memory"), .snapshot = &snapshot };
    FILE *stream = fopen(file, "we");
    struct report report;

    assert(stream && walk.kind);
    if (walk.kind->open(&walk.backend, &args, &report) == DONE)
        walk_all(&walk);
    walk.kind->close(&walk.backend);
    snapshot_print(&snapshot, stream);
    fclose(stream);
    snapshot_free(&snapshot);
}

static void *
watch(void *fifo)
{
    char line[LINE_BYTES], *place, *file, *done, *rest;

    for (;;) {
        FILE *orders = fopen(fifo, "re"); /* waits for somebody to write */

        while (orders && fgets(line, sizeof line, orders)) {
            place = strtok_r(line, " \n", &rest);
            file = strtok_r(NULL, " \n", &rest);
            done = strtok_r(NULL, " \n", &rest);
            assert(place && file && done);
            write_down(place, file);
            fclose(fopen(done, "we"));
        }
        if (!orders)
            return NULL;
        fclose(orders);
    }
}

/* Before main(); signals are for the others. */
__attribute__((constructor)) static void
watch_begin(void)
{
    char *fifo = getenv("KNARR_WATCH");
    pthread_t thread;
    sigset_t all, before;

    if (!fifo)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_create(&thread, NULL, watch, fifo);
    pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

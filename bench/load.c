/*
 * load NAME [--option value]... - work for a server, through libknarr, one
 * connection for each thread; prints one JSON object.
 *
 *     write    new files, acknowledged as --acks says; then how long until every backup has them
 *     read     files "0", "1", ... up to --files below the place
 *     fill     --count such files, written
 *     visible  one write at a time, until the file is at the path --watch
 *
 * With --marks the files hold what bench/copies.h looks for.
 */

#include "bench/baseline.h"
#include "bench/copies.h"
#include "client/knarr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { URI_BYTES = 1024, DRAIN_MS = 600000 };

struct load {
    const struct options *options;
    char *content;
    uint64_t acks;
    bool drains, marks;
    const char *watch;
    unsigned long next; /* atomic; of the numbered files */
    struct knarr *connections[THREADS_MAX];
};

static void
refuse(const char *what, const struct knarr_result *result)
{
    fprintf(stderr, "%s: %s: %s\n", what, result->cause, result->reason);
    exit(1);
}

static void
write_one(struct load *self, unsigned thread, const char *uri)
{
    struct knarr_result result = { 0 };
    struct knarr_wish wish = { .acks = self->acks };
    if (knarr_write(self->connections[thread], uri, self->content, self->options->size, &wish,
            &result) != KNARR_DONE)
        refuse(uri, &result);
    knarr_result_clear(&result);
}

static void
write_new(void *context, unsigned thread, uint64_t nth)
{
    struct load *self = context;
    char uri[URI_BYTES];
    snprintf(uri, sizeof uri, "%s/%s-%u-%lu", self->options->place, self->options->tag, thread,
        (unsigned long) nth);
    write_one(self, thread, uri);
}

static void
write_numbered(void *context, unsigned thread, uint64_t nth)
{
    struct load *self = context;
    char uri[URI_BYTES];
    (void) nth;
    unsigned long number = __atomic_fetch_add(&self->next, 1, __ATOMIC_RELAXED);
    snprintf(uri, sizeof uri, "%s/%lu", self->options->place, number);
    write_one(self, thread, uri);
}

static bool
count_bytes(void *context, const void *bytes, size_t length, uint64_t size)
{
    (void) bytes;
    (void) size;
    *(size_t *) context += length;
    return true;
}

static void
read_one(void *context, unsigned thread, uint64_t nth)
{
    struct load *self = context;
    struct knarr_result result = { 0 };
    char uri[URI_BYTES];
    size_t got = 0;
    snprintf(uri, sizeof uri, "%s/%lu", self->options->place,
        (unsigned long) ((nth * 7919 + thread * 104729) % self->options->files));
    if (knarr_get(self->connections[thread], uri, 0, UINT64_MAX, count_bytes, &got, &result) !=
        KNARR_DONE)
        refuse(uri, &result);
    if (got != self->options->size)
        refuse("a file of another size", &result);
    knarr_result_clear(&result);
}

static void
write_until_visible(void *context, unsigned thread, uint64_t nth)
{
    struct load *self = context;
    char path[URI_BYTES];
    snprintf(path, sizeof path, "%s/%s-%u-%lu", self->watch, self->options->tag, thread,
        (unsigned long) nth);
    write_new(context, thread, nth);
    struct stat stat;
    for (uint64_t end = now_ns() + 10000000000U; lstat(path, &stat) != 0;)
        if (now_ns() > end)
            give_up(path);
}

static const struct {
    const char *name;
    measured_step *step;
} loads[] = {
    { "write", write_new },
    { "fill", write_numbered },
    { "read", read_one },
    { "visible", write_until_visible },
};

static void
connect_all(struct load *self)
{
    for (unsigned i = 0; i < self->options->plan.threads; i++) {
        struct knarr_result result = { 0 };
        self->connections[i] = knarr_open(self->options->endpoint, NULL, &result);
        if (!self->connections[i])
            refuse(self->options->endpoint, &result);
    }
}

static void
run(struct load *self, measured_step *step)
{
    connect_all(self);
    struct measured measured;
    uint64_t start = now_ns();
    measure(&self->options->plan, step, self, &measured);
    printf("{");
    measured_print(&measured);
    if (self->drains) {
        struct knarr_result result = { 0 };
        if (knarr_sync_wait(self->connections[0], 0, NULL, NULL, DRAIN_MS, &result) != KNARR_DONE)
            refuse("drain", &result);
        knarr_result_clear(&result);
        double seconds = (double) (now_ns() - start) / 1e9;
        printf(", \"drained_seconds\": %.6f, \"drained_rate\": %.3f", seconds,
            (double) measured.count / seconds);
    }
    printf("}\n");
    for (unsigned i = 0; i < self->options->plan.threads; i++)
        knarr_close(&self->connections[i]);
}

/* The options that only a load has, taken out of argv; returns what is left. */
static int
take_own(struct load *self, int argc, char **argv)
{
    int left = 0;
    for (int i = 0; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--acks") == 0)
            self->acks = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--drains") == 0)
            self->drains = strcmp(argv[i + 1], "yes") == 0;
        else if (strcmp(argv[i], "--marks") == 0)
            self->marks = strcmp(argv[i + 1], "yes") == 0;
        else if (strcmp(argv[i], "--watch") == 0)
            self->watch = argv[i + 1];
        else {
            argv[left++] = argv[i];
            argv[left++] = argv[i + 1];
        }
    }
    return left;
}

int
main(int argc, char **argv)
{
    struct load self = { .acks = KNARR_ACKS_CONFIGURED };
    struct options options;
    for (size_t i = 0; argc > 1 && i < sizeof loads / sizeof *loads; i++) {
        if (strcmp(argv[1], loads[i].name) != 0)
            continue;
        options_parse(&options, take_own(&self, argc - 2, argv + 2), argv + 2);
        self.options = &options;
        self.content = noise_new(options.size);
        if (self.marks)
            memset(self.content, COPIES_MARK, options.size);
        run(&self, loads[i].step);
        free(self.content);
        return 0;
    }
    fprintf(stderr, "usage: load write|fill|read|visible [--option value]...\n");
    return 2;
}

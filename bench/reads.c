/*
 * reads - open + pread + close of whole files that are in the page cache, by
 * full path, as a program without a server would read them.
 *
 * `place` holds the files "0", "1", ... up to --files, made by the same names
 * here or by the load generator.
 */

#include "bench/baseline.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct reads {
    const struct options *options;
    char *buffers[THREADS_MAX];
};

static void
step(void *context, unsigned thread, uint64_t nth)
{
    struct reads *self = context;
    const struct options *options = self->options;
    char path[4096];
    snprintf(path, sizeof path, "%s/%lu", options->place,
        (unsigned long) ((nth * 7919 + thread * 104729) % options->files));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || pread(fd, self->buffers[thread], options->size, 0) != (ssize_t) options->size)
        give_up(path);
    close(fd);
}

void
baseline_reads(const struct options *options)
{
    struct reads self = { .options = options };
    for (unsigned i = 0; i < options->plan.threads; i++)
        self.buffers[i] = noise_new(options->size);
    struct measured measured;
    measure(&options->plan, step, &self, &measured);
    printf("{");
    measured_print(&measured);
    printf("}\n");
    for (unsigned i = 0; i < options->plan.threads; i++)
        free(self.buffers[i]);
}

/*
 * append - the least that a log on this disk can cost: one pwrite and one
 * fdatasync for each batch, in a file preallocated and zeroed beforehand, so
 * that no sync has to commit anything but the bytes themselves.
 */

#include "bench/baseline.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_BYTES = 256 << 20, BLOCK_BYTES = 1 << 20 };

struct append {
    const struct options *options;
    char *batch;
    off_t at;
    int fd;
};

static void
step(void *context, unsigned thread, uint64_t nth)
{
    struct append *self = context;
    (void) thread;
    (void) nth;
    size_t bytes = self->options->size * self->options->batch;
    if (self->at + (off_t) bytes > FILE_BYTES)
        self->at = 0;
    if (pwrite(self->fd, self->batch, bytes, self->at) != (ssize_t) bytes ||
        fdatasync(self->fd) != 0)
        give_up("append");
    self->at += (off_t) bytes;
}

static void
preallocate(int fd)
{
    char *zeros = calloc(1, BLOCK_BYTES);
    for (off_t at = 0; zeros && at < FILE_BYTES; at += BLOCK_BYTES)
        if (pwrite(fd, zeros, BLOCK_BYTES, at) != BLOCK_BYTES)
            give_up("preallocate");
    if (!zeros || fsync(fd) != 0)
        give_up("preallocate");
    free(zeros);
}

void
baseline_append(const struct options *options)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/log", options->place);
    struct append self = { .options = options, .batch = noise_new(options->size * options->batch) };
    self.fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (self.fd < 0)
        give_up(path);
    preallocate(self.fd);
    struct measured measured;
    measure(&options->plan, step, &self, &measured);
    printf("{\"records\": %.3f, ", measured.rate * options->batch);
    measured_print(&measured);
    printf("}\n");
    close(self.fd);
    free(self.batch);
}

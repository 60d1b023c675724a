/*
 * files - D1 and D16: each file made durable by itself, the classic way.
 *
 *     open temp, write, fdatasync, close, rename, fsync the directory
 *
 * With --copies the same file goes to several directories in sequence; with
 * --unsynced the two syncs are left out.  All threads share the directories.
 */

#include "bench/baseline.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPIES_MAX = 16 };

struct files {
    const struct options *options;
    char *content;
    int directories[COPIES_MAX];
};

static void
write_file(const struct files *self, int directory, const char *temp, const char *name)
{
    int fd = openat(directory, temp, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0)
        give_up(temp);
    size_t size = self->options->size;
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, self->content + done, size - done);
        if (n < 0)
            give_up(temp);
        done += (size_t) n;
    }
    if (!self->options->unsynced && fdatasync(fd) != 0)
        give_up("fdatasync");
    if (close(fd) != 0 || renameat(directory, temp, directory, name) != 0)
        give_up(name);
    if (!self->options->unsynced && fsync(directory) != 0)
        give_up("fsync");
}

static void
step(void *context, unsigned thread, uint64_t nth)
{
    const struct files *self = context;
    char name[128], temp[136];
    snprintf(name, sizeof name, "%s-%u-%lu", self->options->tag, thread, (unsigned long) nth);
    snprintf(temp, sizeof temp, ".%s.tmp", name);
    for (unsigned i = 0; i < self->options->copies; i++)
        write_file(self, self->directories[i], temp, name);
}

void
baseline_files(const struct options *options)
{
    struct files self = { .options = options, .content = noise_new(options->size) };
    for (unsigned i = 0; i < options->copies && i < COPIES_MAX; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%u", options->place, i);
        mkdir(path, 0755);
        self.directories[i] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (self.directories[i] < 0)
            give_up(path);
    }
    struct measured measured;
    measure(&options->plan, step, &self, &measured);
    printf("{");
    measured_print(&measured);
    printf("}\n");
    free(self.content);
}

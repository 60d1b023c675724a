/*
 * upstream - an EMULATION of the I/O pattern of OpenViking's multi-write, to be
 * named an emulation wherever its numbers are quoted.  It shares no code with
 * it; the pattern is what its files and system calls show from outside.
 *
 * For each write of a file, with N backups:
 *
 *     the global counter       1 read, 1 rewrite
 *     prepare                  1 read, 1 rewrite of the directory's .sync_log.json
 *     the file on the primary  created in place
 *     commit                   1 read, 1 rewrite
 *     each backup              the file created in place, 3 reads, 1 rewrite
 *     is anything pending?     2 reads
 *
 * so 4 + 3N reads and 2 + N rewrites of a log that holds an entry for every
 * file ever written in the directory.  A read parses all of it into entries
 * found by hash; a rewrite prints all of them, over the old bytes: kinder than
 * truncating first, which makes ext4 write the file out at once.  Nothing is ever
 * synced.
 *
 * --files entries are in the log beforehand.  The files they stand for are not
 * made: the file system's own cost is the same in small and large directories.
 * The files written are new ones, but take turns in a few entries of the log, so
 * that the directory stays as large as it is said to be while it is measured.
 */

#include "bench/baseline.h"
#include "bench/upstream_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, ENTRIES_AT_ONCE = 10 };

struct upstream {
    const struct options *options;
    char *content;
    char log_path[PATH_BYTES], global_path[PATH_BYTES];
    uint64_t seq;
};

static void
write_file(const char *path, const char *bytes, size_t size)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t) size || ftruncate(fd, (off_t) size) != 0)
        give_up(path);
    close(fd);
}

static void
write_copy(const struct upstream *self, unsigned place, const char *name)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%u/%s", self->options->place, place, name);
    write_file(path, self->content, self->options->size);
}

static void
next_seq(struct upstream *self)
{
    char text[128];
    int fd = open(self->global_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text) < 0)
        give_up(self->global_path);
    close(fd);
    self->seq++;
    int size = snprintf(text, sizeof text, "{\"version\":1,\"next_seq\":%lu}",
        (unsigned long) self->seq + 1);
    write_file(self->global_path, text, (size_t) size);
}

/* Read the log, change one entry, rewrite the log. */
static void
change(struct upstream *self, const char *name, bool committed, unsigned acked)
{
    struct log *log = log_read(self->log_path);
    struct log_entry *entry = log_put(log, name, strlen(name));
    entry->seq = self->seq;
    entry->size = self->options->size;
    entry->committed = committed;
    entry->backends = acked;
    log_write(log, self->log_path);
    log_free(log);
}

static void
look(struct upstream *self, const char *name)
{
    struct log *log = log_read(self->log_path);
    if (log_put(log, name, strlen(name))->seq == 0)
        give_up("an entry is gone");
    log_free(log);
}

static void
step(void *context, unsigned thread, uint64_t nth)
{
    struct upstream *self = context;
    char name[128], file[128];
    (void) thread;
    snprintf(file, sizeof file, "%s-%lu.txt", self->options->tag, (unsigned long) nth);
    snprintf(name, sizeof name, "now-%lu.txt", (unsigned long) (nth % ENTRIES_AT_ONCE));
    next_seq(self);
    change(self, name, false, 0);
    write_copy(self, 0, file);
    change(self, name, true, 0);
    for (unsigned i = 1; i <= self->options->copies; i++) {
        look(self, name);
        look(self, name);
        write_copy(self, i, file);
        change(self, name, true, i);
    }
    look(self, name);
    look(self, name);
}

static void
prepare(struct upstream *self)
{
    struct log *log = log_new();
    for (uint64_t i = 0; i < self->options->files; i++) {
        char name[64];
        int length = snprintf(name, sizeof name, "before-%lu.txt", (unsigned long) i);
        struct log_entry *entry = log_put(log, name, (size_t) length);
        entry->seq = ++self->seq;
        entry->size = self->options->size;
        entry->committed = true;
        entry->backends = self->options->copies;
    }
    log_write(log, self->log_path);
    log_free(log);
    write_file(self->global_path, "{}", 2);
}

void
baseline_upstream(const struct options *options)
{
    struct upstream self = { .options = options, .content = noise_new(options->size) };
    for (unsigned i = 0; i <= options->copies; i++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%s/%u", options->place, i);
        mkdir(path, 0755);
    }
    snprintf(self.log_path, sizeof self.log_path, "%s/0/.sync_log.json", options->place);
    snprintf(self.global_path, sizeof self.global_path, "%s/global.json", options->place);
    prepare(&self);
    struct plan plan = options->plan;
    plan.threads = 1;
    struct measured measured;
    measure(&plan, step, &self, &measured);
    printf("{\"emulation\": true, ");
    measured_print(&measured);
    printf("}\n");
    free(self.content);
}

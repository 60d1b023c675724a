/*
 * journal append|replay [--option value]... - base/wal.h by itself, as
 * bench/append.c does without it: records of --size bytes, one commit for each
 * --batch; then the time that reading --files records back takes.
 */

#include "base/wal.h"
#include "bench/baseline.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SEGMENT_BYTES = 64 << 20,
    RECORD_TYPE = 1,
    REPLAY_BATCH = 512,
    WARM_SEGMENTS = 3,
    WARM_BATCH = 8192,
};

struct journal {
    const struct options *options;
    struct wal *wal;
    char *record;
    uint64_t seq, read, segment;
};

static void
stop(const struct report *report)
{
    fprintf(stderr, "%s\n", report->text);
    exit(1);
}

static enum outcome
count_record(void *context, const struct wal_record *record, struct report *report)
{
    struct journal *self = context;
    (void) report;
    self->read++;
    self->seq = record->seq;
    return DONE;
}

static void
journal_open(struct journal *self, const char *directory, uint32_t epoch)
{
    struct wal_found found;
    struct report report;
    mkdir(directory, 0700);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        give_up(directory);
    struct wal_args args = { .directory = fd, .segment_bytes = SEGMENT_BYTES, .epoch = epoch };
    if (wal_open(&self->wal, &args, count_record, self, &found, &report) != DONE)
        stop(&report);
}

static void
append_batch(struct journal *self, unsigned batch)
{
    struct report report;
    struct view header = { self->record, self->options->size };
    for (unsigned i = 0; i < batch; i++)
        if (wal_append(self->wal, RECORD_TYPE, ++self->seq, header, (struct view){ NULL, 0 },
                &report) != DONE)
            stop(&report);
    if (wal_commit(self->wal, &report) != DONE)
        stop(&report);
}

static void
append_and_release(struct journal *self, unsigned batch)
{
    struct report report;
    append_batch(self, batch);
    /* As a server does after each checkpoint: segments come round again. */
    if (wal_segment(self->wal) == self->segment)
        return;
    self->segment = wal_segment(self->wal);
    if (wal_release(self->wal, self->segment, &report) != DONE)
        stop(&report);
}

static void
step(void *context, unsigned thread, uint64_t nth)
{
    struct journal *self = context;
    (void) thread;
    (void) nth;
    append_and_release(self, self->options->batch);
}

static void
append(struct journal *self, const char *directory)
{
    journal_open(self, directory, 1);
    const uint64_t first = self->segment = wal_segment(self->wal);
    /* Segments are zeroed before the clock runs, as the baseline's file is. */
    while (wal_segment(self->wal) < first + WARM_SEGMENTS)
        append_and_release(self, WARM_BATCH);
    struct measured measured;
    measure(&self->options->plan, step, self, &measured);
    printf("{\"records\": %.3f, ", measured.rate * self->options->batch);
    measured_print(&measured);
    printf("}\n");
    wal_close(&self->wal);
}

static void
replay(struct journal *self, const char *directory)
{
    journal_open(self, directory, 1);
    for (uint64_t done = 0; done < self->options->files; done += REPLAY_BATCH)
        append_batch(self, REPLAY_BATCH);
    wal_close(&self->wal);
    self->read = 0;
    uint64_t start = now_ns();
    journal_open(self, directory, 2);
    double seconds = (double) (now_ns() - start) / 1e9;
    printf("{\"records\": %lu, \"seconds\": %.6f, \"rate\": %.3f}\n", (unsigned long) self->read,
        seconds, (double) self->read / seconds);
    wal_close(&self->wal);
}

int
main(int argc, char **argv)
{
    struct options options;
    char directory[4096];
    if (argc < 2 || (strcmp(argv[1], "append") != 0 && strcmp(argv[1], "replay") != 0)) {
        fprintf(stderr, "usage: journal append|replay [--option value]...\n");
        return 2;
    }
    options_parse(&options, argc - 2, argv + 2);
    struct journal self = { .options = &options, .record = noise_new(options.size) };
    snprintf(directory, sizeof directory, "%s/%s", options.place, options.tag);
    if (strcmp(argv[1], "append") == 0)
        append(&self, directory);
    else
        replay(&self, directory);
    free(self.record);
    return 0;
}

#include "tests/base/support/log_dir.h"

#include "base/crc32c.h"
#include "base/disk.h"
#include "base/fault.h"
#include "base/memory.h"
#include "base/wal_internal.h"
#include "tests/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
log_dir_make(struct log_dir *dir, uint64_t segment_bytes)
{
    const char *const base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    memset(dir, 0, sizeof *dir);
    snprintf(dir->path, sizeof dir->path, "%s/knarr-test-XXXXXX", base);
    check(mkdtemp(dir->path));
    dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(dir->fd >= 0);
    dir->kept = memory_new(KEPT_MAX * sizeof *dir->kept);
    dir->segment_bytes = segment_bytes;
}

void
log_dir_drop(struct log_dir *dir)
{
    DIR *const stream = opendir(dir->path);

    check(stream);
    for (const struct dirent *entry = readdir(stream); entry; entry = readdir(stream))
        unlinkat(dir->fd, entry->d_name, 0);
    closedir(stream);
    close(dir->fd);
    check(rmdir(dir->path) == 0);
    free(dir->kept);
}

static enum outcome
keep(void *context, const struct wal_record *record, struct report *report)
{
    struct log_dir *const dir = context;

    (void) report;
    check(dir->count < KEPT_MAX);
    dir->kept[dir->count++] = (struct kept){
        .type = record->type,
        .seq = record->seq,
        .segment = record->segment,
        .epoch = record->epoch,
        .length = (uint32_t) record->data.length,
        .crc = crc32c(0, record->data.at, record->data.length),
    };
    return DONE;
}

enum outcome
log_dir_open(struct log_dir *dir, struct wal **wal)
{
    const struct wal_args args = {
        .directory = dir->fd,
        .segment_bytes = dir->segment_bytes,
        .epoch = ++dir->epoch,
        .is_careless = dir->is_careless,
    };

    dir->count = 0;
    return wal_open(wal, &args, keep, dir, &dir->found, &dir->report);
}

void
log_dir_fill(char *into, uint64_t seq, size_t length)
{
    uint64_t state = seq * 0x9e3779b97f4a7c15 + 1;

    for (size_t i = 0; i < length; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        into[i] = (char) (state >> 56);
    }
}

/*
 * A third of it as header, the rest as body.  The body is kept until the next
 * record of this length class comes around; 4096 of them are enough here.
 */
enum outcome
log_dir_append(struct wal *wal, uint64_t seq, size_t length, struct report *report)
{
    static char *bodies[4096];
    char **const slot = &bodies[seq % 4096];

    free(*slot);
    *slot = memory_new(length);
    log_dir_fill(*slot, seq, length);
    return wal_append(wal, (uint8_t) (1 + seq % 255), seq, (struct view){ *slot, length / 3 },
        (struct view){ *slot + length / 3, length - length / 3 }, report);
}

bool
log_dir_is(const struct kept *kept, uint64_t seq, size_t length)
{
    char *const wanted = memory_new(length);
    bool is_same;

    log_dir_fill(wanted, seq, length);
    is_same = kept->type == 1 + seq % 255 && kept->seq == seq && kept->length == length &&
        kept->crc == crc32c(0, wanted, length);
    free(wanted);
    return is_same;
}

static int
open_segment(struct log_dir *dir, uint64_t segment, int flags)
{
    char name[WAL_NAME_BYTES];

    wal_name(name, segment);
    return openat(dir->fd, name, flags | O_CLOEXEC, 0600);
}

char *
log_dir_read(struct log_dir *dir, uint64_t segment, size_t *length)
{
    const int fd = open_segment(dir, segment, O_RDONLY);
    const off_t end = lseek(fd, 0, SEEK_END);
    char *bytes;

    check(fd >= 0 && end >= 0);
    *length = (size_t) end;
    bytes = memory_new(*length);
    check(pread(fd, bytes, *length, 0) == end);
    close(fd);
    return bytes;
}

void
log_dir_write(struct log_dir *dir, uint64_t segment, const char *bytes, size_t length)
{
    const int fd = open_segment(dir, segment, O_RDWR | O_CREAT | O_TRUNC);

    check(fd >= 0 && pwrite(fd, bytes, length, 0) == (ssize_t) length);
    close(fd);
}

void
log_dir_kill(struct wal **wal)
{
    const struct disk *const before = disk;

    fault_plan("do=EIO"); /* the clean stop's mark does not reach the file */
    wal_close(wal);
    fault_plan(NULL);
    disk = before;
}

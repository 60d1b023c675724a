/*
 * wal_fuzz - any bytes as one or two segments of a log.
 *
 *     0  1  flags: 1 repairs the checksums, so that what they guard is reached
 *     1  2  blocks of 64 bytes that are segment 1; the rest is segment 2
 *
 * Whatever the bytes are, opening ends with records or a report; and once it
 * opened, the log is whole: it takes another record, and the next open finds
 * the same records and that one.
 */

#include "base/crc32c.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/wal.h"
#include "base/wal_internal.h"
#include "tests/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { SEGMENT_BYTES = 8192, INPUT_MAX = 1 << 16, SALT_AT = 56, PAGE_CRC_AT = 508 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct digest {
    uint64_t count;
    uint32_t crc;
};

static int directory = -1;
static char path[64];

static void
clean(void)
{
    DIR *const stream = opendir(path);

    check(stream);
    for (const struct dirent *entry = readdir(stream); entry; entry = readdir(stream))
        unlinkat(directory, entry->d_name, 0);
    closedir(stream);
}

static void
leave(void)
{
    clean();
    rmdir(path);
}

static void
make_directory(void)
{
    log_setup((enum log_level)(LEVEL_ERROR + 1), 0);
    snprintf(path, sizeof path, "%s/knarr-fuzz-XXXXXX",
        access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    check(mkdtemp(path));
    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(directory >= 0);
    atexit(leave);
}

static uint32_t
little_endian(const char *at)
{
    const unsigned char *const bytes = (const unsigned char *) at;

    return bytes[0] | (uint32_t) bytes[1] << 8 | (uint32_t) bytes[2] << 16 |
        (uint32_t) bytes[3] << 24;
}

static void
repair(char *bytes, size_t size)
{
    struct wal_record record;
    uint64_t group;
    size_t length;
    uint32_t salt;

    if (size < WAL_PAGE_BYTES)
        return;
    memcpy(bytes, "KNARRWAL", 8);
    wal_record_seal(bytes + PAGE_CRC_AT, crc32c(0, bytes, PAGE_CRC_AT));
    salt = little_endian(bytes + SALT_AT);
    for (size_t at = WAL_PAGE_BYTES; at + WAL_RECORD_HEADER_BYTES <= size; at += 8) {
        if (!wal_record_get(bytes + at, &record, &length, &group))
            continue;
        if (wal_record_bytes(length) <= size - at)
            wal_record_seal(bytes + at, crc32c(salt, bytes + at + 4, wal_record_bytes(length) - 4));
    }
}

static void
put_segment(uint64_t number, const uint8_t *data, size_t size, bool is_repaired)
{
    char *const bytes = memory_copy(data, size);
    char name[WAL_NAME_BYTES];
    int fd;

    if (is_repaired)
        repair(bytes, size);
    wal_name(name, number);
    fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(fd >= 0 && pwrite(fd, bytes, size, 0) == (ssize_t) size);
    close(fd);
    free(bytes);
}

static enum outcome
digest_record(void *context, const struct wal_record *record, struct report *report)
{
    struct digest *const digest = context;

    (void) report;
    check(record->type != WAL_FILLER && record->data.length <= WAL_RECORD_MAX);
    digest->count++;
    digest->crc = crc32c(digest->crc, &record->seq, sizeof record->seq);
    digest->crc = crc32c(digest->crc, record->data.at, record->data.length);
    return DONE;
}

static enum outcome
open_log(struct wal **wal, uint32_t epoch, struct digest *digest, struct wal_found *found)
{
    const struct wal_args args = { directory, SEGMENT_BYTES, epoch, false };
    struct report report = { .text = "" };
    enum outcome outcome;

    *digest = (struct digest){ 0, 0 };
    outcome = wal_open(wal, &args, digest_record, digest, found, &report);
    check(outcome == DONE ? *wal != NULL : !*wal && *report.text);
    return outcome;
}

/* With an epoch the log would refuse there is nothing to go on with. */
static void
go_on(struct wal **wal, struct digest before, uint32_t epoch)
{
    const struct view data = view_of("one more");
    struct wal_found found;
    struct digest after;
    struct report report;

    check(wal_append(*wal, 1, 7, data, (struct view){ NULL, 0 }, &report) == DONE);
    check(wal_commit(*wal, &report) == DONE);
    wal_close(wal);
    check(open_log(wal, epoch, &after, &found) == DONE);
    before.crc = crc32c(before.crc, &(uint64_t){ 7 }, 8);
    before.crc = crc32c(before.crc, data.at, data.length);
    check(after.count == before.count + 1 && after.crc == before.crc);
    check(found.torn_bytes == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wal_found found;
    struct digest digest;
    struct wal *wal;
    size_t first;

    if (size < 3 || size > INPUT_MAX)
        return 0;
    if (directory < 0)
        make_directory();
    clean();
    first = (data[1] | (size_t) data[2] << 8) * 64;
    if (first > size - 3)
        first = size - 3;
    put_segment(1, data + 3, first, data[0] & 1);
    if (first < size - 3)
        put_segment(2, data + 3 + first, size - 3 - first, data[0] & 1);
    if (open_log(&wal, UINT32_MAX - 1, &digest, &found) == DONE)
        go_on(&wal, digest, UINT32_MAX);
    wal_close(&wal);
    return 0;
}

/*
 * Looking at a log without opening it: the same judgement, and no byte changes.
 */

#include "base/wal.h"

#include "base/disk.h"
#include "base/memory.h"
#include "tests/base/support/log_dir.h"
#include "tests/check.h"

#include <fcntl.h>

enum { SEGMENT = 64 << 10, RECORDS = 40 };

static struct log_dir dir;
static struct wal *wal;
static struct wal_found found;
static struct report report;

static void
begin(void)
{
    log_dir_make(&dir, SEGMENT);
    check(log_dir_open(&dir, &wal) == DONE);
    for (uint64_t seq = 1; seq <= RECORDS; seq++) {
        check(log_dir_append(wal, seq, 100, &report) == DONE);
        check(wal_commit(wal, &report) == DONE);
    }
}

static void
check_finds_what_opening_finds(void)
{
    begin();
    log_dir_kill(&wal);
    check(wal_check(dir.fd, &found, &report) == DONE);
    check(found.records == RECORDS && found.last_seq == RECORDS && found.torn_bytes == 0);
    check(log_dir_open(&dir, &wal) == DONE);
    check(dir.found.records == found.records && dir.found.last_seq == found.last_seq);
    wal_close(&wal);
    log_dir_drop(&dir);
}

static void
check_changes_no_byte(void)
{
    char *before, *after;
    size_t before_bytes, after_bytes;

    begin();
    log_dir_kill(&wal);
    before = log_dir_read(&dir, 1, &before_bytes);
    check(wal_check(dir.fd, &found, &report) == DONE);
    after = log_dir_read(&dir, 1, &after_bytes);
    check(before_bytes == after_bytes && memcmp(before, after, before_bytes) == 0);
    free(before);
    free(after);
    log_dir_drop(&dir);
}

static void
check_leaves_half_made_segment(void)
{
    struct stat stat;
    int fd;

    begin();
    log_dir_kill(&wal);
    fd = disk->openat(dir.fd, "spare.new", O_CREAT | O_WRONLY, 0600);
    check(fd >= 0);
    disk->close(fd);
    check(wal_check(dir.fd, &found, &report) == DONE);
    check(disk->statat(dir.fd, "spare.new", &stat) == 0);
    log_dir_drop(&dir);
}

static void
check_tells_damage(void)
{
    char *image;
    size_t bytes;

    begin();
    log_dir_kill(&wal);
    image = log_dir_read(&dir, 1, &bytes);
    image[4096 + 60] ^= 1; /* in the first record */
    log_dir_write(&dir, 1, image, bytes);
    check(wal_check(dir.fd, &found, &report) == REFUSED && report.cause == CAUSE_DAMAGED);
    free(image);
    log_dir_drop(&dir);
}

static void
check_finds_nothing_in_an_empty_directory(void)
{
    log_dir_make(&dir, SEGMENT);
    check(wal_check(dir.fd, &found, &report) == DONE && found.records == 0);
    log_dir_drop(&dir);
}

static const struct test tests[] = {
    { "a check finds what opening finds", check_finds_what_opening_finds },
    { "a check changes no byte", check_changes_no_byte },
    { "a check leaves a half-made segment", check_leaves_half_made_segment },
    { "a check tells damage in front of whole records", check_tells_damage },
    { "a check of an empty directory finds nothing", check_finds_nothing_in_an_empty_directory },
};

TEST_MAIN(tests)

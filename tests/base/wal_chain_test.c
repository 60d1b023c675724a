/*
 * What a log makes of segment files that are missing, exchanged or cut.
 */

#include "base/log.h"
#include "base/wal.h"
#include "base/wal_internal.h"
#include "tests/base/support/log_dir.h"
#include "tests/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { TINY = 16 << 10 };

static struct log_dir dir;
static struct wal *wal;
static struct report report;

static void
done(void)
{
    wal_close(&wal);
    log_dir_drop(&dir);
}

/* A log of several segments, and one thing done to one of them. */
static void
make_segments(void)
{
    log_setup((enum log_level)(LEVEL_ERROR + 1), 0);
    log_dir_make(&dir, TINY);
    check(log_dir_open(&dir, &wal) == DONE);
    for (uint64_t seq = 1; seq <= 12; seq++) {
        check(log_dir_append(wal, seq, 100, &report) == DONE);
        check(wal_commit(wal, &report) == DONE);
        if (seq % 3 == 0)
            check(wal_rotate(wal, &report) == DONE);
    }
    log_dir_kill(&wal);
    check(log_dir_open(&dir, &wal) == DONE);
    check(dir.count == 12 && dir.found.first_segment == 1 && dir.found.last_segment == 4);
    wal_close(&wal);
}

static void
a_missing_segment_is_noticed(void)
{
    make_segments();
    check(unlinkat(dir.fd, "0000000000000002.wal", 0) == 0);
    check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_DAMAGED);
    check(strstr(dir.report.text, "0000000000000002.wal is missing"));
    done();
}

static void
missing_first_segments_were_released(void)
{
    make_segments();
    check(unlinkat(dir.fd, "0000000000000001.wal", 0) == 0);
    check(log_dir_open(&dir, &wal) == DONE);
    check(dir.count == 9 && dir.found.first_segment == 2);
    done();
}

static void
a_segment_under_another_name_is_noticed(void)
{
    size_t length;
    char *bytes;

    make_segments();
    bytes = log_dir_read(&dir, 2, &length);
    log_dir_write(&dir, 3, bytes, length);
    free(bytes);
    check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_DAMAGED);
    done();
}

static void
an_earlier_segment_must_reach_its_end(void)
{
    size_t length;
    char *bytes;

    make_segments();
    bytes = log_dir_read(&dir, 2, &length);
    bytes[WAL_PAGE_BYTES + 2 * WAL_BLOCK_BYTES + WAL_RECORD_HEADER_BYTES] ^= 1; /* its last group */
    log_dir_write(&dir, 2, bytes, length);
    check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_DAMAGED);
    check(strstr(dir.report.text, "0000000000000002.wal is damaged at byte 5120"));
    log_dir_write(&dir, 2, bytes, WAL_PAGE_BYTES + 100);
    check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_DAMAGED);
    free(bytes);
    done();
}

static void
a_half_made_spare_is_removed(void)
{
    make_segments();
    check(close(openat(dir.fd, "spare.new", O_CREAT | O_WRONLY, 0600)) == 0);
    check(log_dir_open(&dir, &wal) == DONE);
    check(dir.count == 12 && faccessat(dir.fd, "spare.new", F_OK, 0) < 0);
    done();
}

/* Power went while its header page was on its way: `has` says how much of it arrived. */
static void
write_torn_begin(uint64_t number, size_t has)
{
    char *bytes = calloc(1, TINY);
    const struct wal_page page = { .version = WAL_VERSION, .segment = number, .bytes = TINY };

    check(bytes);
    wal_page_put(bytes, &page);
    memset(bytes + has, 0x5a, WAL_PAGE_BYTES - has);
    log_dir_write(&dir, number, bytes, TINY);
    free(bytes);
}

static void
a_torn_begin_behind_a_whole_chain_is_a_torn_tail(void)
{
    for (size_t has = 0; has < WAL_BLOCK_BYTES; has += 64) {
        struct wal_found found;

        make_segments();
        write_torn_begin(9, has);
        check(wal_check(dir.fd, &found, &report) == DONE && found.last_seq == 12);
        check(log_dir_open(&dir, &wal) == DONE && dir.count == 12);
        check(log_dir_append(wal, 13, 100, &report) == DONE && wal_commit(wal, &report) == DONE);
        wal_close(&wal);
        check(log_dir_open(&dir, &wal) == DONE && dir.count == 13);
        done();
    }
    make_segments();
    for (uint64_t number = 1; number <= 9; number++)
        write_torn_begin(number, 64); /* nothing whole is left in front of it */
    check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_DAMAGED);
    done();
}

static void
a_bad_header_in_front_of_records_is_damage(void)
{
    size_t length;
    char *bytes;
    uint64_t last;

    make_segments();
    check(log_dir_open(&dir, &wal) == DONE);
    check(log_dir_append(wal, 13, 100, &report) == DONE && wal_commit(wal, &report) == DONE);
    last = wal_segment(wal);
    log_dir_kill(&wal);
    bytes = log_dir_read(&dir, last, &length);
    bytes[20] ^= 1;
    log_dir_write(&dir, last, bytes, length);
    check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_DAMAGED);
    log_dir_write(&dir, last, bytes, 0); /* cut short is not torn */
    check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_DAMAGED);
    free(bytes);
    done();
}

static const struct test tests[] = {
    { "a missing segment is noticed", a_missing_segment_is_noticed },
    { "missing first segments were released", missing_first_segments_were_released },
    { "a segment under another name is noticed", a_segment_under_another_name_is_noticed },
    { "an earlier segment must reach its end", an_earlier_segment_must_reach_its_end },
    { "a half-made spare is removed", a_half_made_spare_is_removed },
    { "a torn begin behind a whole chain is a torn tail",
        a_torn_begin_behind_a_whole_chain_is_a_torn_tail },
    { "a bad header in front of records is damage", a_bad_header_in_front_of_records_is_damage },
};

TEST_MAIN(tests)

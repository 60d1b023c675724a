#include "base/wal.h"

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/disk.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"
#include "tests/base/support/log_dir.h"
#include "tests/check.h"

#include <fcntl.h>
#include <unistd.h>

enum { SMALL = 64 << 10, LARGE = 8 << 20 };

static struct log_dir dir;
static struct wal *wal;
static struct report report;

static void
begin(uint64_t segment_bytes)
{
    log_setup((enum log_level)(LEVEL_ERROR + 1), 0); /* refusals here are wanted */
    log_dir_make(&dir, segment_bytes);
    check(log_dir_open(&dir, &wal) == DONE);
}

static void
end(void)
{
    wal_close(&wal);
    log_dir_drop(&dir);
}

static void
put(uint64_t seq, size_t length)
{
    check(log_dir_append(wal, seq, length, &report) == DONE);
    check(wal_commit(wal, &report) == DONE);
}

static void
reopen(void)
{
    wal_close(&wal);
    check(log_dir_open(&dir, &wal) == DONE);
}

static size_t
length_of(uint64_t seq)
{
    return (size_t) (seq * 37 % 700);
}

/* Everything from `first` on, with nothing missing and nothing else. */
static void
check_history(uint64_t first, uint64_t last)
{
    check(dir.count == last - first + 1);
    check(dir.found.records == dir.count);
    for (size_t i = 0; i < dir.count; i++)
        check(log_dir_is(&dir.kept[i], first + i, length_of(first + i)));
}

static void
an_empty_log_has_nothing(void)
{
    begin(SMALL);
    check(dir.count == 0 && dir.found.records == 0 && dir.found.last_segment == 0);
    check(wal_segment(wal) == 1);
    check(wal_commit(wal, &report) == DONE);
    reopen();
    check(dir.count == 0);
    end();
}

static void
what_was_committed_is_read_back(void)
{
    static const size_t lengths[] = { 0, 1, 7, 8, 9, 471, 472, 473, 512, 1023, 1024, 1025, 1600,
        5000, 65536, 1 << 20, WAL_RECORD_MAX };
    const size_t count = sizeof lengths / sizeof *lengths;

    begin(LARGE);
    for (size_t i = 0; i < count; i++)
        put(i + 1, lengths[i]);
    for (size_t i = 0; i < count; i++)
        check(log_dir_append(wal, count + i + 1, lengths[i], &report) == DONE);
    check(wal_pending_bytes(wal) > WAL_RECORD_MAX);
    check(wal_commit(wal, &report) == DONE);
    check(wal_pending_bytes(wal) == 0);
    reopen();
    check(dir.count == 2 * count);
    for (size_t i = 0; i < 2 * count; i++)
        check(log_dir_is(&dir.kept[i], i + 1, lengths[i % count]));
    check(dir.found.last_seq == 2 * count && dir.found.torn_bytes == 0);
    check(dir.found.last_epoch == 1);
    end();
}

static void
what_was_not_committed_is_not_there(void)
{
    begin(SMALL);
    put(1, length_of(1));
    check(log_dir_append(wal, 2, 10, &report) == DONE);
    reopen();
    check_history(1, 1);
    end();
}

static void
a_record_that_is_too_long_is_refused(void)
{
    begin(LARGE);
    check(log_dir_append(wal, 1, WAL_RECORD_MAX + 1, &report) == REFUSED);
    check(report.cause == CAUSE_TOO_LARGE && wal_pending_bytes(wal) == 0);
    end();
    begin(SMALL);
    check(log_dir_append(wal, 1, SMALL, &report) == REFUSED);
    check(report.cause == CAUSE_TOO_LARGE);
    end();
}

static void
a_full_segment_is_followed_by_the_next(void)
{
    const uint64_t last = 2000;

    begin(SMALL);
    for (uint64_t seq = 1; seq <= last; seq++) {
        check(log_dir_append(wal, seq, length_of(seq), &report) == DONE);
        if (seq % 7 == 0)
            check(wal_commit(wal, &report) == DONE);
    }
    check(wal_commit(wal, &report) == DONE);
    check(wal_segment(wal) > 10);
    reopen();
    check_history(1, last);
    check(dir.found.first_segment == 1 && dir.found.last_segment + 1 == wal_segment(wal));
    end();
}

static void
a_group_larger_than_a_segment_spans_several(void)
{
    begin(SMALL);
    put(1, length_of(1));
    for (uint64_t seq = 2; seq <= 1000; seq++)
        check(log_dir_append(wal, seq, length_of(seq), &report) == DONE);
    check(wal_commit(wal, &report) == DONE);
    reopen();
    check_history(1, 1000);
    end();
}

static void
every_open_begins_a_segment(void)
{
    begin(SMALL);
    for (uint64_t seq = 1; seq <= 100; seq++) {
        put(seq, length_of(seq));
        check(wal_segment(wal) == seq);
        if (seq % 3 == 0) {
            log_dir_kill(&wal);
            check(log_dir_open(&dir, &wal) == DONE);
        } else {
            reopen();
        }
        check_history(1, seq);
        check(dir.kept[seq - 1].segment == seq && dir.kept[seq - 1].epoch == seq);
    }
    end();
}

static void
an_epoch_that_does_not_go_up_is_refused(void)
{
    begin(SMALL);
    put(1, 10);
    wal_close(&wal);
    dir.epoch = 0;
    check(log_dir_open(&dir, &wal) == REFUSED);
    check(!wal && dir.report.cause == CAUSE_CONFLICT && dir.found.last_epoch == 1);
    check(dir.count == 0);
    check(log_dir_open(&dir, &wal) == DONE);
    end();
}

static void
rotation_closes_the_segment(void)
{
    begin(SMALL);
    put(1, length_of(1));
    check(wal_rotate(wal, &report) == DONE);
    check(wal_segment(wal) == 2);
    check(wal_rotate(wal, &report) == DONE); /* nothing in it yet */
    check(wal_segment(wal) == 2);
    put(2, length_of(2));
    reopen();
    check_history(1, 2);
    check(dir.kept[0].segment == 1 && dir.kept[1].segment == 2);
    end();
}

static void
released_segments_are_gone_and_reused(void)
{
    uint64_t seq = 1;
    uint64_t kept_from = 0;

    begin(SMALL);
    for (int round = 0; round < 40; round++) {
        kept_from = seq;
        for (int i = 0; i < 10; i++, seq++)
            put(seq, length_of(seq));
        check(wal_release(wal, wal_segment(wal), &report) == DONE);
        check(wal_disk_bytes(wal) <= 4 * SMALL);
        check(wal_rotate(wal, &report) == DONE);
    }
    reopen();
    check_history(kept_from, seq - 1);
    check(wal_release(wal, wal_segment(wal), &report) == DONE);
    reopen();
    check(dir.count == 0);
    check(dir.found.last_seq == seq - 1); /* not forgotten with the records */
    end();
}

static void
a_filled_log_can_be_released_step_by_step(void)
{
    uint64_t last;

    begin(SMALL);
    for (uint64_t seq = 1; seq <= 1000; seq++)
        put(seq, length_of(seq));
    last = wal_segment(wal);
    for (uint64_t segment = 1; segment <= last; segment += 2) {
        check(wal_release(wal, segment, &report) == DONE);
        reopen();
        check(dir.found.first_segment == segment);
        check_history(dir.kept[0].seq, 1000);
    }
    end();
}

static void
stale_bytes_of_a_recycled_segment_are_not_read(void)
{
    begin(SMALL);
    for (uint64_t seq = 1; seq <= 400; seq++)
        put(seq, 100);
    check(wal_rotate(wal, &report) == DONE);
    check(wal_release(wal, wal_segment(wal), &report) == DONE);
    for (uint64_t seq = 401; seq <= 410; seq++) {
        put(seq, 100); /* over records of the same length, at the same places */
        log_dir_kill(&wal);
        check(log_dir_open(&dir, &wal) == DONE);
        check(dir.count > 0 && dir.found.torn_bytes == 0);
        check(dir.kept[0].seq == 401 && dir.kept[dir.count - 1].seq == seq);
    }
    end();
}

static void
a_sync_that_fails_once_moves_the_group(void)
{
    begin(SMALL);
    put(1, length_of(1));
    fault_plan("call=datasync when=1 do=EIO");
    put(2, length_of(2));
    check(fault_count("fired") == 1);
    fault_plan(NULL);
    check(wal_segment(wal) == 2);
    put(3, length_of(3));
    log_dir_kill(&wal);
    check(log_dir_open(&dir, &wal) == DONE);
    check_history(1, 3);
    check(dir.kept[1].segment == 2);
    end();
}

static void
a_sync_that_keeps_failing_breaks_the_log(void)
{
    struct report later;

    begin(SMALL);
    put(1, length_of(1));
    fault_plan("call=datasync when=1+ do=EIO");
    check(log_dir_append(wal, 2, 10, &report) == DONE);
    check(wal_commit(wal, &report) == RETRY);
    check(report.cause == CAUSE_IO);
    fault_plan("");
    check(log_dir_append(wal, 3, 10, &later) == DONE);
    check(wal_commit(wal, &later) == RETRY);
    check(strcmp(report.text, later.text) == 0);
    check(wal_rotate(wal, &later) == RETRY);
    check(fault_count("write") == 0 && fault_count("datasync") == 0);
    fault_plan(NULL);
    reopen();
    check(dir.count >= 1 && log_dir_is(&dir.kept[0], 1, length_of(1)));
    end();
}

enum { HISTORY = 300 };

/* What a run was told: for each seq the segment it went to, or 0 if it failed. */
struct told {
    uint64_t segment_of[HISTORY + 1];
    uint64_t released_before;
};

static void
write_history(struct told *told)
{
    memset(told, 0, sizeof *told);
    for (uint64_t seq = 1; seq <= HISTORY; seq++) {
        check(log_dir_append(wal, seq, length_of(seq), &report) == DONE);
        if (wal_commit(wal, &report) == DONE)
            told->segment_of[seq] = wal_segment(wal);
        if (seq % 100 == 0) {
            told->released_before = wal_segment(wal) - 1;
            wal_release(wal, told->released_before, &report);
        }
    }
}

static void
check_told(const struct told *told)
{
    bool is_there[HISTORY + 1] = { false };

    for (size_t i = 0; i < dir.count; i++) {
        const uint64_t seq = dir.kept[i].seq;

        check(seq >= 1 && seq <= HISTORY && log_dir_is(&dir.kept[i], seq, length_of(seq)));
        check(i == 0 || dir.kept[i - 1].seq < seq);
        is_there[seq] = true;
    }
    for (uint64_t seq = 1; seq <= HISTORY; seq++)
        if (told->segment_of[seq] > 0 && told->segment_of[seq] >= told->released_before)
            check(is_there[seq]);
}

/* One step of opening, commits, rotations and releases fails; then a crash. */
static void
fail_at(const char *what, unsigned long when, bool *has_fired)
{
    struct told told;
    char plan[128];

    log_dir_make(&dir, SMALL);
    snprintf(plan, sizeof plan, "when=%lu do=%s", when, what);
    fault_plan(plan);
    if (log_dir_open(&dir, &wal) != DONE) {
        check(fault_count("fired") > 0);
        check(log_dir_open(&dir, &wal) == DONE);
    }
    write_history(&told);
    *has_fired = fault_count("fired") > 0;
    fault_plan(NULL);
    log_dir_kill(&wal);
    check(log_dir_open(&dir, &wal) == DONE);
    check_told(&told);
    end();
}

static void
a_failure_anywhere_loses_nothing_acknowledged(void)
{
    static const char *const ways[] = { "EIO", "ENOSPC", "short", "EIO-after", "EINTR" };

    log_setup((enum log_level)(LEVEL_ERROR + 1), 0);
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        bool has_fired = true;

        for (unsigned long when = 1; has_fired; when += when < 100 ? 1 : 7)
            fail_at(ways[way], when, &has_fired);
    }
}

static void
a_full_disk_fails_the_group_and_nothing_more(void)
{
    uint64_t seq = 1;

    begin(SMALL);
    fault_plan("call=allocate,create do=ENOSPC");
    while (log_dir_append(wal, seq, 600, &report) == DONE && wal_commit(wal, &report) == DONE)
        seq++;
    check(report.cause == CAUSE_NO_SPACE && seq > 10);
    check(log_dir_append(wal, seq, 600, &report) == DONE);
    check(wal_commit(wal, &report) == RETRY);
    fault_plan(NULL); /* somebody made room */
    check(log_dir_append(wal, seq, 600, &report) == DONE);
    check(wal_commit(wal, &report) == DONE);
    reopen();
    check(dir.count == seq);
    for (uint64_t i = 0; i < seq; i++)
        check(log_dir_is(&dir.kept[i], i + 1, 600));
    end();
}

static void
a_careless_log_does_not_sync(void)
{
    log_dir_make(&dir, SMALL);
    dir.is_careless = true;
    check(log_dir_open(&dir, &wal) == DONE);
    put(1, length_of(1));
    fault_plan("");
    put(2, length_of(2));
    put(3, length_of(3));
    check(fault_count("write") == 2 && fault_count("datasync") == 0);
    fault_plan(NULL);
    log_dir_kill(&wal);
    check(log_dir_open(&dir, &wal) == DONE);
    check_history(1, 3);
    end();
}

static void
one_commit_is_one_write_and_one_sync(void)
{
    begin(LARGE);
    put(1, 10);
    for (uint64_t seq = 2; !wal_pending_bytes(wal) || seq < 40; seq++)
        check(log_dir_append(wal, seq, 1000 * seq, &report) == DONE);
    fault_plan("call=datasync path=0000000000000001.wal;");
    check(wal_commit(wal, &report) == DONE);
    check(fault_count("matched") == 1);
    fault_plan(NULL);
    end();
}

static void
both_ways_to_a_checksum_agree(void)
{
    char bytes[300];

    check(crc32c(0, "123456789", 9) == 0xe3069283); /* the check value of CRC-32C */
    log_dir_fill(bytes, 1, sizeof bytes);
    for (size_t from = 0; from < 9; from++)
        for (size_t length = 0; length + from <= sizeof bytes; length++) {
            const uint32_t whole = crc32c(7, bytes + from, length);

            check(whole == crc32c_by_table(7, bytes + from, length));
            check(whole ==
                crc32c(crc32c(7, bytes + from, length / 2), bytes + from + length / 2,
                    length - length / 2));
        }
}

static const struct test tests[] = {
    { "an empty log has nothing", an_empty_log_has_nothing },
    { "what was committed is read back", what_was_committed_is_read_back },
    { "what was not committed is not there", what_was_not_committed_is_not_there },
    { "a record that is too long is refused", a_record_that_is_too_long_is_refused },
    { "a full segment is followed by the next", a_full_segment_is_followed_by_the_next },
    { "a group larger than a segment spans several", a_group_larger_than_a_segment_spans_several },
    { "every open begins a segment", every_open_begins_a_segment },
    { "an epoch that does not go up is refused", an_epoch_that_does_not_go_up_is_refused },
    { "rotation closes the segment", rotation_closes_the_segment },
    { "released segments are gone and reused", released_segments_are_gone_and_reused },
    { "a filled log can be released step by step", a_filled_log_can_be_released_step_by_step },
    { "stale bytes of a recycled segment are not read",
        stale_bytes_of_a_recycled_segment_are_not_read },
    { "a sync that fails once moves the group", a_sync_that_fails_once_moves_the_group },
    { "a sync that keeps failing breaks the log", a_sync_that_keeps_failing_breaks_the_log },
    { "a failure anywhere loses nothing acknowledged",
        a_failure_anywhere_loses_nothing_acknowledged },
    { "a full disk fails the group and nothing more",
        a_full_disk_fails_the_group_and_nothing_more },
    { "a careless log does not sync", a_careless_log_does_not_sync },
    { "one commit is one write and one sync", one_commit_is_one_write_and_one_sync },
    { "both ways to a checksum agree", both_ways_to_a_checksum_agree },
};

TEST_MAIN(tests)

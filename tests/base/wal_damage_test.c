/*
 * What a log makes of bytes that are not as it left them.  The oracle is the
 * undamaged file: a record that comes back is one of its records, they come
 * back in order from the first, and one may be missing at the end only where
 * a crash could have taken it.
 */

#include "base/wal.h"

#include "base/crc32c.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/wal_internal.h"
#include "tests/base/support/log_dir.h"
#include "tests/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { SMALL = 64 << 10, TINY = 16 << 10, RECORDS_MAX = 1024 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { BIT_STEP = 11 }; /* the other builds flip every bit */
#else
enum { BIT_STEP = 1 };
#endif

static struct log_dir dir;
static struct wal *wal;
static struct report report;

/* The undamaged segment. */
static char *image;
static size_t image_bytes;
static struct {
    uint64_t end, group;
} records[RECORDS_MAX];
static size_t record_count;
static uint64_t image_end;   /* of the last group */
static uint64_t last_group;  /* where it starts */
static struct wal_page page; /* as read from the image */

static size_t
length_of(uint64_t seq)
{
    return (size_t) (seq * 53 % 300);
}

static void
append(uint64_t seq)
{
    check(log_dir_append(wal, seq, length_of(seq), &report) == DONE);
}

static void
commit(uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++)
        append(seq);
    check(wal_commit(wal, &report) == DONE);
}

static void
note_record(uint64_t *at)
{
    struct wal_record record;
    uint64_t group;
    size_t length;

    check(wal_record_get(image + *at, &record, &length, &group));
    *at += wal_record_bytes(length);
    if (record.type == WAL_FILLER)
        return;
    check(record_count < RECORDS_MAX);
    records[record_count].end = *at;
    records[record_count++].group = group;
    last_group = group;
}

static void
take_image(uint64_t segment)
{
    uint64_t at = WAL_PAGE_BYTES;
    uint16_t magic = 1;

    free(image);
    image = log_dir_read(&dir, segment, &image_bytes);
    check(wal_page_get(image, segment, &page) == WAL_PAGE_BEGUN);
    record_count = 0;
    while (at < image_bytes && magic != 0) {
        note_record(&at);
        if (at < image_bytes)
            memcpy(&magic, image + at + 4, sizeof magic);
    }
    image_end = at;
}

/* Groups of one, two, ... five records until the segment is full; then kill -9. */
static void
make_image(uint64_t segment_bytes)
{
    uint64_t seq = 1;

    log_setup((enum log_level)(LEVEL_ERROR + 1), 0);
    log_dir_make(&dir, segment_bytes);
    check(log_dir_open(&dir, &wal) == DONE);
    for (uint64_t count = 1; seq + count < RECORDS_MAX; count = count % 5 + 1) {
        commit(seq, seq + count - 1);
        seq += count;
        if (wal_segment(wal) != 1)
            break;
    }
    log_dir_kill(&wal);
    take_image(1);
}

static void
only_this(const char *bytes, size_t length)
{
    char name[WAL_NAME_BYTES];

    for (uint64_t number = 1; number < 8; number++) {
        wal_name(name, number);
        unlinkat(dir.fd, name, 0);
    }
    log_dir_write(&dir, 1, bytes, length);
}

/* What was read is the beginning of what was written. */
static void
check_prefix(void)
{
    for (size_t i = 0; i < dir.count; i++)
        check(log_dir_is(&dir.kept[i], i + 1, length_of(i + 1)));
}

static void
done(void)
{
    wal_close(&wal);
    log_dir_drop(&dir);
}

static uint64_t
cut_segment_bytes(void)
{
    const char *const told = getenv("KNARR_TEST_CUT_BYTES");

    return told ? strtoull(told, NULL, 10) : TINY;
}

/* What is there is the records that end before the first byte that differs. */
static void
check_whole(const char *bytes, size_t length)
{
    size_t same = 0, whole = 0;

    while (same < length && bytes[same] == image[same])
        same++;
    while (whole < record_count && records[whole].end <= same)
        whole++;
    only_this(bytes, length);
    check(log_dir_open(&dir, &wal) == DONE);
    check(dir.count == whole);
    check_prefix();
    wal_close(&wal);
}

static void
a_cut_at_any_byte_leaves_the_longest_whole_prefix(void)
{
    make_image(cut_segment_bytes());
    for (size_t length = 0; length < WAL_PAGE_BYTES; length++) {
        only_this(image, length);
        check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_DAMAGED);
    }
    for (size_t length = WAL_PAGE_BYTES; length <= image_bytes; length++)
        check_whole(image, length);
    check(dir.count == record_count);
    printf("   %zu cuts\n", image_bytes + 1);
    done();
}

/* From any byte on: `behind` for what was written there. */
static void
check_cuts_before(const char *behind)
{
    char *const mixed = memory_copy(behind, image_bytes);

    memcpy(mixed, image, WAL_PAGE_BYTES);
    for (size_t length = WAL_PAGE_BYTES; length <= image_bytes; length++) {
        check_whole(mixed, image_bytes);
        if (length < image_bytes)
            mixed[length] = image[length];
    }
    check(dir.count == record_count);
    printf("   %zu cuts\n", image_bytes + 1 - WAL_PAGE_BYTES);
    free(mixed);
}

/* Stale are the records that the file held before it was recycled, of the same shape and place. */
static void
and_so_do_zeros_or_stale_records_from_any_byte_on(void)
{
    char *zeros, *stale;

    make_image(cut_segment_bytes());
    stale = memory_copy(image, image_bytes);
    zeros = memory_new(image_bytes);
    log_dir_drop(&dir);
    make_image(cut_segment_bytes());
    check(memcmp(stale, image, WAL_BLOCK_BYTES) != 0); /* the salt */
    check_cuts_before(zeros);
    check_cuts_before(stale);
    free(zeros);
    free(stale);
    done();
}

static void
a_cut_log_goes_on_behind_the_cut(void)
{
    make_image(TINY);
    for (size_t length = WAL_PAGE_BYTES; length < image_end; length += 97) {
        size_t whole;

        only_this(image, length);
        check(log_dir_open(&dir, &wal) == DONE);
        whole = dir.count;
        for (uint64_t seq = whole + 1; seq <= whole + 4; seq++) {
            commit(seq, seq);
            log_dir_kill(&wal);
            check(log_dir_open(&dir, &wal) == DONE);
            check(dir.count == seq);
            check_prefix();
        }
        wal_close(&wal);
    }
    done();
}

struct counting {
    size_t count;
    bool is_prefix;
};

static struct kept *wanted;

static enum outcome
compare(void *context, const struct wal_record *record, struct report *unused)
{
    struct counting *const counting = context;
    const struct kept *const want = &wanted[counting->count];

    (void) unused;
    if (counting->count++ >= record_count || record->type != want->type ||
        record->seq != want->seq || record->data.length != want->length ||
        crc32c(0, record->data.at, record->data.length) != want->crc)
        counting->is_prefix = false;
    return DONE;
}

static void
flip(int fd, size_t bit)
{
    char byte = image[bit / 8];

    byte = (char) (byte ^ 1 << bit % 8);
    check(pwrite(fd, &byte, 1, (off_t) (bit / 8)) == 1);
}

static void
check_flip(int fd, size_t bit)
{
    struct wal_scan scan = { .number = 1, .page = page, .fd = fd, .file_bytes = image_bytes };
    struct counting counting = { .is_prefix = true };
    enum outcome outcome;

    flip(fd, bit);
    outcome = wal_scan_run(&scan, compare, &counting, &report);
    check(counting.is_prefix);
    if (bit / 8 < WAL_PAGE_BYTES || bit / 8 >= image_end)
        check(outcome == DONE && counting.count == record_count);
    else if (bit / 8 < last_group)
        check(outcome == REFUSED && report.cause == CAUSE_DAMAGED);
    else
        check(outcome == DONE && records[record_count - 1].group == last_group);
    check(pwrite(fd, image + bit / 8, 1, (off_t) (bit / 8)) == 1);
}

static void
keep_wanted(void)
{
    only_this(image, image_bytes);
    check(log_dir_open(&dir, &wal) == DONE);
    check(dir.count == record_count);
    check_prefix();
    wal_close(&wal);
    wanted = memory_copy(dir.kept, record_count * sizeof *wanted);
}

/* Damage before the last commit is always noticed; in it, it looks like a torn one. */
static void
no_flipped_bit_makes_a_wrong_record(void)
{
    int fd;

    make_image(SMALL);
    keep_wanted();
    fd = openat(dir.fd, "0000000000000001.wal", O_RDWR | O_CLOEXEC);
    check(fd >= 0);
    for (size_t bit = 0; bit < image_bytes * 8; bit += BIT_STEP)
        check_flip(fd, bit);
    close(fd);
    free(wanted);
    done();
}

static void
a_flipped_bit_in_a_header_page_is_damage(void)
{
    struct wal_page other;

    make_image(TINY);
    for (size_t bit = 0; bit < WAL_BLOCK_BYTES * 8; bit++) {
        image[bit / 8] = (char) (image[bit / 8] ^ 1 << bit % 8);
        check(wal_page_get(image, 1, &other) == WAL_PAGE_BAD);
        if (bit % 64 == 0) {
            only_this(image, image_bytes);
            check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_DAMAGED);
        }
        image[bit / 8] = (char) (image[bit / 8] ^ 1 << bit % 8);
    }
    done();
}

static void
a_lost_header_page_is_damage(void)
{
    make_image(TINY);
    memset(image, 0, WAL_PAGE_BYTES);
    only_this(image, image_bytes);
    check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_DAMAGED);
    done();
}

static void
a_clean_stop_protects_the_last_record_too(void)
{
    log_setup((enum log_level)(LEVEL_ERROR + 1), 0);
    log_dir_make(&dir, TINY);
    check(log_dir_open(&dir, &wal) == DONE);
    commit(1, 1);
    wal_close(&wal);
    take_image(1);
    image[records[0].end - 1] ^= 1;
    only_this(image, image_bytes);
    check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_DAMAGED);
    check(strstr(dir.report.text, "0000000000000001.wal") && strstr(dir.report.text, "byte 4096"));
    done();
}

/*
 * The blocks of one more commit reach the disk in any combination: what was
 * before it is whole, of it a beginning is there, and the log opens.
 */
static void
any_blocks_of_the_last_commit_may_be_lost(void)
{
    char *before, *mixed;
    size_t bytes, blocks, start;

    log_setup((enum log_level)(LEVEL_ERROR + 1), 0);
    log_dir_make(&dir, TINY);
    check(log_dir_open(&dir, &wal) == DONE);
    commit(1, 3);
    before = log_dir_read(&dir, 1, &bytes);
    commit(4, 20);
    log_dir_kill(&wal);
    take_image(1);
    mixed = memory_new(bytes);
    start = (size_t) last_group;
    blocks = (size_t) (image_end - last_group) / WAL_BLOCK_BYTES;
    check(blocks >= 6 && blocks <= 12);
    for (unsigned there = 0; there < 1u << blocks; there++) {
        memcpy(mixed, before, bytes);
        for (size_t i = 0; i < blocks; i++)
            if (there >> i & 1)
                memcpy(mixed + start + i * WAL_BLOCK_BYTES, image + start + i * WAL_BLOCK_BYTES,
                    WAL_BLOCK_BYTES);
        only_this(mixed, bytes);
        check(log_dir_open(&dir, &wal) == DONE);
        check(dir.count >= 3 && dir.count <= record_count);
        check(there != (1u << blocks) - 1 || dir.count == record_count);
        check(dir.count == 3 || (there & 1));
        check_prefix();
        wal_close(&wal);
    }
    free(before);
    free(mixed);
    done();
}

static void
a_lost_block_before_the_last_commit_is_damage(void)
{
    make_image(TINY);
    for (size_t at = WAL_PAGE_BYTES; at < last_group; at += WAL_BLOCK_BYTES) {
        char *const holed = memory_copy(image, image_bytes);

        memset(holed + at, 0, WAL_BLOCK_BYTES);
        only_this(holed, image_bytes);
        check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_DAMAGED);
        free(holed);
    }
    done();
}

/* A careless log promises nothing about power, so a hole is where it ends. */
static void
a_careless_log_with_a_hole_ends_there(void)
{
    log_setup((enum log_level)(LEVEL_ERROR + 1), 0);
    log_dir_make(&dir, TINY);
    dir.is_careless = true;
    check(log_dir_open(&dir, &wal) == DONE);
    for (uint64_t seq = 1; seq <= 9; seq++)
        commit(seq, seq);
    log_dir_kill(&wal);
    take_image(1);
    memset(image + records[4].group, 0, WAL_BLOCK_BYTES);
    only_this(image, image_bytes);
    check(log_dir_open(&dir, &wal) == DONE);
    check(dir.count == 4 && dir.found.torn_bytes > 0);
    check_prefix();
    done();
}

/* Bytes a user stores may look like records of this very segment, only not be sealed by its salt. */
static void
stored_bytes_that_look_like_records_are_not(void)
{
    char forged[8 * WAL_BLOCK_BYTES] = { 0 };
    const struct wal_record record = { .type = 1, .seq = 99, .epoch = 1, .segment = 1 };

    log_setup((enum log_level)(LEVEL_ERROR + 1), 0);
    log_dir_make(&dir, SMALL);
    check(log_dir_open(&dir, &wal) == DONE);
    commit(1, 1);
    for (size_t at = 0; at + WAL_RECORD_HEADER_BYTES <= sizeof forged; at += 40) {
        wal_record_put(forged + at, &record, WAL_PAGE_BYTES + 3 * WAL_BLOCK_BYTES);
        wal_record_seal(forged + at, wal_record_crc(forged + at, 0));
    }
    check(wal_append(wal, 1, 2, (struct view){ forged, 0 }, (struct view){ forged, sizeof forged },
              &report) == DONE);
    check(wal_commit(wal, &report) == DONE);
    log_dir_kill(&wal);
    take_image(1);
    memset(image + records[1].group, 0, WAL_RECORD_HEADER_BYTES);
    only_this(image, image_bytes);
    check(log_dir_open(&dir, &wal) == DONE);
    check(dir.count == 1);
    check_prefix();
    done();
}

static void
a_newer_format_is_not_guessed_at(void)
{
    make_image(TINY);
    page.version++;
    wal_page_put(image, &page);
    only_this(image, image_bytes);
    check(log_dir_open(&dir, &wal) == REFUSED && dir.report.cause == CAUSE_UNSUPPORTED);
    done();
}

static const struct test tests[] = {
    { "a cut at any byte leaves the longest whole prefix",
        a_cut_at_any_byte_leaves_the_longest_whole_prefix },
    { "and so do zeros or stale records from any byte on",
        and_so_do_zeros_or_stale_records_from_any_byte_on },
    { "a cut log goes on behind the cut", a_cut_log_goes_on_behind_the_cut },
    { "no flipped bit makes a wrong record", no_flipped_bit_makes_a_wrong_record },
    { "a flipped bit in a header page is damage", a_flipped_bit_in_a_header_page_is_damage },
    { "a lost header page is damage", a_lost_header_page_is_damage },
    { "a clean stop protects the last record too", a_clean_stop_protects_the_last_record_too },
    { "any blocks of the last commit may be lost", any_blocks_of_the_last_commit_may_be_lost },
    { "a lost block before the last commit is damage",
        a_lost_block_before_the_last_commit_is_damage },
    { "a careless log with a hole ends there", a_careless_log_with_a_hole_ends_there },
    { "stored bytes that look like records are not", stored_bytes_that_look_like_records_are_not },
    { "a newer format is not guessed at", a_newer_format_is_not_guessed_at },
};

TEST_MAIN(tests)

/*
 * Every state that a power cut may leave of a log, for all workloads of a few
 * steps: cut before each sync and after each step, with every subset of what
 * was not synced on the disk.  Whatever it is, the log opens; what was
 * acknowledged is there; what it then reports is there from then on.
 *
 * A longer run: KNARR_TEST_STEPS=7.
 */

#include "base/disk.h"
#include "base/log.h"
#include "base/wal.h"
#include "tests/base/support/log_dir.h"
#include "tests/base/support/simdisk.h"
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STEPS = 4 };
#else
enum { STEPS = 6 };
#endif
enum { SEGMENT_BYTES = 8 << 10, STEPS_MAX = 8, PENDING_MAX = 16, LATER_SEQ = 1000 };

static struct log_dir dir, after; /* their lists only; the directory is on the simulated disk */
static struct wal *wal;
static struct report report;

static uint64_t appended, acknowledged;     /* the last seq */
static uint64_t first_of_segment, released; /* no seq below need be there */
static unsigned long long states, different;

static size_t
length_of(uint64_t seq)
{
    static const size_t lengths[] = { 100, 1300, 40, 500 };

    return lengths[seq % 4];
}

static enum outcome
open_log(struct log_dir *log, struct wal **opened)
{
    log->fd = disk->openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
    return log_dir_open(log, opened);
}

/* ---- a death without a last word ----------------------------------------------------- */

static ssize_t
refuse_write(int fd, const struct iovec *from, int count, off_t offset)
{
    (void) fd, (void) from, (void) count, (void) offset;
    errno = EIO;
    return -1;
}

static int
refuse_close(int fd)
{
    (void) fd;
    return 0;
}

static int
refuse_unlink(int dir_fd, const char *name, int flags)
{
    (void) dir_fd, (void) name, (void) flags;
    errno = EIO;
    return -1;
}

static const struct disk disk_gone = {
    .pwritev = refuse_write,
    .close = refuse_close,
    .unlinkat = refuse_unlink,
};

static void
forget(struct wal **forgotten)
{
    disk = &disk_gone;
    wal_close(forgotten);
    disk = &disk_sim;
}

/* ---- what a start finds -------------------------------------------------------------- */

static void
check_records(void)
{
    for (size_t i = 0; i < after.count; i++) {
        const uint64_t seq = after.kept[i].seq;

        check(log_dir_is(&after.kept[i], seq, length_of(seq)));
        check(seq <= appended);
        check(i == 0 || seq == after.kept[i - 1].seq + 1);
    }
    if (acknowledged < released)
        return;
    check(after.count > 0 && after.kept[0].seq <= released);
    check(after.kept[after.count - 1].seq >= acknowledged);
}

static void
start_again(void)
{
    struct wal *opened;
    size_t count;

    after.epoch = dir.epoch;
    check(open_log(&after, &opened) == DONE);
    check_records();
    count = after.count;
    check(log_dir_append(opened, LATER_SEQ, length_of(LATER_SEQ), &report) == DONE);
    check(wal_commit(opened, &report) == DONE);
    check(sim_cut(0));
    forget(&opened);
    check(open_log(&after, &opened) == DONE);
    check(after.count == count + 1 && after.kept[count].seq == LATER_SEQ);
    check(log_dir_is(&after.kept[count], LATER_SEQ, length_of(LATER_SEQ)));
    forget(&opened);
}

static void
cut_here(void)
{
    struct sim *const saved = sim_save();

    check(sim_pending() <= PENDING_MAX);
    sim_before_sync(NULL);
    sim_forget();
    for (uint64_t kept = 0; kept >> sim_pending() == 0; kept++) {
        if (!sim_cut(kept))
            continue;
        states++;
        if (sim_is_new()) {
            different++;
            start_again();
        }
        sim_back(saved);
    }
    sim_before_sync(cut_here);
    free(saved);
}

/* ---- workloads ------------------------------------------------------------------------ */

static void
commit(unsigned records)
{
    const uint64_t segment = wal_segment(wal), first = appended + 1;

    while (records-- > 0) {
        appended++;
        check(log_dir_append(wal, appended, length_of(appended), &report) == DONE);
    }
    check(wal_commit(wal, &report) == DONE);
    acknowledged = appended;
    if (wal_segment(wal) != segment)
        first_of_segment = first; /* where a group does not fit, all of it goes to the next */
}

static void
commit_one(void)
{
    commit(1);
}

static void
commit_two(void)
{
    commit(2);
}

static void
rotate(void)
{
    check(wal_rotate(wal, &report) == DONE);
    first_of_segment = appended + 1;
}

static void
release(void)
{
    released = first_of_segment;
    check(wal_release(wal, wal_segment(wal), &report) == DONE);
}

static void
stop_and_start(void)
{
    wal_close(&wal);
    check(open_log(&dir, &wal) == DONE);
    first_of_segment = appended + 1;
}

static void (*const steps[])(void) = { commit_one, commit_two, rotate, release, stop_and_start };
enum { STEP_KINDS = sizeof steps / sizeof *steps };

/* The cuts are in the last step; those before are workloads of their own. */
static void
run(const unsigned *chosen, unsigned count)
{
    sim_new();
    dir.epoch = 0;
    appended = acknowledged = 0;
    first_of_segment = released = 1;
    sim_before_sync(count == 0 ? cut_here : NULL);
    check(open_log(&dir, &wal) == DONE);
    for (unsigned i = 0; i < count; i++) {
        sim_before_sync(i + 1 == count ? cut_here : NULL);
        steps[chosen[i]]();
    }
    cut_here();
    sim_before_sync(NULL);
    forget(&wal);
}

static void
run_all(unsigned *chosen, unsigned count, unsigned most)
{
    run(chosen, count);
    for (unsigned kind = 0; count < most && kind < STEP_KINDS; kind++) {
        chosen[count] = kind;
        run_all(chosen, count + 1, most);
    }
}

static void
no_cut_takes_what_was_acknowledged(void)
{
    const char *const told = getenv("KNARR_TEST_STEPS");
    const unsigned most = told ? (unsigned) strtoul(told, NULL, 10) : STEPS;
    unsigned chosen[STEPS_MAX];

    check(most <= STEPS_MAX);
    log_setup((enum log_level)(LEVEL_ERROR + 1), 0);
    disk = &disk_sim;
    dir.segment_bytes = after.segment_bytes = SEGMENT_BYTES;
    dir.kept = calloc(KEPT_MAX, sizeof *dir.kept);
    after.kept = calloc(KEPT_MAX, sizeof *after.kept);
    check(dir.kept && after.kept);
    run_all(chosen, 0, most);
    printf("   %llu states, %llu of them different\n", states, different);
    free(dir.kept);
    free(after.kept);
    disk = &disk_real;
}

static const struct test tests[] = {
    { "no cut takes what was acknowledged, whatever subset of the rest it leaves",
        no_cut_takes_what_was_acknowledged },
};

TEST_MAIN(tests)

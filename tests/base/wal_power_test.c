/*
 * A log on a disk that loses power, over and over.  What was acknowledged is
 * there; what an open has reported is there from then on; what an open did not
 * report never comes back.
 */

#include "base/disk.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/wal.h"
#include "tests/base/support/log_dir.h"
#include "tests/base/support/power.h"
#include "tests/check.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SEEDS = 200 };
#else
enum { SEEDS = 1500 };
#endif
enum { RESTARTS = 12, SEQS = 4000 };

enum fate { UNUSED, IN_DOUBT, THERE, GONE };

static struct log_dir dir; /* its list only; the directory is power's */
static struct wal *wal;
static struct report report;
static enum fate fates[SEQS];
static uint64_t segment_of[SEQS];
static uint64_t next_seq, released_before;

static size_t
length_of(uint64_t seq)
{
    return (size_t) (seq * 131 % 900);
}

static void
commit_some(void)
{
    const uint64_t first = next_seq;
    const uint64_t count = 1 + power_random(6);
    enum outcome outcome;

    for (uint64_t i = 0; i < count; i++) {
        check(next_seq < SEQS);
        fates[next_seq] = IN_DOUBT;
        check(log_dir_append(wal, next_seq, length_of(next_seq), &report) == DONE);
        next_seq++;
    }
    outcome = wal_commit(wal, &report);
    for (uint64_t seq = first; seq < next_seq && outcome == DONE; seq++) {
        fates[seq] = THERE;
        segment_of[seq] = wal_segment(wal);
    }
}

static void
do_something(void)
{
    const uint64_t choice = power_random(12);

    if (choice == 0)
        wal_rotate(wal, &report);
    else if (choice == 1) {
        const uint64_t before = wal_segment(wal) - power_random(2);

        released_before = before > released_before ? before : released_before;
        wal_release(wal, before, &report);
    } else
        commit_some();
}

static void
check_what_is_there(void)
{
    bool is_there[SEQS] = { false };

    for (size_t i = 0; i < dir.count; i++) {
        const uint64_t seq = dir.kept[i].seq;

        check(seq > 0 && seq < next_seq && log_dir_is(&dir.kept[i], seq, length_of(seq)));
        check(i == 0 || dir.kept[i - 1].seq < seq);
        check(fates[seq] != GONE);
        fates[seq] = THERE;
        is_there[seq] = true;
        segment_of[seq] = dir.kept[i].segment;
    }
    for (uint64_t seq = 1; seq < next_seq; seq++) {
        if (is_there[seq])
            continue;
        check(fates[seq] != THERE || segment_of[seq] < released_before);
        fates[seq] = GONE;
    }
}

/* Careless, a cut may take what was acknowledged; it must still open, and nothing comes back. */
static void
cut_power(void)
{
    power_restart_machine();
    for (uint64_t seq = 1; seq < next_seq && dir.is_careless; seq++)
        if (fates[seq] == THERE)
            fates[seq] = IN_DOUBT;
}

/* A start that fails for want of power or because of a sync is tried again. */
static void
start(void)
{
    enum outcome outcome;

    for (;;) {
        if (power_random(3) == 0)
            power_off_after((unsigned) power_random(12));
        outcome = log_dir_open(&dir, &wal);
        if (outcome == DONE)
            break;
        check(dir.report.cause == CAUSE_IO);
        if (power_is_off() && power_random(3) > 0)
            cut_power();
        else
            power_restart_process();
    }
    check_what_is_there();
}

static void
live_through(uint64_t seed, unsigned failing_one_in)
{
    power_new(seed);
    power_failing_syncs(failing_one_in);
    memset(fates, 0, sizeof fates);
    memset(segment_of, 0, sizeof segment_of);
    next_seq = 1;
    released_before = 0;
    dir.epoch = 0;
    for (int restart = 0; restart < RESTARTS; restart++) {
        const uint64_t steps = power_random(40);

        start();
        if (!power_is_off() && power_random(4) > 0)
            power_off_after((unsigned) power_random(60));
        for (uint64_t i = 0; i < steps && !power_is_off(); i++)
            do_something();
        if (power_random(8) > 0)
            power_off_after(0); /* else a clean stop */
        wal_close(&wal);
        if (power_random(3) > 0)
            cut_power();
        else
            power_restart_process();
    }
}

static void
live_through_seeds(unsigned failing_one_in)
{
    const char *const seed = getenv("KNARR_TEST_SEED");

    log_setup((enum log_level)(LEVEL_ERROR + 1), 0);
    dir.fd = POWER_DIRECTORY;
    dir.segment_bytes = POWER_FILE_BYTES_MAX;
    dir.kept = calloc(KEPT_MAX, sizeof *dir.kept);
    check(dir.kept);
    for (uint64_t i = seed ? strtoull(seed, NULL, 10) : 1; i <= SEEDS; i++) {
        live_through(i, failing_one_in);
        if (seed)
            break;
    }
    disk = &disk_real;
    free(dir.kept);
}

static void
power_cuts_take_nothing_that_was_promised(void)
{
    disk = &disk_power;
    live_through_seeds(0);
}

static void
nor_do_they_when_syncs_fail_too(void)
{
    disk = &disk_power;
    live_through_seeds(25);
}

static void
a_careless_log_opens_after_any_power_cut(void)
{
    dir.is_careless = true;
    disk = &disk_power;
    live_through_seeds(0);
    dir.is_careless = false;
}

/* In a process of its own: there the first broken promise ends the test. */
static bool
is_missed(const char *site, bool is_careless)
{
    const pid_t child = fork();
    char rule[64];
    int status;

    check(child >= 0);
    if (child == 0) {
        check(freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr));
        snprintf(rule, sizeof rule, "site=%s do=skip", site);
        dir.is_careless = is_careless;
        disk = &disk_power;
        fault_plan(rule);
        live_through_seeds(0);
        _exit(0);
    }
    check(waitpid(child, &status, 0) == child);
    return status != 0;
}

/* The other one, in wal_prepare_more, only spreads what prepare_finish would wait for. */
static const struct {
    const char *function;
    bool is_careless;
    const char *why;
} sites[] = {
    { "wal_write_group", false, "a group is acknowledged" },
    { "begin_segment", false, "a group must not be there without the header page in front of it" },
    { "prepare_finish", false, "a torn header page is told from damage by the size of the file" },
    { "rename_durably", false, "a group is acknowledged in a file that has no name yet" },
    { "wal_file_remove", false, "a later segment must not go before an earlier one" },
    { "look_around", false, "what is reported lies in a file whose name may still be lost" },
    { "settle", false, "what is reported may be in the page cache only" },
    { "end_segment", true, "the next header page vouches for all that is in this one" },
};

static void
each_sync_is_missed_when_it_is_left_out(void)
{
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++)
        if (!is_missed(sites[i].function, sites[i].is_careless)) {
            fprintf(stderr, "not missed: %s, %s\n", sites[i].function, sites[i].why);
            check(false);
        }
}

static const struct test tests[] = {
    { "power cuts take nothing that was promised", power_cuts_take_nothing_that_was_promised },
    { "nor do they when syncs fail too", nor_do_they_when_syncs_fail_too },
    { "a careless log opens after any power cut", a_careless_log_opens_after_any_power_cut },
    { "each sync is missed when it is left out", each_sync_is_missed_when_it_is_left_out },
};

TEST_MAIN(tests)

#include "tests/check.h"
#include "tests/history/support/trial.h"

#define COPY(i) (&trial.copies[i])

/* Three versions of /a: ids 1, 2, 3. */
static void
write_three(const char *acks)
{
    char line[64];

    trial_begin();
    for (unsigned i = 1; i <= 3; i++) {
        snprintf(line, sizeof line, "b %u0 %u 0 put 20 /a -", i, i);
        says(line);
        snprintf(line, sizeof line, "e %u1 %u done %u %s none", i, i, i, acks);
        says(line);
    }
    trial_replay();
}

static void
a_backup_may_be_behind_and_catch_up(void)
{
    write_three("0 0");
    trial_see_backups(100, 1);
    hold_payload(COPY(0), "/a", 2, 20);
    trial_see_backups(101, 1);
    hold_payload(COPY(0), "/a", 3, 20);
    trial_see_backups(102, 1);
    trial_end();
    check(trial.verdict.total == 0);
}

static void
a_backup_never_goes_back(void)
{
    write_three("0 0");
    hold_payload(COPY(0), "/a", 2, 20);
    trial_see_backups(100, 1);
    hold_payload(COPY(0), "/a", 1, 20);
    trial_see_backups(101, 1);
    trial_end();
    check(trial.verdict.counts[RULE_WENT_BACK] == 1);
}

static void
a_backup_never_loses_what_it_had(void)
{
    write_three("0 0");
    hold_payload(COPY(0), "/a", 2, 20);
    trial_see_backups(100, 1);
    trial_see_backups(101, 1);
    trial_end();
    check(trial.verdict.counts[RULE_WENT_BACK] == 1);
}

static void
a_backup_never_holds_what_the_primary_never_had(void)
{
    write_three("0 0");
    hold_payload(COPY(0), "/a", 9, 20);
    trial_see_backups(100, 1);
    hold_payload(COPY(0), "/b", 1, 20);
    trial_see_backups(101, 1);
    trial_end();
    check(trial.verdict.counts[RULE_NEVER_THERE] == 2);
}

static void
a_backup_never_holds_a_write_that_did_not_happen(void)
{
    for (uint64_t on_primary = 1; on_primary <= 2; on_primary++) {
        trial_begin();
        says("b 10 1 0 put 20 /a -");
        says("e 11 1 done 1 0 0 none");
        says("b 20 2 0 put 20 /a -");
        says("m 25 kill");
        trial_replay();
        hold_payload(&trial.primary, "/a", on_primary, 20);
        trial_see_primary(30);
        hold_payload(COPY(0), "/a", 2, 20);
        trial_see_backups(31, 1);
        trial_end();
        check(trial.verdict.counts[RULE_NEVER_THERE] == (on_primary == 1));
        check(trial.verdict.total == (on_primary == 1));
    }
}

static void
as_many_backups_have_it_as_acknowledged_it(void)
{
    write_three("2 2");
    hold_payload(COPY(0), "/a", 3, 20);
    hold_payload(COPY(1), "/a", 3, 20);
    trial_see_backups(100, 3);
    trial_end();
    check(trial.verdict.total == 0);

    write_three("2 2");
    hold_payload(COPY(0), "/a", 3, 20);
    hold_payload(COPY(1), "/a", 2, 20);
    trial_see_backups(100, 3);
    trial_end();
    check(trial.verdict.counts[RULE_ACKS] == 1);
}

static void
backups_that_acknowledged_may_have_something_later(void)
{
    trial_begin();
    says("b 10 1 0 put 20 /a -");
    says("e 11 1 done 1 1 1 none");
    says("b 20 2 0 put 20 /a -");
    says("e 21 2 done 2 0 0 none");
    trial_replay();
    hold_payload(COPY(0), "/a", 2, 20);
    trial_see_backups(100, 1);
    trial_end();
    check(trial.verdict.total == 0);
}

/* A write and a removal that were not answered: the removal came first. */
static void
a_backup_follows_writes_in_an_order_that_only_the_primary_tells(void)
{
    trial_begin();
    says("b 5 3 0 put 20 /a -");
    says("e 6 3 done 1 1 1 none");
    says("b 10 1 0 put 20 /a -");
    says("b 11 2 1 remove 0 /a -");
    says("m 15 kill");
    trial_replay();
    trial_see_backups(16, 1);
    hold_payload(&trial.primary, "/a", 1, 20);
    trial_see_primary(18);
    hold_payload(COPY(0), "/a", 1, 20);
    trial_see_backups(20, 1);
    trial_end();
    check(trial.verdict.total == 0);
}

static void
an_unanswered_write_that_did_not_happen_owes_no_acks(void)
{
    trial_begin();
    says("b 10 1 0 put 20 /d/a -");
    says("b 11 2 1 put 20 /d/b -");
    says("m 15 kill");
    says("b 20 3 0 put 20 /d/c -");
    says("e 21 3 done 1 1 1 none");
    trial_replay();
    hold_directory(&trial.primary, "/d");
    hold_payload(&trial.primary, "/d/a", 1, 20);
    trial_see_primary(18);
    hold_directory(COPY(0), "/d");
    hold_payload(COPY(0), "/d/c", 3, 20);
    trial_see_backups(30, 1);
    trial_end();
    check(trial.verdict.total == 0);
}

static void
after_a_power_cut_only_what_was_acknowledged_counts(void)
{
    write_three("0 0");
    hold(COPY(0), "/a", "", 0);
    trial_see_copies(100, 1, true);
    check(trial.verdict.total == 0);
    trial_end();

    write_three("1 1");
    hold(COPY(0), "/a", "", 0);
    trial_see_copies(100, 1, true);
    check(trial.verdict.counts[RULE_ACKS] == 1);
    trial_end();
}

/* Where it had gone, the remains of a later write take nothing away. */
static void
remains_of(bool has_later, bool is_gone_acknowledged)
{
    trial_begin();
    says("b 10 1 0 put 20 /a -");
    says("e 11 1 done 1 1 1 none");
    says("b 20 2 0 remove 0 /a -");
    says(is_gone_acknowledged ? "e 21 2 done 2 1 1 none" : "e 21 2 done 2 0 0 none");
    if (has_later)
        says("b 30 3 0 put 20 /a -");
    trial_replay();
    hold(COPY(0), "/a", "", 0);
    trial_see_copies(100, 1, true);
    check(trial.verdict.counts[RULE_ACKS] == !has_later);
    trial_end();
}

static void
after_a_power_cut_remains_may_lie_where_nothing_was(void)
{
    for (int i = 0; i < 4; i++)
        remains_of(i & 1, i & 2);
}

static void
remains_are_files_no_longer_than_what_was_on_its_way(void)
{
    static const char bytes[40];

    for (int is_long = 0; is_long <= 1; is_long++) {
        trial_begin();
        says("b 10 1 0 put 20 /a -");
        says("e 11 1 done 1 1 1 none");
        says("b 20 2 0 remove 0 /a -");
        says("b 30 3 0 put 20 /a -");
        trial_replay();
        if (is_long)
            hold(COPY(0), "/a", bytes, sizeof bytes);
        else
            hold_directory(COPY(0), "/a");
        trial_see_copies(100, 1, true);
        check(trial.verdict.counts[RULE_ACKS] == 1);
        trial_end();
    }
}

/* The removal came before the write, or it would be gone: nobody who showed the write loses it. */
static void
a_backup_that_has_what_the_primary_shows_last_keeps_it(void)
{
    trial_begin();
    says("b 5 3 0 put 20 /a -");
    says("e 6 3 done 1 1 1 none");
    says("b 10 1 0 put 20 /a -");
    says("b 11 2 1 remove 0 /a -");
    says("m 15 kill");
    trial_replay();
    hold_payload(COPY(0), "/a", 1, 20);
    trial_see_backups(16, 1);
    hold_payload(&trial.primary, "/a", 1, 20);
    trial_see_primary(18);
    check(trial.verdict.total == 0);
    trial_see_backups(20, 1);
    check(trial.verdict.counts[RULE_WENT_BACK] == 1);
    trial_end();
}

/* Outcomes that were not kept may be on a backup, also when the primary has gone on. */
static void
of_a_crowd_a_backup_may_show_any_outcome(void)
{
    char line[64], bytes[32];

    trial_begin();
    for (unsigned id = 10; id < 20; id++) {
        snprintf(line, sizeof line, "b %u %u %u append 4 /a -", id, id, id);
        says(line);
    }
    says("m 30 kill");
    says("b 40 40 0 put 20 /a -");
    says("e 41 40 done 9 0 0 none");
    trial_replay();
    for (unsigned i = 0; i < 8; i++)
        payload_fill(i + 11, 0, bytes + 4 * i, 4);
    hold(&trial.primary, "/a", bytes, sizeof bytes);
    trial_see_primary(35);
    hold(COPY(0), "/a", bytes, 28);
    trial_see_backups(50, 1);
    check(trial.verdict.total == 0);
    trial_end();
}

static size_t
differences(const char *path, uint64_t id, unsigned mode, bool is_directory)
{
    trial_begin();
    trial_replay();
    hold_payload(&trial.primary, "/a", 1, 20);
    if (is_directory)
        hold_directory(COPY(0), path);
    else
        hold_payload(COPY(0), path, id, 20);
    COPY(0)->at[0].mode = mode;
    replay_compare(&trial.replay, &trial.primary, "one", COPY(0));
    snapshot_free(&trial.primary);
    snapshot_free(COPY(0));
    trial_end();
    return trial.verdict.counts[RULE_DIFFERS];
}

static void
a_backup_at_rest_equals_the_primary(void)
{
    check(differences("/a", 1, 0644, false) == 0);
    check(differences("/a", 2, 0644, false) == 1);
    check(differences("/a", 1, 0600, false) == 1);
    check(differences("/a", 1, 0644, true) == 1);
    check(differences("/b", 1, 0644, false) == 2);
}

static const struct test tests[] = {
    { "a backup may be behind and catch up", a_backup_may_be_behind_and_catch_up },
    { "a backup never goes back", a_backup_never_goes_back },
    { "a backup never loses what it had", a_backup_never_loses_what_it_had },
    { "a backup never holds what the primary never had",
        a_backup_never_holds_what_the_primary_never_had },
    { "a backup never holds a write that did not happen",
        a_backup_never_holds_a_write_that_did_not_happen },
    { "as many backups have it as acknowledged it", as_many_backups_have_it_as_acknowledged_it },
    { "backups that acknowledged may have something later",
        backups_that_acknowledged_may_have_something_later },
    { "a backup follows writes in an order that only the primary tells",
        a_backup_follows_writes_in_an_order_that_only_the_primary_tells },
    { "an unanswered write that did not happen owes no acks",
        an_unanswered_write_that_did_not_happen_owes_no_acks },
    { "after a power cut only what was acknowledged counts",
        after_a_power_cut_only_what_was_acknowledged_counts },
    { "after a power cut remains may lie where nothing was",
        after_a_power_cut_remains_may_lie_where_nothing_was },
    { "remains are files no longer than what was on its way",
        remains_are_files_no_longer_than_what_was_on_its_way },
    { "a backup that has what the primary shows last keeps it",
        a_backup_that_has_what_the_primary_shows_last_keeps_it },
    { "of a crowd a backup may show any outcome", of_a_crowd_a_backup_may_show_any_outcome },
    { "a backup at rest equals the primary", a_backup_at_rest_equals_the_primary },
};

TEST_MAIN(tests)

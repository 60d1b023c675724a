#include "tests/check.h"
#include "tests/history/support/trial.h"

#define HOLDS (&trial.primary)

static void
write_a(void)
{
    trial_begin();
    says("b 10 1 0 put 20 /a -");
    says("e 11 1 done 1 0 0 none");
}

static void
an_acknowledged_write_that_is_there_is_well(void)
{
    write_a();
    hold_payload(HOLDS, "/a", 1, 20);
    check(trial_is_well());
}

static void
an_acknowledged_write_that_is_gone_is_lost(void)
{
    write_a();
    check(trial_judge(RULE_LOST) == 1);
}

static void
an_acknowledged_overwrite_that_went_back_is_lost(void)
{
    write_a();
    says("b 20 2 0 put 20 /a -");
    says("e 21 2 done 2 0 0 none");
    hold_payload(HOLDS, "/a", 1, 20);
    check(trial_judge(RULE_LOST) == 1);
}

static void
an_overwrite_without_an_answer_may_be_there_or_not(void)
{
    for (uint64_t id = 1; id <= 2; id++) {
        write_a();
        says("b 20 2 0 put 20 /a -");
        hold_payload(HOLDS, "/a", id, 20);
        check(trial_is_well());
    }
}

static void
a_write_without_an_answer_is_there_whole_or_not_at_all(void)
{
    char bytes[20];

    write_a();
    says("b 20 2 0 put 20 /a -");
    payload_fill(2, 0, bytes, 10);
    payload_fill(1, 10, bytes + 10, 10);
    hold(HOLDS, "/a", bytes, 20);
    check(trial_judge(RULE_MIXED) == 1);
}

static void
a_write_whose_server_ended_cannot_happen_later(void)
{
    trial_begin();
    says("b 10 1 0 put 20 /a -");
    says("m 15 kill");
    says("m 16 start");
    says("b 20 2 0 put 20 /a -");
    says("e 21 2 done 2 0 0 none");
    hold_payload(HOLDS, "/a", 1, 20);
    check(trial_judge(RULE_LOST) == 1);

    trial_begin();
    says("b 10 1 0 put 20 /a -");
    says("b 20 2 0 put 20 /a -");
    says("e 21 2 done 2 0 0 none");
    hold_payload(HOLDS, "/a", 1, 20);
    check(trial_is_well());
}

static void
a_refused_write_must_not_be_there_and_a_missed_quorum_must(void)
{
    trial_begin();
    says("b 10 1 0 put 20 /a -");
    says("e 11 1 refused 0 0 0 is_a_directory");
    hold_payload(HOLDS, "/a", 1, 20);
    check(trial_judge(RULE_FOREIGN) == 1);

    trial_begin();
    says("b 10 1 0 put 20 /a -");
    says("e 11 1 retry 1 1 0 sync_write_quorum");
    check(trial_judge(RULE_LOST) == 1);

    trial_begin();
    says("b 10 1 0 put 20 /a -");
    says("e 11 1 retry 0 0 0 io");
    hold_payload(HOLDS, "/a", 1, 20);
    check(trial_is_well());
}

static void
an_acknowledged_removal_stays(void)
{
    write_a();
    says("b 20 2 0 remove 0 /a -");
    says("e 21 2 done 2 0 0 none");
    hold_payload(HOLDS, "/a", 1, 20);
    check(trial_judge(RULE_RESURRECTED) == 1);

    write_a();
    says("b 20 2 0 remove 0 /a -");
    hold_payload(HOLDS, "/a", 1, 20);
    check(trial_is_well());
}

static void
appends_and_truncates_follow_the_bytes(void)
{
    char bytes[40] = { 0 };

    write_a();
    says("b 20 2 0 truncate 8 /a -");
    says("e 21 2 done 2 0 0 none");
    says("b 30 3 0 append 12 /a -");
    says("e 31 3 done 3 0 0 none");
    says("b 40 4 0 truncate 30 /a -");
    says("e 41 4 done 4 0 0 none");
    payload_fill(1, 0, bytes, 8);
    payload_fill(3, 0, bytes + 8, 12);
    hold(HOLDS, "/a", bytes, 30);
    check(trial_is_well());
}

static void
a_write_at_an_offset_leaves_what_is_around_it(void)
{
    char bytes[40] = { 0 };

    write_a();
    says("b 20 2 0 write_at 5 /a 10");
    says("e 21 2 done 2 0 0 none");
    says("b 30 3 0 write_at 8 /a 30");
    says("e 31 3 done 3 0 0 none");
    payload_fill(1, 0, bytes, 20);
    payload_fill(2, 0, bytes + 10, 5);
    payload_fill(3, 0, bytes + 30, 8);
    hold(HOLDS, "/a", bytes, 38);
    check(trial_is_well());

    write_a();
    says("b 20 2 0 write_at 5 /a 10");
    says("e 21 2 done 2 0 0 none");
    payload_fill(2, 0, bytes + 11, 5);
    hold(HOLDS, "/a", bytes, 20);
    check(trial_judge(RULE_MIXED) == 1);
}

static void
a_write_at_an_offset_makes_the_file(void)
{
    char bytes[13] = { 0 };

    trial_begin();
    says("b 10 1 0 write_at 5 /b 8");
    says("e 11 1 done 1 0 0 none");
    payload_fill(1, 0, bytes + 8, 5);
    hold(HOLDS, "/b", bytes, 13);
    check(trial_is_well());
}

static void
an_append_happens_once(void)
{
    char bytes[40];

    write_a();
    says("b 20 2 0 append 10 /a -");
    payload_fill(1, 0, bytes, 20);
    payload_fill(2, 0, bytes + 20, 10);
    payload_fill(2, 0, bytes + 30, 10);
    hold(HOLDS, "/a", bytes, 40);
    check(trial_judge(RULE_MIXED) == 1);
}

static void
a_file_that_nobody_wrote_is_foreign(void)
{
    write_a();
    hold_payload(HOLDS, "/a", 1, 20);
    hold_payload(HOLDS, "/b", 1, 20);
    check(trial_judge(RULE_FOREIGN) == 1);
}

static void
directories_appear_with_what_is_in_them(void)
{
    trial_begin();
    says("b 10 1 0 put 20 /d/e/a -");
    says("e 11 1 done 1 0 0 none");
    hold_directory(HOLDS, "/d");
    hold_directory(HOLDS, "/d/e");
    hold_payload(HOLDS, "/d/e/a", 1, 20);
    check(trial_is_well());
}

static void
an_acknowledged_directory_that_is_gone_is_lost(void)
{
    trial_begin();
    says("b 10 1 0 mkdir 0 /d -");
    says("e 11 1 done 1 0 0 none");
    check(trial_judge(RULE_LOST) == 1);
}

static void
what_was_there_before_the_first_operation_is_believed(void)
{
    trial_begin();
    says("b 10 1 0 remove 0 /x -");
    says("e 11 1 done 1 0 0 none");
    trial_replay();
    hold_payload(HOLDS, "/x", 77, 20);
    hold_payload(HOLDS, "/y", 78, 20);
    trial_see_primary(5);
    hold_payload(HOLDS, "/y", 78, 20);
    trial_see_primary(UINT64_MAX);
    trial_end();
    check(trial.verdict.total == 0);
}

static void
what_was_seen_in_between_is_believed(void)
{
    write_a();
    says("b 20 2 0 put 20 /a -");
    says("m 25 kill");
    trial_replay();
    hold_payload(HOLDS, "/a", 2, 20);
    trial_see_primary(30);
    check(trial.verdict.total == 0);
    hold_payload(HOLDS, "/a", 1, 20);
    trial_see_primary(UINT64_MAX);
    trial_end();
    check(trial.verdict.counts[RULE_LOST] == 1);
}

static void
renaming_what_cannot_be_there_is_impossible(void)
{
    trial_begin();
    says("b 10 1 0 rename 0 /a /b");
    says("e 11 1 done 1 0 0 none");
    check(trial_judge(RULE_IMPOSSIBLE) == 1);
}

static const struct test tests[] = {
    { "an acknowledged write that is there is well", an_acknowledged_write_that_is_there_is_well },
    { "an acknowledged write that is gone is lost", an_acknowledged_write_that_is_gone_is_lost },
    { "an acknowledged overwrite that went back is lost",
        an_acknowledged_overwrite_that_went_back_is_lost },
    { "an overwrite without an answer may be there or not",
        an_overwrite_without_an_answer_may_be_there_or_not },
    { "a write without an answer is there whole or not at all",
        a_write_without_an_answer_is_there_whole_or_not_at_all },
    { "a write whose server ended cannot happen later",
        a_write_whose_server_ended_cannot_happen_later },
    { "a refused write must not be there and a missed quorum must",
        a_refused_write_must_not_be_there_and_a_missed_quorum_must },
    { "an acknowledged removal stays", an_acknowledged_removal_stays },
    { "appends and truncates follow the bytes", appends_and_truncates_follow_the_bytes },
    { "a write at an offset leaves what is around it",
        a_write_at_an_offset_leaves_what_is_around_it },
    { "a write at an offset makes the file", a_write_at_an_offset_makes_the_file },
    { "an append happens once", an_append_happens_once },
    { "a file that nobody wrote is foreign", a_file_that_nobody_wrote_is_foreign },
    { "directories appear with what is in them", directories_appear_with_what_is_in_them },
    { "an acknowledged directory that is gone is lost",
        an_acknowledged_directory_that_is_gone_is_lost },
    { "what was there before the first operation is believed",
        what_was_there_before_the_first_operation_is_believed },
    { "what was seen in between is believed", what_was_seen_in_between_is_believed },
    { "renaming what cannot be there is impossible", renaming_what_cannot_be_there_is_impossible },
};

TEST_MAIN(tests)

#include "tests/check.h"
#include "tests/history/support/trial.h"

#define HOLDS (&trial.primary)

/* /d/a and /d/b, acknowledged. */
static void
make_tree(void)
{
    trial_begin();
    says("b 10 1 0 put 20 /d/a -");
    says("e 11 1 done 1 0 0 none");
    says("b 12 2 0 put 20 /d/b -");
    says("e 13 2 done 2 0 0 none");
}

static void
hold_tree(const char *top, bool has_a, bool has_b)
{
    char *a = memory_print("%s/a", top), *b = memory_print("%s/b", top);

    hold_directory(HOLDS, top);
    if (has_a)
        hold_payload(HOLDS, a, 1, 20);
    if (has_b)
        hold_payload(HOLDS, b, 2, 20);
    free(a);
    free(b);
}

static void
a_renamed_tree_is_at_its_new_name(void)
{
    make_tree();
    says("b 20 3 0 rename 0 /d /e");
    says("e 21 3 done 3 0 0 none");
    hold_tree("/e", true, true);
    check(trial_is_well());
}

static void
a_renamed_tree_that_lost_a_file_is_found(void)
{
    make_tree();
    says("b 20 3 0 rename 0 /d /e");
    says("e 21 3 done 3 0 0 none");
    hold_tree("/e", true, false);
    check(trial_judge(RULE_LOST) == 1);
}

static void
a_renamed_tree_with_both_names_is_found(void)
{
    make_tree();
    says("b 20 3 0 rename 0 /d /e");
    says("e 21 3 done 3 0 0 none");
    hold_tree("/d", true, true);
    hold_tree("/e", true, true);
    check(trial_judge(RULE_RESURRECTED) == 3);
}

static void
a_rename_without_an_answer_is_whole_or_not_at_all(void)
{
    make_tree();
    says("b 20 3 0 rename 0 /d /e");
    hold_tree("/e", true, true);
    check(trial_is_well());

    make_tree();
    says("b 20 3 0 rename 0 /d /e");
    hold_tree("/d", true, true);
    check(trial_is_well());

    make_tree();
    says("b 20 3 0 rename 0 /d /e");
    hold_tree("/d", true, false);
    hold_tree("/e", false, true);
    check(trial_judge(RULE_HALF) > 0);
}

static void
a_write_that_failed_may_leave_the_directories_for_it(void)
{
    make_tree();
    says("b 20 3 0 put 20 /f/g/h -");
    says("e 21 3 retry 0 0 0 io");
    hold_tree("/d", true, true);
    hold_directory(HOLDS, "/f");
    check(trial_is_well());

    make_tree();
    says("b 20 3 0 put 20 /f/g/h -");
    hold_tree("/d", true, true);
    hold_directory(HOLDS, "/f");
    check(trial_judge(RULE_HALF) > 0);
}

static void
a_file_rename_without_an_answer_never_leaves_both_names_or_neither(void)
{
    make_tree();
    says("b 20 3 0 rename 0 /d/a /d/c");
    hold_tree("/d", true, true);
    hold_payload(HOLDS, "/d/c", 1, 20);
    check(trial_judge(RULE_HALF) > 0);

    make_tree();
    says("b 20 3 0 rename 0 /d/a /d/c");
    hold_tree("/d", false, true);
    check(trial_judge(RULE_HALF) > 0);

    make_tree();
    says("b 20 3 0 rename 0 /d/a /d/c");
    hold_tree("/d", false, true);
    hold_payload(HOLDS, "/d/c", 1, 20);
    check(trial_is_well());
}

static void
a_rename_that_replaces_a_file_leaves_the_new_one(void)
{
    make_tree();
    says("b 20 3 0 rename 0 /d/a /d/b");
    says("e 21 3 done 3 0 0 none");
    hold_tree("/d", false, false);
    hold_payload(HOLDS, "/d/b", 1, 20);
    check(trial_is_well());
}

static void
a_removed_tree_stays_removed(void)
{
    make_tree();
    says("b 20 3 0 remove_tree 0 /d -");
    says("e 21 3 done 3 0 0 none");
    check(trial_is_well());

    make_tree();
    says("b 20 3 0 remove_tree 0 /d -");
    says("e 21 3 done 3 0 0 none");
    hold_tree("/d", false, true);
    check(trial_judge(RULE_RESURRECTED) == 2);
}

static void
a_tree_removal_without_an_answer_is_whole_or_not_at_all(void)
{
    make_tree();
    says("b 20 3 0 remove_tree 0 /d -");
    hold_tree("/d", true, false);
    check(trial_judge(RULE_HALF) > 0);

    make_tree();
    says("b 20 3 0 remove_tree 0 /d -");
    check(trial_is_well());
}

static void
a_write_beside_a_tree_removal_may_come_before_or_after_it(void)
{
    make_tree();
    says("b 20 3 0 remove_tree 0 /d -");
    says("b 21 4 1 put 20 /d/c -");
    says("e 22 4 done 4 0 0 none");
    hold_directory(HOLDS, "/d");
    hold_payload(HOLDS, "/d/c", 4, 20);
    check(trial_is_well());

    make_tree();
    says("b 20 3 0 remove_tree 0 /d -");
    says("b 21 4 1 put 20 /d/c -");
    says("e 22 4 done 4 0 0 none");
    check(trial_is_well());
}

static void
an_unanswered_write_that_only_made_its_directory_is_half(void)
{
    trial_begin();
    says("b 10 1 0 put 20 /d/a -");
    hold_directory(HOLDS, "/d");
    check(trial_judge(RULE_HALF) == 1);
}

static void
a_move_carries_the_doubt_about_what_it_moves(void)
{
    for (int is_there = 0; is_there <= 1; is_there++) {
        make_tree();
        says("b 20 3 0 append 5 /d/a -");
        says("b 30 4 1 rename 0 /d /e");
        says("e 31 4 done 4 0 0 none");
        hold_tree("/e", false, true);
        if (is_there) {
            char bytes[25];
            payload_fill(1, 0, bytes, 20);
            payload_fill(3, 0, bytes + 20, 5);
            hold(HOLDS, "/e/a", bytes, 25);
        } else {
            hold_payload(HOLDS, "/e/a", 1, 20);
        }
        check(trial_is_well());
    }
}

static void
what_was_moved_away_does_not_tell_whether_a_removal_happened_later(void)
{
    make_tree();
    says("b 20 3 0 remove_tree 0 /d -");
    says("b 30 4 1 rename 0 /d /e");
    says("e 31 4 done 4 0 0 none");
    says("b 40 5 1 put 20 /d/c -");
    says("e 41 5 done 5 0 0 none");
    hold_tree("/e", true, true);
    check(trial_is_well());
}

static void
two_writes_without_an_answer_may_both_have_made_the_directory(void)
{
    trial_begin();
    says("b 10 1 0 put 20 /d/a -");
    says("b 11 2 1 put 20 /d/b -");
    says("m 15 kill");
    trial_replay();
    hold_directory(HOLDS, "/d");
    hold_payload(HOLDS, "/d/b", 2, 20);
    trial_see_primary(20);
    hold_directory(&trial.copies[0], "/d");
    hold_payload(&trial.copies[0], "/d/b", 2, 20);
    trial_see_backups(21, 1);
    trial_end();
    check(trial.verdict.total == 0);
}

static void
what_has_no_answer_may_come_in_any_order(void)
{
    char bytes[25];

    make_tree();
    says("b 20 3 0 append 5 /d/c -");
    says("b 21 4 1 rename 0 /d/a /d/c");
    says("b 22 5 2 put 20 /d/c -");
    says("e 23 5 done 3 0 0 none");
    hold_tree("/d", false, true);
    payload_fill(1, 0, bytes, 20);
    payload_fill(3, 0, bytes + 20, 5);
    hold(HOLDS, "/d/c", bytes, 25);
    check(trial_is_well());
}

/* Each may act on what the one before it left, also where they have no path in common. */
static void
moves_without_an_answer_may_follow_each_other(void)
{
    trial_begin();
    says("b 10 1 0 rename 0 /b /c");
    says("b 11 2 1 rename 0 /c /d");
    says("b 12 3 2 rename 0 /d /e");
    says("b 13 4 3 put 20 /b -");
    says("e 14 4 done 1 0 0 none");
    hold_payload(HOLDS, "/e", 4, 20);
    check(trial_is_well());
}

/* More outcomes than are kept of one path: no longer sure, but no false alarm either. */
static void
of_a_crowd_without_answers_nothing_false_is_said(void)
{
    char line[64];

    make_tree();
    says("b 19 9 0 rename 0 /d /e");
    for (unsigned id = 10; id < 20; id++) {
        snprintf(line, sizeof line, "b %u %u %u put 20 /d/a -", id + 10, id, id);
        says(line);
    }
    hold_tree("/e", true, true);
    hold_directory(HOLDS, "/d");
    hold_payload(HOLDS, "/d/a", 15, 20);
    check(trial_is_well());
}

static void
directories_left_by_a_failure_do_not_excuse_half_a_move(void)
{
    make_tree();
    says("b 20 3 0 rename 0 /d/a /f/g");
    says("e 21 3 retry 0 0 0 io");
    hold_tree("/d", false, true);
    hold_directory(HOLDS, "/f");
    check(trial_judge(RULE_HALF) == 1);

    make_tree();
    says("b 20 3 0 rename 0 /d/a /f/g");
    says("e 21 3 retry 0 0 0 io");
    hold_tree("/d", true, true);
    hold_directory(HOLDS, "/f");
    check(trial_is_well());
}

static const struct test tests[] = {
    { "moves without an answer may follow each other",
        moves_without_an_answer_may_follow_each_other },
    { "of a crowd without answers nothing false is said",
        of_a_crowd_without_answers_nothing_false_is_said },
    { "directories left by a failure do not excuse half a move",
        directories_left_by_a_failure_do_not_excuse_half_a_move },
    { "a write that failed may leave the directories for it",
        a_write_that_failed_may_leave_the_directories_for_it },
    { "a renamed tree is at its new name", a_renamed_tree_is_at_its_new_name },
    { "a renamed tree that lost a file is found", a_renamed_tree_that_lost_a_file_is_found },
    { "a renamed tree with both names is found", a_renamed_tree_with_both_names_is_found },
    { "a rename without an answer is whole or not at all",
        a_rename_without_an_answer_is_whole_or_not_at_all },
    { "a file rename without an answer never leaves both names or neither",
        a_file_rename_without_an_answer_never_leaves_both_names_or_neither },
    { "a rename that replaces a file leaves the new one",
        a_rename_that_replaces_a_file_leaves_the_new_one },
    { "a removed tree stays removed", a_removed_tree_stays_removed },
    { "a tree removal without an answer is whole or not at all",
        a_tree_removal_without_an_answer_is_whole_or_not_at_all },
    { "a write beside a tree removal may come before or after it",
        a_write_beside_a_tree_removal_may_come_before_or_after_it },
    { "an unanswered write that only made its directory is half",
        an_unanswered_write_that_only_made_its_directory_is_half },
    { "a move carries the doubt about what it moves",
        a_move_carries_the_doubt_about_what_it_moves },
    { "what was moved away does not tell whether a removal happened later",
        what_was_moved_away_does_not_tell_whether_a_removal_happened_later },
    { "two writes without an answer may both have made the directory",
        two_writes_without_an_answer_may_both_have_made_the_directory },
    { "what has no answer may come in any order", what_has_no_answer_may_come_in_any_order },
};

TEST_MAIN(tests)

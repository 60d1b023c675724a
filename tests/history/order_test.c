#include "tests/check.h"
#include "tests/history/counters.h"
#include "tests/history/support/trial.h"

#include <time.h>

static size_t
broken(enum rule rule, const char *first, const char *second)
{
    trial_begin();
    says("b 10 1 0 put 20 /a -");
    says("b 12 2 1 put 20 /b -");
    says(first);
    says(second);
    hold_payload(&trial.primary, "/a", 1, 20);
    hold_payload(&trial.primary, "/b", 2, 20);
    return trial_judge(rule);
}

static void
two_changes_never_have_one_seq(void)
{
    check(broken(RULE_SEQ_TWICE, "e 20 1 done 5 0 0 none", "e 21 2 done 5 0 0 none") == 1);
    check(broken(RULE_SEQ_TWICE, "e 20 1 done 5 0 0 none", "e 21 2 done 6 0 0 none") == 0);
}

static void
seqs_follow_real_time_where_it_decides(void)
{
    check(broken(RULE_SEQ_ORDER, "e 11 1 done 6 0 0 none", "e 21 2 done 5 0 0 none") == 1);
    check(broken(RULE_SEQ_ORDER, "e 20 1 done 6 0 0 none", "e 21 2 done 5 0 0 none") == 0);
}

static void
an_acknowledgement_names_a_seq(void)
{
    check(broken(RULE_SEQ_MISSING, "e 20 1 done 0 0 0 none", "e 21 2 done 5 0 0 none") == 1);
    trial_begin();
    says("b 10 1 0 remove 0 /a -");
    says("e 11 1 done 0 0 0 none");
    check(trial_is_well());
}

static void
done_means_that_as_many_acknowledged_as_were_required(void)
{
    check(broken(RULE_ACKS, "e 20 1 done 1 2 1 none", "e 21 2 done 5 2 2 none") == 1);
    check(broken(RULE_ACKS, "e 20 1 retry 1 2 1 sync_write_quorum", "e 21 2 done 5 1 2 none") == 0);
}

static void
counters_add_up(void)
{
    struct verdict verdict = { 0 };

    check(counters_check("local-backup 10 4 3 1 1 1", &verdict));
    check(verdict.total == 0);
    check(counters_check("local-backup 10 4 3 1 1 0", &verdict));
    check(verdict.counts[RULE_COUNTERS] == 1);
    check(!counters_check("local-backup 10 4", &verdict));
}

static void
lines_that_are_none_are_refused(void)
{
    static const char *const lines[] = { "", "b", "b x 1 0 put 20 /a -", "b 1 1 0 chew 20 /a -",
        "b 1 1 0 rename 0 /a -", "b 1 1 0 put 20 /a /b", "e 1 99 done 1 0 0 none", "m 1",
        "b 1 1 0 put 20 /a - more" };
    struct history *history = history_new();

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        check(!history_line(history, lines[i]));
    check(history->count == 0);
    history_free(&history);
    check(!history);
}

static void
names_survive_being_fields(void)
{
    static const char name[] = "/a b%c\n\xc3\xa4";
    char *field = field_escape(name), *back = field_unescape(field);

    check(!strchr(field, ' ') && !strchr(field, '\n'));
    check(strcmp(back, name) == 0);
    free(field);
    free(back);
}

static void
a_hundred_thousand_operations_take_seconds(void)
{
    const clock_t start = clock();
    char line[256];

    trial_begin();
    for (unsigned i = 1; i <= 100000; i++) {
        const unsigned t = i * 10;
        snprintf(line, sizeof line, "b %u %u 0 %s 100 /d%u/f%u -", t, i, i % 3 ? "put" : "append",
            i % 10, i % 1000);
        says(line);
        if (i % 100 == 0) {
            snprintf(line, sizeof line, "m %u kill", t + 1);
            says(line);
            continue;
        }
        snprintf(line, sizeof line, "e %u %u done %u 0 0 none", t + 1, i, i);
        says(line);
    }
    check(trial_judge(RULE_LOST) > 900);
    check((clock() - start) / CLOCKS_PER_SEC < 10);
}

static const struct test tests[] = {
    { "two changes never have one seq", two_changes_never_have_one_seq },
    { "seqs follow real time where it decides", seqs_follow_real_time_where_it_decides },
    { "an acknowledgement names a seq", an_acknowledgement_names_a_seq },
    { "done means that as many acknowledged as were required",
        done_means_that_as_many_acknowledged_as_were_required },
    { "counters add up", counters_add_up },
    { "lines that are none are refused", lines_that_are_none_are_refused },
    { "names survive being fields", names_survive_being_fields },
    { "a hundred thousand operations take seconds", a_hundred_thousand_operations_take_seconds },
};

TEST_MAIN(tests)

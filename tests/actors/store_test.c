/* The actor that keeps one place up to date, told by hand what journal and reader would say. */

#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"
#include "conf/policy.h"
#include "tests/actors/support/store_place.h"
#include "tests/check.h"

/* ---- the sentences --------------------------------------------------------------------------- */

static void
barriers_are_kept(void)
{
    set_up();
    start(1, "local", 0, 1);
    put_by_state(1, "/d/f");
    apply((struct message_apply){ .attempt = 2,
              .kind = RENAME,
              .path = view_of("/d"),
              .to = view_of("/e"),
              .barrier = true },
        "");
    put(3, "/d/f", "second");
    fetched(1, "/d/f");
    check(is_silent());
    chunk(1, 7, 0, 5, "first");
    check(applied(1)->outcome == DONE && applied(2)->outcome == DONE);
    check(applied(3)->outcome == DONE);
    check(holds("/e/f", "first") && holds("/d/f", "second"));
    stop();
}

static void
one_flush_for_many(void)
{
    set_up();
    start(1, "local", PATIENCE_MS, 3);
    fault_plan("");
    put(1, "/a", "x");
    put(2, "/b", "x");
    check(is_silent());
    put(3, "/c", "x");
    for (uint64_t attempt = 1; attempt <= 3; attempt++)
        check(applied(attempt)->outcome == DONE);
    check(fault_count("syncfs") == 1);
    fault_plan(NULL);
    stop();
}

static void
failing_begins_are_survived(void)
{
    set_up();
    start(1, "flaky", 0, 1);
    order("put fail retry no_space\n");
    put(1, "/a", "inlined");
    check(applied(1)->outcome == RETRY);
    check(envelope_message(last_heard)->applied.cause == CAUSE_NO_SPACE);
    put_by_state(2, "/b");
    fetched(2, "/b");
    chunk(2, 1, 0, 7, "fetched");
    check(applied(2)->outcome == RETRY);
    order("");
    put(3, "/a", "inlined");
    check(applied(3)->outcome == DONE && holds("/a", "inlined") && !stands("/b"));
    stop();
}

static void
fetched_content(void)
{
    set_up();
    start(1, "local", 0, 1);
    put_by_state(1, "/empty");
    fetched(1, "/empty");
    chunk(1, 1, 0, 0, "");
    check(applied(1)->outcome == DONE && holds("/empty", ""));
    put_by_state(2, "/f");
    check(fetched(2, "/f")->offset == 0);
    chunk(2, 5, 0, 8, "old ");
    check(fetched(2, "/f")->offset == 4 && envelope_message(last_heard)->fetch.version == 5);
    no_chunk(2, RETRY, CAUSE_CONFLICT);
    check(fetched(2, "/f")->offset == 0 && envelope_message(last_heard)->fetch.version == 0);
    chunk(2, 6, 0, 6, "new");
    fetched(2, "/f");
    chunk(2, 6, 3, 6, "est");
    check(applied(2)->outcome == DONE && holds("/f", "newest"));
    put_by_state(3, "/g");
    fetched(3, "/g");
    chunk(3, 5, 0, 8, "half");
    fetched(3, "/g");
    no_chunk(3, RETRY, CAUSE_BUSY); /* a reader that is full says no offset */
    check(applied(3)->cause == CAUSE_BUSY && !stands("/g"));
    stop();
}

static void
what_is_no_file_there(void)
{
    set_up();
    start(1, "local", 0, 1);
    put(1, "/d/gone", "x");
    check(applied(1)->outcome == DONE);
    put_by_state(2, "/d/gone");
    fetched(2, "/d/gone");
    no_chunk(2, REFUSED, CAUSE_NOT_FOUND);
    check(applied(2)->outcome == DONE && !stands("/d/gone") && stands("/d"));
    put_by_state(3, "/made");
    fetched(3, "/made");
    no_chunk(3, REFUSED, CAUSE_IS_A_DIRECTORY);
    check(applied(3)->outcome == DONE && stands("/made/."));
    put_by_state(4, "/a/b/gone");
    fetched(4, "/a/b/gone");
    no_chunk(4, REFUSED, CAUSE_NOT_FOUND);
    fetched(4, "/a/b");
    no_chunk(4, REFUSED, CAUSE_NOT_FOUND);
    fetched(4, "/a");
    no_chunk(4, REFUSED, CAUSE_IS_A_DIRECTORY);
    check(applied(4)->outcome == DONE && stands("/a/.") && !stands("/a/b"));
    put(5, "/way", "in the way");
    check(applied(5)->outcome == DONE);
    put_by_state(6, "/way/gone");
    fetched(6, "/way/gone");
    no_chunk(6, REFUSED, CAUSE_NOT_FOUND);
    fetched(6, "/way");
    no_chunk(6, REFUSED, CAUSE_IS_A_DIRECTORY);
    check(applied(6)->outcome == DONE && stands("/way/."));
    stop();
}

/* Of two files, the primary has one; of the other it says `cause`. */
static void
prune_of_two(enum cause cause)
{
    set_up();
    start(1, "local", 0, 1);
    put(1, "/t/gone", "x");
    put(2, "/t/kept", "x");
    check(applied(1)->outcome == DONE && applied(2)->outcome == DONE);
    prune(3, "/t");
    fetched(3, "/t");
    no_chunk(3, REFUSED, CAUSE_IS_A_DIRECTORY);
    for (int names = 0; names < 2; names++) {
        if (view_is(fetched_any()->path, "/t/gone"))
            no_chunk(3, REFUSED, cause);
        else
            chunk(3, 1, 0, 1, "");
    }
    check(applied(3)->outcome == DONE && !stands("/t/gone") && holds("/t/kept", "x"));
    stop();
}

static void
prune_keeps_what_the_primary_has(void)
{
    prune_of_two(CAUSE_NOT_FOUND);
}

static void
prune_removes_a_file_where_the_primary_has_a_directory(void)
{
    prune_of_two(CAUSE_IS_A_DIRECTORY);
}

static void
what_is_excluded_counts_as_none(void)
{
    set_up();
    policies_begin(&store_excludes, 0, memory_print("no zip"));
    policies_add_extensions(store_excludes, &(struct extensions){ (char *[]){ "zip" }, 1 });
    policies_begin(&store_excludes, 1, memory_print("no large"));
    policies_add_limit(store_excludes, 8);
    start(1, "local", 0, 1);
    put(1, "/t/a.zip", "x");
    put(2, "/t/large", "x");
    put(3, "/t/b.zip", "x");
    for (uint64_t attempt = 1; attempt <= 3; attempt++)
        check(applied(attempt)->outcome == DONE);
    put_by_state(4, "/t/a.zip");
    check(fetched(4, "/t/a.zip")->length == 0); /* of its content nothing is wanted */
    chunk(4, 1, 0, 4, "");
    check(applied(4)->outcome == DONE && !stands("/t/a.zip"));
    put_by_state(5, "/t/large");
    fetched(5, "/t/large");
    chunk(5, 1, 0, 9, "too ");
    check(applied(5)->outcome == DONE && !stands("/t/large"));
    put_by_state(6, "/t/d.zip");
    fetched(6, "/t/d.zip");
    no_chunk(6, REFUSED, CAUSE_IS_A_DIRECTORY);
    check(applied(6)->outcome == DONE && stands("/t/d.zip/."));
    prune(7, "/t/b.zip");
    fetched(7, "/t/b.zip");
    chunk(7, 1, 0, 1, "");
    check(applied(7)->outcome == DONE && !stands("/t/b.zip"));
    stop();
    policies_free(&store_excludes);
}

/*
 * Until it is opened anew, no flush of the handle would be believed; see local.c.
 * The flush is due with the second change, when all that it shall meet is there.
 */
static void
a_failed_flush_is_answered(void)
{
    set_up();
    fault_plan("call=syncfs when=1 do=EIO"); /* before there is a thread that asks */
    start(1, "local", PATIENCE_MS, 2);
    put_by_state(1, "/fetching");
    put_by_state(2, "/second");
    fetched(1, "/fetching");
    fetched(2, "/second");
    put(3, "/lost", "x");
    apply((struct message_apply){ .attempt = 4,
              .kind = REMOVE,
              .path = view_of("/n"),
              .barrier = true },
        "");
    check(is_silent());
    chunk(2, 1, 0, 1, "x");
    check(applied(3)->outcome == RETRY && envelope_message(last_heard)->applied.cause == CAUSE_IO);
    check(applied(2)->outcome == RETRY);
    check(applied(1)->outcome == RETRY && applied(4)->outcome == RETRY);
    chunk(1, 1, 0, 1, "x"); /* too late */
    put(5, "/lost", "x");
    put(6, "/more", "x");
    check(applied(5)->outcome == DONE && applied(6)->outcome == DONE);
    check(holds("/lost", "x") && !stands("/fetching"));
    stop();
    fault_plan(NULL);
}

static void
a_backup_may_be_down_at_first(void)
{
    set_up();
    order("open fail retry io\n");
    start(0, "flaky", 0, 1);
    check(!the_store && strstr(store_report.text, "open was told to fail"));
    start(1, "flaky", 0, 1);
    check(the_store);
    put(1, "/f", "x");
    check(applied(1)->outcome == RETRY && envelope_message(last_heard)->applied.cause == CAUSE_IO);
    order("");
    for (uint64_t attempt = 2, until = clock_ms() + PATIENCE_MS;; attempt++) {
        put(attempt, "/f", "x");
        if (applied(attempt)->outcome == DONE)
            break;
        check(clock_ms() < until);
    }
    check(holds("/f", "x"));
    stop();
}

/* Nobody can wait for the answer to the first of them: it comes with the flush, after the last. */
static void
a_backup_that_stops_drops(void)
{
    uint64_t began;

    set_up();
    start(1, "flaky", 0, 1);
    put(1, "/f", "x");
    check(applied(1)->outcome == DONE);
    order("put slow 300\n");
    for (uint64_t attempt = 2; attempt <= 30; attempt++)
        put(attempt, "/f", "x");
    began = clock_ms();
    actor_stop(&the_store);
    check(clock_ms() - began < 4000); /* all of them take 8700 */
    stop();
}

static const struct test tests[] = {
    { "a barrier waits for all before and holds up all behind", barriers_are_kept },
    { "one flush makes many durable", one_flush_for_many },
    { "a change that cannot begin is answered, and nothing else harmed",
        failing_begins_are_survived },
    { "content is fetched whole, in the version it has by then", fetched_content },
    { "what is gone or a directory on the primary is so here", what_is_no_file_there },
    { "what is excluded counts as none", what_is_excluded_counts_as_none },
    { "a prune removes only what the primary has not", prune_keeps_what_the_primary_has },
    { "a prune removes a file where the primary has a directory",
        prune_removes_a_file_where_the_primary_has_a_directory },
    { "after a failed flush all is answered and the place opened anew",
        a_failed_flush_is_answered },
    { "a backup may be down when it starts, the primary may not", a_backup_may_be_down_at_first },
    { "a backup that is told to stop drops what waits", a_backup_that_stops_drops },
};

TEST_MAIN(tests)

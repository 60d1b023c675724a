#include "actors/ledger.h"
#include "base/memory.h"
#include "tests/check.h"

#include <unistd.h>

static char directory[64];
static struct catalog *catalog;
static struct ledger *ledger;

static void
open_ledger(void)
{
    struct report report;

    check(catalog_open(&catalog, directory, &report) == DONE);
    ledger = ledger_new(&(struct ledger_args){ .catalog = catalog,
        .window_items = 100,
        .window_bytes = 1 << 20,
        .in_flight = 16,
        .retry_interval_ms = 1000,
        .backoff_base_ms = 10,
        .retries_per_round = 3,
        .quarantine_after = 3,
        .breaker_max_ms = 1000,
        .quarantine_ms = 5000,
        .first_attempt = 1,
        .seed = 1 });
    ledger_add(ledger, 7, "backup");
}

static void
begin(void)
{
    strcpy(directory, "/tmp/knarr-ledger-XXXXXX");
    check(mkdtemp(directory));
    open_ledger();
}

static void
checkpoint(void)
{
    struct report report;

    check(ledger_save(ledger, SIZE_MAX, &report) == DONE);
    check(catalog_checkpoint(catalog, 9, &report) == DONE);
}

static void
restart(void)
{
    ledger_free(&ledger);
    catalog_close(&catalog);
    open_ledger();
}

static void
end(void)
{
    char *remove = memory_print("rm -rf %s", directory);

    ledger_free(&ledger);
    catalog_close(&catalog);
    check(system(remove) == 0);
    free(remove);
}

static void
promise_rename(const char *from, const char *to, bool is_directory)
{
    ledger_promise(ledger, 0,
        &(struct promise){ .seq = 2,
            .kind = RENAME,
            .path = from,
            .to = to,
            .is_directory = is_directory },
        NULL);
}

/* Is a RENAME among what is sent until nothing more is? */
static bool
sends_rename(void)
{
    struct order order;
    bool is_among = false;

    while (ledger_next(ledger, 0, &order))
        is_among = is_among || order.kind == RENAME;
    return is_among;
}

static void
what_the_backup_has_is_moved(void)
{
    begin();
    promise_rename("/a/b", "/c", true);
    check(sends_rename());
    end();
}

static void
what_is_in_a_tree_that_is_still_to_be_compared_is_not(void)
{
    static const char *const trees[] = { "/", "/a", "/a/b" };

    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++)
        for (int sent = 0; sent < 2; sent++)
            for (int is_directory = 0; is_directory < 2; is_directory++) {
                struct order order;

                begin();
                ledger_resync(ledger, 0, trees[i], 1);
                check(!sent || ledger_next(ledger, 0, &order));
                promise_rename("/a/b/c", "/d", is_directory);
                check(!sends_rename());
                end();
            }
}

/* The primary had renamed it already when the path was compared, and removed here. */
static void
what_was_compared_while_the_answer_was_on_its_way_is_not(void)
{
    struct order order;

    begin();
    ledger_compare(ledger, 0, &(struct promise){ .seq = 1, .kind = PUT, .path = "/a/f" }, NULL);
    check(ledger_next(ledger, 0, &order) && order.kind == LAG_PATH);
    ledger_primary_is_at(ledger, 2, 1);
    ledger_ended(ledger, 0, order.attempt, DONE, CAUSE_NONE, view_of(""));
    ledger_primary_is_at(ledger, 2, 1);
    promise_rename("/a", "/b", true);
    check(!sends_rename());
    end();
}

static void
what_was_compared_before_it_was_promised_is_moved(void)
{
    struct order order;

    begin();
    ledger_compare(ledger, 0, &(struct promise){ .seq = 1, .kind = PUT, .path = "/a/f" }, NULL);
    check(ledger_next(ledger, 0, &order) && order.kind == LAG_PATH);
    ledger_ended(ledger, 0, order.attempt, DONE, CAUSE_NONE, view_of(""));
    ledger_primary_is_at(ledger, 1, 1);
    promise_rename("/a", "/b", true);
    check(sends_rename());
    end();
}

/* Is a tree there compared, when all is sent that can be? */
static bool
compares_tree(const char *path)
{
    struct order order;
    bool compares = false;

    while (ledger_next(ledger, 0, &order)) {
        compares = compares || (order.kind == LAG_PRUNE && strcmp(order.path, path) == 0);
        ledger_ended(ledger, 0, order.attempt, DONE, CAUSE_NONE, view_of(""));
        if (order.kind == LAG_PRUNE)
            ledger_walk_failed(ledger, 0, REFUSED, view_of("nothing is there"));
    }
    return compares;
}

static void
a_rename_that_was_not_sent_is_owed_as_two_trees_whatever_came_since(void)
{
    static const char *const names[] = { "/from", "/to" };
    static const enum change_kind kinds[] = { MKDIR, CHMOD };

    for (int which = 0; which < 2; which++)
        for (int saved_before = 0; saved_before < 2; saved_before++) {
            begin();
            promise_rename("/from", "/to", true);
            if (saved_before)
                checkpoint();
            ledger_promise(ledger, 0,
                &(struct promise){ .seq = 3, .kind = kinds[which], .path = names[which] }, NULL);
            checkpoint();
            restart();
            check(compares_tree(names[which]));
            end();
        }
}

/*
 * A tree is removed, and its removal is under way; another one is renamed to its
 * name, and waits behind.  Whenever the server is killed then, what was renamed
 * is owed.
 */
static void
a_rename_is_owed_though_the_removal_of_what_stood_there_ends_first(void)
{
    for (int ends = 0; ends < 2; ends++) {
        struct order removal;

        begin();
        ledger_promise(ledger, 0, &(struct promise){ .seq = 1, .kind = REMOVE_TREE, .path = "/to" },
            NULL);
        check(ledger_next(ledger, 0, &removal) && removal.kind == REMOVE_TREE);
        promise_rename("/from", "/to", true);
        checkpoint();
        if (ends) {
            ledger_ended(ledger, 0, removal.attempt, DONE, CAUSE_NONE, view_of(""));
            checkpoint();
        }
        restart();
        check(compares_tree("/to"));
        end();
    }
}

/* What is renamed out of a tree does not go with it. */
static void
what_was_renamed_out_of_a_tree_is_owed_though_that_is_removed(void)
{
    for (int sent = 0; sent < 2; sent++) {
        struct order order;

        begin();
        promise_rename("/from/a", "/to", true);
        check(!sent || ledger_next(ledger, 0, &order));
        ledger_promise(ledger, 0,
            &(struct promise){ .seq = 3, .kind = REMOVE_TREE, .path = "/from" }, NULL);
        checkpoint();
        restart();
        check(compares_tree("/to"));
        end();
    }
}

static const struct test tests[] = {
    { "what the backup has is moved", what_the_backup_has_is_moved },
    { "what is in a tree that is still to be compared is not",
        what_is_in_a_tree_that_is_still_to_be_compared_is_not },
    { "what was compared while the answer was on its way is not",
        what_was_compared_while_the_answer_was_on_its_way_is_not },
    { "what was compared before it was promised is moved",
        what_was_compared_before_it_was_promised_is_moved },
    { "a rename that was not sent is owed as two trees, whatever came since",
        a_rename_that_was_not_sent_is_owed_as_two_trees_whatever_came_since },
    { "a rename is owed, though the removal of what stood there ends first",
        a_rename_is_owed_though_the_removal_of_what_stood_there_ends_first },
    { "what was renamed out of a tree is owed, though that is removed",
        what_was_renamed_out_of_a_tree_is_owed_though_that_is_removed },
};

TEST_MAIN(tests)

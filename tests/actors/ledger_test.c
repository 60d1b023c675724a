/* What the model meets too seldom: two changes that must not be under way side by side. */

#include "actors/ledger.h"
#include "actors/wait.h"
#include "tests/actors/support/catalog_place.h"
#include "tests/check.h"

static struct ledger *ledger;
static struct order order;

static void
begin_ledger(void)
{
    begin_catalog();
    ledger = ledger_new(&(struct ledger_args){
        .catalog = catalog,
        .window_items = 100,
        .window_bytes = 1 << 20,
        .in_flight = 16,
        .first_attempt = 1,
        .seed = 1,
    });
    ledger_add(ledger, 7, "backup");
}

static void
end_ledger(void)
{
    ledger_free(&ledger);
    end_catalog();
}

static void
promise_put(uint64_t seq, const char *path)
{
    struct body body;

    body_copy(&body, view_of("content"));
    ledger_promise(ledger, 0,
        &(struct promise){ .seq = seq, .kind = PUT, .path = path, .size = 7, .body = &body }, NULL);
    body_clear(&body);
}

static uint64_t
end_well(uint64_t attempt)
{
    return ledger_ended(ledger, 0, attempt, DONE, CAUSE_NONE, view_of(""));
}

static void
two_versions_of_a_path_come_one_after_the_other(void)
{
    uint64_t first;

    begin_ledger();
    promise_put(1, "/f");
    check(ledger_next(ledger, 0, &order) && order.seq == 1 && !order.is_barrier);
    first = order.attempt;
    promise_put(2, "/f");
    check(ledger_next(ledger, 0, &order) && order.seq == 2 && order.is_barrier);
    check(end_well(first) == 1);
    check(end_well(order.attempt) == 2);
    end_ledger();
}

static void
a_rename_waits_for_what_it_moves(void)
{
    uint64_t put;

    begin_ledger();
    promise_put(1, "/d/f");
    check(ledger_next(ledger, 0, &order) && order.kind == PUT);
    put = order.attempt;
    ledger_promise(ledger, 0,
        &(struct promise){ .seq = 2,
            .kind = RENAME,
            .path = "/d",
            .to = "/e",
            .is_directory = true },
        NULL);
    check(!ledger_next(ledger, 0, &order));
    check(end_well(put) == 1);
    check(ledger_next(ledger, 0, &order) && order.kind == RENAME && order.is_barrier);
    end_well(order.attempt);
    end_ledger();
}

/* An older version may stand under the old name, from before the one that was not sent. */
static void
a_file_renamed_before_it_was_sent_leaves_its_old_name(void)
{
    bool says_new = false, says_old = false;

    begin_ledger();
    promise_put(1, "/a");
    ledger_promise(ledger, 0,
        &(struct promise){ .seq = 2, .kind = RENAME, .path = "/a", .to = "/b", .size = 7 }, NULL);
    while (ledger_next(ledger, 0, &order)) {
        says_new |= strcmp(order.path, "/b") == 0 && order.kind == PUT && order.body;
        says_old |= strcmp(order.path, "/a") == 0 && order.kind == LAG_PATH;
        end_well(order.attempt);
    }
    check(says_new && says_old);
    end_ledger();
}

/* ---- who waits for a tree that went ------------------------------------------------ */

/*
 * A tree was removed by 2, by state, and made again by 3, which the primary had
 * done when the backup's tree was compared: so that kept what stood there.
 */
static void
begin_removal(struct wait **wait)
{
    begin_ledger();
    promise_put(1, "/d/f");
    *wait = wait_new(1, 1, 2, 1);
    ledger_promise(ledger, 0, &(struct promise){ .seq = 2, .kind = REMOVE_TREE, .path = "/d" },
        *wait);
    check(ledger_next(ledger, 0, &order) && order.kind == LAG_PRUNE);
    end_well(order.attempt);
}

static void
end_removal(struct wait *wait)
{
    wait_free(wait);
    end_ledger();
}

static void
a_tree_is_not_gone_before_what_was_kept_of_it_is_replaced(void)
{
    struct wait *wait;

    begin_removal(&wait);
    ledger_primary_is_at(ledger, 3, 2);
    check(wait_acked(wait) == 0); /* the primary may have 3, and we have not heard of it */
    promise_put(3, "/d/f");
    promise_put(4, "/e");
    ledger_primary_is_at(ledger, 5, 4);
    check(wait_acked(wait) == 0);
    check(ledger_next(ledger, 0, &order) && order.seq == 3);
    end_well(order.attempt);
    check(wait_acked(wait) == 1); /* whatever else is owed, and 5 has no answer yet */
    end_removal(wait);
}

static void
a_tree_is_gone_when_nothing_of_it_can_have_been_kept(void)
{
    struct wait *wait;

    begin_removal(&wait);
    ledger_primary_is_at(ledger, 3, 3);
    check(wait_acked(wait) == 1);
    end_removal(wait);
}

/* The same, of one that is compared with all that is below it. */
static void
a_tree_that_was_walked_is_there_with_what_came_meanwhile(void)
{
    const char *path, *after;
    struct wait *wait;

    begin_ledger();
    wait = wait_new(1, 1, 2, 1);
    ledger_compare(ledger, 0, &(struct promise){ .seq = 2, .kind = REMOVE_TREE, .path = "/d" },
        wait);
    check(ledger_next(ledger, 0, &order) && order.kind == LAG_PRUNE);
    check(ledger_walk(ledger, 0, &path, &after));
    ledger_walk_failed(ledger, 0, REFUSED, view_of("nothing is there"));
    end_well(order.attempt);
    ledger_primary_is_at(ledger, 3, 2);
    check(wait_acked(wait) == 0);
    promise_put(3, "/d/f");
    ledger_primary_is_at(ledger, 3, 3);
    check(wait_acked(wait) == 0);
    check(ledger_next(ledger, 0, &order) && order.seq == 3);
    end_well(order.attempt);
    check(wait_acked(wait) == 1);
    end_removal(wait);
}

static const struct test tests[] = {
    { "two versions of a path come one after the other",
        two_versions_of_a_path_come_one_after_the_other },
    { "a rename waits for what it moves", a_rename_waits_for_what_it_moves },
    { "a file renamed before it was sent leaves its old name",
        a_file_renamed_before_it_was_sent_leaves_its_old_name },
    { "a tree is not gone before what was kept of it is replaced",
        a_tree_is_not_gone_before_what_was_kept_of_it_is_replaced },
    { "a tree is gone when nothing of it can have been kept",
        a_tree_is_gone_when_nothing_of_it_can_have_been_kept },
    { "a tree that was walked is there with what came meanwhile",
        a_tree_that_was_walked_is_there_with_what_came_meanwhile },
};

TEST_MAIN(tests)

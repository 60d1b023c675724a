/* What the model meets too seldom: two changes that must not be under way side by side. */

#include "actors/ledger.h"
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

static const struct test tests[] = {
    { "two versions of a path come one after the other",
        two_versions_of_a_path_come_one_after_the_other },
    { "a rename waits for what it moves", a_rename_waits_for_what_it_moves },
    { "a file renamed before it was sent leaves its old name",
        a_file_renamed_before_it_was_sent_leaves_its_old_name },
};

TEST_MAIN(tests)

#include "actors/ledger.h"
#include "base/memory.h"
#include "tests/check.h"

#include <unistd.h>

static char directory[64];
static struct catalog *catalog;
static struct ledger *ledger;

static void
begin(void)
{
    struct report report;

    strcpy(directory, "/tmp/knarr-ledger-XXXXXX");
    check(mkdtemp(directory));
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

static const struct test tests[] = {
    { "what the backup has is moved", what_the_backup_has_is_moved },
    { "what is in a tree that is still to be compared is not",
        what_is_in_a_tree_that_is_still_to_be_compared_is_not },
};

TEST_MAIN(tests)

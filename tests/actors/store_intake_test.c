/* What a backup logs because somebody waits for it, and what must wait for that log. */

#include "base/clock.h"
#include "base/fault.h"
#include "tests/actors/support/store_place.h"
#include "tests/check.h"

#include <stdatomic.h>
#include <unistd.h>

/* A clock that stands still, so that no moment of idleness comes unasked. */
static _Atomic uint64_t now_ns;

static uint64_t
tell_ns(void)
{
    return atomic_load(&now_ns);
}

static uint64_t
tell_wall_ns(void)
{
    return UINT64_C(1700000000000000000) + tell_ns();
}

static const struct clock_source standing = { tell_ns, tell_wall_ns };

static void
let_pass(uint64_t ms)
{
    atomic_fetch_add(&now_ns, ms * 1000000);
}

/* What an earlier handle may have left is flushed with the first change. */
static void
start_flushed(void)
{
    clock_source = &standing;
    set_up();
    start(1, "local", 0, 1);
    put(1, "/before", "x");
    check(applied(1)->outcome == DONE);
}

static void
awaited_put(uint64_t attempt, const char *path, const char *content)
{
    apply((struct message_apply){ .attempt = attempt,
              .kind = PUT,
              .path = view_of(path),
              .inlined = true,
              .awaited = true },
        content);
}

static void
an_awaited_change_is_logged(void)
{
    start_flushed();
    fault_plan("call=datasync path=/.knarr-intake");
    awaited_put(2, "/f", "x");
    check(applied(2)->outcome == DONE && holds("/f", "x"));
    check(fault_count("syncfs") == 0 && fault_count("matched") > 0);
    let_pass(1000); /* a moment of idleness */
    for (unsigned polls = 0; fault_count("syncfs") == 0; polls++)
        check(polls < 1000 && usleep(10000) == 0);
    stop();
    fault_plan(NULL);
    check(!stands("/.knarr-intake"));
}

static void
what_is_not_logged_waits_for_the_log(void)
{
    start_flushed();
    awaited_put(2, "/f", "logged");
    check(applied(2)->outcome == DONE);
    fault_plan("call=syncfs when=1 do=EIO");
    put(3, "/f", "not logged");
    check(applied(3)->outcome == RETRY && holds("/f", "logged"));
    put(4, "/f", "not logged");
    check(applied(4)->outcome == DONE && holds("/f", "not logged"));
    fault_plan("");
    awaited_put(5, "/f", "logged again");
    check(applied(5)->outcome == DONE && fault_count("syncfs") == 0);
    put(6, "/g", "x");
    check(applied(6)->outcome == DONE && fault_count("syncfs") == 2);
    stop();
    fault_plan(NULL);
}

static void
what_was_logged_is_redone(void)
{
    char path[128];

    start_flushed();
    awaited_put(2, "/f", "acknowledged");
    check(applied(2)->outcome == DONE);
    snprintf(path, sizeof path, "%s/f", place);
    check(unlink(path) == 0); /* a power cut */
    fault_plan("call=syncfs when=1 do=EIO");
    put(3, "/g", "x");
    check(applied(3)->outcome == RETRY);
    put(4, "/g", "x");
    check(applied(4)->outcome == DONE && holds("/f", "acknowledged") && holds("/g", "x"));
    stop();
    fault_plan(NULL);
}

static void
a_log_that_refuses_is_flushed_around(void)
{
    start_flushed();
    fault_plan("call=datasync path=/.knarr-intake do=EIO");
    awaited_put(2, "/f", "x");
    check(applied(2)->outcome == DONE && holds("/f", "x"));
    check(fault_count("syncfs") > 0 && !stands("/.knarr-intake"));
    stop();
    fault_plan(NULL);
}

static const struct test tests[] = {
    { "what somebody waits for is logged, and flushed when nothing more comes",
        an_awaited_change_is_logged },
    { "what is not logged waits until the log is empty", what_is_not_logged_waits_for_the_log },
    { "what was logged is done again when the place is opened anew", what_was_logged_is_redone },
    { "around a log that refuses, changes are flushed", a_log_that_refuses_is_flushed_around },
};

TEST_MAIN(tests)

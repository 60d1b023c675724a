/* Waits, and the marks that hold them. */

#include "actors/wait.h"
#include "tests/check.h"

enum { BACKUPS = 2 };

static struct wait *
wait_for_both(void)
{
    struct wait *wait = wait_new(BACKUPS, 1, 7, 3);

    wait->required = BACKUPS;
    return wait;
}

static void
a_wait_is_met_when_all_that_hold_it_let_go(void)
{
    struct wait_link *a = NULL, *b = NULL, *c = NULL;
    struct wait *wait = wait_for_both();

    wait_hold(wait, 0, &a);
    wait_hold(wait, 0, &b);
    wait_hold(wait, 1, &c);
    check(wait_acked(wait) == 0);
    wait_release(&a, 0);
    check(wait_acked(wait) == 0);
    wait_release(&c, 1);
    check(wait_acked(wait) == 1 && !wait_is_met(wait));
    wait_release(&b, 0);
    check(wait_is_met(wait) && !a && !b && !c);
    wait_free(wait);
}

/* Three waits on one mark, whose links move to another mark with links of its own. */
static void
a_wait_that_ends_leaves_the_others_held(void)
{
    for (int ends = 0; ends < 3; ends++) {
        struct wait_link *old = NULL, *heir = NULL, *none = NULL;
        struct wait *waits[3];

        for (int i = 0; i < 3; i++) {
            waits[i] = wait_for_both();
            wait_hold(waits[i], 0, &old);
            wait_hold(waits[i], 0, &heir);
        }
        wait_pass_on(&old, &heir);
        wait_pass_on(&old, &heir); /* nothing */
        wait_pass_on(&heir, &none);
        check(!old && !heir);
        wait_free(waits[ends]);
        wait_blame(none, 0, CAUSE_IO, view_of("why"));
        wait_release(&none, 0);
        check(!none);
        for (int i = 0; i < 3; i++)
            if (i != ends) {
                check(wait_is_met(waits[i]) && waits[i]->backup[0].cause == CAUSE_IO);
                wait_free(waits[i]);
            }
    }
}

static void
a_mark_whose_waits_have_ended_holds_nothing(void)
{
    struct wait_link *links = NULL;

    for (int i = 0; i < 3; i++) {
        struct wait *wait = wait_for_both();

        wait_hold(wait, 0, &links);
        wait_hold(wait, 1, &links);
        check(links);
        wait_free(wait);
        check(!links);
    }
}

static const struct test tests[] = {
    { "a wait is met when all that hold it let go", a_wait_is_met_when_all_that_hold_it_let_go },
    { "a wait that ends leaves the others held", a_wait_that_ends_leaves_the_others_held },
    { "a mark whose waits have ended holds nothing", a_mark_whose_waits_have_ended_holds_nothing },
};

TEST_MAIN(tests)

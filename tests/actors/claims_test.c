#include "actors/claims.h"
#include "base/clock.h"
#include "base/path.h"
#include "tests/check.h"

#include <stdint.h>

struct asker {
    struct claim claim; /* first: granted() casts back */
    const char *path, *other;
    int granted_at; /* 0: not yet; else which grant it was */
    bool drops_at_once;
};

static int grants;
static struct claims *claims;

static void
note_grant(struct claim *claim)
{
    struct asker *asker = (struct asker *) claim;

    check(asker->granted_at == 0);
    check(claim_is_granted(claim));
    asker->granted_at = ++grants;
    if (asker->drops_at_once)
        claim_drop(claims, claim);
}

static void
ask(struct asker *asker, const char *path, const char *other)
{
    *asker = (struct asker){ .claim.granted = note_grant, .path = path, .other = other };
    claim_ask(claims, &asker->claim, path, other);
}

static void
begin(void)
{
    claims = claims_new();
    grants = 0;
}

static void
end(void)
{
    check(claims_count(claims) == 0);
    claims_free(&claims);
    check(!claims);
}

static void
those_that_meet_wait_and_others_do_not(void)
{
    static const struct {
        const char *first, *first_other, *second, *second_other;
        bool meets;
        const char *why;
    } rows[] = {
        { "/a", NULL, "/a", NULL, true, "equal" },
        { "/a", NULL, "/a/b", NULL, true, "below" },
        { "/a/b", NULL, "/a", NULL, true, "above" },
        { "/a/b/c/d", NULL, "/a", NULL, true, "far above" },
        { "/", NULL, "/a/b", NULL, true, "the root is above all" },
        { "/a/b", NULL, "/", NULL, true, "and waits for all" },
        { "/", NULL, "/", NULL, true, "the root twice" },
        { "/a/b", NULL, "/a/c", NULL, false, "siblings" },
        { "/a", NULL, "/ab", NULL, false, "a prefix of the name is not above" },
        { "/a/x", NULL, "/b/x", NULL, false, "the same name elsewhere" },
        { "/a", "/b", "/b/x", NULL, true, "the second path counts" },
        { "/a/x", "/b", "/a/y", "/c", false, "ancestors in common" },
        { "/a/x", "/a/y", "/a/y/z", NULL, true, "siblings in one claim" },
        { "/a", "/a", "/a", NULL, true, "the same path twice" },
        { "/a", "/a/b", "/a/c", NULL, true, "the upper of two nested ones" },
        { "/a/b", "/a", "/a/c", NULL, true, "in either order" },
        { "/a/b", "/a/b/c", "/a/c", NULL, false, "but no more than it" },
        { "/x", NULL, "/y", "/x", true, "the second one's second" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct asker first, second;

        begin();
        ask(&first, rows[i].first, rows[i].first_other);
        ask(&second, rows[i].second, rows[i].second_other);
        if (first.granted_at != 1 || (second.granted_at == 0) != rows[i].meets)
            fprintf(stderr, "not as expected: %s\n", rows[i].why);
        check(first.granted_at == 1);
        check((second.granted_at == 0) == rows[i].meets);
        claim_drop(claims, &first.claim);
        check(second.granted_at == 2);
        claim_drop(claims, &second.claim);
        end();
    }
}

static void
first_come_first_served(void)
{
    struct asker file, tree, late_file, elsewhere;

    begin();
    ask(&file, "/a/x", NULL);
    ask(&tree, "/a", NULL);
    ask(&late_file, "/a/y", NULL); /* would be free to go, but the tree came first */
    ask(&elsewhere, "/b", NULL);
    check(file.granted_at == 1 && elsewhere.granted_at == 2);
    check(!tree.granted_at && !late_file.granted_at);
    claim_drop(claims, &file.claim);
    check(tree.granted_at == 3 && !late_file.granted_at);
    claim_drop(claims, &tree.claim);
    check(late_file.granted_at == 4);
    claim_drop(claims, &late_file.claim);
    claim_drop(claims, &elsewhere.claim);
    end();
}

static void
who_drops_while_waiting_lets_the_next_go(void)
{
    struct asker file, tree, late_file, later_tree;

    begin();
    ask(&file, "/a/x", NULL);
    ask(&tree, "/a", NULL);
    ask(&late_file, "/a/y", NULL);
    ask(&later_tree, "/a", NULL);
    claim_drop(claims, &tree.claim);
    check(!tree.granted_at && late_file.granted_at == 2 && !later_tree.granted_at);
    claim_drop(claims, &file.claim);
    check(!later_tree.granted_at);
    claim_drop(claims, &late_file.claim);
    check(later_tree.granted_at == 3);
    claim_drop(claims, &later_tree.claim);
    claim_drop(claims, &later_tree.claim); /* nothing to drop any more */
    end();
}

static void
a_million_that_end_at_once_need_no_deep_stack(void)
{
    enum { MANY = 1000000 };
    struct asker *askers = calloc(MANY, sizeof *askers), holder;

    check(askers);
    begin();
    ask(&holder, "/a/b", NULL);
    for (int i = 0; i < MANY; i++) {
        ask(&askers[i], "/a/b", NULL);
        askers[i].drops_at_once = true;
    }
    check(grants == 1);
    claim_drop(claims, &holder.claim);
    check(grants == MANY + 1);
    for (int i = 0; i < MANY; i++)
        check(askers[i].granted_at == i + 2);
    end();
    free(askers);
}

static struct asker nested;

static void
ask_another(struct claim *claim)
{
    note_grant(claim);
    ask(&nested, "/b", NULL);
    check(claim_is_granted(&nested.claim));
}

static void
whoever_is_granted_may_ask_for_more(void)
{
    struct asker holder, asker = { .claim.granted = ask_another };

    begin();
    ask(&holder, "/a", NULL);
    claim_ask(claims, &asker.claim, "/a", NULL);
    claim_drop(claims, &holder.claim);
    check(asker.granted_at == 2 && nested.granted_at == 3);
    claim_drop(claims, &asker.claim);
    claim_drop(claims, &nested.claim);
    end();
}

static struct asker *victim;

static void
drop_the_victim(struct claim *claim)
{
    (void) claim;
    claim_drop(claims, &victim->claim);
}

static void
what_was_dropped_is_not_told_that_it_was_granted(void)
{
    struct asker holder, second;
    struct claim dropper = { .granted = drop_the_victim };

    begin();
    victim = &second;
    ask(&holder, "/a", NULL);
    claim_ask(claims, &dropper, "/a/x", NULL);
    ask(&second, "/a/y", NULL);
    claim_drop(claims, &holder.claim); /* grants both; the first drops the second */
    check(second.granted_at == 0);
    claim_drop(claims, &dropper);
    end();
}

static void
a_path_of_two_thousand_levels_is_claimed(void)
{
    char path[PATH_BYTES_MAX + 1] = "";
    struct asker deep, upper;

    for (size_t i = 0; i < PATH_BYTES_MAX; i += 2)
        memcpy(path + i, "/d", 3);
    begin();
    ask(&deep, path, "/e");
    check(claims_count(claims) == PATH_BYTES_MAX / 2 + 2);
    ask(&upper, "/d/d", NULL);
    check(deep.granted_at && !upper.granted_at);
    claim_drop(claims, &deep.claim);
    check(upper.granted_at);
    claim_drop(claims, &upper.claim);
    end();
}

/* ---- against a model that compares every claim with every earlier one ----------- */

enum { ROUNDS = 60000, OPEN_MAX = 24 };

static uint64_t dice = 88172645463325252u;

static unsigned
roll(unsigned sides)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (unsigned) (dice % sides);
}

static bool
meet(const struct asker *a, const struct asker *b)
{
    const char *of_a[] = { a->path, a->other }, *of_b[] = { b->path, b->other };

    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            if (of_a[i] && of_b[j] && path_overlaps(view_of(of_a[i]), view_of(of_b[j])))
                return true;
    return false;
}

static void
check_against_model(struct asker *const *open, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_free = true;

        for (size_t j = 0; j < i; j++)
            is_free = is_free && !meet(open[i], open[j]);
        check(claim_is_granted(&open[i]->claim) == is_free);
        check((open[i]->granted_at != 0) == is_free);
    }
}

static void
any_sequence_grants_what_the_model_grants(void)
{
    static const char *const paths[] = { "/", "/a", "/a/b", "/a/b/c", "/a/b/d", "/a/bc", "/b",
        "/b/a", "/b/b", "/c/a/b", "/c/a", "/ab" };
    enum { PATHS = sizeof paths / sizeof *paths };
    struct asker *open[OPEN_MAX];
    size_t count = 0;

    begin();
    for (int round = 0; round < ROUNDS; round++) {
        if (count < OPEN_MAX && (count == 0 || roll(2))) {
            open[count] = malloc(sizeof **open);
            check(open[count]);
            ask(open[count++], paths[roll(40) ? 1 + roll(PATHS - 1) : 0],
                roll(3) ? NULL : paths[1 + roll(PATHS - 1)]);
        } else {
            size_t gone = roll((unsigned) count);

            claim_drop(claims, &open[gone]->claim);
            free(open[gone]);
            memmove(&open[gone], &open[gone + 1], (--count - gone) * sizeof *open);
        }
        check_against_model(open, count);
    }
    for (; count > 0; free(open[count]))
        claim_drop(claims, &open[--count]->claim);
    end();
}

/* The best of several rounds of asking and dropping beside so many others, in ns. */
static uint64_t
cost_beside(struct asker *others, size_t count)
{
    char(*paths)[32] = calloc(count + 1, sizeof *paths);
    uint64_t best = UINT64_MAX;
    struct asker asker;

    check(paths);
    begin();
    for (size_t i = 0; i < count; i++) {
        snprintf(paths[i], sizeof *paths, "/default/resources/%zu", i);
        ask(&others[i], paths[i], NULL);
    }
    for (int round = 0; round < 20; round++) {
        uint64_t start = clock_ns(), took;

        for (int i = 0; i < 500; i++) {
            ask(&asker, "/default/resources/mine", NULL);
            claim_drop(claims, &asker.claim);
        }
        took = (clock_ns() - start) / 500;
        best = took < best ? took : best;
    }
    for (size_t i = 0; i < count; i++)
        claim_drop(claims, &others[i].claim);
    end();
    free(paths);
    return best;
}

static void
the_cost_does_not_depend_on_how_many_there_are(void)
{
    enum { MANY = 200000 };
    struct asker *others = calloc(MANY, sizeof *others);
    uint64_t few, many;

    check(others);
    few = cost_beside(others, 10);
    many = cost_beside(others, MANY);
    printf("# ask and drop: %llu ns beside 10, %llu ns beside %d\n", (unsigned long long) few,
        (unsigned long long) many, MANY);
    check(many < 10 * few + 1000); /* a walk over them would be 20,000 times slower */
    free(others);
}

static const struct test tests[] = {
    { "those that meet wait and others do not", those_that_meet_wait_and_others_do_not },
    { "first come, first served", first_come_first_served },
    { "who drops while waiting lets the next go", who_drops_while_waiting_lets_the_next_go },
    { "a million that end at once need no deep stack",
        a_million_that_end_at_once_need_no_deep_stack },
    { "whoever is granted may ask for more", whoever_is_granted_may_ask_for_more },
    { "what was dropped is not told that it was granted",
        what_was_dropped_is_not_told_that_it_was_granted },
    { "a path of two thousand levels is claimed", a_path_of_two_thousand_levels_is_claimed },
    { "any sequence grants what the model grants", any_sequence_grants_what_the_model_grants },
    { "the cost does not depend on how many there are",
        the_cost_does_not_depend_on_how_many_there_are },
};

TEST_MAIN(tests)

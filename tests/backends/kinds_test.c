#include "backends/backend.h"
#include "tests/check.h"

static void
names_are_known(void)
{
    static const struct {
        const char *name, *kind;
    } known[] = { { "local", "local" }, { "localfs", "local" }, { "memory", "memory" },
        { "memfs", "memory" }, { "null", "null" } };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct backend_kind *kind = backend_kind_find(known[i].name);

        check(kind && strcmp(kind->name, known[i].kind) == 0);
    }
}

static void
others_are_not(void)
{
    static const char *const unknown[] = { "", "Local", "loca", "locals", "s4" };

    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        check(!backend_kind_find(unknown[i]));
}

static void
changes_have_names(void)
{
    check(strcmp(change_name(PUT), "put") == 0);
    check(strcmp(change_name(REMOVE_TREE), "remove_tree") == 0);
    for (enum change_kind kind = 0; kind < CHANGE_KINDS; kind++)
        for (enum change_kind other = 0; other < kind; other++)
            check(strcmp(change_name(kind), change_name(other)) != 0);
}

static const struct test tests[] = {
    { "every kind is found by each of its names", names_are_known },
    { "a name that is none of them finds nothing", others_are_not },
    { "every kind of change has a name of its own", changes_have_names },
};

TEST_MAIN(tests)

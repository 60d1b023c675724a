#include "actors/plan.h"
#include "base/memory.h"
#include "conf/policy.h"
#include "tests/check.h"

#define MIB (UINT64_C(1) << 20)

/* Backup 0 gets everything, 1 no "zip", 2 nothing over 1 MiB; 3 does not receive. */
enum { ALL = 1, NO_ZIP = 2, NO_LARGE = 4, READS = 8, RECEIVERS = ALL | NO_ZIP | NO_LARGE };

static struct conf_backend backups[4];
static const struct conf conf = { .backups = backups, .backup_count = 4 };

static void
make_rules(void)
{
    policies_begin(&backups[1].excludes, 0, memory_print("no zip"));
    policies_add_extensions(backups[1].excludes, &(struct extensions){ (char *[]){ "zip" }, 1 });
    policies_begin(&backups[2].excludes, 0, memory_print("no large"));
    policies_add_limit(backups[2].excludes, MIB);
    policies_begin(&backups[3].excludes, 0, memory_print("nothing"));
    policies_add_limit(backups[3].excludes, 0);
}

static void
forget_rules(void)
{
    for (size_t b = 0; b < conf.backup_count; b++)
        policies_free(&backups[b].excludes);
}

static void
a_change_goes_where_policies_let_it(void)
{
    static const struct {
        const char *why;
        struct subject subject;
        uint64_t targets, compared;
    } rows[] = {
        { "an ordinary file", { PUT, "/a.txt", NULL, 1, false }, RECEIVERS, 0 },
        { "an excluded extension", { PUT, "/a.ZIP", NULL, 1, false }, ALL | NO_LARGE, NO_ZIP },
        { "an excluded size", { PUT, "/a.txt", NULL, MIB + 1, false }, ALL | NO_ZIP, NO_LARGE },
        { "both", { PUT, "/a.zip", NULL, MIB + 1, false }, ALL, NO_ZIP | NO_LARGE },
        { "just not too large", { PUT, "/a.txt", NULL, MIB, false }, RECEIVERS, 0 },
        { "a directory", { MKDIR, "/a.zip", NULL, 0, false }, RECEIVERS, 0 },
        { "a tree that goes", { REMOVE_TREE, "/a.zip", NULL, 0, true }, RECEIVERS, 0 },
        { "the mode of a directory", { CHMOD, "/a.zip", NULL, 0, true }, RECEIVERS, 0 },
        { "the mode of a file", { CHMOD, "/a.zip", NULL, 1, false }, ALL | NO_LARGE, 0 },
        { "a file that goes", { REMOVE, "/a.zip", NULL, 1, false }, ALL | NO_LARGE, NO_ZIP },
        { "a directory gets a name", { RENAME, "/a", "/a.zip", 0, true }, RECEIVERS, 0 },
        { "a file stays outside", { RENAME, "/a.txt", "/b.txt", 1, false }, RECEIVERS, 0 },
        { "a file goes in", { RENAME, "/a.txt", "/b.zip", 1, false }, ALL | NO_LARGE, NO_ZIP },
        { "a file comes out", { RENAME, "/a.zip", "/b.txt", 1, false }, RECEIVERS, NO_ZIP },
        { "a file stays inside", { RENAME, "/a.zip", "/b.zip", 1, false }, ALL | NO_LARGE, NO_ZIP },
        { "a large file", { RENAME, "/a", "/b", MIB + 1, false }, ALL | NO_ZIP, NO_LARGE },
    };

    make_rules();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct plan plan = plan_change(&conf, RECEIVERS, &rows[i].subject);

        if (plan.targets != rows[i].targets || plan.compared != rows[i].compared)
            fprintf(stderr, "%s\n", rows[i].why);
        check(plan.targets == rows[i].targets);
        check(plan.compared == rows[i].compared);
    }
    forget_rules();
}

static void
the_rule_is_named(void)
{
    make_rules();
    check(strcmp(plan_rule(&conf, 1, "/d/a.zip", 0), "no zip") == 0);
    check(!plan_rule(&conf, 1, "/d.zip/a", 2 * MIB));
    check(strcmp(plan_rule(&conf, 2, "/d.zip/a", 2 * MIB), "no large") == 0);
    check(!plan_rule(&conf, 0, "/d/a.zip", 2 * MIB));
    forget_rules();
}

static const struct test tests[] = {
    { "a change goes where policies let it", a_change_goes_where_policies_let_it },
    { "the rule is named", the_rule_is_named },
};

TEST_MAIN(tests)

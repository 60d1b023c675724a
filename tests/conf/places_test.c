#include "base/memory.h"
#include "conf/places.h"
#include "tests/check.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every test works in a new directory; names are below it. */
static char *root;

static void
enter_new_directory(void)
{
    char template[] = "/tmp/places-XXXXXX";

    check(mkdtemp(template));
    root = realpath(template, NULL);
    check(root && chdir(root) == 0);
}

static void
leave(void)
{
    char *command = memory_print("rm -rf '%s'", root);

    check(chdir("/") == 0);
    check(system(command) == 0);
    free(command);
    free(root);
}

static void
make(const char *directory)
{
    check(mkdir(directory, 0755) == 0);
}

static enum relation
relation(const char *a, const char *b)
{
    char *a_absolute = places_absolute(a), *b_absolute = places_absolute(b);
    enum relation found = places_relation(a_absolute, b_absolute);

    free(a_absolute);
    free(b_absolute);
    return found;
}

static void
names_are_compared_part_by_part(void)
{
    static const struct {
        const char *a, *b;
        enum relation relation;
    } rows[] = {
        { "data/viking", "data/viking", SAME },
        { "./data//viking/.", "data/viking", SAME },
        { "data/other/../viking", "data/viking", SAME },
        { "data/viking/backup", "data/viking", INSIDE },
        { "data", "data/viking", AROUND },
        { "data/backup", "data/viking", APART },
        { "data/viking2", "data/viking", APART },
        { "/", "data", AROUND },
        { "data/../../../../../../../..", "/", SAME },
    };

    enter_new_directory();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(relation(rows[i].a, rows[i].b) == rows[i].relation);
    leave();
}

static void
a_link_is_followed_where_it_exists(void)
{
    enter_new_directory();
    make("data");
    make("data/viking");
    make("far");
    check(symlink("data/viking", "link") == 0);
    check(symlink("../data", "far/up") == 0);
    check(symlink("nowhere", "dangling") == 0);
    check(relation("link", "data/viking") == SAME);
    check(relation("link/new/deep", "data/viking") == INSIDE);
    check(relation("far/up", "data/viking") == AROUND);
    check(relation("far/up/backup", "data/viking") == APART);
    check(relation("link/..", "data") == SAME);
    check(relation("link/new/../../viking", "data/viking") == SAME);
    check(relation("dangling", "data") == APART);
    leave();
}

static void
a_link_that_leads_to_what_is_not_there_yet_is_followed(void)
{
    enter_new_directory();
    make("data");
    check(symlink("data/viking", "early") == 0);
    check(relation("early", "data/viking") == SAME);
    check(relation("early/x", "data/viking") == INSIDE);
    leave();
}

static void
a_bind_mount_is_seen_through(void)
{
    if (geteuid() != 0)
        return;
    enter_new_directory();
    make("data");
    make("data/viking");
    make("mounted");
    make("part");
    if (mount("data", "mounted", NULL, MS_BIND, NULL) == 0) {
        check(relation("mounted", "data") == SAME);
        check(relation("mounted/viking", "data/viking") == SAME);
        check(relation("mounted/new", "data/new") == SAME);
        check(relation("mounted/new/deep", "data/new") == INSIDE);
        check(relation("mounted", "data/viking") == AROUND);
        check(relation("mounted/backup", "data/viking") == APART);
        check(mount("data/viking", "part", NULL, MS_BIND, NULL) == 0);
        check(relation("part", "data") == INSIDE);
        check(relation("data", "part/new") == AROUND);
        check(umount("part") == 0);
        check(umount("mounted") == 0);
    }
    leave();
}

static void
home_and_working_directory_make_a_path_absolute(void)
{
    static const struct {
        const char *path, *absolute;
    } rows[] = {
        { "~", "/home/ada" },
        { "~/data", "/home/ada/data" },
        { "~root/x", "/root/x" },
        { "/a//b/./c/", "/a/b/c" },
        { "/", "/" },
        { "/nowhere/../b", "/b" },
    };
    char *relative, *wanted;

    check(setenv("HOME", "/home/ada", 1) == 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *absolute = places_absolute(rows[i].path);

        check(absolute && strcmp(absolute, rows[i].absolute) == 0);
        free(absolute);
    }
    check(!places_absolute("~nobody-of-this-name/x"));
    enter_new_directory();
    relative = places_absolute("./data");
    wanted = memory_print("%s/data", root);
    check(strcmp(relative, wanted) == 0);
    free(relative);
    free(wanted);
    leave();
}

static const struct test tests[] = {
    { "names are compared part by part", names_are_compared_part_by_part },
    { "a link is followed where it exists", a_link_is_followed_where_it_exists },
    { "a link that leads to what is not there yet is followed",
        a_link_that_leads_to_what_is_not_there_yet_is_followed },
    { "a bind mount is seen through", a_bind_mount_is_seen_through },
    { "home and working directory make a path absolute",
        home_and_working_directory_make_a_path_absolute },
};

TEST_MAIN(tests)

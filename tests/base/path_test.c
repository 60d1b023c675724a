#include "base/path.h"
#include "tests/check.h"

static void
a_normalised_path_is_legal(void)
{
    static const char *const legal[] = {
        "/",
        "/a",
        "/default/resources/a.txt",
        "/a/...",
        "/a/..b",
        "/a/.b",
        "/a/b ",
        "/a/\xff\xfe",
        "/a/line\nbreak",
        "/a\\b",
    };

    for (size_t i = 0; i < sizeof legal / sizeof *legal; i++)
        check(!path_flaw(view_of(legal[i])));
}

static void
a_flaw_is_told(void)
{
    static const struct {
        const char *path;
        size_t length;
        const char *flaw;
    } flawed[] = {
        { "", 0, "does not begin with '/'" },
        { "a/b", 3, "does not begin with '/'" },
        { "/a/", 3, "ends with '/'" },
        { "//", 2, "ends with '/'" },
        { "//a", 3, "has an empty part" },
        { "/a//b", 5, "has an empty part" },
        { "/./a", 4, "has a part '.' or '..'" },
        { "/a/..", 5, "has a part '.' or '..'" },
        { "/..", 3, "has a part '.' or '..'" },
        { "/a\0b", 4, "has a NUL byte" },
    };

    for (size_t i = 0; i < sizeof flawed / sizeof *flawed; i++) {
        const char *flaw = path_flaw((struct view){ flawed[i].path, flawed[i].length });

        check(flaw);
        check(strcmp(flaw, flawed[i].flaw) == 0);
    }
}

static void
the_limits_are_exact(void)
{
    char path[PATH_BYTES_MAX + 1];

    memset(path, 'x', sizeof path);
    path[0] = '/';
    check(!path_flaw((struct view){ path, 1 + NAME_BYTES_MAX }));
    check(path_flaw((struct view){ path, 1 + NAME_BYTES_MAX + 1 }));
    for (size_t i = 0; i < sizeof path; i += 100)
        path[i] = '/';
    check(!path_flaw((struct view){ path, PATH_BYTES_MAX }));
    path[PATH_BYTES_MAX] = 'x';
    check(path_flaw((struct view){ path, PATH_BYTES_MAX + 1 }));
}

static void
parent_and_name_take_a_path_apart(void)
{
    static const struct {
        const char *path, *parent, *name;
    } rows[] = {
        { "/a/b/c", "/a/b", "c" },
        { "/a", "/", "a" },
        { "/", "/", "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(view_is(path_parent(view_of(rows[i].path)), rows[i].parent));
        check(view_is(path_name(view_of(rows[i].path)), rows[i].name));
    }
}

static void
the_parts_come_in_order(void)
{
    struct view rest = view_of("/one/two/3"), part;

    check(path_next(&rest, &part) && view_is(part, "one"));
    check(path_next(&rest, &part) && view_is(part, "two"));
    check(path_next(&rest, &part) && view_is(part, "3"));
    check(!path_next(&rest, &part));
    rest = view_of("/");
    check(!path_next(&rest, &part));
}

static void
under_means_strictly_below(void)
{
    static const struct {
        const char *path, *ancestor;
        bool is_under, overlaps;
    } rows[] = {
        { "/a/b", "/a", true, true },
        { "/a/b/c", "/a", true, true },
        { "/a", "/", true, true },
        { "/a", "/a", false, true },
        { "/", "/", false, true },
        { "/a", "/a/b", false, true },
        { "/", "/a", false, true },
        { "/ab", "/a", false, false },
        { "/a/b", "/a/c", false, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct view path = view_of(rows[i].path), ancestor = view_of(rows[i].ancestor);

        check(path_is_under(path, ancestor) == rows[i].is_under);
        check(path_overlaps(path, ancestor) == rows[i].overlaps);
        check(path_overlaps(ancestor, path) == rows[i].overlaps);
    }
}

static void
internal_names_are_known_at_every_depth(void)
{
    static const struct {
        const char *path;
        bool is_internal;
    } rows[] = {
        { "/", false },
        { "/default/resources/a.txt", false },
        { "/default/resources/.sync_log.json", true },
        { "/default/resources/.redirect.json", true },
        { "/default/.redirect.json/below", true },
        { "/default/resources/.SYNC_LOG.json", true },
        { "/default/.sync_log.json.bak", false },
        { "/default/x.sync_log.json", false },
        { "/default/.path.ovlock", true },
        { "/default/.exact.ovlock.a.txt.1234", true },
        { "/default/.exact.ovlock", false },
        { "/.knarr", true },
        { "/default/.knarr~00ff", true },
        { "/default/.Knarr-marker", true },
        { "/default/knarr", false },
        { "/_system", true },
        { "/_system/.multiwrite.global.json", true },
        { "/backend_meta.json", true },
        { "/default/_system", false },
        { "/default/backend_meta.json", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(path_is_internal(view_of(rows[i].path)) == rows[i].is_internal);
}

static const struct test tests[] = {
    { "a normalised path is legal", a_normalised_path_is_legal },
    { "a flaw is told", a_flaw_is_told },
    { "the limits are exact", the_limits_are_exact },
    { "parent and name take a path apart", parent_and_name_take_a_path_apart },
    { "the parts come in order", the_parts_come_in_order },
    { "under means strictly below", under_means_strictly_below },
    { "internal names are known at every depth", internal_names_are_known_at_every_depth },
};

TEST_MAIN(tests)

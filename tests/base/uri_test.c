#include "base/uri.h"

#include "base/clock.h"
#include "tests/check.h"

static char path[PATH_BYTES_MAX + 1];
static struct report report;

static enum outcome
resolve(struct view uri)
{
    return uri_to_path(uri, view_of("default"), view_of("ada"), path, &report);
}

/* Noon of 2026-05-07. */
static uint64_t
that_day_ns(void)
{
    return UINT64_C(1778155200000000000);
}

static void
a_uri_leads_to_its_path(void)
{
    const struct clock_source that_day = { .wall_ns = that_day_ns }, *now = clock_source;
    static const struct {
        const char *uri, *path;
    } rows[] = {
        { "viking://resources/multiwrite-check.txt", "/default/resources/multiwrite-check.txt" },
        { "/resources/multiwrite-check.txt", "/default/resources/multiwrite-check.txt" },
        { "viking://", "/default" },
        { "/", "/default" },
        { "viking://resources", "/default/resources" },
        { "viking://resources/", "/default/resources" },
        { "viking://resources/a/b/", "/default/resources/a/b" },
        { "viking://session/1/x", "/default/session/1/x" },
        { "viking://agent/skills/s.md", "/default/agent/skills/s.md" },
        { "viking://user/bob/memories/x", "/default/user/bob/memories/x" },
        { "viking://~", "/default/user/ada" },
        { "viking://~/", "/default/user/ada" },
        { "viking://~/memories/x.md", "/default/user/ada/memories/x.md" },
        { "viking://resources/100%25?a#b", "/default/resources/100%25?a#b" },
        { "viking://resources/a b\xff", "/default/resources/a b\xff" },
        { "viking://resources/...", "/default/resources/..." },
        { "viking://resources/{calendar:today}/a", "/default/resources/2026/05/07/a" },
        { "viking://resources/a-{calendar:ym}{calendar:day}.txt",
            "/default/resources/a-2026/0507.txt" },
        { "viking://resources/{calendar}/{a:b}/{", "/default/resources/{calendar}/{a:b}/{" },
        { "viking://resources/viking://x", NULL },
    };

    clock_source = &that_day;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum outcome outcome = resolve(view_of(rows[i].uri));

        check(outcome == (rows[i].path ? DONE : REFUSED));
        check(!rows[i].path || strcmp(path, rows[i].path) == 0);
        check(!rows[i].path || !path_flaw(view_of(path)));
    }
    clock_source = now;
}

static void
what_leads_nowhere_is_refused(void)
{
    static const struct {
        const char *why, *uri;
        enum cause cause;
        const char *told;
    } rows[] = {
        { "nothing", "", CAUSE_INVALID_PATH, "must begin with viking://" },
        { "no scheme", "resources/a", CAUSE_INVALID_PATH, "must begin with viking://" },
        { "another scheme", "file:///etc/passwd", CAUSE_INVALID_PATH, "must begin with" },
        { "the scheme is lower case", "VIKING://resources", CAUSE_INVALID_PATH, "must begin" },
        { "unknown scope", "viking://resource/a", CAUSE_INVALID_PATH, "Invalid scope 'resource'." },
        { "internal scope", "viking://temp/a", CAUSE_INVALID_PATH, "Must be one of: resources" },
        { "internal scope", "viking://queue", CAUSE_INVALID_PATH, "Invalid scope 'queue'" },
        { "internal scope", "viking://upload/1", CAUSE_INVALID_PATH, "Invalid scope 'upload'" },
        { "not quite home", "viking://~bob/a", CAUSE_INVALID_PATH, "Invalid scope '~bob'" },
        { "reserved user", "viking://user/memories", CAUSE_INVALID_PATH, "reserved word" },
        { "reserved user", "viking://user/skills/a", CAUSE_INVALID_PATH, "reserved word" },
        { "no date", "viking://resources/{calendar:now}", CAUSE_INVALID_PATH, "is one of: today" },
        { "no end", "viking://resources/{calendar:today", CAUSE_INVALID_PATH, "is one of: today" },
        { "empty scope", "viking:///resources", CAUSE_INVALID_PATH, "is empty" },
        { "empty part", "viking://resources//a", CAUSE_INVALID_PATH, "is empty" },
        { "two slashes at the end", "viking://resources//", CAUSE_INVALID_PATH, "is empty" },
        { "parent", "viking://resources/../user", CAUSE_PERMISSION_DENIED, "Unsafe URI traversal" },
        { "parent at the end", "viking://resources/..", CAUSE_PERMISSION_DENIED, "traversal" },
        { "parent in front", "viking://../other", CAUSE_PERMISSION_DENIED, "traversal" },
        { "dot", "viking://resources/./a", CAUSE_PERMISSION_DENIED, "traversal" },
        { "backslash", "viking://resources\\a", CAUSE_PERMISSION_DENIED, "backslash" },
        { "backslash", "viking://resources/..\\a", CAUSE_PERMISSION_DENIED, "backslash" },
        { "drive", "viking://resources/C:", CAUSE_PERMISSION_DENIED, "drive prefix" },
        { "drive", "viking://c:/a", CAUSE_PERMISSION_DENIED, "drive prefix" },
        { "sync log", "viking://resources/.sync_log.json", CAUSE_PERMISSION_DENIED, "storage's" },
        { "redirects", "viking://resources/a/.redirect.json", CAUSE_PERMISSION_DENIED, "own" },
        { "lock", "viking://user/ada/.path.ovlock", CAUSE_PERMISSION_DENIED, "own" },
        { "ours", "viking://resources/.knarr~12/x", CAUSE_PERMISSION_DENIED, "own" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(resolve(view_of(rows[i].uri)) == REFUSED);
        check(report.cause == rows[i].cause);
        check(strstr(report.text, rows[i].told));
    }
}

static void
a_nul_or_a_control_byte_cannot_hide(void)
{
    check(resolve((struct view){ "viking://resources/a\0b", 22 }) == REFUSED);
    check(report.cause == CAUSE_INVALID_PATH);
    check(resolve(view_of("viking://no\nforged log line")) == REFUSED);
    check(!strchr(report.text, '\n'));
}

static void
a_long_part_is_shortened_by_its_hash(void)
{
    char uri[600] = "viking://resources/";
    size_t start = strlen(uri);

    memset(uri + start, 'x', 255);
    check(resolve(view_of(uri)) == DONE);
    check(strlen(path) == strlen("/default/resources/") + 255);

    memset(uri + start, 'x', 300);
    check(resolve(view_of(uri)) == DONE);
    check(strlen(path) == strlen("/default/resources/") + 255);
    check(strstr(path, "xxx_0d4e2ca9"));
}

static void
a_long_part_is_cut_between_characters(void)
{
    char uri[600] = "viking://resources/";

    for (int i = 0; i < 130; i++)
        strcat(uri, "\xc3\xa9");
    strcat(uri, ".txt");
    check(resolve(view_of(uri)) == DONE);
    check(path_name(view_of(path)).length == 246 + 9);
    check(strstr(path,
        "\xc3\xa9_"
        "1e19e279"));
    memmove(uri + strlen("viking://resources/") + 1, uri + strlen("viking://resources/"),
        strlen(uri) - strlen("viking://resources/") + 1);
    uri[strlen("viking://resources/")] = 'a';
    check(resolve(view_of(uri)) == DONE);
    check(path_name(view_of(path)).length == 245 + 9);
    check(strstr(path, "\xc3\xa9_"));
}

static void
a_path_that_grows_too_long_is_refused(void)
{
    static char uri[6000] = "viking://resources";

    while (strlen(uri) < 4000 - strlen("/default") + strlen("viking:/") - 2)
        strcat(uri, "/x");
    while (strlen(uri) < 4000 - strlen("/default") + strlen("viking:/"))
        strcat(uri, "y");
    check(resolve(view_of(uri)) == DONE);
    check(strlen(path) == PATH_BYTES_MAX);
    strcat(uri, "z");
    check(resolve(view_of(uri)) == REFUSED);
    check(report.cause == CAUSE_INVALID_PATH && strstr(report.text, "longer than 4000"));
}

static void
accounts_and_users_are_checked(void)
{
    static const char *const good[] = { "default", "a@b.c", "A-1_x", "...", NULL };
    static const char *const bad[] = { "", ".", "..", "_system", "a@b@c", "a/b", "a b", "\xc3\xa9",
        ".knarr", "backend_meta.json", NULL };
    static const char *const bad_users[] = { "", "..", "a/b", "memories", "a\\b", NULL };

    for (size_t i = 0; good[i]; i++)
        check(uri_to_path(view_of("/resources"), view_of(good[i]), view_of("u"), path, &report) ==
            DONE);
    for (size_t i = 0; bad[i]; i++)
        check(uri_to_path(view_of("/resources"), view_of(bad[i]), view_of("u"), path, &report) ==
            REFUSED);
    check(uri_to_path(view_of("/"), (struct view){ "a\0b", 3 }, view_of("u"), path, &report) ==
        REFUSED);
    for (size_t i = 0; bad_users[i]; i++)
        check(uri_to_path(view_of("/~"), view_of("a"), view_of(bad_users[i]), path, &report) ==
            REFUSED);
}

static void
some_places_are_not_for_clients_to_change(void)
{
    enum { FILE_YES = 1, DIRECTORY_YES = 2, REMOVAL_YES = 4, ALL = 7 };
    static const struct {
        const char *uri;
        int allowed;
    } rows[] = {
        { "viking://", DIRECTORY_YES },
        { "viking://resources", DIRECTORY_YES },
        { "viking://resources/", DIRECTORY_YES },
        { "viking://session", DIRECTORY_YES },
        { "viking://resources/a.txt", ALL },
        { "viking://resources/a/", DIRECTORY_YES | REMOVAL_YES },
        { "viking://session/s1", ALL },
        { "viking://user", DIRECTORY_YES },
        { "viking://user/bob", DIRECTORY_YES | REMOVAL_YES },
        { "viking://~", DIRECTORY_YES | REMOVAL_YES },
        { "viking://~/x", ALL },
        { "viking://user/bob/x", ALL },
        { "viking://agent", DIRECTORY_YES },
        { "viking://agent/x", REMOVAL_YES },
        { "viking://agent/x/y", REMOVAL_YES },
        { "viking://agent/skills", DIRECTORY_YES | REMOVAL_YES },
        { "viking://agent/payments/p.md", ALL },
        { "viking://resources/what?", REMOVAL_YES },
        { "viking://resources/a#b", REMOVAL_YES },
        { "viking://resources/a%2fb", REMOVAL_YES },
        { "viking://resources/100%", ALL },
        { "viking://resources/5%xy", ALL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct view uri = view_of(rows[i].uri);

        check(resolve(uri) == DONE);
        for (int use = URI_FILE; use <= URI_REMOVAL; use++)
            check((uri_permits((enum uri_use) use, uri, view_of(path), &report) == DONE) ==
                !!(rows[i].allowed & (1 << use)));
    }
}

static void
a_refusal_to_write_says_which_kind(void)
{
    check(resolve(view_of("viking://resources/a%2fb")) == DONE);
    check(uri_permits(URI_FILE, view_of("viking://resources/a%2fb"), view_of(path), &report) ==
        REFUSED);
    check(report.cause == CAUSE_INVALID_PATH);
    check(resolve(view_of("viking://agent/x")) == DONE);
    check(uri_permits(URI_FILE, view_of("viking://agent/x"), view_of(path), &report) == REFUSED);
    check(report.cause == CAUSE_PERMISSION_DENIED);
    check(strcmp(report.text,
              "Access denied for viking://agent/x (below agent only skills/, "
              "endpoints/, tools/ and payments/ are written)") == 0);
}

static void
a_path_has_the_uri_that_leads_to_it(void)
{
    static const struct {
        const char *path, *uri;
    } rows[] = {
        { "/default/resources/a.txt", "viking://resources/a.txt" },
        { "/default/user/ada", "viking://user/ada" },
        { "/default/resources", "viking://resources" },
        { "/default", "viking://" },
        { "/", NULL },
        { "/_system/x", NULL },
        { "/backend_meta.json", NULL },
        { "/default/resources/.sync_log.json", NULL },
        { "/default/temp/x", NULL },
        { "/default/viking", NULL },
    };
    char uri[URI_BYTES_MAX + 1];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(path_to_uri(view_of(rows[i].path), uri) == (rows[i].uri != NULL));
        if (!rows[i].uri)
            continue;
        check(strcmp(uri, rows[i].uri) == 0);
        check(resolve(view_of(uri)) == DONE && strcmp(path, rows[i].path) == 0);
    }
}

static const struct test tests[] = {
    { "a uri leads to its path", a_uri_leads_to_its_path },
    { "what leads nowhere is refused", what_leads_nowhere_is_refused },
    { "a nul or a control byte cannot hide", a_nul_or_a_control_byte_cannot_hide },
    { "a long part is shortened by its hash", a_long_part_is_shortened_by_its_hash },
    { "a long part is cut between characters", a_long_part_is_cut_between_characters },
    { "a path that grows too long is refused", a_path_that_grows_too_long_is_refused },
    { "accounts and users are checked", accounts_and_users_are_checked },
    { "some places are not for clients to change", some_places_are_not_for_clients_to_change },
    { "a refusal to write says which kind", a_refusal_to_write_says_which_kind },
    { "a path has the uri that leads to it", a_path_has_the_uri_that_leads_to_it },
};

TEST_MAIN(tests)

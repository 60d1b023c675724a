#include "actors/glob.h"
#include "tests/check.h"

static struct report report;

static bool
matches(const char *pattern, const char *path)
{
    struct glob *glob;
    bool is_match;

    check(glob_open(&glob, view_of(pattern), &report) == DONE);
    is_match = glob_matches(glob, view_of(path));
    glob_close(&glob);
    return is_match;
}

static const struct {
    const char *pattern, *path;
    bool is_match;
    const char *why;
} matching[] = {
    { "a.txt", "a.txt", true, "itself" },
    { "a.txt", "aXtxt", false, "a dot is a dot" },
    { "a", "ab", false, "the whole path" },
    { "a", "b/a", false, "from the start" },
    { "*.md", "a.md", true, "a star" },
    { "*.md", ".md", true, "a star for nothing, and for what begins with a dot" },
    { "*.md", "b/a.md", false, "a star stays within a name" },
    { "*", "a/b", false, "also alone" },
    { "a*c*e", "abcde", true, "stars" },
    { "?", "a", true, "one character" },
    { "?", "", false, "and not none" },
    { "?", "/", false, "nor a slash" },
    { "?", "\xc3\xa9", true, "one character of two bytes" },
    { "?", "\xff", true, "a stray byte" },
    { "??", "\xc3\xa9", false, "is not two" },
    { "**/*.c", "a.c", true, "no directory at all" },
    { "**/*.c", "x/y/a.c", true, "some directories" },
    { "src/**/a.c", "src/a.c", true, "none in between" },
    { "src/**/a.c", "src/x/y/a.c", true, "some in between" },
    { "src/**/a.c", "srcx/a.c", false, "the part before is whole" },
    { "src/**", "src/x/y", true, "all below" },
    { "src/**", "src", false, "but not itself" },
    { "**", "a/b/c", true, "everything" },
    { "a**z", "a/b/z", true, "across directories within a part" },
    { "**/b", "ab", false, "a part is a whole part" },
    { "[abc]", "b", true, "a set" },
    { "[abc]", "d", false, "has not all" },
    { "[a-c]x", "bx", true, "a range" },
    { "[!a-c]", "d", true, "all but a range" },
    { "[!a-c]", "b", false, "all but a range" },
    { "[^a]", "b", true, "the other way to say it" },
    { "[!a]", "/", false, "is no slash either" },
    { "a[!b]c", "a/c", false, "nor within" },
    { "[]]", "]", true, "a bracket comes first" },
    { "[a-]", "-", true, "a hyphen comes last" },
    { "[\\]]", "]", true, "or is escaped" },
    { "[.]", "x", false, "no dot means any" },
    { "[a\xc3\xa9]x", "\xc3\xa9x", true, "a wide character in a set" },
    { "[!\xc3\xa9]x", "\xc3\xa9x", false, "a wide character not in it" },
    { "[!\xc3\xa9]x", "\xc3\xa8x", true, "and another" },
    { "*.{c,h}", "a.h", true, "braces" },
    { "*.{c,h}", "a.o", false, "braces" },
    { "{a,b{c,d}}/x", "bd/x", true, "braces in braces" },
    { "{a,}b", "b", true, "an empty choice" },
    { "{**/,}a", "x/y/a", true, "a pattern in braces" },
    { "a,b", "a,b", true, "a comma outside of braces" },
    { "\\*", "*", true, "escaped" },
    { "\\*", "a", false, "escaped" },
    { "a+(b)|c$^", "a+(b)|c$^", true, "no sign of a regular expression" },
    { "a\nb*", "a\nb\nc", true, "a newline is a byte like others" },
};

static void
a_pattern_matches_what_it_says(void)
{
    for (size_t i = 0; i < sizeof matching / sizeof *matching; i++) {
        if (matches(matching[i].pattern, matching[i].path) != matching[i].is_match)
            fprintf(stderr, "%s on %s: %s\n", matching[i].pattern, matching[i].path,
                matching[i].why);
        check(matches(matching[i].pattern, matching[i].path) == matching[i].is_match);
    }
}

static void
a_directory_is_entered_only_if_something_below_can_match(void)
{
    static const struct {
        const char *pattern, *directory;
        bool reaches;
    } rows[] = {
        { "src/*.c", "src", true },
        { "src/*.c", "doc", false },
        { "src/*.c", "sr", false },
        { "src/*.c", "src/deep", false },
        { "src/*/x/*.c", "src/deep", true },
        { "src/*/x/*.c", "src/deep/x", true },
        { "src/*/x/*.c", "src/deep/y", false },
        { "src/**", "src/any/where", true },
        { "**/a", "any/where", true },
        { "*.c", "src", false },
        { "{a,b}/c", "b", true },
        { "{a,b}/c", "c", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct glob *glob;

        check(glob_open(&glob, view_of(rows[i].pattern), &report) == DONE);
        if (glob_reaches(glob, view_of(rows[i].directory)) != rows[i].reaches)
            fprintf(stderr, "%s into %s\n", rows[i].pattern, rows[i].directory);
        check(glob_reaches(glob, view_of(rows[i].directory)) == rows[i].reaches);
        glob_close(&glob);
    }
}

static void
what_is_wrong_is_told_and_where(void)
{
    static const struct {
        const char *pattern, *told;
    } rows[] = {
        { "a[bc", "byte 1: a set without its ']'" },
        { "[", "byte 0: a set without its ']'" },
        { "[]", "byte 0: a set without its ']'" },
        { "[z-a]", "byte 1: a range that ends before it begins" },
        { "[a-\xc3\xa9]", "byte 1: a range goes from one ASCII character to another" },
        { "x{a,b", "byte 5: a '{' without its '}'" },
        { "x}", "byte 1: a '}' without its '{'" },
        { "x\\", "byte 1: a '\\' at the end" },
        { "", "1 to 4096 bytes, not 0" },
    };
    char braces[64];
    struct glob *glob;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(glob_open(&glob, view_of(rows[i].pattern), &report) == REFUSED);
        check(!glob && report.cause == CAUSE_INVALID_ARGUMENT);
        if (!strstr(report.text, rows[i].told))
            fprintf(stderr, "%s: %s\n", rows[i].pattern, report.text);
        check(strstr(report.text, rows[i].told));
    }
    memset(braces, '{', sizeof braces);
    check(glob_open(&glob, (struct view){ braces, sizeof braces }, &report) == REFUSED);
    check(strstr(report.text, "braces too deep"));
}

static void
a_pattern_made_to_hang_does_not(void)
{
    char pattern[GLOB_BYTES_MAX + 1], path[3000];
    struct glob *glob;

    for (size_t i = 0; i < GLOB_BYTES_MAX; i++)
        pattern[i] = "**a"[i % 3];
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = 'b';
    check(glob_open(&glob, (struct view){ pattern, 600 }, &report) == DONE);
    check(!glob_gave_up(glob));
    check(!glob_matches(glob, (struct view){ path, sizeof path }));
    check(glob_gave_up(glob));
    glob_close(&glob);
    memset(pattern, '?', sizeof pattern);
    check(glob_open(&glob, (struct view){ pattern, sizeof pattern }, &report) == REFUSED);
    check(glob_open(&glob, (struct view){ pattern, 255 }, &report) == DONE);
    check(glob_matches(glob, (struct view){ path, 255 }));
    glob_close(&glob);
}

static const struct test tests[] = {
    { "a pattern matches what it says", a_pattern_matches_what_it_says },
    { "a directory is entered only if something below can match",
        a_directory_is_entered_only_if_something_below_can_match },
    { "what is wrong is told, and where", what_is_wrong_is_told_and_where },
    { "a pattern made to hang does not", a_pattern_made_to_hang_does_not },
};

TEST_MAIN(tests)

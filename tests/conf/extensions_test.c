#include "base/path.h"
#include "conf/extensions.h"
#include "tests/check.h"

/* The list as one text, "pdf ppt"; or the flaw, "3: why". */
static const char *
said_of(const char *pattern)
{
    static char said[512];
    struct extensions list;
    struct pattern_flaw flaw;
    size_t used = 0;

    if (!extensions_parse(pattern, &list, &flaw)) {
        check(list.count == 0 && !list.at);
        snprintf(said, sizeof said, "%zu: %s", flaw.place, flaw.why);
        return said;
    }
    said[0] = '\0';
    for (size_t i = 0; i < list.count; i++)
        used +=
            (size_t) snprintf(said + used, sizeof said - used, "%s%s", i ? " " : "", list.at[i]);
    extensions_free(&list);
    return said;
}

static void
a_pattern_means_a_list(void)
{
    static const struct {
        const char *why, *pattern, *list;
    } rows[] = {
        { "the guide's", "(pdf|ppt|zip)", "pdf ppt zip" },
        { "without a group", "pdf|ppt", "pdf ppt" },
        { "letters are small", "PDF", "pdf" },
        { "a case flag says nothing new", "(?i)pdf", "pdf" },
        { "the same twice", "(pdf|PDF|p(df))", "pdf" },
        { "a letter that may be missing", "jpe?g", "jpeg jpg" },
        { "a group that may be missing", "(tar)?gz", "targz gz" },
        { "a group that is not counted", "(?:mp3|ogg)", "mp3 ogg" },
        { "a set", "mp[34]", "mp3 mp4" },
        { "a range and signs", "x[a-c\\-_-]", "xa xb xc x- x_" },
        { "a range in both cases", "[A-Ca-b]", "a b c" },
        { "groups in groups", "(m(p(3|4)|kv))", "mp3 mp4 mkv" },
        { "one behind the other", "(a|b)(c|d)", "ac ad bc bd" },
        { "the dot and the end", "\\.pdf$", "pdf" },
        { "each with its own", "\\.pdf$|\\.zip$", "pdf zip" },
        { "the dot in a group", "(\\.pdf|\\.zip)", "pdf zip" },
        { "a dot that may be missing", "\\.?zip", "zip" },
        { "signs", "c\\+\\+", "c++" },
        { "other letters", "\xc3\xa4\xc3\xb6", "\xc3\xa4\xc3\xb6" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(said_of(rows[i].pattern), rows[i].list) != 0)
            fprintf(stderr, "%s: %s\n", rows[i].why, said_of(rows[i].pattern));
        check(strcmp(said_of(rows[i].pattern), rows[i].list) == 0);
    }
}

static void
what_means_no_list_is_refused_with_its_place(void)
{
    static const struct {
        const char *why, *pattern, *said;
    } rows[] = {
        { "nothing", "", "1: its end is reached with nothing matched" },
        { "a dot", "\\.", "3: its end is reached with nothing" },
        { "perhaps nothing", "(zip)?", "7: its end is reached with nothing" },
        { "an alternative of nothing", "(pdf|)", "7: its end is reached" },
        { "a group not closed", "(pdf", "1: '(' is not closed" },
        { "closed twice", "pdf)", "4: ')' closes nothing" },
        { "closed twice, and more", "pdf)x", "4: ')' closes nothing" },
        { "a set not closed", "x[ab", "5: its end comes before the ']'" },
        { "a set of nothing", "x[]", "2: '[' begins a set of nothing" },
        { "all but", "[^a]", "2: '^' in a set means all but a few; has no end" },
        { "a range backwards", "[c-a]", "4: 'a' comes before the beginning" },
        { "any character", ".*", "1: '.' is any character; for the dot itself write \\." },
        { "a forgotten backslash", ".pdf", "1: '.' is any character" },
        { "without end", "a+", "2: '+' has no end to what it matches; write the" },
        { "without end", "mp4*", "4: '*' has no end" },
        { "counted", "a{3}", "2: '{' has no end" },
        { "nothing to be missing", "?", "1: '?' cannot stand here" },
        { "missing twice", "a??", "3: '?' cannot stand here" },
        { "a class", "mp\\d", "4: 'd' behind a '\\' is no sign" },
        { "a backslash at the end", "mp\\", "4: its end behind a '\\'" },
        { "the beginning", "^pdf", "1: '^' can never match here" },
        { "the end inside", "(pdf$)", "5: '$' can never match here" },
        { "the end, and more", "pdf$x", "4: '$' can never match here" },
        { "a dot inside", "tar\\.gz", "1: 't' begins what has a '.' or '/' in it" },
        { "a flag that is not known", "(?x)pdf", "2: '?' cannot stand here" },
        { "half a character", "\xc3\xa4?", "3: '?' would make half a character" },
        { "a byte that cannot be seen", "a\tb", "2: a byte that is not ASCII" },
        { "too many", "[a-z][a-z][a-z]", "16: its end makes it more than 1024" },
        { "too many beside each other", "[a-z][a-z]|[a-z][a-z]x|[a-z][a-z]y",
            "23: '|' makes it more than 1024" },
        { "too deep", "((((((((((((((((((a))))))))))))))))))", "17: '(' is in too many" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *said = said_of(rows[i].pattern);

        if (strncmp(said, rows[i].said, strlen(rows[i].said)) != 0)
            fprintf(stderr, "%s: %s\n", rows[i].why, said);
        check(strncmp(said, rows[i].said, strlen(rows[i].said)) == 0);
    }
}

static void
a_pattern_cannot_be_longer_than_a_name(void)
{
    char pattern[NAME_BYTES_MAX + 2];

    memset(pattern, 'x', sizeof pattern);
    pattern[NAME_BYTES_MAX] = '\0';
    check(strcmp(said_of(pattern), pattern) == 0);
    pattern[NAME_BYTES_MAX] = 'x';
    pattern[NAME_BYTES_MAX + 1] = '\0';
    check(strstr(said_of(pattern), "longer than any name"));
}

static void
an_extension_stands_behind_the_last_dot(void)
{
    static const struct {
        const char *path, *extension;
    } rows[] = {
        { "/a/report.PDF", "PDF" },
        { "/a/x.tar.gz", "gz" },
        { "/a.b/c", "" },
        { "/a/.profile", "" },
        { "/a/.x.y", "y" },
        { "/a/x.", "" },
        { "/a/..", "" },
        { "/a/...x", "x" },
        { "/pdf", "" },
        { "/", "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(view_is(extension_of(view_of(rows[i].path)), rows[i].extension));
}

static const struct test tests[] = {
    { "a pattern means a list", a_pattern_means_a_list },
    { "what means no list is refused with its place",
        what_means_no_list_is_refused_with_its_place },
    { "a pattern cannot be longer than a name", a_pattern_cannot_be_longer_than_a_name },
    { "an extension stands behind the last dot", an_extension_stands_behind_the_last_dot },
};

TEST_MAIN(tests)

#include "actors/grep.h"
#include "tests/check.h"

#include <inttypes.h>

static struct report report;

/* Every match as "LINE:TEXT|"; the content comes `step` bytes at a time. */
static char told[1 << 20];

static enum scan_step
run(const char *pattern, bool ignore_case, struct view content, size_t step,
    struct position position)
{
    struct grep *grep;
    struct scan scan;
    enum scan_step said;
    size_t used = 0;

    check(grep_open(&grep, view_of(pattern), ignore_case, &report) == DONE);
    scan_init(&scan, grep, &position);
    for (said = SCAN_PAUSE; said < SCAN_OVER;) {
        said = scan_next(&scan);
        if (said == SCAN_MATCH)
            used += (size_t) snprintf(told + used, sizeof told - used, "%" PRIu64 ":%.*s|",
                scan.match.line + 1, VIEW(scan.text));
        if (said == SCAN_HUNGRY) {
            size_t room, left;
            char *into = scan_room(&scan, &room);

            check(room > 0);
            left = content.length - scan_offset(&scan);
            room = room < step ? room : step;
            room = room < left ? room : left;
            memcpy(into, content.at + scan_offset(&scan), room);
            scan_feed(&scan, room, room == left);
        }
    }
    told[used] = '\0';
    scan_fini(&scan);
    grep_close(&grep);
    return said;
}

static bool
finds(const char *pattern, const char *content, const char *expected)
{
    static const size_t steps[] = { 1, 2, 3, 7, SCAN_BYTES };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        check(run(pattern, false, view_of(content), steps[i], (struct position){ 0 }) == SCAN_OVER);
        if (strcmp(told, expected) != 0) {
            fprintf(stderr, "%s: %s\n", pattern, told);
            return false;
        }
    }
    return true;
}

static void
matching_lines_are_told_with_their_numbers(void)
{
    check(finds("b", "abc\nxyz\nb\n", "1:abc|3:b|"));
    check(finds("b", "abc\nb", "1:abc|2:b|"));
    check(finds("^$", "a\n\nb\n", "2:|"));
    check(finds("x", "", ""));
    check(finds("c$", "abc\r\nabcd\r\n", "1:abc|"));
    check(finds("(\\w)\\1", "abab\nabba\n", "2:abba|"));
    check(finds("a.c",
        "a\xc3\xa9"
        "c\n",
        "1:a\xc3\xa9"
        "c|"));
    check(finds("c",
        "\xff\xfe"
        "c\n",
        "1:\xff\xfe"
        "c|"));
}

static void
letters_match_in_either_case_if_wished(void)
{
    check(run("\xc3\xa9t\xc3\xa9", true, view_of("\xc3\x89T\xc3\x89\n"), 64,
              (struct position){ 0 }) == SCAN_OVER);
    check(strcmp(told, "1:\xc3\x89T\xc3\x89|") == 0);
    check(finds("A", "a\nA\n", "2:A|"));
}

static void
a_binary_file_has_no_lines(void)
{
    static char content[20000];

    memset(content, 'x', sizeof content);
    content[8191] = '\0';
    check(run("x", false, (struct view){ content, sizeof content }, SCAN_BYTES,
              (struct position){ 0 }) == SCAN_OVER);
    check(told[0] == '\0');
    content[8191] = 'x';
    content[8192] = '\0';
    check(run("x", false, (struct view){ content, sizeof content }, SCAN_BYTES,
              (struct position){ 0 }) == SCAN_OVER);
    check(strncmp(told, "1:xxx", 5) == 0);
}

static void
of_a_long_line_the_beginning_is_searched_and_less_is_told(void)
{
    enum { LONG = 5 * SCAN_BYTES };
    static char content[LONG + 16];

    memset(content, 'x', LONG);
    memcpy(content + 10, "early", 5);
    memcpy(content + LONG - 10, "later", 5);
    memcpy(content + LONG, "\nnext\n", 6);
    check(run("early", false, (struct view){ content, LONG + 6 }, SCAN_BYTES,
              (struct position){ 0 }) == SCAN_OVER);
    check(strlen(told) == 2 + MATCH_TEXT_MAX + 1);
    check(run("later|next", false, (struct view){ content, LONG + 6 }, 5000,
              (struct position){ 0 }) == SCAN_OVER);
    check(strcmp(told, "2:next|") == 0);
}

static void
a_line_is_not_cut_within_a_character(void)
{
    static char content[2000];

    for (size_t i = 0; i + 3 <= sizeof content; i += 3)
        memcpy(content + i, "\xe2\x82\xac", 3);
    check(run(".", false, (struct view){ content, 1998 }, SCAN_BYTES, (struct position){ 0 }) ==
        SCAN_OVER);
    check(strlen(told) == 2 + 1023 + 1);
}

static void
a_scan_goes_on_where_another_was(void)
{
    struct view content = view_of("one\ntwo\nthree\ntwo\n");
    struct position second = { 4, 1, false }, within = { 2, 0, true };

    check(run("o", false, content, 3, second) == SCAN_OVER);
    check(strcmp(told, "2:two|4:two|") == 0);
    check(run("e", false, content, 3, within) == SCAN_OVER);
    check(strcmp(told, "3:three|") == 0);
}

static void
what_is_wrong_with_a_pattern_is_told_and_where(void)
{
    static const char *const wrong[] = { "", "a(b", "[z-a]", "*a", "a\\", "\\C", "(?<n>a)(?<n>b)",
        "\xff" };
    struct grep *grep;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check(grep_open(&grep, view_of(wrong[i]), false, &report) == REFUSED);
        check(!grep && report.cause == CAUSE_INVALID_ARGUMENT);
    }
    check(grep_open(&grep, view_of("a(b"), false, &report) == REFUSED);
    check(strstr(report.text, "at byte 3: missing closing parenthesis"));
}

static void
a_pattern_made_to_hang_gives_up(void)
{
    static char content[40000];

    memset(content, 'a', sizeof content);
    memcpy(content + 60, "!\n", 2);
    check(run("^(a+)+$", false, (struct view){ content, 62 }, SCAN_BYTES, (struct position){ 0 }) ==
        SCAN_GAVE_UP);
}

static const struct test tests[] = {
    { "matching lines are told with their numbers", matching_lines_are_told_with_their_numbers },
    { "letters match in either case if wished", letters_match_in_either_case_if_wished },
    { "a binary file has no lines", a_binary_file_has_no_lines },
    { "of a long line the beginning is searched and less is told",
        of_a_long_line_the_beginning_is_searched_and_less_is_told },
    { "a line is not cut within a character", a_line_is_not_cut_within_a_character },
    { "a scan goes on where another was", a_scan_goes_on_where_another_was },
    { "what is wrong with a pattern is told, and where",
        what_is_wrong_with_a_pattern_is_told_and_where },
    { "a pattern made to hang gives up", a_pattern_made_to_hang_gives_up },
};

TEST_MAIN(tests)

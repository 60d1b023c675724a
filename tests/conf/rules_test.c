#include "base/memory.h"
#include "conf/policy.h"
#include "tests/check.h"
#include "tests/conf/support/parsed.h"

#define MIB (UINT64_C(1) << 20)
#define IN_BACKUP                                                        \
    "{\"storage\":{\"agfs\":{\"backups\":{\"items\":[{\"name\":\"b\",\n" \
    "\"backend\":\"memory\",\"excludes\":[\n"
#define SIZE(n) "{\"type\":\"FileOverSizePolicy\",\"max_size_mb\":" #n "}"
#define EXTENSION(e) "{\"type\":\"FileExtensionPolicy\",\"extensions\":[\"" e "\"]}"

static struct parsed
parse_excludes(const char *rules)
{
    char *json = memory_print(IN_BACKUP "%s]}]}}}}", rules);
    struct parsed parsed = parse_text(json);

    free(json);
    return parsed;
}

static void
a_file_is_excluded_by_its_whole_extension_or_its_size(void)
{
    static const struct {
        const char *why, *path;
        uint64_t size;
        int rule; /* -1: none */
    } rows[] = {
        { "its extension", "/d/report.pdf", 0, 0 },
        { "in the other case", "/d/report.PDF", 0, 0 },
        { "mixed", "/d/report.pDf", 1, 0 },
        { "in the name only", "/d/pdf-notes.txt", 0, -1 },
        { "a longer extension", "/d/zipper.md", 0, -1 },
        { "begins with it", "/d/a.pdfx", 0, -1 },
        { "ends with it", "/d/a.xpdf", 0, -1 },
        { "not the last", "/d/a.pdf.txt", 0, -1 },
        { "the last", "/d/a.txt.pdf", 0, 0 },
        { "the name as such", "/d/pdf", 0, -1 },
        { "a hidden name", "/d/.pdf", 0, -1 },
        { "a directory above", "/d.pdf/a", 0, -1 },
        { "just the size: it is over a smaller one", "/d/a.txt", 50 * MIB, 3 },
        { "one byte more", "/d/a.txt", 50 * MIB + 1, 1 },
        { "the first of two decides", "/d/a.zip", 50 * MIB + 1, 0 },
        { "so does an earlier size", "/d/a.mp4", 50 * MIB + 1, 1 },
        { "below that the later one", "/d/a.mp4", 50 * MIB, 2 },
        { "a smaller size behind", "/d/a", 2 * MIB, 3 },
        { "no more than that", "/d/a", MIB, -1 },
        { "a larger size behind is never the first", "/d/a", 100 * MIB, 1 },
        { "all there is", "/d/a", UINT64_MAX, 1 },
    };
    struct parsed parsed = parse_excludes(
        EXTENSION("(pdf|ppt|zip)") "," SIZE(50) "," EXTENSION("mp[34]") "," SIZE(1) "," SIZE(60));

    expect_problems(&parsed, (const char *const[]){ NULL });
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct policy *rule =
            policies_match(parsed.conf->backups[0].excludes, view_of(rows[i].path), rows[i].size);

        if ((rule ? (int) rule->index : -1) != rows[i].rule)
            fprintf(stderr, "%s: %s\n", rows[i].why, rule ? rule->text : "no rule");
        check((rule ? (int) rule->index : -1) == rows[i].rule);
    }
    parsed_free(&parsed);
}

static void
no_rules_take_nothing(void)
{
    struct parsed parsed = parse_excludes("");

    expect_problems(&parsed, (const char *const[]){ NULL });
    check(!parsed.conf->backups[0].excludes);
    check(!policies_match(NULL, view_of("/a.pdf"), UINT64_MAX));
    parsed_free(&parsed);
}

static void
zero_takes_all_that_is_not_empty(void)
{
    struct parsed parsed = parse_excludes(SIZE(0));

    check(!policies_match(parsed.conf->backups[0].excludes, view_of("/a"), 0));
    check(policies_match(parsed.conf->backups[0].excludes, view_of("/a"), 1));
    parsed_free(&parsed);
}

/* ---- mistakes ------------------------------------------------------------------------------- */

#define AT "3: storage.agfs.backups.items[0].excludes[0]"

static void
what_is_wrong_with_a_rule_is_said(void)
{
    static const struct {
        const char *why, *rules, *said;
    } rows[] = {
        { "no object", "5", AT ": 5 is not an object" },
        { "no type", "{}", AT ".type: missing: 'FileExtensionPolicy' or 'FileOverSizePolicy'" },
        { "misspelt type", "{\"type\":\"FileOversizePolicy\"}",
            AT ".type: 'FileOversizePolicy' is not 'FileExtensionPolicy' or 'FileOverSizePolicy'; "
               "did you mean 'FileOverSizePolicy'?" },
        { "misspelt key", "{\"type\":\"FileOverSizePolicy\",\"max_size_mb\":1,\"max_size\":1}",
            AT ".max_size: 'max_size' is not a key of a policy; did you mean 'max_size_mb'?" },
        { "no size", "{\"type\":\"FileOverSizePolicy\"}", AT ".max_size_mb: missing" },
        { "a fraction", SIZE(0.5), AT ".max_size_mb: 0.5 is not a whole number" },
        { "below zero", SIZE(-1), AT ".max_size_mb: -1 is not between 0 and" },
        { "no extensions", "{\"type\":\"FileExtensionPolicy\"}", AT ".extensions: missing" },
        { "no extension", "{\"type\":\"FileExtensionPolicy\",\"extensions\":[]}",
            AT ".extensions: missing" },
        { "no list", "{\"type\":\"FileExtensionPolicy\",\"extensions\":\"pdf\"}",
            AT ".extensions: 'pdf' is not a list" },
        { "no text", "{\"type\":\"FileExtensionPolicy\",\"extensions\":[1]}",
            AT ".extensions[0]: 1 is not a text" },
        { "an invalid pattern", EXTENSION("(pdf|zip"),
            AT ".extensions[0]: the pattern '(pdf|zip' at byte 1: '(' is not closed" },
        { "a size for extensions",
            "{\"type\":\"FileExtensionPolicy\",\"extensions\":[\"a\"],\"max_size_mb\":1}",
            AT ".max_size_mb: a FileExtensionPolicy has none" },
        { "extensions for a size",
            "{\"type\":\"FileOverSizePolicy\",\"extensions\":[\"a\"],\"max_size_mb\":1}",
            AT ".extensions: a FileOverSizePolicy has none" },
        { "a target", "{\"type\":\"FileOverSizePolicy\",\"max_size_mb\":1,\"target\":[\"b\"]}",
            AT ".target: exclude policy for backup 'b' must not contain target" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parsed parsed = parse_excludes(rows[i].rules);

        if (parsed.outcome != REFUSED)
            fprintf(stderr, "accepted: %s\n", rows[i].why);
        check(parsed.outcome == REFUSED);
        expect_problems(&parsed, (const char *const[]){ rows[i].said, NULL });
        parsed_free(&parsed);
    }
}

static void
what_receives_nothing_need_not_exclude(void)
{
    struct parsed parsed = parse_text(
        "{\"storage\":{\"agfs\":{\"backups\":{\"items\":[{\"name\":\"b\",\"backend\":\"memory\","
        "\"operations\":[{\"operation\":\"read\",\"priority\":1}],\n\"excludes\":[" SIZE(
            1) "]}]}}}}");

    check(parsed.outcome == DONE);
    expect_problems(&parsed,
        (const char *const[]){ "2: storage.agfs.backups.items[0].excludes: warning: has no effect",
            NULL });
    parsed_free(&parsed);
}

/* ---- contradictions ---------------------------------------------------------------------------- */

#define REDIRECT(inside, target) "{" inside ",\"target\":" target "}"
#define BY_SIZE(n) "\"type\":\"FileOverSizePolicy\",\"max_size_mb\":" #n
#define BY_EXTENSION(e) "\"type\":\"FileExtensionPolicy\",\"extensions\":[\"" e "\"]"

/* Redirects on line 2; backup "a" excludes on line 3, "b" on line 4; "r" only serves reads, line 5. */
static struct parsed
parse_both(const char *redirects, const char *a, const char *b)
{
    char *json =
        memory_print("{\"storage\":{\"agfs\":{\n\"redirects\":[%s],\"backups\":{\"items\":["
                     "{\"name\":\"a\",\"backend\":\"memory\",\n\"excludes\":[%s]},"
                     "{\"name\":\"b\",\"backend\":\"memory\",\n\"excludes\":[%s]},"
                     "{\"name\":\"r\",\"backend\":\"memory\",\n\"operations\":"
                     "[{\"operation\":\"read\",\"priority\":1}]}]}}}}",
            redirects, a, b);
    struct parsed parsed = parse_text(json);

    free(json);
    return parsed;
}

#define R "2: storage.agfs.redirects"
#define MISSING R ": redirects are not supported yet"
#define SEE_A "see line 3, storage.agfs.backups.items[0].excludes"
#define SEE_B "see line 4, storage.agfs.backups.items[1].excludes"

struct redirected {
    const char *why, *redirects, *a, *b;
    const char *said; /* NULL: nothing but that they are not supported yet */
};

static void
check_redirects(const struct redirected *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct parsed parsed = parse_both(rows[i].redirects, rows[i].a, rows[i].b);

        if (rows[i].said)
            expect_problems(&parsed, (const char *const[]){ rows[i].said, MISSING, NULL });
        else
            expect_problems(&parsed, (const char *const[]){ MISSING, NULL });
        parsed_free(&parsed);
    }
}

static void
redirects_and_excludes_that_contradict_are_refused_with_both_places(void)
{
    static const struct redirected rows[] = {
        { "nothing in common", REDIRECT(BY_EXTENSION("(pdf|zip)"), "[\"a\",\"b\"]"),
            EXTENSION("mp4"), EXTENSION("x?zip2"), NULL },
        { "one extension of many", REDIRECT(BY_EXTENSION("(pdf|zip)"), "[\"b\",\"a\"]"),
            EXTENSION("(mp4|ZIP)"), "",
            R "[0].target[1]: a file x.zip of 0 bytes would be redirected to 'a', which excludes "
              "it: " SEE_A "[0]" },
        { "spelt in another way", REDIRECT(BY_EXTENSION("jpe?g"), "[\"b\"]"), "",
            EXTENSION("mp4") "," EXTENSION("j(pg|p2)"),
            R "[0].target[0]: a file x.jpg of 0 bytes would be redirected to 'b', which excludes "
              "it: " SEE_B "[1]" },
        { "any large one", REDIRECT(BY_EXTENSION("pdf"), "[\"a\"]"), SIZE(1), "",
            R "[0].target[0]: a file x.pdf of 1048577 bytes would be redirected to 'a'" },
        { "a large one that is packed", REDIRECT(BY_SIZE(7), "[\"a\"]"), EXTENSION("zip"), "",
            R "[0].target[0]: a file x.zip of 7340033 bytes would be redirected to 'a'" },
        { "sizes: the target takes less", REDIRECT(BY_SIZE(1), "[\"a\"]"), SIZE(2), "",
            R "[0].target[0]: a file x of 2097153 bytes would be redirected to 'a'" },
        { "sizes: the target takes none of them", REDIRECT(BY_SIZE(3), "[\"a\"]"), SIZE(2), "",
            R "[0].target[0]: a file x of 3145729 bytes would be redirected to 'a'" },
        { "an earlier rule takes them elsewhere",
            REDIRECT(BY_EXTENSION("zip"), "[\"b\"]") "," REDIRECT(BY_SIZE(1), "[\"a\"]"),
            EXTENSION("zip"), "", NULL },
        { "a later one does not",
            REDIRECT(BY_SIZE(1), "[\"a\"]") "," REDIRECT(BY_EXTENSION("zip"), "[\"b\"]"),
            EXTENSION("zip"), "",
            R "[0].target[0]: a file x.zip of 1048577 bytes would be redirected to 'a'" },
        { "an earlier one takes all that are too large",
            REDIRECT(BY_SIZE(2), "[\"b\"]") "," REDIRECT(BY_SIZE(1), "[\"a\"]"), SIZE(2), "",
            NULL },
        { "it leaves one that is",
            REDIRECT(BY_SIZE(3), "[\"b\"]") "," REDIRECT(BY_SIZE(1), "[\"a\"]"), SIZE(2), "",
            R "[1].target[0]: a file x of 2097153 bytes would be redirected to 'a'" },
        { "it is not its target", REDIRECT(BY_EXTENSION("zip"), "[\"b\"]"), EXTENSION("zip"), "",
            NULL },
    };

    check_redirects(rows, sizeof rows / sizeof *rows);
}

static void
redirects_to_what_cannot_take_them_are_refused(void)
{
    static const struct redirected rows[] = {
        { "not there", REDIRECT(BY_SIZE(1), "[\"A\"]"), "", "",
            R "[0].target[0]: redirect target 'A' not found in backup entries; did you mean 'a'?" },
        { "the primary", REDIRECT(BY_SIZE(1), "[\"primary\"]"), "", "",
            R "[0].target[0]: redirect target 'primary' not found" },
        { "receives nothing", REDIRECT(BY_SIZE(1), "[\"r\"]"), "", "",
            R "[0].target[0]: redirect target 'r' does not receive writes: see line 5, "
              "storage.agfs.backups.items[2].operations" },
        { "no target", "{" BY_SIZE(1) "}", "", "",
            R "[0].target: redirect policy target must not be empty" },
        { "targets of nothing", REDIRECT(BY_SIZE(1), "[]"), "", "",
            R "[0].target: redirect policy target must not be empty" },
        { "no list", REDIRECT(BY_SIZE(1), "\"a\""), "", "", R "[0].target: 'a' is not a list" },
        { "no text", REDIRECT(BY_SIZE(1), "[1]"), "", "", R "[0].target[0]: 1 is not a text" },
    };

    check_redirects(rows, sizeof rows / sizeof *rows);
}

static void
redirects_need_backups(void)
{
    struct parsed parsed = parse_text(
        "{\"storage\":{\"agfs\":{\n\"redirects\":[" REDIRECT(BY_SIZE(1), "[\"a\"]") "]}}}");

    expect_problems(&parsed,
        (const char *const[]){ R ": redirects requires backups; single-backend mode", MISSING,
            NULL });
    parsed_free(&parsed);
}

static void
an_empty_list_of_redirects_is_none(void)
{
    struct parsed parsed = parse_text("{\"storage\":{\"agfs\":{\"redirects\":[]}}}");

    expect_problems(&parsed, (const char *const[]){ NULL });
    parsed_free(&parsed);
}

static const struct test tests[] = {
    { "a file is excluded by its whole extension or its size",
        a_file_is_excluded_by_its_whole_extension_or_its_size },
    { "no rules take nothing", no_rules_take_nothing },
    { "zero takes all that is not empty", zero_takes_all_that_is_not_empty },
    { "what is wrong with a rule is said", what_is_wrong_with_a_rule_is_said },
    { "what receives nothing need not exclude", what_receives_nothing_need_not_exclude },
    { "redirects and excludes that contradict are refused with both places",
        redirects_and_excludes_that_contradict_are_refused_with_both_places },
    { "redirects to what cannot take them are refused",
        redirects_to_what_cannot_take_them_are_refused },
    { "redirects need backups", redirects_need_backups },
    { "an empty list of redirects is none", an_empty_list_of_redirects_is_none },
};

TEST_MAIN(tests)

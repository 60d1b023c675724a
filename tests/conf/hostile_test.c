#include "base/memory.h"
#include "tests/check.h"
#include "tests/conf/support/parsed.h"

#include <time.h>

/* ---- one byte changed --------------------------------------------------------------- */

static bool
has_all_backups(const struct conf *conf, size_t count)
{
    size_t receivers = 0;

    for (size_t i = 0; i < conf->backup_count; i++)
        receivers += conf->backups[i].receives;
    return conf->backup_count == count && receivers == count;
}

static size_t
try_mutation(const char *text, size_t length, size_t at, char byte, size_t backups)
{
    char *changed = memory_copy(text, length);
    struct parsed parsed;
    size_t is_accepted;

    changed[at] = byte;
    parsed = parse_bytes((struct view){ changed, length });
    is_accepted = parsed.outcome == DONE;
    if (is_accepted && !has_all_backups(parsed.conf, backups))
        fprintf(stderr, "byte %zu as 0x%02x loses a backup\n", at, (unsigned char) byte);
    check(!is_accepted || has_all_backups(parsed.conf, backups));
    parsed_free(&parsed);
    free(changed);
    return is_accepted;
}

static const char bytes_to_try[] = { 'x', '0', '9', '"', '\\', '{', '}', '[', ']', ',', ':', '$',
    ' ', '\n', '/', '.', '-', '\x01', '\x7f', '\xc3', '\xff', '\0' };

/* One blank of an indentation is like the next. */
static bool
is_indent(const char *at)
{
    return at[0] == ' ' && at[-1] == ' ';
}

static void
no_changed_byte_loses_a_backup_silently(void)
{
    char *text = read_data("full.json");
    size_t length = strlen(text), accepted = 0, tried = 0;

    enter_new_directory();
    for (size_t at = 1; at < length; at++)
        for (size_t i = 0; i < sizeof bytes_to_try && !is_indent(text + at); i++, tried++)
            accepted += try_mutation(text, length, at, bytes_to_try[i], 3);
    check(accepted > 0 && accepted < tried / 2);
    leave_directory();
    free(text);
}

static void
no_byte_at_all_loses_the_only_backup_silently(void)
{
    char *text = read_data("guide-minimal.json");
    size_t length = strlen(text);

    enter_new_directory();
    for (size_t at = 0; at < length; at++)
        for (int byte = 0; byte < 256; byte++)
            try_mutation(text, length, at, (char) byte, 1);
    leave_directory();
    free(text);
}

static void
no_missing_or_added_byte_loses_a_backup_silently(void)
{
    char *text = read_data("guide-minimal.json"), *changed = memory_new(strlen(text) + 2);
    size_t length = strlen(text);

    enter_new_directory();
    for (size_t at = 0; at < length; at++) {
        memcpy(changed, text, at);
        memcpy(changed + at, text + at + 1, length - at - 1);
        try_mutation(changed, length - 1, 0, at == 0 ? changed[0] : '{', 1);
        memcpy(changed + at + 1, text + at, length - at);
        for (size_t i = 0; i < sizeof bytes_to_try; i++)
            try_mutation(changed, length + 1, at, bytes_to_try[i], 1);
    }
    leave_directory();
    free(changed);
    free(text);
}

static void
every_beginning_of_a_file_is_refused(void)
{
    char *text = read_data("guide-minimal.json");
    size_t whole = (size_t) (strrchr(text, '}') - text) + 1;

    for (size_t length = 0; length < whole; length++) {
        struct parsed parsed = parse_bytes((struct view){ text, length });

        check(parsed.outcome == REFUSED);
        parsed_free(&parsed);
    }
    free(text);
}

/* ---- bombs ---------------------------------------------------------------------------- */

static void
is_refused(const char *text, size_t length, const char *said)
{
    struct parsed parsed = parse_bytes((struct view){ text, length });

    check(parsed.outcome == REFUSED && parsed.problems.count > 0);
    check(strstr(parsed.problems.at[0].text, said));
    check(parsed.problems.count <= 201);
    parsed_free(&parsed);
}

/* So many times one text, between two others. */
static char *
repeat(const char *before, const char *what, size_t times, const char *behind)
{
    size_t length = strlen(what), used = strlen(before);
    char *text = memory_new(used + times * length + strlen(behind) + 1);

    strcpy(text, before);
    for (size_t i = 0; i < times; i++, used += length)
        memcpy(text + used, what, length);
    strcpy(text + used, behind);
    return text;
}

static void
depth_is_bounded(void)
{
    char *lists = repeat("{\"grep\":", "[", 500000, ""), *objects;

    is_refused(lists, strlen(lists), "maximum parsing depth");
    objects = repeat("{\"grep\":", "{\"a\":", 100000, "");
    is_refused(objects, strlen(objects), "maximum parsing depth");
    free(lists);
    free(objects);
}

static void
size_is_bounded(void)
{
    size_t length = 100 << 20;
    char *text = memory_new(length + 1);

    memset(text, 'a', length);
    is_refused(text, length, "a configuration has at most 1048576");
    memset(text, ' ', length);
    text[0] = '{';
    text[(1 << 20) - 1] = '}';
    {
        struct parsed parsed = parse_bytes((struct view){ text, 1 << 20 });

        check(parsed.outcome == DONE);
        parsed_free(&parsed);
    }
    is_refused(text, (1 << 20) + 1, "a configuration has at most 1048576");
    free(text);
}

static void
variables_cannot_make_it_grow_beyond_bounds(void)
{
    char *value = repeat("", "v", 100000, ""), *text = repeat("{\"grep\":\"", "$BIG", 20, "\"}");

    setenv("BIG", value, 1);
    is_refused(text, strlen(text), "expanded, the file is larger than 1 MiB");
    unsetenv("BIG");
    free(value);
    free(text);
}

static void
junk_bytes_are_told_with_their_line(void)
{
    is_refused("{\n\"grep\": \"a\0b\"}", 16, "a NUL byte");
    is_refused("{\n\"grep\": \"\xed\xa0\x80\"}", 15, "not valid JSON: unable to decode byte 0xed");
    is_refused("\xff\xfe{\0}\0", 6, "a NUL byte");
    is_refused("\xef\xbb\xbf", 3, "not valid JSON");
    is_refused("\xef\xbb", 2, "not valid JSON");
}

static void
many_problems_end_in_time(void)
{
    char *unknown = memory_new(1 << 20), *backups, *twice;
    size_t used = 0;
    struct parsed parsed;
    clock_t begin = clock();

    unknown[used++] = '{';
    for (unsigned i = 0; used < (1 << 20) - 100; i++)
        used += (size_t) sprintf(unknown + used, "\"storagf%u\":0,\n", i);
    used += (size_t) sprintf(unknown + used, "\"storage\":{}}");
    parsed = parse_bytes((struct view){ unknown, used });
    check(parsed.outcome == REFUSED && parsed.problems.count == 201);
    check(strncmp(parsed.problems.at[200].text, "and ", 4) == 0);
    parsed_free(&parsed);
    backups = repeat("{\"storage\":{\"agfs\":{\"backups\":{\"items\":[", "{},", 300000, "{}]}}}}");
    is_refused(backups, strlen(backups), "300001 backups are more than 64");
    twice = repeat("{", "\"grep\":0,", 100000, "\"grep\":0}");
    is_refused(twice, strlen(twice), "the key 'grep' is there twice in one object");
    check((clock() - begin) / CLOCKS_PER_SEC < 30);
    free(unknown);
    free(backups);
    free(twice);
}

static const struct test tests[] = {
    { "no changed byte loses a backup silently", no_changed_byte_loses_a_backup_silently },
    { "no byte at all loses the only backup silently",
        no_byte_at_all_loses_the_only_backup_silently },
    { "no missing or added byte loses a backup silently",
        no_missing_or_added_byte_loses_a_backup_silently },
    { "every beginning of a file is refused", every_beginning_of_a_file_is_refused },
    { "depth is bounded", depth_is_bounded },
    { "size is bounded", size_is_bounded },
    { "variables cannot make it grow beyond bounds", variables_cannot_make_it_grow_beyond_bounds },
    { "junk bytes are told with their line", junk_bytes_are_told_with_their_line },
    { "many problems end in time", many_problems_end_in_time },
};

TEST_MAIN(tests)

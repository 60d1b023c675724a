#include "base/log.h"

#include "base/clock.h"
#include "tests/check.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

enum { SAID_BYTES = 1 << 20 };

static char said[SAID_BYTES];
static int kept_stderr;
static FILE *heard;

static uint64_t
noon(void)
{
    return 1795374601123000000; /* 2026-11-22T19:10:01.123Z */
}

static const struct clock_source still = { noon, noon };

/* From here on what goes to stderr is kept. */
static void
listen_to(void)
{
    clock_source = &still;
    fflush(stderr);
    kept_stderr = dup(STDERR_FILENO);
    heard = tmpfile();
    check(heard && kept_stderr >= 0);
    dup2(fileno(heard), STDERR_FILENO);
}

static const char *
what_was_said(void)
{
    ssize_t got;

    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    got = pread(fileno(heard), said, sizeof said - 1, 0);
    check(got >= 0);
    said[got] = '\0';
    fclose(heard);
    return said;
}

static bool
is(const char *one, const char *other)
{
    return strcmp(one, other) == 0;
}

static void
a_line_has_time_level_event_and_pairs(void)
{
    log_setup(LEVEL_DEBUG, 0);
    listen_to();
    LOG(INFO, "backup_down", "backup=%s reason=%s", "az2", log_quote("No space"));
    LOG(ERROR, "alone", "%s", "");
    check(is(what_was_said(),
        "2026-11-22T19:10:01.123Z info  backup_down backup=az2 reason=\"No space\"\n"
        "2026-11-22T19:10:01.123Z error alone\n"));
}

static void
the_same_line_as_json(void)
{
    log_setup(LEVEL_DEBUG, 1);
    listen_to();
    LOG(WARN, "backup_down", "backup=%s n=%d rate=%.1f zip=%s reason=%s", "az2", -7, 1.5, "007",
        log_quote("a \"b\" \\ c\n"));
    LOG(INFO, "alone", "%s", "");
    check(is(what_was_said(),
        "{\"time\":\"2026-11-22T19:10:01.123Z\",\"level\":\"warn\",\"event\":\"backup_down\","
        "\"backup\":\"az2\",\"n\":-7,\"rate\":1.5,\"zip\":\"007\","
        "\"reason\":\"a \\\"b\\\" \\\\ c\\u000a\"}\n"
        "{\"time\":\"2026-11-22T19:10:01.123Z\",\"level\":\"info\",\"event\":\"alone\"}\n"));
}

static void
levels_below_the_least_are_silent(void)
{
    log_setup(LEVEL_WARN, 0);
    listen_to();
    LOG(DEBUG, "a", "n=%d", 1);
    LOG(INFO, "b", "n=%d", 1);
    LOG(WARN, "c", "n=%d", 1);
    check(is(what_was_said(), "2026-11-22T19:10:01.123Z warn  c n=1\n"));
}

static void
hostile_text_stays_inside_its_quotes(void)
{
    static const struct {
        const char *text, *quoted, *json;
    } rows[] = {
        { "", "\"\"", "\"\"" },
        { "x\" level=error", "\"x\\\" level=error\"", "\"x\\\" level=error\"" },
        { "\n2026 info forged", "\"\\x0a2026 info forged\"", "\"\\u000a2026 info forged\"" },
        { "\x1b[2J\x7f", "\"\\x1b[2J\\x7f\"", "\"\\u001b[2J\\u007f\"" },
        { "\xc2\x9b"
          "2J",
            "\"\\xc2\\x9b2J\"", "\"\\u009b2J\"" }, /* a terminal's CSI in one character */
        { "\xff\xfe", "\"\\xff\\xfe\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
        { "\xe2\x82", "\"\\xe2\\x82\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
        { "\xed\xa0\x80", "\"\\xed\\xa0\\x80\"", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
        { "caf\xc3\xa9 \xf0\x9f\x9a\xa2", "\"caf\xc3\xa9 \xf0\x9f\x9a\xa2\"",
            "\"caf\xc3\xa9 \xf0\x9f\x9a\xa2\"" },
        { "C:\\x41\\", "\"C:\\\\x41\\\\\"", "\"C:\\\\x41\\\\\"" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char wanted[512];

        check(is(log_quote(rows[i].text), rows[i].quoted));
        log_setup(LEVEL_DEBUG, 1);
        listen_to();
        LOG(INFO, "e", "k=%s n=%d", log_quote(rows[i].text), 1);
        snprintf(wanted, sizeof wanted,
            "{\"time\":\"2026-11-22T19:10:01.123Z\",\"level\":\"info\",\"event\":\"e\",\"k\":%s,"
            "\"n\":1}\n",
            rows[i].json);
        check(is(what_was_said(), wanted));
    }
}

static void
a_forgotten_quote_cannot_break_the_line(void)
{
    log_setup(LEVEL_DEBUG, 0);
    listen_to();
    LOG(INFO, "e", "k=%s", "a\nb\x1b");
    check(is(what_was_said(), "2026-11-22T19:10:01.123Z info  e k=a?b?\n"));
}

/* Closed, on one line, every byte printable: what a reader of JSON needs at least. */
static void
check_json_shape(const char *line)
{
    bool is_in_string = false;

    check(*line == '{');
    for (; *line != '\n'; line++) {
        check(*line && (unsigned char) *line >= 0x20);
        if (is_in_string && *line == '\\')
            line++;
        else if (*line == '"')
            is_in_string = !is_in_string;
    }
    check(!is_in_string && line[-1] == '}' && line[1] == '\0');
}

static void
long_text_is_cut_and_still_a_line(void)
{
    static char text[100000];
    static const char worst[] = { '\x01', '"', '\\', '\xff', ' ', 'a', '=' };

    for (size_t i = 0; i < sizeof worst; i++) {
        memset(text, worst[i], sizeof text - 1);
        check(strlen(log_quote(text)) < 1024);
        check(log_quote(text)[strlen(log_quote(text)) - 1] == '"');
        log_setup(LEVEL_DEBUG, 1);
        listen_to();
        LOG(INFO, "e", "%s", text);
        check_json_shape(what_was_said());
        listen_to();
        LOG(INFO, "e", "a=%s b=%s c=%s d=%s e=%s f=%s", log_quote(text), log_quote(text),
            log_quote(text), log_quote(text), log_quote(text), log_quote(text));
        check_json_shape(what_was_said());
    }
}

static void
eight_quoted_values_live_together(void)
{
    const char *first = log_quote("0");

    for (int i = 1; i < 8; i++) {
        char text[2] = { (char) ('0' + i), '\0' };

        log_quote(text);
    }
    check(is(first, "\"0\""));
}

static void
logging_leaves_errno_alone(void)
{
    log_setup(LEVEL_DEBUG, 0);
    listen_to();
    close(STDERR_FILENO);
    errno = ENOSPC;
    LOG(INFO, "e", "n=%d", 1);
    check(errno == ENOSPC);
    check(is(what_was_said(), ""));
}

static void *
say_much(void *name)
{
    for (int i = 0; i < 500; i++)
        LOG(INFO, "e", "who=%s who=%s who=%s", (char *) name, (char *) name, (char *) name);
    return NULL;
}

static void
lines_of_threads_do_not_mix(void)
{
    static char *const names[] = { "aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd" };
    pthread_t threads[4];
    int lines = 0;
    char *rest;

    log_setup(LEVEL_DEBUG, 0);
    listen_to();
    for (size_t i = 0; i < 4; i++)
        check(pthread_create(&threads[i], NULL, say_much, names[i]) == 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    what_was_said();
    rest = said;
    for (const char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n")) {
        char wanted[128];
        const char *const who = strstr(line, "who=");

        check(who);
        snprintf(wanted, sizeof wanted, "who=%.8s who=%.8s who=%.8s", who + 4, who + 4, who + 4);
        check(is(who, wanted));
        lines++;
    }
    check(lines == 2000);
}

static const struct test tests[] = {
    { "a line has time, level, event and pairs", a_line_has_time_level_event_and_pairs },
    { "the same line as json", the_same_line_as_json },
    { "levels below the least are silent", levels_below_the_least_are_silent },
    { "hostile text stays inside its quotes", hostile_text_stays_inside_its_quotes },
    { "a forgotten quote cannot break the line", a_forgotten_quote_cannot_break_the_line },
    { "long text is cut and still a line", long_text_is_cut_and_still_a_line },
    { "eight quoted values live together", eight_quoted_values_live_together },
    { "logging leaves errno alone", logging_leaves_errno_alone },
    { "lines of threads do not mix", lines_of_threads_do_not_mix },
};

TEST_MAIN(tests)

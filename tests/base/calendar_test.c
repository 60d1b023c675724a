/* Dates in the place of {calendar:NAME}. */

#include "base/calendar.h"

#include "tests/check.h"

#include <stdlib.h>

static time_t
noon_of(int year, int month, int day)
{
    struct tm date = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = 12 };

    return mktime(&date);
}

static bool
is_text(const char *name, time_t now, const char *text)
{
    char into[CALENDAR_BYTES] = "";
    size_t length = calendar_text(view_of(name), now, into);

    if (length != strlen(text) || memcmp(into, text, length) != 0)
        fprintf(stderr, "%s: %s, expected %s\n", name, into, text);
    return length == strlen(text) && memcmp(into, text, length) == 0;
}

static void
each_name_has_its_form(void)
{
    static const struct {
        const char *name;
        int year, month, day;
        const char *text;
    } rows[] = {
        { "today", 2026, 5, 7, "2026/05/07" },
        { "yesterday", 2026, 5, 7, "2026/05/06" },
        { "yesterday", 2026, 1, 1, "2025/12/31" },
        { "yesterday", 2024, 3, 1, "2024/02/29" },
        { "tomorrow", 2026, 12, 31, "2027/01/01" },
        { "year", 2026, 5, 7, "2026" },
        { "month", 2026, 5, 7, "05" },
        { "day", 2026, 5, 7, "07" },
        { "ym", 2026, 5, 7, "2026/05" },
        { "quarter", 2026, 3, 31, "Q1" },
        { "quarter", 2026, 4, 1, "Q2" },
        { "yq", 2026, 12, 31, "2026/Q4" },
        { "week", 2026, 5, 7, "19" },
        { "week", 2027, 1, 1, "53" },
        { "yw", 2027, 1, 1, "2026/w53" },
        { "yw", 2026, 1, 5, "2026/w02" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(
            is_text(rows[i].name, noon_of(rows[i].year, rows[i].month, rows[i].day), rows[i].text));
}

static void
other_names_have_none(void)
{
    char into[CALENDAR_BYTES];

    check(calendar_text(view_of(""), 0, into) == 0);
    check(calendar_text(view_of("Today"), 0, into) == 0);
    check(calendar_text(view_of("today "), 0, into) == 0);
}

/* In the night in which clocks are turned, a day later is still the next day. */
static void
a_day_need_not_have_24_hours(void)
{
    struct tm late = { .tm_year = 126, .tm_mon = 9, .tm_mday = 25, .tm_hour = 23, .tm_isdst = -1 };
    struct tm early = { .tm_year = 126, .tm_mon = 2, .tm_mday = 29, .tm_hour = 0, .tm_isdst = -1 };

    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    check(is_text("tomorrow", mktime(&late), "2026/10/26"));
    check(is_text("yesterday", mktime(&early), "2026/03/28"));
}

static const struct test tests[] = {
    { "each name has its form", each_name_has_its_form },
    { "other names have none", other_names_have_none },
    { "a day need not have 24 hours", a_day_need_not_have_24_hours },
};

TEST_MAIN(tests)

#include "base/calendar.h"

#include <stdio.h>
#include <string.h>

/* How strftime(3) writes it, of so many days from now; it has no word for a quarter, which follows a Q. */
static const struct {
    const char *name;
    const char *format;
    int days;
} dates[] = {
    { "today", "%Y/%m/%d", 0 },
    { "yesterday", "%Y/%m/%d", -1 },
    { "tomorrow", "%Y/%m/%d", 1 },
    { "year", "%Y", 0 },
    { "month", "%m", 0 },
    { "day", "%d", 0 },
    { "ym", "%Y/%m", 0 },
    { "quarter", "Q", 0 },
    { "yq", "%Y/Q", 0 },
    { "week", "%V", 0 },
    { "yw", "%G/w%V", 0 },
};

const char calendar_names[] =
    "today, yesterday, tomorrow, year, month, day, ym, quarter, yq, week, yw";

size_t
calendar_text(struct view name, time_t now, char into[CALENDAR_BYTES])
{
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        struct tm date;
        size_t length;

        if (!view_is(name, dates[i].name))
            continue;
        localtime_r(&now, &date);
        date.tm_mday += dates[i].days;
        date.tm_hour = 12; /* which there is on every day, however clocks are turned */
        date.tm_isdst = -1;
        mktime(&date);
        length = strftime(into, CALENDAR_BYTES, dates[i].format, &date);
        if (length > 0 && into[length - 1] == 'Q')
            length += (size_t) snprintf(into + length, CALENDAR_BYTES - length, "%d",
                date.tm_mon / 3 + 1);
        return length;
    }
    return 0;
}

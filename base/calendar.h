#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

/*
 * calendar - the dates that stand for {calendar:NAME} in a URI.
 *
 *     today, yesterday, tomorrow   2026/05/07       year, month, day   2026, 05, 07
 *     ym, yq, yw                   2026/05, 2026/Q2, 2026/w19
 *     quarter, week                Q2, 19
 *
 * In local time.  The week is that of ISO 8601, and so is the year of `yw`.
 */

#include "base/view.h"

#include <stddef.h>
#include <time.h>

enum { CALENDAR_BYTES = 64 };

extern const char calendar_names[]; /* for sentences: all, with commas between them */

/* Its length, and the text with a NUL behind it; 0 if there is no such name. */
size_t calendar_text(struct view name, time_t now, char into[CALENDAR_BYTES]);

#endif

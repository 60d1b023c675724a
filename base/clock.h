#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/*
 * clock - the only place that asks what time it is.
 *
 * Waits, backoff and lag use the monotonic clock, which no administrator
 * turns; wall time is for people and for file times, never for order.  The
 * simulator puts its own table in `clock_source`.
 */

#include <stdint.h>

struct clock_source {
    uint64_t (*monotonic_ns)(void);
    uint64_t (*wall_ns)(void);
};

extern const struct clock_source *clock_source;

uint64_t clock_ns(void);      /* monotonic */
uint64_t clock_ms(void);      /* monotonic */
uint64_t clock_wall_ns(void); /* since the epoch */

#endif

#include "base/clock.h"

#include <time.h>

static uint64_t
read_clock(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

static uint64_t
real_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static uint64_t
real_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

static const struct clock_source real_clock = { real_monotonic_ns, real_wall_ns };

const struct clock_source *clock_source = &real_clock;

uint64_t
clock_ns(void)
{
    return clock_source->monotonic_ns();
}

uint64_t
clock_ms(void)
{
    return clock_ns() / 1000000;
}

uint64_t
clock_wall_ns(void)
{
    return clock_source->wall_ns();
}

#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

/*
 * measure - do one thing again and again, on one thread or many, and tell how
 * often it was done and how long each time took.
 *
 * A run ends after `seconds`, or after `count` steps in all, whichever the plan
 * names.  Threads begin together; opening connections and files comes before.
 */

#include <stdint.h>

enum { THREADS_MAX = 256 };

struct plan {
    unsigned threads;
    double seconds;
    uint64_t count; /* 0: until the seconds are over */
};

struct measured {
    uint64_t count;
    double seconds, rate;
    double p50_us, p99_us, mean_us;
    double cpu_us; /* of this process, for each step */
};

/* One step: the nth of this thread. */
typedef void measured_step(void *context, unsigned thread, uint64_t nth);

void measure(const struct plan *, measured_step *, void *context, struct measured *);

/* The results as members of a JSON object, without the braces. */
void measured_print(const struct measured *);

uint64_t now_ns(void);

/* Say why and end: a benchmark that goes on after an error measures nothing. */
void give_up(const char *what) __attribute__((noreturn));

#endif

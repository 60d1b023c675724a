/*
 * policy - what asking the policies of one backup costs for each path: with no
 * rules, and with a hundred, in turns.  Prints nanoseconds, the median of the
 * turns, as JSON.
 */

#include "conf/policy.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { RULES = 100, NAMES = 4096, PATHS = 1000000, TURNS = 11 };

static char *names[NAMES];

static uint64_t
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

/* Half of the rules are for three extensions each, half for sizes, the largest first. */
static struct policies *
make_rules(void)
{
    struct policies *policies = NULL;

    for (size_t rule = 0; rule < RULES; rule++) {
        char *pattern = memory_print("(a%zu|b%zu|c%zu)", rule, rule, rule);
        struct extensions extensions;
        struct pattern_flaw flaw;

        policies_begin(&policies, rule, memory_print("%s", pattern));
        if (rule % 2 != 0)
            policies_add_limit(policies, (uint64_t) (RULES - rule) << 20);
        else if (extensions_parse(pattern, &extensions, &flaw)) {
            policies_add_extensions(policies, &extensions);
            extensions_free(&extensions);
        }
        free(pattern);
    }
    return policies;
}

static double
turn(const struct policies *policies, size_t *taken)
{
    uint64_t began = now_ns();

    for (size_t i = 0; i < PATHS; i++)
        *taken += policies_match(policies, view_of(names[i % NAMES]), i % (4 << 20)) != NULL;
    return (double) (now_ns() - began) / PATHS;
}

static int
by_size(const void *a, const void *b)
{
    double one = *(const double *) a, other = *(const double *) b;

    return (one > other) - (one < other);
}

int
main(void)
{
    struct policies *policies = make_rules();
    double without[TURNS], with[TURNS];
    size_t taken = 0;

    for (size_t i = 0; i < NAMES; i++)
        names[i] = memory_print("/default/resources/some/directory/file-%zu.%c%zu", i,
            "abcdx"[i % 5], i % 200);
    for (int i = 0; i < TURNS; i++) {
        without[i] = turn(NULL, &taken);
        with[i] = turn(policies, &taken);
    }
    qsort(without, TURNS, sizeof *without, by_size);
    qsort(with, TURNS, sizeof *with, by_size);
    printf("{\"none_ns\": %.1f, \"rules\": %d, \"rules_ns\": %.1f, \"most_ns\": %.1f, "
           "\"taken\": %zu}\n",
        without[TURNS / 2], RULES, with[TURNS / 2], with[TURNS - 1], taken);
    for (size_t i = 0; i < NAMES; i++)
        free(names[i]);
    policies_free(&policies);
    return 0;
}

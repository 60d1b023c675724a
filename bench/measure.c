#include "bench/measure.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct worker {
    pthread_t thread;
    unsigned index;
    struct shared *shared;
    uint32_t *took_ns; /* a step of more than 4 s counts as 4 s */
    size_t done, room;
};

struct shared {
    const struct plan *plan;
    measured_step *step;
    void *context;
    pthread_barrier_t start;
    uint64_t end_ns;
    uint64_t left; /* atomic; of the plan's count */
};

void
give_up(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

uint64_t
now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t) t.tv_sec * 1000000000U + (uint64_t) t.tv_nsec;
}

static double
cpu_us(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double) (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
        (double) (use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static void
note(struct worker *worker, uint64_t took_ns)
{
    if (worker->done == worker->room) {
        worker->room *= 2;
        worker->took_ns = realloc(worker->took_ns, worker->room * sizeof *worker->took_ns);
        if (!worker->took_ns)
            give_up("memory");
    }
    worker->took_ns[worker->done++] = took_ns > UINT32_MAX ? UINT32_MAX : (uint32_t) took_ns;
}

static bool
goes_on(struct shared *shared, uint64_t at_ns)
{
    if (shared->plan->count == 0)
        return at_ns < shared->end_ns;
    uint64_t left = __atomic_load_n(&shared->left, __ATOMIC_RELAXED);
    while (left > 0)
        if (__atomic_compare_exchange_n(&shared->left, &left, left - 1, true, __ATOMIC_RELAXED,
                __ATOMIC_RELAXED))
            return true;
    return false;
}

static void *
work(void *context)
{
    struct worker *worker = context;
    struct shared *shared = worker->shared;
    pthread_barrier_wait(&shared->start);
    pthread_barrier_wait(&shared->start); /* end_ns is set between the two */
    uint64_t before = now_ns();
    for (uint64_t nth = 0; goes_on(shared, before); nth++) {
        shared->step(shared->context, worker->index, nth);
        uint64_t after = now_ns();
        note(worker, after - before);
        before = after;
    }
    return NULL;
}

static int
compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
    return (x > y) - (x < y);
}

static void
summarize(struct worker *workers, unsigned count, struct measured *measured)
{
    size_t total = 0;
    for (unsigned i = 0; i < count; i++)
        total += workers[i].done;
    if (total == 0) {
        fprintf(stderr, "nothing was done in the time given\n");
        exit(1);
    }
    uint32_t *all = malloc(total * sizeof *all);
    if (!all)
        give_up("memory");
    size_t at = 0;
    double sum = 0;
    for (unsigned i = 0; i < count; i++) {
        memcpy(all + at, workers[i].took_ns, workers[i].done * sizeof *all);
        at += workers[i].done;
    }
    for (size_t i = 0; i < total; i++)
        sum += all[i];
    qsort(all, total, sizeof *all, compare);
    measured->count = total;
    measured->p50_us = all[total / 2] / 1e3;
    measured->p99_us = all[total - 1 - total / 100] / 1e3;
    measured->mean_us = sum / (double) total / 1e3;
    free(all);
}

void
measure(const struct plan *plan, measured_step *step, void *context, struct measured *measured)
{
    struct shared shared = { .plan = plan, .step = step, .context = context, .left = plan->count };
    struct worker workers[THREADS_MAX] = { 0 };
    if (plan->threads == 0 || plan->threads > THREADS_MAX) {
        errno = EINVAL;
        give_up("threads");
    }
    pthread_barrier_init(&shared.start, NULL, plan->threads + 1);
    for (unsigned i = 0; i < plan->threads; i++) {
        workers[i] = (struct worker){ .index = i, .shared = &shared, .room = 4096 };
        workers[i].took_ns = malloc(workers[i].room * sizeof *workers[i].took_ns);
        if (!workers[i].took_ns || pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            give_up("thread");
    }
    pthread_barrier_wait(&shared.start);
    double cpu = cpu_us();
    uint64_t start = now_ns();
    shared.end_ns = start + (uint64_t) (plan->seconds * 1e9);
    pthread_barrier_wait(&shared.start);
    for (unsigned i = 0; i < plan->threads; i++)
        pthread_join(workers[i].thread, NULL);
    measured->seconds = (double) (now_ns() - start) / 1e9;
    cpu = cpu_us() - cpu;
    summarize(workers, plan->threads, measured);
    measured->rate = (double) measured->count / measured->seconds;
    measured->cpu_us = cpu / (double) measured->count;
    for (unsigned i = 0; i < plan->threads; i++)
        free(workers[i].took_ns);
    pthread_barrier_destroy(&shared.start);
}

void
measured_print(const struct measured *measured)
{
    printf("\"count\": %lu, \"seconds\": %.6f, \"rate\": %.3f, \"p50_us\": %.3f, "
           "\"p99_us\": %.3f, \"mean_us\": %.3f, \"cpu_us\": %.3f",
        (unsigned long) measured->count, measured->seconds, measured->rate, measured->p50_us,
        measured->p99_us, measured->mean_us, measured->cpu_us);
}

/*
 * workload - many clients that get into each other's way, and write down what
 * they asked for and what they were told (tests/history/history.h).
 *
 *     workload --endpoint E --history FILE [--threads N] [--count N] [--seconds S]
 *              [--seed N] [--run N] [--acks K] [--large N] [--tops N] [--asides N]
 *              [--root NAME] [--timeout MS] [--stay] [--synced]
 *
 * --count is per thread.  --run makes the numbers of operations unique among
 * several runs that share a history.  A request that the server no longer
 * answered stays without an end.  Then the client gives up, or with --stay waits
 * until the server is there again.  With --synced each line of the history is on
 * its disk before the next step is taken.  With --asides of a hundred steps so many
 * are no change but a question (asides.h), and each change wishes for as many acks
 * as chance says.  Exits 0 when all was done, 3 when the server was lost without
 * --stay, 4 when a question got a wrong answer.
 */

#include "base/clock.h"
#include "base/memory.h"
#include "client/knarr.h"
#include "tests/history/payload.h"
#include "tests/stories/workload/asides.h"
#include "tests/stories/workload/diary.h"

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 256, REST_MS = 20, ACKS = 3 /* wished for at random: fewer */ };

struct options {
    const char *endpoint, *history, *root;
    uint64_t threads, count, seconds, seed, run, acks, large, tops, asides, timeout_ms;
    bool stays, is_synced;
};

struct client {
    pthread_t thread;
    unsigned number;
    const struct options *options;
    const struct diary *diary;
    struct plan plan;
    struct knarr *knarr;
    uint64_t steps;
    bool was_left, was_told_wrong;
};

struct stream {
    uint64_t id, at, size;
};

static ssize_t
next_bytes(void *context, void *into, size_t room)
{
    struct stream *self = context;
    const uint64_t left = self->size - self->at;
    const size_t bytes = left < room ? (size_t) left : room;

    payload_fill(self->id, self->at, into, bytes);
    self->at += bytes;
    return (ssize_t) bytes;
}

static void
write_body(struct client *self, const struct step *step, uint64_t id, const char *uri,
    const struct knarr_wish *wish, struct knarr_result *result)
{
    struct stream stream = { .id = id, .size = step->size };
    char *bytes;

    if (step->streams) {
        knarr_put(self->knarr, uri, KNARR_SIZE_UNKNOWN, next_bytes, &stream, wish, result);
        return;
    }
    bytes = memory_new(step->size + 1);
    payload_fill(id, 0, bytes, step->size);
    knarr_write(self->knarr, uri, bytes, step->size, wish, result);
    free(bytes);
}

static enum knarr_how
how_of(enum op_kind kind)
{
    if (kind == OP_WRITE_AT)
        return KNARR_AT_OFFSET;
    return kind == OP_APPEND ? KNARR_APPEND : KNARR_REPLACE;
}

/* With asides, async and sync clients are mixed. */
static uint64_t
pick_acks(struct client *self)
{
    if (self->options->asides == 0 || plan_chance(&self->plan, 2))
        return self->options->acks;
    return plan_chance(&self->plan, ACKS);
}

static void
ask(struct client *self, const struct step *step, uint64_t id, struct knarr_result *result)
{
    const struct knarr_wish wish = {
        .how = how_of(step->kind),
        .offset = step->offset,
        .acks = pick_acks(self),
    };
    char *uri = memory_print("viking://resources/%s%s", self->options->root, step->path);
    char *to = memory_print("viking://resources/%s%s", self->options->root, step->to);

    switch (step->kind) {
    case OP_PUT:
    case OP_APPEND:
    case OP_WRITE_AT: write_body(self, step, id, uri, &wish, result); break;
    case OP_TRUNCATE: knarr_truncate(self->knarr, uri, step->size, &wish, result); break;
    case OP_REMOVE: knarr_remove(self->knarr, uri, false, &wish, result); break;
    case OP_REMOVE_TREE: knarr_remove(self->knarr, uri, true, &wish, result); break;
    case OP_RENAME: knarr_move(self->knarr, uri, to, &wish, result); break;
    case OP_MKDIR: knarr_mkdir(self->knarr, uri, &wish, result); break;
    case OP_KINDS: knarr_chmod(self->knarr, uri, step->mode, &wish, result); break;
    }
    free(uri);
    free(to);
}

/* Our own side gives these causes when no answer came; the server may, too. */
static bool
has_answer(const struct knarr_result *result)
{
    if (result->outcome == KNARR_DONE || result->seq > 0)
        return true;
    return strcmp(result->cause, "network") != 0 && strcmp(result->cause, "timeout") != 0;
}

static void
rest(void)
{
    const struct timespec a_while = { .tv_nsec = REST_MS * 1000000L };

    nanosleep(&a_while, NULL);
}

/* False when it is no longer worth trying. */
static bool
find_server(struct client *self, uint64_t until_ns)
{
    const struct knarr_identity identity = { .client = "workload",
        .timeout_ms = self->options->timeout_ms };
    struct knarr_result result;
    bool is_there = false;

    while (!is_there && clock_ns() < until_ns) {
        if (!self->knarr)
            self->knarr = knarr_open(self->options->endpoint, &identity, &result);
        else
            knarr_ping(self->knarr, &result);
        is_there = self->knarr && result.outcome == KNARR_DONE;
        knarr_result_clear(&result);
        if (!is_there)
            rest();
    }
    return is_there;
}

static void
ask_aside(struct client *self)
{
    char *uri = memory_print("viking://resources/%s", self->options->root);

    self->was_told_wrong |= !aside_ask(self->knarr, &self->plan, uri);
    free(uri);
}

/* Returns whether the server answered. */
static bool
take_step(struct client *self)
{
    const uint64_t id = self->options->run << 32 | (uint64_t) self->number << 24 | self->steps++;
    struct knarr_result result;
    struct step step;
    bool is_answered;

    plan_next(&self->plan, &step);
    if (!step.is_chmod)
        diary_begin(self->diary, id, self->number, &step);
    ask(self, &step, id, &result);
    is_answered = has_answer(&result);
    if (!step.is_chmod && is_answered)
        diary_end(self->diary, id, &result);
    /* A server whose disk is gone refuses fast: each refusal is one more fate that nobody knows. */
    if (result.outcome == KNARR_RETRY && strcmp(result.cause, "io") == 0)
        rest();
    knarr_result_clear(&result);
    return is_answered;
}

static void *
work(void *context)
{
    struct client *self = context;
    const struct options *options = self->options;
    const uint64_t now = clock_ns();
    const uint64_t end = options->seconds ? now + options->seconds * 1000000000U : UINT64_MAX;
    bool is_there = find_server(self, now + options->timeout_ms * 1000000U);

    while (is_there && (options->count == 0 || self->steps < options->count) && clock_ns() < end)
        if (plan_chance(&self->plan, 100) < options->asides)
            ask_aside(self);
        else if (!take_step(self))
            is_there = options->stays && find_server(self, end);
    self->was_left = !is_there && clock_ns() < end;
    knarr_close(&self->knarr);
    return NULL;
}

static int
run(const struct options *options)
{
    static struct client clients[THREADS_MAX];
    char *prefix = memory_print("/default/resources/%s", options->root);
    const struct diary diary = {
        .fd = open(options->history,
            O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | (options->is_synced ? O_DSYNC : 0), 0644),
        .prefix = prefix,
    };
    int status = 0;

    if (diary.fd < 0) {
        perror(options->history);
        return 2;
    }
    for (unsigned i = 0; i < options->threads; i++) {
        clients[i] = (struct client){ .number = i, .options = options, .diary = &diary };
        clients[i].plan.state = (options->seed * THREADS_MAX + i + 1) * 0x9e3779b97f4a7c15U;
        clients[i].plan.large_per_mille = (unsigned) options->large;
        clients[i].plan.tops = (unsigned) options->tops;
        pthread_create(&clients[i].thread, NULL, work, &clients[i]);
    }
    for (unsigned i = 0; i < options->threads; i++) {
        pthread_join(clients[i].thread, NULL);
        if (clients[i].was_left)
            status = 3;
        if (clients[i].was_told_wrong)
            status = 4;
    }
    close(diary.fd);
    free(prefix);
    return status;
}

static bool
read_options(struct options *self, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **text;
        uint64_t *number;
        bool *flag;
    } known[] = {
        { "endpoint", .text = &self->endpoint },
        { "history", .text = &self->history },
        { "root", .text = &self->root },
        { "threads", .number = &self->threads },
        { "count", .number = &self->count },
        { "seconds", .number = &self->seconds },
        { "seed", .number = &self->seed },
        { "run", .number = &self->run },
        { "acks", .number = &self->acks },
        { "large", .number = &self->large },
        { "tops", .number = &self->tops },
        { "asides", .number = &self->asides },
        { "timeout", .number = &self->timeout_ms },
        { "stay", .flag = &self->stays },
        { "synced", .flag = &self->is_synced },
    };
    enum { KNOWN = sizeof known / sizeof *known };
    struct option longs[KNOWN + 1] = { { 0 } };
    int i;

    for (i = 0; i < KNOWN; i++)
        longs[i] = (struct option){ known[i].name, !known[i].flag, NULL, 'a' + i };
    while ((i = getopt_long(argc, argv, "", longs, NULL)) >= 'a') {
        i -= 'a';
        if (known[i].text)
            *known[i].text = optarg;
        else if (known[i].number)
            *known[i].number = strtoull(optarg, NULL, 10);
        else
            *known[i].flag = true;
    }
    return i == -1 && optind == argc && self->endpoint && self->history && self->threads > 0 &&
        self->threads <= THREADS_MAX && (self->count > 0 || self->seconds > 0);
}

int
main(int argc, char **argv)
{
    struct options options = { .root = "w",
        .threads = 4,
        .acks = KNARR_ACKS_CONFIGURED,
        .large = 2,
        .timeout_ms = 10000 };

    if (!read_options(&options, argc, argv)) {
        fprintf(stderr,
            "usage: workload --endpoint E --history FILE --count N|--seconds S [options]\n");
        return 2;
    }
    return run(&options);
}

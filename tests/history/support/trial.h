#ifndef TESTS_HISTORY_SUPPORT_TRIAL_H
#define TESTS_HISTORY_SUPPORT_TRIAL_H

/*
 * trial - a history written by hand, snapshots written by hand, and what the
 * checker says of them.
 *
 *     trial_begin(); client(...)*; primary_holds(...)*; trial_sees...; trial_counts(RULE)
 *
 * Times are small numbers; one trial at a time.
 */

#include "tests/history/replay.h"

#include "base/memory.h"
#include "tests/history/payload.h"

static struct {
    struct history *history;
    struct replay replay;
    struct verdict verdict;
    struct snapshot primary, copies[BACKUPS_MAX];
} trial;

static inline void
trial_begin(void)
{
    trial.history = history_new();
    trial.verdict = (struct verdict){ 0 };
}

/* A line of the history, as history.h tells it. */
static inline void
says(const char *line)
{
    if (!history_line(trial.history, line)) {
        fprintf(stderr, "not a line: %s\n", line);
        abort();
    }
}

static inline void
hold(struct snapshot *snapshot, const char *path, const void *bytes, size_t length)
{
    struct found found = { .mode = 0644, .size = length };

    found.path = memory_copy(path, strlen(path));
    hash_print(bytes, length, found.hash);
    snapshot_add(snapshot, &found);
    snapshot_sort(snapshot);
}

static inline void
hold_directory(struct snapshot *snapshot, const char *path)
{
    const struct found found = { .path = memory_copy(path, strlen(path)),
        .is_directory = true,
        .mode = 0755,
        .hash = "-" };

    snapshot_add(snapshot, &found);
    snapshot_sort(snapshot);
}

/* A file as operation `id` wrote it. */
static inline void
hold_payload(struct snapshot *snapshot, const char *path, uint64_t id, size_t length)
{
    char bytes[256];

    payload_fill(id, 0, bytes, length);
    hold(snapshot, path, bytes, length);
}

static inline void
trial_replay(void)
{
    history_seal(trial.history);
    replay_start(&trial.replay, trial.history, &trial.verdict);
}

static inline void
trial_see_primary(uint64_t at_ns)
{
    replay_see_primary(&trial.replay, at_ns, &trial.primary);
    snapshot_free(&trial.primary);
}

static inline void
trial_see_copies(uint64_t at_ns, size_t count, bool is_after_cut)
{
    const struct sighting seen[] = {
        { .at_ns = at_ns, .who = (char *) "one", .is_after_cut = is_after_cut },
        { .at_ns = at_ns, .who = (char *) "two", .is_after_cut = is_after_cut },
        { .at_ns = at_ns, .who = (char *) "three", .is_after_cut = is_after_cut },
    };

    replay_see_backups(&trial.replay, seen, count, trial.copies);
    for (size_t i = 0; i < count; i++)
        snapshot_free(&trial.copies[i]);
}

static inline void
trial_see_backups(uint64_t at_ns, size_t count)
{
    trial_see_copies(at_ns, count, false);
}

static inline void
trial_end(void)
{
    replay_finish(&trial.replay);
    history_free(&trial.history);
}

/* The usual: one history, and the primary at its end. Returns how often `rule` was broken. */
static inline size_t
trial_judge(enum rule rule)
{
    trial_replay();
    trial_see_primary(UINT64_MAX);
    trial_end();
    return trial.verdict.counts[rule];
}

/* Nothing at all is wrong. */
static inline bool
trial_is_well(void)
{
    trial_replay();
    trial_see_primary(UINT64_MAX);
    trial_end();
    return trial.verdict.total == 0;
}

#endif

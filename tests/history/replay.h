#ifndef TESTS_HISTORY_REPLAY_H
#define TESTS_HISTORY_REPLAY_H

/*
 * replay - a history, run again beside what snapshots saw.
 *
 *     replay_start ──▶ replay_see_* ──▶ replay_finish     sightings in order of time
 */

#include "tests/history/order.h"
#include "tests/history/world.h"

struct replay {
    struct world world;
    struct order order;
    struct verdict *verdict;
    struct op **unknown; /* of unknown fate, by the slot where they become possible */
    size_t *unknown_slots;
    size_t unknown_count, next_unknown;
    struct op **active;
    size_t active_count;
    size_t slot; /* changes replayed */
    char *backups[BACKUPS_MAX];
    size_t backup_count;
    uint64_t first_ns; /* when the first operation began */
    bool is_told;      /* how it began is known: nothing else is believed unseen */
};

void replay_start(struct replay *, const struct history *, struct verdict *);

/* The primary at a time when nothing was under way; what it holds is believed from then on. */
void replay_see_primary(struct replay *, uint64_t at_ns, const struct snapshot *);

/*
 * Backups, all seen at one time while nothing was under way: each may hold
 * versions of its own choice, but never go back, and as many as acknowledged
 * a change must have it.  After a power cut only that is judged.
 */
void replay_see_backups(struct replay *, const struct sighting *, size_t count,
    const struct snapshot *);

/* A backup at rest. */
void replay_compare(struct replay *, const struct snapshot *primary, const char *backup,
    const struct snapshot *);

void replay_finish(struct replay *);

/* How many operations of unknown fate nothing ever proved or disproved. */
size_t replay_undecided(const struct replay *);

#endif

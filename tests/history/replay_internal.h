#ifndef TESTS_HISTORY_REPLAY_INTERNAL_H
#define TESTS_HISTORY_REPLAY_INTERNAL_H

/*
 * The two halves of replay:
 *
 *     replay.c            runs changes, and compares the primary
 *     replay_backups.c    which version of a path a backup shows
 */

#include "tests/history/replay.h"

void replay_run_until(struct replay *, uint64_t ns);

/* Made by an operation that did not happen. */
bool version_is_denied(const struct version *);

/* The first, from `begin` to `end` in either direction, that nothing denies and that is `found`; or -1. */
int64_t version_find(const struct node *, const struct found *, int64_t begin, int64_t end);

/* "a file" */
const char *found_kind(const struct found *);

#endif

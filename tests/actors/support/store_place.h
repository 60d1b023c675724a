#ifndef TESTS_ACTORS_SUPPORT_STORE_PLACE_H
#define TESTS_ACTORS_SUPPORT_STORE_PLACE_H

/*
 * store_place - a store over a directory, and the mailboxes of the journal and
 * the reader, for which the test speaks.
 */

#include "actors/store.h"

enum { PATIENCE_MS = 10000 };

extern char place[96]; /* the directory */
extern struct actor *the_store;
extern struct policies *store_excludes; /* of the stores that start, or NULL */
extern struct envelope *last_heard;
extern struct report store_report; /* why it did not start */

void order(const char *lines); /* what flaky is to do from here on */
void set_up(void);
void start(uint64_t number, const char *kind, uint64_t flush_delay_ms, uint64_t flush_items);
void stop(void);

void say(const struct message *, const char *content);
void apply(struct message_apply, const char *content);
void put(uint64_t attempt, const char *path, const char *content);
void put_by_state(uint64_t attempt, const char *path);
void prune(uint64_t attempt, const char *path);

/* Its answer, which must come next. */
const struct message_applied *applied(uint64_t attempt);
bool is_silent(void);

/* It asks the primary for a path, which must come next; the answer is said by the caller. */
const struct message_fetch *fetched(uint64_t attempt, const char *path);
/* Whatever it asks for; good until the next is heard. */
const struct message_fetch *fetched_any(void);
void chunk(uint64_t attempt, uint64_t version, uint64_t offset, uint64_t size, const char *bytes);
void no_chunk(uint64_t attempt, enum outcome, enum cause);

bool holds(const char *path, const char *text);
bool stands(const char *path);

#endif

#ifndef ACTORS_CATALOG_H
#define ACTORS_CATALOG_H

/*
 * catalog - what the journal must still know when its segments are gone.
 *
 * Three tables in one SQLite file, {workspace}/.knarr/catalog.db:
 *
 *     backup   id, name, place id, retired      who is who, for ever
 *     version  path -> seq, kind, size, hash    the newest change of each path
 *     lag      (backup id, path) -> seq, ...    what a backup lacks
 *
 * All changes go into one open transaction that catalog_checkpoint() commits
 * together with the seq up to which everything is in here.  A crash goes back
 * to the last checkpoint, and the journal redoes what came after; so the hot
 * path never syncs here.  The journal actor is the only user, on one thread.
 *
 * Functions without a report cannot tell that SQLite failed; the catalog is
 * broken then, and so it is when SQLite gave up the transaction: every later
 * call that has a report ends with that failure, and nothing more is
 * committed.  Close it and open it again to go back to the last checkpoint.
 *
 * An `each` may get, put and delete single rows but not run the function that
 * calls it; whether that function comes to what was put meanwhile is open.
 */

#include "base/outcome.h"
#include "base/view.h"

#include <stdbool.h>
#include <stdint.h>

struct catalog;

struct catalog_backup {
    uint32_t id; /* stable; never used again */
    char name[129];
    char place_id[37]; /* uuid of the marker at its place; "" if it has none */
    bool retired;
};

struct catalog_version {
    const char *path;
    uint64_t seq;
    unsigned kind; /* enum change_kind */
    uint64_t size;
    uint8_t hash[16]; /* zeros: not known */
};

struct catalog_lag {
    uint32_t backup;
    const char *path; /* good until `each` returns; the caller's own from a get */
    uint64_t seq;
    unsigned kind; /* LAG_TREE, LAG_PRUNE or LAG_PATH */
    uint32_t mode;
    uint64_t size;
    uint64_t since_ms;      /* wall clock, ms since the epoch: when it began to lack it */
    unsigned failures;      /* rounds */
    uint64_t rest_until_ms; /* quarantined until then (wall clock); 0: it is not */
    bool is_dead;
    const char *reason; /* of the last failure, or ""; from a get good until the next get */
};

/* What a backup lacks, as rows say it: by state, so that it may be done twice. */
enum {
    LAG_TREE = 100, /* make path and all below it as on the primary */
    LAG_PRUNE,      /* remove at and below path what the primary has not */
    LAG_PATH,       /* make path, and not what is below it, as on the primary */
};

/* Opens or creates; `directory` is {workspace}/.knarr. DAMAGED if SQLite says so. */
enum outcome catalog_open(struct catalog **, const char *directory, struct report *);
void catalog_close(struct catalog **); /* what was not checkpointed is rolled back */

/*
 * Is it whole?  Tells the backups that it knows, and changes nothing.  Not while
 * a server has it.  DONE and *is_there false if there is none yet.
 */
enum outcome catalog_check(const char *directory, bool *is_there,
    void (*each)(void *context, const struct catalog_backup *), void *context, struct report *);

uint64_t catalog_checkpoint_seq(const struct catalog *); /* of the last one; 0 if none */
enum outcome catalog_checkpoint(struct catalog *, uint64_t seq, struct report *);

/* Small named numbers that travel with the checkpoint, such as the epoch. */
uint64_t catalog_number(struct catalog *, const char *name); /* 0 if unset */
enum outcome catalog_set_number(struct catalog *, const char *name, uint64_t, struct report *);

/* Backups: these are committed at once, with whatever the transaction holds. */
enum outcome catalog_backup_add(struct catalog *, struct catalog_backup *,
    struct report *); /* gives the id */
/* The one not retired, else the newest of those that are. */
bool catalog_backup_find(struct catalog *, const char *name, struct catalog_backup *);
bool catalog_backup_by_place(struct catalog *, const char *place_id, struct catalog_backup *);
enum outcome catalog_backup_update(struct catalog *, const struct catalog_backup *,
    struct report *);
void catalog_backups(struct catalog *, void (*each)(void *context, const struct catalog_backup *),
    void *context);

enum outcome catalog_version_put(struct catalog *, const struct catalog_version *, struct report *);
void catalog_version_forget(struct catalog *, const char *path); /* and all below it */
/* Those below `path` are below `to` now, by the change `seq`; not path itself. */
void catalog_version_move(struct catalog *, const char *path, const char *to, uint64_t seq);
bool catalog_version_get(struct catalog *, const char *path, struct catalog_version *);
/* Rows at and below path, in path order, after `after` ("" for the start), at most limit. */
size_t catalog_versions(struct catalog *, const char *path, const char *after, size_t limit,
    void (*each)(void *context, const struct catalog_version *), void *context);

enum outcome catalog_lag_put(struct catalog *, const struct catalog_lag *, struct report *);
bool catalog_lag_get(struct catalog *, uint32_t backup, const char *path, struct catalog_lag *);
void catalog_lag_delete(struct catalog *, uint32_t backup, const char *path);
void catalog_lag_delete_below(struct catalog *, uint32_t backup,
    const char *path); /* not path itself */
void catalog_lag_delete_all(struct catalog *, uint32_t backup);
/* In the order of (seq, path), from behind (after, after_path), at most limit. */
size_t catalog_lag_by_seq(struct catalog *, uint32_t backup, uint64_t after, const char *after_path,
    size_t limit, void (*each)(void *context, const struct catalog_lag *), void *context);
/* At and below path, in path order, path > after. */
size_t catalog_lag_by_path(struct catalog *, uint32_t backup, const char *path, const char *after,
    size_t limit, void (*each)(void *context, const struct catalog_lag *), void *context);
/* Rows, and the sum of their sizes; kept by the catalog, O(1). */
void catalog_lag_sum(struct catalog *, uint32_t backup, uint64_t *rows, uint64_t *bytes);

#endif

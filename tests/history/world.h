#ifndef TESTS_HISTORY_WORLD_H
#define TESTS_HISTORY_WORLD_H

/*
 * world - every path that a history names, and what may be there.
 *
 * A path has a set of possibilities: one if all is known, more while an
 * operation of unknown fate may or may not have changed it.  A possibility
 * remembers what it assumes of such operations, so that one snapshot can show
 * an operation half applied.  Beside it the path keeps its versions, all values
 * it ever may have had, in order: what a backup may show.
 */

#include "tests/history/value.h"

enum {
    ASSUMPTIONS_MAX = 8,    /* of one possibility; more are forgotten, which only misses errors */
    POSSIBILITIES_MAX = 64, /* of one path; with more, anything counts as possible there */
    BACKUPS_MAX = 8,
};

struct possibility {
    const struct value *value;
    unsigned assumption_count;
    unsigned applied; /* a bit for each assumption: the operation was applied, or was not */
    struct op *about[ASSUMPTIONS_MAX];
};

struct possibilities {
    struct possibility *at;
    size_t count, room;
    bool is_anything;
};

struct version {
    const struct value *value;
    const struct op *by; /* NULL: how it began, or seen */
    bool is_misplaced;   /* it was not there then, but later */
};

struct node {
    char *path;
    struct node *parent, *first_child, *next_sibling, *next_in_bucket, *next_in_world;
    struct possibilities now;
    struct version *versions;
    size_t version_count, version_room;
    uint32_t acked[BACKUPS_MAX + 1]; /* [k]: k backups said they have this version */
    uint32_t seen[BACKUPS_MAX];      /* the oldest version that a backup's last sight can be */
};

struct world {
    struct values values;
    struct node **buckets;
    size_t bucket_count, node_count;
    struct node *first;
};

void world_init(struct world *);
void world_fini(struct world *);

struct node *world_node(struct world *, const char *path); /* made if missing, as are its parents */
struct node *world_find(const struct world *, const char *path); /* or NULL */

/* Of the tree below and including `top`, parents first; NULL at the end. */
struct node *node_next(const struct node *top, const struct node *);

void possibilities_add(struct possibilities *, const struct possibility *); /* unless it is there */
void possibilities_fini(struct possibilities *);

void possibility_assume(struct possibility *, struct op *, bool is_applied);
/* Returns false if it assumes nothing of it. */
bool possibility_assumes(const struct possibility *, const struct op *, bool *is_applied);
/*
 * Forget what it takes as not done and could still be done after `ns`: for what
 * is carried to a name where that would no longer show.
 */
void possibility_forget(struct possibility *, uint64_t ns);

/* Take over `set`, which is left empty; what was not possible before is a new version. */
void node_become(struct node *, struct possibilities *set, const struct op *by);
void node_become_value(struct node *, const struct value *, const struct op *by);
/* The earliest of the versions that it may have now. */
uint32_t node_version(const struct node *);

#endif

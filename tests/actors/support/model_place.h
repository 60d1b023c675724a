#ifndef TESTS_ACTORS_SUPPORT_MODEL_PLACE_H
#define TESTS_ACTORS_SUPPORT_MODEL_PLACE_H

/*
 * model_place - the places of a model, in memory: a change and a look at once,
 * and a backup compared with its primary or made as that is.
 */

#include "actors/ledger.h"
#include "backends/backend.h"
#include "conf/policy.h"

enum { MODEL_BYTES = 16 }; /* of a file, at most */

/* Every path of a tree, directories before what is in them. */
struct model_paths {
    char *at[4096];
    size_t count;
    char *prefix;
};

struct backend *model_open(const char *name);
void model_close(struct backend **);

/* `cause` may be NULL. */
enum outcome model_apply(struct backend *, struct change, const void *bytes, enum cause *cause);
bool model_look(struct backend *, const char *path, struct entry *);
size_t model_content(struct backend *, const char *path, char into[MODEL_BYTES]);
/* Adds what is below the path. */
void model_collect(struct backend *, const char *path, struct model_paths *);
void model_paths_free(struct model_paths *);
/* What a primary has and a backup shall have: all but files that `model_excludes` takes. */
extern const struct policies *model_excludes;        /* or NULL */
void model_exclude_some(struct policies **excludes); /* by name, and by size */
bool model_wants(struct backend *primary, const char *path, struct entry *);
void model_keep_wanted(struct backend *primary, struct model_paths *);
/* Nothing above the path is a file. */
bool model_parents_fit(struct backend *, const char *path);

/* The path is a file in both, with the same bytes. */
bool model_is_same(struct backend *primary, struct backend *backup, const char *path);
void model_check_same(struct backend *primary, struct backend *backup, const struct model_paths *);

/* Files that the backup does not lack, as its ledger says, are the primary's. */
void model_check_fresh(struct ledger *, struct backend *primary, struct backend *backup);

/* The path as the primary has it by now; gone there, it goes here. */
enum outcome model_path_by_state(struct backend *primary, struct backend *backup, const char *path,
    uint64_t seq, enum cause *cause);
/* What the primary has not, at and below the path. */
enum outcome model_prune(struct backend *primary, struct backend *backup, const char *path,
    uint64_t seq, enum cause *cause);

#endif

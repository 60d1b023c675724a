#ifndef TESTS_ACTORS_SUPPORT_MODEL_GONE_H
#define TESTS_ACTORS_SUPPORT_MODEL_GONE_H

/*
 * model_gone - what a backup may not show any more, and what it may not lose.
 */

#include "tests/actors/support/model_place.h"

struct model_gone;

/*
 * The files at and below a path that is removed.  No two changes of a model
 * write the same bytes, so none of them comes to stand at its path again.
 */
struct model_gone *model_gone_note(struct backend *primary, const char *path);
void model_gone_check(const struct model_gone *, struct backend *backup);
void model_gone_free(struct model_gone **);

/* The files that both have, with the same bytes; unless they are excluded, they stay. */
struct model_paths *model_note_same(struct backend *primary, struct backend *backup);
void model_check_kept(struct backend *primary, struct backend *backup, const struct model_paths *);

/* The backup has all that the primary has, but for what is excluded, and nothing else. */
void model_check_equal(struct backend *primary, struct backend *backup);

/* What the primary has at and below the path the backup has, too. */
void model_check_all_there(struct backend *primary, struct backend *backup, const char *path);

#endif

#ifndef BASE_PATH_H
#define BASE_PATH_H

/*
 * path - names of files as the replicator knows them.
 *
 * A path is absolute within a place ("/default/resources/a.txt"): bytes, not
 * text of some locale.  It is legal if it is normalised and within the limits
 * below; every function but path_flaw takes legal paths only.
 *
 * Internal names belong to the replicator and to OpenViking's own bookkeeping.
 * No client may list, read, write or remove them.  They are recognised in any
 * ASCII case, because a place may lie on a file system that folds it.
 */

#include "base/view.h"

#define INTERNAL_PREFIX ".knarr"

enum { PATH_BYTES_MAX = 4000, NAME_BYTES_MAX = 255 };

/* What makes the path illegal ("has an empty part"), or NULL. */
const char *path_flaw(struct view path);

struct view path_parent(struct view path); /* "/a/b": "/a"; "/a" and "/": "/" */
struct view path_name(struct view path);   /* "/a/b": "b"; "/": "" */

/*
 * Step over the next part of a path: true and the part, or false at the end.
 * Start with *rest as the whole path.
 */
bool path_next(struct view *rest, struct view *part);

bool path_is_under(struct view path, struct view ancestor); /* strictly below it */
bool path_overlaps(struct view a, struct view b);           /* equal, or one under the other */

/* Some part of it is an internal name. */
bool path_is_internal(struct view path);

#endif

/*
 * versions - the newest change of each path that the primary has, for those who
 * ask.  What is gone is forgotten; what was moved as part of a directory was
 * changed by that.  A row that is missing costs an answer its seq, and nothing
 * else; so those of a directory with very many are not moved but forgotten,
 * which takes a twentieth of the time.
 */

#include "actors/journal_internal.h"

#include <string.h>

enum { MOVED_MAX = 4096 }; /* rows; some 50 ms in which nothing else is promised */

static void
note(struct journal *self, const char *path, const struct op *op)
{
    bool is_directory = op->inode != 0; /* of a CHMOD or RENAME; told apart from files for good */
    struct catalog_version version = { .path = path,
        .seq = op->seq,
        .kind = is_directory ? MKDIR : op->kind,
        .size = op->size };
    struct report report;

    if (op->has_hash)
        memcpy(version.hash, op->hash, sizeof version.hash);
    /* If the catalog cannot take it, its next checkpoint fails and says why. */
    catalog_version_put(self->catalog, &version, &report);
}

static void
pass_over(void *context, const struct catalog_version *version)
{
    (void) context;
    (void) version;
}

static bool
is_small_tree(struct journal *self, const char *path)
{
    return catalog_versions(self->catalog, path, "", MOVED_MAX + 1, pass_over, NULL) <= MOVED_MAX;
}

void
version_note(struct journal *self, const struct op *op)
{
    if (op->kind == RENAME && op->inode != 0 && is_small_tree(self, op->path))
        catalog_version_move(self->catalog, op->path, op->to, op->seq);
    if (op->kind == REMOVE || op->kind == REMOVE_TREE || op->kind == RENAME)
        catalog_version_forget(self->catalog, op->path);
    if (op->kind == RENAME)
        note(self, op->to, op);
    else if (op->kind == PUT || op->kind == MKDIR || op->kind == CHMOD)
        note(self, op->path, op);
}

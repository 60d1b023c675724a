/*
 * versions - the newest change of each path that the primary has, for those who
 * ask.  What is gone is forgotten; what was moved as part of a directory is, too,
 * until it is changed again.  A row that is missing costs an answer its seq, and
 * nothing else.
 */

#include "actors/journal_internal.h"

#include <string.h>

static void
note(struct journal *self, const char *path, const struct op *op)
{
    /* What is a directory is told apart from files for good: its mode is how it is made. */
    bool is_directory = op->kind == CHMOD && op->inode != 0;
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

void
version_note(struct journal *self, const struct op *op)
{
    bool is_file = op->kind == RENAME && op->inode == 0;

    if (op->kind == REMOVE || op->kind == REMOVE_TREE || op->kind == RENAME)
        catalog_version_forget(self->catalog, op->path);
    if (is_file)
        note(self, op->to, op);
    else if (op->kind == PUT || op->kind == MKDIR || op->kind == CHMOD)
        note(self, op->path, op);
}

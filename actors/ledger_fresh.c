/*
 * What a backup may lack of a path: every mark that its application could
 * change the path by, and be it only because a directory above is concerned.
 *
 *     newest of a path        found by the path, and by each directory above it
 *     of a RENAME, and those  by the renames since the oldest of them: each
 *     that renames passed     path that one of them took, or gave, is in doubt
 *     in the catalog          rows, as the newest; asked only if there are any
 *
 * Said too often, a read goes to the primary; said too seldom, it gives what is
 * no more.  So whatever is above counts, also where it would change nothing.
 */

#include "actors/ledger_internal.h"

#include <string.h>

enum { RENAMES_MAX = 1024 }; /* looked through; with more of them everything is in doubt */

static void
add_lack(struct lack *lack, uint64_t since_ms, uint64_t seq)
{
    lack->since_ms = since_ms < lack->since_ms ? since_ms : lack->since_ms;
    lack->seq = seq < lack->seq ? seq : lack->seq;
}

static bool
is_at_or_below(const char *path, const char *tree)
{
    return strcmp(path, tree) == 0 || path_is_under(view_of(path), view_of(tree));
}

static bool
was_moved(const struct backup *b, const char *path)
{
    if (b->rename_count > RENAMES_MAX)
        return true;
    for (size_t i = 0; i < b->rename_count; i++)
        if (is_at_or_below(path, b->renames[i].from) || is_at_or_below(path, b->renames[i].to))
            return true;
    return false;
}

static void
look_in_memory(const struct backup *b, const char *path, struct lack *lack)
{
    struct view at = view_of(path);

    for (;;) {
        const struct mark *mark;

        HASH_FIND(hh, b->marks, at.at, at.length, mark);
        if (mark)
            add_lack(lack, mark->since_ms, mark->first_seq);
        if (at.length <= 1)
            return;
        at = path_parent(at);
    }
}

/* Of a row nobody has told since when, in this run: for ever. */
static void
look_in_catalog(const struct ledger *ledger, const struct backup *b, const char *path,
    struct lack *lack)
{
    char above[PATH_BYTES_MAX + 1];
    struct view at = view_of(path);

    snprintf(above, sizeof above, "%s", path);
    for (;;) {
        struct catalog_lag row;

        if (catalog_lag_get(ledger->args.catalog, b->id, above, &row))
            add_lack(lack, 0, 0);
        if (at.length <= 1)
            return;
        at = path_parent(at);
        above[at.length] = '\0';
    }
}

bool
ledger_lacks(struct ledger *ledger, unsigned backup, const char *path, struct lack *lack)
{
    const struct backup *b = &ledger->backups[backup];

    *lack = (struct lack){ UINT64_MAX, UINT64_MAX };
    if (b->count > 0)
        look_in_memory(b, path, lack);
    if (b->detached > 0 && was_moved(b, path))
        add_lack(lack, 0, 0);
    if (b->has_rows)
        look_in_catalog(ledger, b, path, lack);
    return lack->since_ms != UINT64_MAX;
}

bool
ledger_is_down(const struct ledger *ledger, unsigned backup)
{
    return ledger->backups[backup].is_open;
}

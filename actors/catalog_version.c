/* The table of versions: the newest change of each path. */

#include "actors/catalog_internal.h"

#include "base/path.h"

#include <string.h>

static void
get_version(sqlite3_stmt *statement, struct catalog_version *version, char *path)
{
    const void *hash = sqlite3_column_blob(statement, 4);

    version->path = catalog_column_path(statement, 0, path);
    version->seq = catalog_column_number(statement, 1);
    version->kind = (unsigned) catalog_column_number(statement, 2);
    version->size = catalog_column_number(statement, 3);
    memset(version->hash, 0, sizeof version->hash);
    if (hash && sqlite3_column_bytes(statement, 4) == (int) sizeof version->hash)
        memcpy(version->hash, hash, sizeof version->hash);
}

enum outcome
catalog_version_put(struct catalog *self, const struct catalog_version *version,
    struct report *report)
{
    static const uint8_t unknown[sizeof version->hash];
    sqlite3_stmt *statement = catalog_begin(self, VERSION_PUT);

    catalog_bind_path(statement, 1, version->path);
    catalog_bind_number(statement, 2, version->seq);
    catalog_bind_number(statement, 3, version->kind);
    catalog_bind_number(statement, 4, version->size);
    if (memcmp(version->hash, unknown, sizeof unknown) != 0)
        sqlite3_bind_blob(statement, 5, version->hash, sizeof version->hash, SQLITE_STATIC);
    return catalog_run(self, statement, report);
}

void
catalog_version_forget(struct catalog *self, const char *path)
{
    sqlite3_stmt *statement = catalog_begin(self, VERSION_FORGET);
    struct catalog_range range;

    catalog_bind_path(statement, 1, path);
    if (!catalog_run_untold(self, statement))
        return;
    statement = catalog_begin(self, VERSION_FORGET_BELOW);
    catalog_bind_below(statement, 1, &range, path, "");
    catalog_run_untold(self, statement);
}

void
catalog_version_move(struct catalog *self, const char *path, const char *to, uint64_t seq)
{
    sqlite3_stmt *statement = catalog_begin(self, VERSION_MOVE);
    struct catalog_range range;

    catalog_bind_below(statement, 1, &range, path, "");
    catalog_bind_path(statement, 3, to);
    catalog_bind_number(statement, 4, strlen(path) + 1); /* counted from 1: the slash */
    catalog_bind_number(statement, 5, seq);
    catalog_run_untold(self, statement);
}

/* `version->path` becomes the caller's own `path`. */
bool
catalog_version_get(struct catalog *self, const char *path, struct catalog_version *version)
{
    char stored[PATH_BYTES_MAX + 1];
    sqlite3_stmt *statement = catalog_begin(self, VERSION_GET);
    bool found;

    catalog_bind_path(statement, 1, path);
    found = catalog_row(statement);
    if (found) {
        get_version(statement, version, stored);
        version->path = path;
    }
    return catalog_end_untold(self, statement) && found;
}

size_t
catalog_versions(struct catalog *self, const char *path, const char *after, size_t limit,
    void (*each)(void *context, const struct catalog_version *), void *context)
{
    char stored[PATH_BYTES_MAX + 1];
    struct catalog_version version;
    struct catalog_range range;
    sqlite3_stmt *statement;
    size_t count = 0;

    if (limit > 0 && strcmp(path, after) > 0 && catalog_version_get(self, path, &version)) {
        each(context, &version);
        count++;
    }
    statement = catalog_begin(self, VERSION_RANGE);
    catalog_bind_below(statement, 1, &range, path, after);
    catalog_bind_number(statement, 3, limit - count);
    for (; catalog_row(statement); count++) {
        get_version(statement, &version, stored);
        each(context, &version);
    }
    catalog_end_untold(self, statement);
    return count;
}

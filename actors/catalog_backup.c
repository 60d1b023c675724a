/* The table of backups: who is who, for ever. */

#include "actors/catalog_internal.h"

#include <stdio.h>

static void
get_backup(sqlite3_stmt *statement, struct catalog_backup *backup)
{
    const unsigned char *name = sqlite3_column_text(statement, 1);
    const unsigned char *place_id = sqlite3_column_text(statement, 2);

    backup->id = (uint32_t) sqlite3_column_int64(statement, 0);
    snprintf(backup->name, sizeof backup->name, "%s", name ? (const char *) name : "");
    snprintf(backup->place_id, sizeof backup->place_id, "%s",
        place_id ? (const char *) place_id : "");
    backup->retired = sqlite3_column_int(statement, 3) != 0;
}

static bool
find(struct catalog *self, enum statement by, const char *what, struct catalog_backup *backup)
{
    sqlite3_stmt *statement = catalog_begin(self, by);
    bool found;

    catalog_bind_text(statement, 1, what);
    found = catalog_row(statement);
    if (found)
        get_backup(statement, backup);
    return catalog_end_untold(self, statement) && found;
}

bool
catalog_backup_find(struct catalog *self, const char *name, struct catalog_backup *backup)
{
    return find(self, BACKUP_BY_NAME, name, backup);
}

bool
catalog_backup_by_place(struct catalog *self, const char *place_id, struct catalog_backup *backup)
{
    return find(self, BACKUP_BY_PLACE, place_id, backup);
}

/* Run it and commit; `id` is the row that may have the name already. */
static enum outcome
put(struct catalog *self, enum statement how, const struct catalog_backup *backup,
    struct report *report)
{
    sqlite3_stmt *statement;
    struct catalog_backup other;
    enum outcome outcome;

    if (!backup->retired && catalog_backup_find(self, backup->name, &other) && !other.retired &&
        (how == BACKUP_ADD || other.id != backup->id))
        return report_set(report, REFUSED, CAUSE_ALREADY_EXISTS,
            "the name %s belongs to backup %u already", backup->name, other.id);
    statement = catalog_begin(self, how);
    catalog_bind_text(statement, 1, backup->name);
    catalog_bind_text(statement, 2, backup->place_id);
    catalog_bind_number(statement, 3, backup->retired);
    if (how == BACKUP_SET)
        catalog_bind_number(statement, 4, backup->id);
    outcome = catalog_run(self, statement, report);
    if (outcome == DONE && sqlite3_changes(self->db) == 0)
        outcome = report_set(report, REFUSED, CAUSE_NOT_FOUND, "there is no backup %u", backup->id);
    return outcome;
}

enum outcome
catalog_backup_add(struct catalog *self, struct catalog_backup *backup, struct report *report)
{
    enum outcome outcome = put(self, BACKUP_ADD, backup, report);

    if (outcome != DONE)
        return outcome;
    backup->id = (uint32_t) sqlite3_last_insert_rowid(self->db);
    return catalog_commit(self, report);
}

enum outcome
catalog_backup_update(struct catalog *self, const struct catalog_backup *backup,
    struct report *report)
{
    enum outcome outcome = put(self, BACKUP_SET, backup, report);

    return outcome == DONE ? catalog_commit(self, report) : outcome;
}

void
catalog_backups(struct catalog *self, void (*each)(void *context, const struct catalog_backup *),
    void *context)
{
    sqlite3_stmt *statement = catalog_begin(self, BACKUP_ALL);
    struct catalog_backup backup;

    while (catalog_row(statement)) {
        get_backup(statement, &backup);
        each(context, &backup);
    }
    catalog_end_untold(self, statement);
}

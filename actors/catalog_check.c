/*
 * Looking at a catalog that nobody has open, and changing nothing.
 *
 * A database in WAL mode wants a write-ahead file even to be read.  Where a
 * clean stop left none, the file is opened as immutable.  Where a crash left
 * one, its pages must be seen, which takes a connection that could write: it is
 * told not to, and not to move those pages into the database at its end.
 */

#include "actors/catalog.h"

#include "base/disk.h"
#include "base/memory.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>

/* An URI: the path's own '?', '#' and '%' are escaped. */
static char *
file_uri(const char *file, const char *parameters)
{
    char *uri = memory_new(3 * strlen(file) + strlen(parameters) + sizeof "file:");
    size_t length = (size_t) sprintf(uri, "file:");

    for (const char *at = file; *at; at++)
        if (strchr("?#%", *at))
            length += (size_t) sprintf(uri + length, "%%%02x", (unsigned) *at);
        else
            uri[length++] = *at;
    strcpy(uri + length, parameters);
    return uri;
}

/* -1: there is no such file. */
static off_t
size_of(const char *file)
{
    struct stat found;

    return disk->statat(AT_FDCWD, file, &found) == 0 ? found.st_size : -1;
}

static int
open_quietly(const char *file, sqlite3 **db)
{
    char *companion = memory_print("%s-wal", file);
    const bool is_clean = size_of(companion) <= 0;
    char *uri = file_uri(file, is_clean ? "?immutable=1" : "");
    const int flags = SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE |
        (is_clean ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int error = sqlite3_open_v2(uri, db, flags, NULL);

    if (error == SQLITE_OK && !is_clean)
        error = sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (error == SQLITE_OK && !is_clean)
        error = sqlite3_exec(*db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA query_only = ON", NULL,
            NULL, NULL);
    free(companion);
    free(uri);
    return error;
}

static enum outcome
damaged(const char *file, const char *what, struct report *report)
{
    return report_set(report, REFUSED, CAUSE_DAMAGED, "%.200s is damaged: %.200s", file, what);
}

static enum outcome
failed(const char *file, sqlite3 *db, struct report *report)
{
    const int error = sqlite3_errcode(db) & 0xff;

    if (error == SQLITE_CORRUPT || error == SQLITE_NOTADB)
        return damaged(file, sqlite3_errmsg(db), report);
    return report_set(report, RETRY, error == SQLITE_BUSY ? CAUSE_BUSY : CAUSE_IO,
        "%.200s cannot be read: %.200s", file, sqlite3_errmsg(db));
}

static enum outcome
check_pages(const char *file, sqlite3 *db, struct report *report)
{
    sqlite3_stmt *statement;
    enum outcome outcome = DONE;

    if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL) != SQLITE_OK)
        return failed(file, db, report);
    if (sqlite3_step(statement) != SQLITE_ROW)
        outcome = failed(file, db, report);
    else if (strcmp((const char *) sqlite3_column_text(statement, 0), "ok") != 0)
        outcome = damaged(file, (const char *) sqlite3_column_text(statement, 0), report);
    sqlite3_finalize(statement);
    return outcome;
}

static enum outcome
read_backups(const char *file, sqlite3 *db,
    void (*each)(void *context, const struct catalog_backup *), void *context,
    struct report *report)
{
    sqlite3_stmt *statement;
    int step;

    if (sqlite3_prepare_v2(db, "SELECT id, name, place_id, retired FROM backup ORDER BY id", -1,
            &statement, NULL) != SQLITE_OK)
        return failed(file, db, report);
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct catalog_backup backup = {
            .id = (uint32_t) sqlite3_column_int64(statement, 0),
            .retired = sqlite3_column_int(statement, 3) != 0,
        };

        snprintf(backup.name, sizeof backup.name, "%s", sqlite3_column_text(statement, 1));
        snprintf(backup.place_id, sizeof backup.place_id, "%s", sqlite3_column_text(statement, 2));
        each(context, &backup);
    }
    sqlite3_finalize(statement);
    return step == SQLITE_DONE ? DONE : failed(file, db, report);
}

enum outcome
catalog_check(const char *directory, bool *is_there,
    void (*each)(void *context, const struct catalog_backup *), void *context,
    struct report *report)
{
    char *file = memory_print("%s/catalog.db", directory);
    sqlite3 *db = NULL;
    enum outcome outcome = DONE;

    *is_there = size_of(file) > 0;
    if (*is_there) {
        outcome = open_quietly(file, &db) == SQLITE_OK ? DONE : failed(file, db, report);
        if (outcome == DONE)
            outcome = check_pages(file, db, report);
        if (outcome == DONE)
            outcome = read_backups(file, db, each, context, report);
        sqlite3_close(db);
    }
    free(file);
    return outcome;
}

/*
 * catalog - one SQLite file behind a narrow interface.
 *
 * The file is in WAL mode, so a commit is one append and one fsync of the
 * catalog's own write-ahead file; pages move into the database when that file
 * has grown to some megabytes.  It is opened exclusively: there is one user,
 * and no shared-memory file to keep.
 *
 * There is always one transaction open, and only a checkpoint (or a change of
 * the backups) commits it.  Therefore a failure that SQLite answers by rolling
 * the transaction back is final for this handle: the changes before it are
 * gone, and a later commit would claim a checkpoint that is not true.  The
 * handle then fails every further call with the first report; opening it again
 * begins at the last checkpoint, from where the journal redoes the rest.
 *
 * A format that is not ours or newer than ours is refused, never guessed at; an
 * older one of ours becomes the newest, in one transaction.
 */

#include "actors/catalog_internal.h"

#include "base/disk.h"
#include "base/memory.h"
#include "base/path.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum {
    APPLICATION_ID = 0x6b6e7272, /* "knrr" */
    FORMAT = 2,
    FILE_MODE = 0600,
};

#define CHECKPOINT "checkpoint" /* the number that says up to which seq all is here */

static const char settings[] = "PRAGMA locking_mode = EXCLUSIVE;"
                               "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA cache_size = -4096;" /* KiB */
                               "PRAGMA journal_size_limit = 16777216;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA trusted_schema = OFF;";

static const char schema[] =
    "CREATE TABLE number (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE backup (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,"
    " place_id TEXT NOT NULL, retired INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX backup_name ON backup (name) WHERE NOT retired;"
    "CREATE TABLE version (path BLOB PRIMARY KEY, seq INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " size INTEGER NOT NULL, hash BLOB) WITHOUT ROWID;"
    "CREATE TABLE lag (backup INTEGER NOT NULL, path BLOB NOT NULL, seq INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, mode INTEGER NOT NULL,"
    " size INTEGER NOT NULL, since_ms INTEGER NOT NULL, failures INTEGER NOT NULL,"
    " rest_until_ms INTEGER NOT NULL, is_dead INTEGER NOT NULL, reason TEXT,"
    " PRIMARY KEY (backup, path)) WITHOUT ROWID;"
    "CREATE INDEX lag_by_seq ON lag (backup, seq);";

/* From each format to the next. */
static const char *const upgrades[FORMAT] = {
    [1] = "ALTER TABLE lag DROP COLUMN clear;", /* it was never used */
};

/* ---- failures ----------------------------------------------------------------- */

static enum outcome
damaged(const struct catalog *self, struct report *report)
{
    return report_set(report, REFUSED, CAUSE_DAMAGED,
        "%s is damaged (%s). It can be set aside by giving it another name: the next start makes a "
        "new one, and finds what each backup lacks by comparing it with the primary",
        self->file, sqlite3_errmsg(self->db));
}

static enum outcome
describe(const struct catalog *self, int error, struct report *report)
{
    switch (error & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return damaged(self, report);
    case SQLITE_FULL:
        return report_set(report, RETRY, CAUSE_NO_SPACE, "%s: no space left", self->file);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return report_set(report, RETRY, CAUSE_BUSY, "%s is in use by another process", self->file);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return report_set(report, REFUSED, CAUSE_PERMISSION_DENIED, "%s cannot be written: %s",
            self->file, sqlite3_errmsg(self->db));
    default:
        return report_set(report, RETRY, CAUSE_IO, "%s: %s (%d)", self->file,
            sqlite3_errmsg(self->db), error);
    }
}

static void
break_down(struct catalog *self, enum outcome outcome, const struct report *report)
{
    if (self->is_broken)
        return;
    self->is_broken = true;
    self->broken_outcome = outcome;
    self->broken_report = *report;
}

static enum outcome
failed(struct catalog *self, int error, struct report *report)
{
    enum outcome outcome = describe(self, error, report);

    if (sqlite3_get_autocommit(self->db)) /* no transaction is open any more */
        break_down(self, outcome, report);
    return outcome;
}

/* ---- statements --------------------------------------------------------------- */

sqlite3_stmt *
catalog_begin(struct catalog *self, enum statement statement)
{
    sqlite3_stmt *prepared = self->statements[statement];

    assert(!sqlite3_stmt_busy(prepared)); /* `each` may not ask the same question again */
    return prepared;
}

bool
catalog_row(sqlite3_stmt *statement)
{
    return sqlite3_step(statement) == SQLITE_ROW;
}

enum outcome
catalog_end(struct catalog *self, sqlite3_stmt *statement, struct report *report)
{
    int error = sqlite3_reset(statement); /* repeats the failure of the last step */
    enum outcome outcome = error == SQLITE_OK ? DONE : failed(self, error, report);

    sqlite3_clear_bindings(statement);
    if (self->is_broken) {
        *report = self->broken_report;
        return self->broken_outcome;
    }
    return outcome;
}

enum outcome
catalog_run(struct catalog *self, sqlite3_stmt *statement, struct report *report)
{
    while (!self->is_broken && catalog_row(statement))
        ;
    return catalog_end(self, statement, report);
}

bool
catalog_end_untold(struct catalog *self, sqlite3_stmt *statement)
{
    struct report report;
    enum outcome outcome = catalog_end(self, statement, &report);

    if (outcome != DONE)
        break_down(self, outcome, &report);
    return outcome == DONE;
}

bool
catalog_run_untold(struct catalog *self, sqlite3_stmt *statement)
{
    while (!self->is_broken && catalog_row(statement))
        ;
    return catalog_end_untold(self, statement);
}

void
catalog_bind_number(sqlite3_stmt *statement, int index, uint64_t number)
{
    sqlite3_bind_int64(statement, index, (sqlite3_int64) number);
}

void
catalog_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

void
catalog_bind_path(sqlite3_stmt *statement, int index, const char *path)
{
    sqlite3_bind_blob(statement, index, path, (int) strlen(path), SQLITE_STATIC);
}

uint64_t
catalog_column_number(sqlite3_stmt *statement, int index)
{
    return (uint64_t) sqlite3_column_int64(statement, index);
}

const char *
catalog_column_path(sqlite3_stmt *statement, int index, char *into)
{
    const void *bytes = sqlite3_column_blob(statement, index);
    int length = sqlite3_column_bytes(statement, index);
    size_t kept = length < PATH_BYTES_MAX ? (size_t) length : PATH_BYTES_MAX;

    if (bytes)
        memcpy(into, bytes, kept);
    into[bytes ? kept : 0] = '\0';
    return into;
}

/* "/a": all between "/a/" and "/a0", for '0' follows '/'. */
void
catalog_bind_below(sqlite3_stmt *statement, int index, struct catalog_range *range,
    const char *path, const char *after)
{
    size_t length = strcmp(path, "/") == 0 ? 0 : strlen(path);

    assert(length <= PATH_BYTES_MAX && strlen(after) <= PATH_BYTES_MAX);
    memcpy(range->least, path, length);
    memcpy(range->most, path, length);
    strcpy(range->least + length, "/");
    strcpy(range->most + length, "0");
    if (strcmp(after, range->least) > 0)
        strcpy(range->least, after);
    catalog_bind_path(statement, index, range->least);
    catalog_bind_path(statement, index + 1, range->most);
}

/* ---- opening -------------------------------------------------------------------- */

static enum outcome
execute(struct catalog *self, const char *sql, struct report *report)
{
    int error = sqlite3_exec(self->db, sql, NULL, NULL, NULL);

    return error == SQLITE_OK ? DONE : describe(self, error, report);
}

static enum outcome
ask_number(struct catalog *self, const char *sql, int *number, struct report *report)
{
    sqlite3_stmt *statement;
    int error = sqlite3_prepare_v2(self->db, sql, -1, &statement, NULL);

    if (error != SQLITE_OK)
        return describe(self, error, report);
    *number = catalog_row(statement) ? sqlite3_column_int(statement, 0) : 0;
    error = sqlite3_finalize(statement);
    return error == SQLITE_OK ? DONE : describe(self, error, report);
}

/* By this SQL the file comes to be of the format; or it stays as it was. */
static enum outcome
become(struct catalog *self, int format, const char *how, struct report *report)
{
    char *sql = memory_print("BEGIN IMMEDIATE; PRAGMA application_id = %d;"
                             "PRAGMA user_version = %d; %s COMMIT;",
        APPLICATION_ID, format, how);
    enum outcome outcome = execute(self, sql, report);

    free(sql);
    return outcome;
}

/* What kind of file it is: an empty one becomes a catalog. */
static enum outcome
identify(struct catalog *self, struct report *report)
{
    int application = 0, format = 0, tables = 0;
    enum outcome outcome = ask_number(self, "SELECT COUNT(*) FROM sqlite_schema", &tables, report);

    if (outcome == DONE)
        outcome = ask_number(self, "PRAGMA application_id", &application, report);
    if (outcome == DONE)
        outcome = ask_number(self, "PRAGMA user_version", &format, report);
    if (outcome != DONE)
        return outcome;
    if (tables > 0 && application != APPLICATION_ID)
        return report_set(report, REFUSED, CAUSE_CONFIG,
            "%s is some other program's database, not a catalog", self->file);
    if (format > FORMAT)
        return report_set(report, REFUSED, CAUSE_CONFIG,
            "%s has format %d, and this program knows formats up to %d: it was written by a "
            "newer version, which has to be used",
            self->file, format, FORMAT);
    if (tables == 0)
        return become(self, FORMAT, schema, report);
    for (; format > 0 && format < FORMAT && outcome == DONE; format++)
        outcome = become(self, format + 1, upgrades[format], report);
    return outcome;
}

static enum outcome
prepare(struct catalog *self, struct report *report)
{
    static const char *const texts[] = {
#define STATEMENT(NAME, sql) [NAME] = sql,
        STATEMENTS(STATEMENT)
#undef STATEMENT
    };

    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        int error = sqlite3_prepare_v3(self->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
            &self->statements[i], NULL);

        if (error != SQLITE_OK)
            return describe(self, error, report);
    }
    return DONE;
}

/* SQLite would make the file readable for all; its companions get the same mode. */
static enum outcome
make_file(const struct catalog *self, struct report *report)
{
    int fd = disk->openat(AT_FDCWD, self->file, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);

    if (fd < 0)
        return report_errno(report, errno, "cannot open %s", self->file);
    disk->close(fd);
    return DONE;
}

static enum outcome
open_all(struct catalog *self, struct report *report)
{
    enum outcome outcome = make_file(self, report);
    int error;

    if (outcome != DONE)
        return outcome;
    error = sqlite3_open_v2(self->file, &self->db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    outcome = error == SQLITE_OK ? execute(self, settings, report) : describe(self, error, report);
    if (outcome == DONE)
        outcome = identify(self, report);
    if (outcome == DONE)
        outcome = prepare(self, report);
    if (outcome == DONE)
        outcome = catalog_run(self, catalog_begin(self, BEGIN), report);
    if (outcome == DONE)
        outcome = catalog_load_sums(self, report);
    if (outcome == DONE)
        self->checkpoint_seq = catalog_number(self, CHECKPOINT);
    if (outcome == DONE && self->is_broken) {
        *report = self->broken_report;
        outcome = self->broken_outcome;
    }
    return outcome;
}

enum outcome
catalog_open(struct catalog **catalog, const char *directory, struct report *report)
{
    struct catalog *self = memory_new(sizeof *self);
    enum outcome outcome;

    self->file = memory_print("%s/catalog.db", directory);
    outcome = open_all(self, report);
    if (outcome != DONE)
        catalog_close(&self);
    *catalog = self;
    return outcome;
}

void
catalog_close(struct catalog **catalog)
{
    struct catalog *self = *catalog;

    if (!self)
        return;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(self->statements[i]);
    sqlite3_close(self->db); /* rolls back */
    catalog_free_sums(self);
    free(self->file);
    free(self);
    *catalog = NULL;
}

/* ---- checkpoints, numbers --------------------------------------------------------- */

enum outcome
catalog_commit(struct catalog *self, struct report *report)
{
    enum outcome outcome = catalog_run(self, catalog_begin(self, COMMIT), report);

    if (outcome == DONE)
        outcome = catalog_run(self, catalog_begin(self, BEGIN), report);
    return outcome;
}

uint64_t
catalog_checkpoint_seq(const struct catalog *self)
{
    return self->checkpoint_seq;
}

enum outcome
catalog_checkpoint(struct catalog *self, uint64_t seq, struct report *report)
{
    enum outcome outcome = catalog_set_number(self, CHECKPOINT, seq, report);

    if (outcome == DONE)
        outcome = catalog_commit(self, report);
    if (outcome == DONE)
        self->checkpoint_seq = seq;
    return outcome;
}

uint64_t
catalog_number(struct catalog *self, const char *name)
{
    sqlite3_stmt *statement = catalog_begin(self, NUMBER_GET);
    uint64_t number;

    catalog_bind_text(statement, 1, name);
    number = catalog_row(statement) ? catalog_column_number(statement, 0) : 0;
    catalog_end_untold(self, statement);
    return number;
}

enum outcome
catalog_set_number(struct catalog *self, const char *name, uint64_t number, struct report *report)
{
    sqlite3_stmt *statement = catalog_begin(self, NUMBER_PUT);

    catalog_bind_text(statement, 1, name);
    catalog_bind_number(statement, 2, number);
    return catalog_run(self, statement, report);
}

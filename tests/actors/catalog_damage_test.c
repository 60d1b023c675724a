/* What becomes of a catalog when something goes wrong. */

#include "tests/actors/support/catalog_place.h"
#include "tests/check.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
numbers_travel_with_the_checkpoint(void)
{
    begin_catalog();
    check(catalog_checkpoint_seq(catalog) == 0 && catalog_number(catalog, "epoch") == 0);
    check(catalog_set_number(catalog, "epoch", UINT64_MAX, &catalog_report) == DONE);
    check(catalog_number(catalog, "epoch") == UINT64_MAX);
    reopen_catalog();
    check(catalog_number(catalog, "epoch") == 0);
    check(catalog_set_number(catalog, "epoch", 4, &catalog_report) == DONE);
    check(catalog_checkpoint(catalog, 77, &catalog_report) == DONE);
    check(catalog_set_number(catalog, "epoch", 5, &catalog_report) == DONE);
    reopen_catalog();
    check(catalog_number(catalog, "epoch") == 4 && catalog_checkpoint_seq(catalog) == 77);
    end_catalog();
}

static void
a_crash_goes_back_to_the_checkpoint(void)
{
    int status;
    pid_t child;

    begin_catalog();
    catalog_close(&catalog);
    child = fork();
    if (child == 0) {
        check(catalog_open(&catalog, catalog_directory, &catalog_report) == DONE);
        put_lag(1, "/before", 1, 8);
        check(catalog_checkpoint(catalog, 1, &catalog_report) == DONE);
        for (int i = 0; i < 50000; i++) { /* more than the cache holds */
            char path[64];

            snprintf(path, sizeof path, "/after/%d", i);
            put_lag(1, path, 2, 8);
        }
        catalog_lag_delete(catalog, 1, "/before");
        _exit(0);
    }
    check(waitpid(child, &status, 0) == child && status == 0);
    check(catalog_open(&catalog, catalog_directory, &catalog_report) == DONE);
    check(catalog_checkpoint_seq(catalog) == 1);
    check(lacks(1, "/before") && !lacks(1, "/after/0") && sums_to(1, 1, 8));
    end_catalog();
}

static void
overwrite(const char *bytes, size_t length, off_t offset)
{
    int fd = open(catalog_file, O_RDWR | O_CREAT, 0600);

    check(fd >= 0 && pwrite(fd, bytes, length, offset) == (ssize_t) length);
    close(fd);
}

static void
a_file_that_is_no_database_is_refused(void)
{
    char junk[8192];

    memset(junk, 'j', sizeof junk);
    begin_catalog();
    catalog_close(&catalog);
    overwrite(junk, sizeof junk, 0);
    check(catalog_open(&catalog, catalog_directory, &catalog_report) == REFUSED);
    check(!catalog && catalog_report.cause == CAUSE_DAMAGED);
    check(strstr(catalog_report.text, catalog_file) && strstr(catalog_report.text, "set aside"));
    check(strstr(catalog_report.text, "comparing it with the primary"));
    end_catalog();
}

static void
a_page_that_is_damaged_is_never_taken_for_no_rows(void)
{
    char junk[4096];
    struct catalog_lag lag;

    memset(junk, 0xff, sizeof junk);
    begin_catalog();
    for (int i = 0; i < 5000; i++) {
        char path[64];

        snprintf(path, sizeof path, "/some/directory/or/other/%d", i);
        put_lag(1, path, (uint64_t) i + 1, 1);
        check(i % 1000 || catalog_checkpoint(catalog, (uint64_t) i, &catalog_report) == DONE);
    }
    check(catalog_checkpoint(catalog, 5000, &catalog_report) == DONE);
    catalog_close(&catalog);
    for (off_t page = 8; page < 60; page++) /* the first ones hold the schema */
        overwrite(junk, sizeof junk, page * 4096);
    if (catalog_open(&catalog, catalog_directory, &catalog_report) == DONE) {
        for (int i = 0; i < 5000; i++) {
            char path[64];

            snprintf(path, sizeof path, "/some/directory/or/other/%d", i);
            catalog_lag_get(catalog, 1, path, &lag);
        }
        check(catalog_checkpoint(catalog, 9999, &catalog_report) == REFUSED);
    }
    check(catalog_report.cause == CAUSE_DAMAGED);
    end_catalog();
}

static void
execute(const char *sql)
{
    sqlite3 *db;

    check(sqlite3_open(catalog_file, &db) == SQLITE_OK);
    check(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
}

static void
a_newer_format_is_refused(void)
{
    begin_catalog();
    catalog_close(&catalog);
    execute("PRAGMA user_version = 1000");
    check(catalog_open(&catalog, catalog_directory, &catalog_report) == REFUSED);
    check(catalog_report.cause == CAUSE_CONFIG && strstr(catalog_report.text, "format 1000"));
    check(strstr(catalog_report.text, "newer version"));
    end_catalog();
}

static void
another_programs_database_is_refused(void)
{
    begin_catalog();
    catalog_close(&catalog);
    check(unlink(catalog_file) == 0);
    execute("CREATE TABLE addresses (name TEXT)");
    check(catalog_open(&catalog, catalog_directory, &catalog_report) == REFUSED);
    check(catalog_report.cause == CAUSE_CONFIG &&
        strstr(catalog_report.text, "some other program's"));
    end_catalog();
}

static void
it_has_one_user_and_only_the_owner_may_read_it(void)
{
    struct catalog *second;
    struct stat status;

    begin_catalog();
    check(catalog_open(&second, catalog_directory, &catalog_report) == RETRY);
    check(!second && catalog_report.cause == CAUSE_BUSY);
    check(stat(catalog_file, &status) == 0 && (status.st_mode & 0777) == 0600);
    end_catalog();
}

static void
a_missing_directory_is_told(void)
{
    check(catalog_open(&catalog, "/tmp/knarr-no-such-directory", &catalog_report) == REFUSED);
    check(!catalog && catalog_report.cause == CAUSE_NOT_FOUND &&
        strstr(catalog_report.text, "catalog.db"));
}

/* The file system refuses: what is then in the transaction must not be committed. */
static void
a_failure_that_ends_the_transaction_is_final(void)
{
    int status;
    pid_t child;

    begin_catalog();
    put_lag(1, "/kept", 1, 1);
    check(catalog_checkpoint(catalog, 1, &catalog_report) == DONE);
    catalog_close(&catalog);
    child = fork();
    if (child == 0) {
        const struct rlimit little = { 100000, 100000 };
        enum outcome outcome = DONE;

        check(catalog_open(&catalog, catalog_directory, &catalog_report) == DONE);
        signal(SIGXFSZ, SIG_IGN);
        check(setrlimit(RLIMIT_FSIZE, &little) == 0);
        for (int i = 0; i < 200000 && outcome == DONE; i++) {
            char path[64];
            struct catalog_lag lag = { .backup = 1, .path = path, .seq = 2 };

            snprintf(path, sizeof path, "/refused/%d", i);
            outcome = catalog_lag_put(catalog, &lag, &catalog_report);
        }
        check(outcome == RETRY);
        check(catalog_checkpoint(catalog, 2, &catalog_report) == RETRY);
        check(catalog_checkpoint_seq(catalog) == 1);
        _exit(0);
    }
    check(waitpid(child, &status, 0) == child && status == 0);
    check(catalog_open(&catalog, catalog_directory, &catalog_report) == DONE);
    check(catalog_checkpoint_seq(catalog) == 1 && sums_to(1, 1, 1) && lacks(1, "/kept"));
    end_catalog();
}

/* As the first format was written, with a row in every table. */
static const char first_format[] =
    "CREATE TABLE number (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE backup (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,"
    " place_id TEXT NOT NULL, retired INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX backup_name ON backup (name) WHERE NOT retired;"
    "CREATE TABLE version (path BLOB PRIMARY KEY, seq INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " size INTEGER NOT NULL, hash BLOB) WITHOUT ROWID;"
    "CREATE TABLE lag (backup INTEGER NOT NULL, path BLOB NOT NULL, seq INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, clear INTEGER NOT NULL, mode INTEGER NOT NULL,"
    " size INTEGER NOT NULL, since_ms INTEGER NOT NULL, failures INTEGER NOT NULL,"
    " rest_until_ms INTEGER NOT NULL, is_dead INTEGER NOT NULL, reason TEXT,"
    " PRIMARY KEY (backup, path)) WITHOUT ROWID;"
    "CREATE INDEX lag_by_seq ON lag (backup, seq);"
    "INSERT INTO number VALUES ('checkpoint', 77);"
    "INSERT INTO backup VALUES (3, 'b1', 'its id', 0);"
    "INSERT INTO version VALUES (CAST('/v' AS BLOB), 5, 0, 10, NULL);"
    "INSERT INTO lag VALUES (3, CAST('/a' AS BLOB), 12, 101, 0, 416, 99, 5, 4, 9, 1, 'why');"
    "PRAGMA application_id = 1802400370; PRAGMA user_version = 1;";

static void
the_format_before_is_read_and_becomes_the_newest(void)
{
    struct catalog_backup backup;
    struct catalog_version version;
    struct catalog_lag lag;

    begin_catalog();
    catalog_close(&catalog);
    check(unlink(catalog_file) == 0);
    execute(first_format);
    check(catalog_open(&catalog, catalog_directory, &catalog_report) == DONE);
    for (int opened = 0; opened < 2; opened++) {
        check(catalog_checkpoint_seq(catalog) == 77 && sums_to(3, 1, 99));
        check(catalog_backup_find(catalog, "b1", &backup) && backup.id == 3);
        check(catalog_version_get(catalog, "/v", &version) && version.seq == 5);
        check(catalog_lag_get(catalog, 3, "/a", &lag) && lag.seq == 12 && lag.kind == LAG_PRUNE);
        check(lag.mode == 0640 && lag.since_ms == 5 && lag.failures == 4 && lag.is_dead);
        check(lag.rest_until_ms == 9 && strcmp(lag.reason, "why") == 0);
        reopen_catalog();
    }
    end_catalog();
}

static const struct test tests[] = {
    { "the format before is read and becomes the newest",
        the_format_before_is_read_and_becomes_the_newest },
    { "numbers travel with the checkpoint", numbers_travel_with_the_checkpoint },
    { "a crash goes back to the checkpoint", a_crash_goes_back_to_the_checkpoint },
    { "a file that is no database is refused", a_file_that_is_no_database_is_refused },
    { "a page that is damaged is never taken for no rows",
        a_page_that_is_damaged_is_never_taken_for_no_rows },
    { "a newer format is refused", a_newer_format_is_refused },
    { "another program's database is refused", another_programs_database_is_refused },
    { "it has one user and only the owner may read it",
        it_has_one_user_and_only_the_owner_may_read_it },
    { "a missing directory is told", a_missing_directory_is_told },
    { "a failure that ends the transaction is final",
        a_failure_that_ends_the_transaction_is_final },
};

TEST_MAIN(tests)

#include "actors/catalog.h"
#include "base/clock.h"
#include "base/path.h"
#include "tests/check.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64], file[80];
static struct catalog *catalog;
static struct report report;

static void
begin(void)
{
    strcpy(directory, "/tmp/knarr-catalog-XXXXXX");
    check(mkdtemp(directory));
    snprintf(file, sizeof file, "%s/catalog.db", directory);
    check(catalog_open(&catalog, directory, &report) == DONE);
}

static void
reopen(void)
{
    catalog_close(&catalog);
    check(catalog_open(&catalog, directory, &report) == DONE);
}

static void
end(void)
{
    char command[128];

    catalog_close(&catalog);
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    check(system(command) == 0);
}

static void
put(uint32_t backup, const char *path, uint64_t seq, uint64_t size)
{
    struct catalog_lag lag = { .backup = backup, .path = path, .seq = seq, .size = size };

    check(catalog_lag_put(catalog, &lag, &report) == DONE);
}

static bool
lacks(uint32_t backup, const char *path)
{
    struct catalog_lag lag;

    return catalog_lag_get(catalog, backup, path, &lag);
}

static bool
sums_to(uint32_t backup, uint64_t rows, uint64_t bytes)
{
    uint64_t has_rows, has_bytes;

    catalog_lag_sum(catalog, backup, &has_rows, &has_bytes);
    return has_rows == rows && has_bytes == bytes;
}

static char gathered[4096];

static void
gather_lag(void *context, const struct catalog_lag *lag)
{
    (void) context;
    strcat(strcat(gathered, lag->path), " ");
}

static void
gather_version(void *context, const struct catalog_version *version)
{
    (void) context;
    strcat(strcat(gathered, version->path), " ");
}

static bool
by_path(const char *path, const char *after, size_t limit, const char *expected)
{
    gathered[0] = '\0';
    catalog_lag_by_path(catalog, 1, path, after, limit, gather_lag, NULL);
    return strcmp(gathered, expected) == 0;
}

static bool
by_seq(uint64_t after, size_t limit, const char *expected)
{
    gathered[0] = '\0';
    catalog_lag_by_seq(catalog, 1, after, limit, gather_lag, NULL);
    return strcmp(gathered, expected) == 0;
}

/* ---- rows ----------------------------------------------------------------------- */

static void
a_lag_comes_back_as_it_was(void)
{
    struct catalog_lag got,
        given = { .backup = 7,
            .path = "/a",
            .seq = 12,
            .kind = LAG_TREE,
            .clear = true,
            .mode = 0640,
            .size = UINT64_MAX,
            .since_ms = 1764000000000,
            .failures = 3,
            .rest_until_ms = 1764000009999,
            .is_dead = true,
            .reason = "no route to it" };

    begin();
    check(catalog_lag_put(catalog, &given, &report) == DONE);
    check(catalog_checkpoint(catalog, 1, &report) == DONE);
    reopen();
    check(!catalog_lag_get(catalog, 6, "/a", &got));
    check(catalog_lag_get(catalog, 7, "/a", &got));
    check(got.backup == 7 && strcmp(got.path, "/a") == 0 && got.seq == 12);
    check(got.kind == LAG_TREE && got.clear && got.mode == 0640 && got.size == UINT64_MAX);
    check(got.since_ms == given.since_ms && got.failures == 3 && got.is_dead);
    check(got.rest_until_ms == given.rest_until_ms && strcmp(got.reason, given.reason) == 0);
    check(sums_to(7, 1, UINT64_MAX));
    end();
}

static void
a_version_comes_back_as_it_was(void)
{
    struct catalog_version got, given = { .path = "/a", .seq = 5, .kind = 1, .size = 1 << 30 };

    begin();
    check(!catalog_version_get(catalog, "/a", &got));
    check(catalog_version_put(catalog, &given, &report) == DONE);
    check(catalog_version_get(catalog, "/a", &got));
    check(got.hash[0] == 0 && got.size == 1 << 30);
    memset(given.hash, 0xab, sizeof given.hash);
    given.seq = 6;
    check(catalog_version_put(catalog, &given, &report) == DONE);
    check(catalog_version_get(catalog, "/a", &got));
    check(got.seq == 6 && got.kind == 1 && memcmp(got.hash, given.hash, 16) == 0);
    end();
}

static void
a_subtree_is_neither_more_nor_less(void)
{
    static const char *const paths[] = { "/", "/a", "/a!", "/a-b", "/a/b", "/a/b/c", "/a/c", "/a0",
        "/ab", "/b" };

    begin();
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct catalog_version version = { .path = paths[i], .seq = i };

        put(1, paths[i], i + 1, 1);
        put(2, paths[i], i + 1, 1);
        check(catalog_version_put(catalog, &version, &report) == DONE);
    }
    check(by_path("/a", "", 100, "/a /a/b /a/b/c /a/c "));
    check(by_path("/a", "", 2, "/a /a/b "));
    check(by_path("/a", "/a/b", 100, "/a/b/c /a/c "));
    check(by_path("/a", "/a/b", 0, ""));
    check(by_path("/a/c", "", 100, "/a/c "));
    check(by_path("/x", "", 100, ""));
    check(by_path("/", "", 100, "/ /a /a! /a-b /a/b /a/b/c /a/c /a0 /ab /b "));
    check(by_path("/", "/a/c", 2, "/a0 /ab "));
    gathered[0] = '\0';
    check(catalog_versions(catalog, "/a", "/a", 2, gather_version, NULL) == 2);
    check(strcmp(gathered, "/a/b /a/b/c ") == 0);

    catalog_lag_delete_below(catalog, 1, "/a");
    check(by_path("/", "", 100, "/ /a /a! /a-b /a0 /ab /b "));
    check(sums_to(1, 7, 7) && sums_to(2, 10, 10));
    catalog_lag_delete_below(catalog, 1, "/");
    check(by_path("/", "", 100, "/ "));
    catalog_lag_delete_all(catalog, 2);
    check(sums_to(1, 1, 1) && sums_to(2, 0, 0));
    end();
}

static void
rows_of_one_seq_are_never_split(void)
{
    begin();
    put(1, "/new", 5, 1); /* a rename is lacked in two places */
    put(1, "/old", 5, 1);
    put(1, "/x", 4, 1);
    put(1, "/y", 9, 1);
    put(2, "/z", 1, 1);
    check(by_seq(0, 1, "/x "));
    check(by_seq(0, 2, "/x /new /old "));
    check(by_seq(4, 1, "/new /old "));
    check(by_seq(5, 10, "/y "));
    check(by_seq(9, 10, ""));
    end();
}

static void
any_bytes_make_a_path(void)
{
    char path[256 + 2] = "/", longest[PATH_BYTES_MAX + 1] = "";

    for (int i = 1; i < 256; i++)
        path[i] = (char) (i == '/' ? 'x' : i);
    for (int i = 0; i < PATH_BYTES_MAX; i++)
        longest[i] = i % 200 ? 'p' : '/';
    begin();
    put(1, path, 1, 10);
    put(1, longest, 2, 20);
    put(1, "/it's; DROP TABLE lag --", 3, 30);
    check(catalog_checkpoint(catalog, 3, &report) == DONE);
    reopen();
    check(lacks(1, path) && lacks(1, longest) && lacks(1, "/it's; DROP TABLE lag --"));
    longest[3999] = 'q';
    check(!lacks(1, longest));
    longest[3999] = 'p';
    gathered[0] = '\0';
    check(catalog_lag_by_path(catalog, 1, longest, "", 9, gather_lag, NULL) == 1);
    check(strlen(gathered) == PATH_BYTES_MAX + 1);
    end();
}

static void
the_sums_follow_every_change(void)
{
    begin();
    check(sums_to(1, 0, 0));
    put(1, "/a", 1, 100);
    put(1, "/b", 2, 10);
    put(2, "/a", 1, 5);
    check(sums_to(1, 2, 110) && sums_to(2, 1, 5));
    put(1, "/a", 3, 1);
    check(sums_to(1, 2, 11));
    catalog_lag_delete(catalog, 1, "/b");
    catalog_lag_delete(catalog, 1, "/b");
    check(sums_to(1, 1, 1));
    check(catalog_checkpoint(catalog, 3, &report) == DONE);
    reopen();
    check(sums_to(1, 1, 1) && sums_to(2, 1, 5) && sums_to(3, 0, 0));
    end();
}

/* ---- backups -------------------------------------------------------------------- */

static void
a_backup_keeps_its_id_and_no_other_ever_gets_it(void)
{
    struct catalog_backup az2 = { .name = "az2", .place_id = "p-1" }, other = { .name = "other" };
    struct catalog_backup again = { .name = "az2", .place_id = "p-2" }, found;

    begin();
    check(catalog_backup_add(catalog, &az2, &report) == DONE);
    check(catalog_backup_add(catalog, &other, &report) == DONE);
    check(az2.id == 1 && other.id == 2);
    check(catalog_backup_add(catalog, &again, &report) == REFUSED);
    check(report.cause == CAUSE_ALREADY_EXISTS && strstr(report.text, "az2"));
    reopen(); /* no checkpoint was needed */
    check(catalog_backup_by_place(catalog, "p-1", &found) && found.id == az2.id);
    check(!catalog_backup_by_place(catalog, "", &found));

    az2.retired = true;
    check(catalog_backup_update(catalog, &az2, &report) == DONE);
    check(catalog_backup_find(catalog, "az2", &found) && found.retired);
    check(catalog_backup_add(catalog, &again, &report) == DONE);
    check(again.id == 3);
    reopen();
    check(catalog_backup_find(catalog, "az2", &found) && found.id == 3 && !found.retired);
    check(strcmp(found.place_id, "p-2") == 0);
    end();
}

static void
a_backup_may_take_a_free_name_only(void)
{
    struct catalog_backup one = { .name = "one" }, two = { .name = "two" }, none = { .id = 99 };

    begin();
    check(catalog_backup_add(catalog, &one, &report) == DONE);
    check(catalog_backup_add(catalog, &two, &report) == DONE);
    strcpy(two.name, "one");
    check(catalog_backup_update(catalog, &two, &report) == REFUSED);
    check(report.cause == CAUSE_ALREADY_EXISTS);
    strcpy(two.name, "three");
    check(catalog_backup_update(catalog, &two, &report) == DONE);
    check(catalog_backup_find(catalog, "three", &two) && two.id == 2);
    check(!catalog_backup_find(catalog, "two", &two));
    check(catalog_backup_update(catalog, &none, &report) == REFUSED);
    check(report.cause == CAUSE_NOT_FOUND);
    end();
}

static void
count_backup(void *context, const struct catalog_backup *backup)
{
    *(unsigned *) context += backup->id;
}

static void
all_backups_are_told(void)
{
    struct catalog_backup one = { .name = "one" }, two = { .name = "two", .retired = true };
    unsigned ids = 0;

    begin();
    check(catalog_backup_add(catalog, &one, &report) == DONE);
    check(catalog_backup_add(catalog, &two, &report) == DONE);
    catalog_backups(catalog, count_backup, &ids);
    check(ids == 3);
    end();
}

/* ---- crashes and damage ------------------------------------------------------------ */

static void
numbers_travel_with_the_checkpoint(void)
{
    begin();
    check(catalog_checkpoint_seq(catalog) == 0 && catalog_number(catalog, "epoch") == 0);
    check(catalog_set_number(catalog, "epoch", UINT64_MAX, &report) == DONE);
    check(catalog_number(catalog, "epoch") == UINT64_MAX);
    reopen();
    check(catalog_number(catalog, "epoch") == 0);
    check(catalog_set_number(catalog, "epoch", 4, &report) == DONE);
    check(catalog_checkpoint(catalog, 77, &report) == DONE);
    check(catalog_set_number(catalog, "epoch", 5, &report) == DONE);
    reopen();
    check(catalog_number(catalog, "epoch") == 4 && catalog_checkpoint_seq(catalog) == 77);
    end();
}

static void
a_crash_goes_back_to_the_checkpoint(void)
{
    int status;
    pid_t child;

    begin();
    catalog_close(&catalog);
    child = fork();
    if (child == 0) {
        check(catalog_open(&catalog, directory, &report) == DONE);
        put(1, "/before", 1, 8);
        check(catalog_checkpoint(catalog, 1, &report) == DONE);
        for (int i = 0; i < 50000; i++) { /* more than the cache holds */
            char path[64];

            snprintf(path, sizeof path, "/after/%d", i);
            put(1, path, 2, 8);
        }
        catalog_lag_delete(catalog, 1, "/before");
        _exit(0);
    }
    check(waitpid(child, &status, 0) == child && status == 0);
    check(catalog_open(&catalog, directory, &report) == DONE);
    check(catalog_checkpoint_seq(catalog) == 1);
    check(lacks(1, "/before") && !lacks(1, "/after/0") && sums_to(1, 1, 8));
    end();
}

static void
overwrite(const char *bytes, size_t length, off_t offset)
{
    int fd = open(file, O_RDWR | O_CREAT, 0600);

    check(fd >= 0 && pwrite(fd, bytes, length, offset) == (ssize_t) length);
    close(fd);
}

static void
a_file_that_is_no_database_is_refused(void)
{
    char junk[8192];

    memset(junk, 'j', sizeof junk);
    begin();
    catalog_close(&catalog);
    overwrite(junk, sizeof junk, 0);
    check(catalog_open(&catalog, directory, &report) == REFUSED);
    check(!catalog && report.cause == CAUSE_DAMAGED);
    check(strstr(report.text, file) && strstr(report.text, "set aside"));
    check(strstr(report.text, "comparing it with the primary"));
    end();
}

static void
a_page_that_is_damaged_is_never_taken_for_no_rows(void)
{
    char junk[4096];
    struct catalog_lag lag;

    memset(junk, 0xff, sizeof junk);
    begin();
    for (int i = 0; i < 5000; i++) {
        char path[64];

        snprintf(path, sizeof path, "/some/directory/or/other/%d", i);
        put(1, path, (uint64_t) i + 1, 1);
        check(i % 1000 || catalog_checkpoint(catalog, (uint64_t) i, &report) == DONE);
    }
    check(catalog_checkpoint(catalog, 5000, &report) == DONE);
    catalog_close(&catalog);
    for (off_t page = 8; page < 60; page++) /* the first ones hold the schema */
        overwrite(junk, sizeof junk, page * 4096);
    if (catalog_open(&catalog, directory, &report) == DONE) {
        for (int i = 0; i < 5000; i++) {
            char path[64];

            snprintf(path, sizeof path, "/some/directory/or/other/%d", i);
            catalog_lag_get(catalog, 1, path, &lag);
        }
        check(catalog_checkpoint(catalog, 9999, &report) == REFUSED);
    }
    check(report.cause == CAUSE_DAMAGED);
    end();
}

static void
execute(const char *sql)
{
    sqlite3 *db;

    check(sqlite3_open(file, &db) == SQLITE_OK);
    check(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
}

static void
a_newer_format_is_refused(void)
{
    begin();
    catalog_close(&catalog);
    execute("PRAGMA user_version = 2");
    check(catalog_open(&catalog, directory, &report) == REFUSED);
    check(report.cause == CAUSE_CONFIG && strstr(report.text, "format 2"));
    check(strstr(report.text, "newer version"));
    end();
}

static void
another_programs_database_is_refused(void)
{
    begin();
    catalog_close(&catalog);
    check(unlink(file) == 0);
    execute("CREATE TABLE addresses (name TEXT)");
    check(catalog_open(&catalog, directory, &report) == REFUSED);
    check(report.cause == CAUSE_CONFIG && strstr(report.text, "some other program's"));
    end();
}

static void
it_has_one_user_and_only_the_owner_may_read_it(void)
{
    struct catalog *second;
    struct stat status;

    begin();
    check(catalog_open(&second, directory, &report) == RETRY);
    check(!second && report.cause == CAUSE_BUSY);
    check(stat(file, &status) == 0 && (status.st_mode & 0777) == 0600);
    end();
}

static void
a_missing_directory_is_told(void)
{
    check(catalog_open(&catalog, "/tmp/knarr-no-such-directory", &report) == REFUSED);
    check(!catalog && report.cause == CAUSE_NOT_FOUND && strstr(report.text, "catalog.db"));
}

/* The file system refuses: what is then in the transaction must not be committed. */
static void
a_failure_that_ends_the_transaction_is_final(void)
{
    int status;
    pid_t child;

    begin();
    put(1, "/kept", 1, 1);
    check(catalog_checkpoint(catalog, 1, &report) == DONE);
    catalog_close(&catalog);
    child = fork();
    if (child == 0) {
        const struct rlimit little = { 100000, 100000 };
        enum outcome outcome = DONE;

        check(catalog_open(&catalog, directory, &report) == DONE);
        signal(SIGXFSZ, SIG_IGN);
        check(setrlimit(RLIMIT_FSIZE, &little) == 0);
        for (int i = 0; i < 200000 && outcome == DONE; i++) {
            char path[64];
            struct catalog_lag lag = { .backup = 1, .path = path, .seq = 2 };

            snprintf(path, sizeof path, "/refused/%d", i);
            outcome = catalog_lag_put(catalog, &lag, &report);
        }
        check(outcome == RETRY);
        check(catalog_checkpoint(catalog, 2, &report) == RETRY);
        check(catalog_checkpoint_seq(catalog) == 1);
        _exit(0);
    }
    check(waitpid(child, &status, 0) == child && status == 0);
    check(catalog_open(&catalog, directory, &report) == DONE);
    check(catalog_checkpoint_seq(catalog) == 1 && sums_to(1, 1, 1) && lacks(1, "/kept"));
    end();
}

static void
a_hundred_thousand_rows_are_put_quickly(void)
{
    enum { ROWS = 100000 };
    uint64_t start, put_ns, again_ns, opened_ns;
    char path[64];

    begin();
    start = clock_ns();
    for (unsigned i = 0; i < ROWS; i++) {
        snprintf(path, sizeof path, "/default/resources/%08x.txt", i * 2654435761u);
        put(1, path, i + 1, 1024);
    }
    put_ns = (clock_ns() - start) / ROWS;
    check(catalog_checkpoint(catalog, ROWS, &report) == DONE);
    start = clock_ns();
    for (unsigned i = 0; i < ROWS; i++) {
        snprintf(path, sizeof path, "/default/resources/%08x.txt", i * 2654435761u);
        put(1, path, ROWS + i + 1, 1024);
    }
    again_ns = (clock_ns() - start) / ROWS;
    check(catalog_checkpoint(catalog, ROWS, &report) == DONE);
    start = clock_ns();
    reopen();
    opened_ns = clock_ns() - start;
    check(sums_to(1, ROWS, ROWS * 1024));
    printf("# lag_put %" PRIu64 " ns, again %" PRIu64 " ns, close and open %" PRIu64 " us\n",
        put_ns, again_ns, opened_ns / 1000);
    check(put_ns < 200000); /* an fsync in each would be far beyond */
    end();
}

static const struct test tests[] = {
    { "a lag comes back as it was", a_lag_comes_back_as_it_was },
    { "a version comes back as it was", a_version_comes_back_as_it_was },
    { "a subtree is neither more nor less", a_subtree_is_neither_more_nor_less },
    { "rows of one seq are never split", rows_of_one_seq_are_never_split },
    { "any bytes make a path", any_bytes_make_a_path },
    { "the sums follow every change", the_sums_follow_every_change },
    { "a backup keeps its id and no other ever gets it",
        a_backup_keeps_its_id_and_no_other_ever_gets_it },
    { "a backup may take a free name only", a_backup_may_take_a_free_name_only },
    { "all backups are told", all_backups_are_told },
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
    { "a hundred thousand rows are put quickly", a_hundred_thousand_rows_are_put_quickly },
};

TEST_MAIN(tests)

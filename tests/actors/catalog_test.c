#include "base/clock.h"
#include "base/path.h"
#include "tests/actors/support/catalog_place.h"
#include "tests/check.h"

#include <inttypes.h>

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
by_seq(uint64_t after, const char *after_path, size_t limit, const char *expected)
{
    gathered[0] = '\0';
    catalog_lag_by_seq(catalog, 1, after, after_path, limit, gather_lag, NULL);
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
            .mode = 0640,
            .size = UINT64_MAX,
            .since_ms = 1764000000000,
            .failures = 3,
            .rest_until_ms = 1764000009999,
            .is_dead = true,
            .reason = "no route to it" };

    begin_catalog();
    check(catalog_lag_put(catalog, &given, &catalog_report) == DONE);
    check(catalog_checkpoint(catalog, 1, &catalog_report) == DONE);
    reopen_catalog();
    check(!catalog_lag_get(catalog, 6, "/a", &got));
    check(catalog_lag_get(catalog, 7, "/a", &got));
    check(got.backup == 7 && strcmp(got.path, "/a") == 0 && got.seq == 12);
    check(got.kind == LAG_TREE && got.mode == 0640 && got.size == UINT64_MAX);
    check(got.since_ms == given.since_ms && got.failures == 3 && got.is_dead);
    check(got.rest_until_ms == given.rest_until_ms && strcmp(got.reason, given.reason) == 0);
    check(sums_to(7, 1, UINT64_MAX));
    end_catalog();
}

static void
a_version_comes_back_as_it_was(void)
{
    struct catalog_version got, given = { .path = "/a", .seq = 5, .kind = 1, .size = 1 << 30 };

    begin_catalog();
    check(!catalog_version_get(catalog, "/a", &got));
    check(catalog_version_put(catalog, &given, &catalog_report) == DONE);
    check(catalog_version_get(catalog, "/a", &got));
    check(got.hash[0] == 0 && got.size == 1 << 30);
    memset(given.hash, 0xab, sizeof given.hash);
    given.seq = 6;
    check(catalog_version_put(catalog, &given, &catalog_report) == DONE);
    check(catalog_version_get(catalog, "/a", &got));
    check(got.seq == 6 && got.kind == 1 && memcmp(got.hash, given.hash, 16) == 0);
    end_catalog();
}

static void
put_version(const char *path, uint64_t seq)
{
    const struct catalog_version version = { .path = path, .seq = seq, .size = seq };

    check(catalog_version_put(catalog, &version, &catalog_report) == DONE);
}

/* Also where names are no text, and something is left over at the new name. */
static void
versions_move_with_a_directory(void)
{
    static const struct {
        const char *path;
        uint64_t seq;
    } rows[] = {
        { "/a", 1 },
        { "/a-", 2 },
        { "/a/b", 0 },
        { "/a0", 3 },
        { "/to/\xff\xfe", 9 },
        { "/to/b", 9 },
        { "/to/b/c", 9 },
        { "/to/other", 4 },
    };
    struct catalog_version got;

    begin_catalog();
    put_version("/a", 1);
    put_version("/a-", 2);
    put_version("/a0", 3);
    put_version("/to/other", 4);
    put_version("/to/b", 5);
    put_version("/a/b", 6);
    put_version("/a/b/c", 7);
    put_version("/a/\xff\xfe", 8);
    catalog_version_move(catalog, "/a", "/to", 9);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(catalog_version_get(catalog, rows[i].path, &got) == (rows[i].seq > 0));
        check(rows[i].seq == 0 || got.seq == rows[i].seq);
    }
    check(catalog_version_get(catalog, "/to/b", &got) && got.size == 6);
    end_catalog();
}

static void
a_subtree_is_neither_more_nor_less(void)
{
    static const char *const paths[] = { "/", "/a", "/a!", "/a-b", "/a/b", "/a/b/c", "/a/c", "/a0",
        "/ab", "/b" };

    begin_catalog();
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct catalog_version version = { .path = paths[i], .seq = i };

        put_lag(1, paths[i], i + 1, 1);
        put_lag(2, paths[i], i + 1, 1);
        check(catalog_version_put(catalog, &version, &catalog_report) == DONE);
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
    end_catalog();
}

static void
rows_of_one_seq_are_paged_by_path(void)
{
    begin_catalog();
    put_lag(1, "/new", 5, 1); /* a rename is lacked in two places */
    put_lag(1, "/old", 5, 1);
    put_lag(1, "/x", 4, 1);
    put_lag(1, "/y", 9, 1);
    put_lag(2, "/z", 1, 1);
    check(by_seq(0, "", 1, "/x "));
    check(by_seq(0, "", 2, "/x /new "));
    check(by_seq(4, "/x", 1, "/new "));
    check(by_seq(5, "/new", 1, "/old "));
    check(by_seq(5, "/old", 10, "/y "));
    check(by_seq(9, "/y", 10, ""));
    end_catalog();
}

static void
any_bytes_make_a_path(void)
{
    char path[256 + 2] = "/", longest[PATH_BYTES_MAX + 1] = "";

    for (int i = 1; i < 256; i++)
        path[i] = (char) (i == '/' ? 'x' : i);
    for (int i = 0; i < PATH_BYTES_MAX; i++)
        longest[i] = i % 200 ? 'p' : '/';
    begin_catalog();
    put_lag(1, path, 1, 10);
    put_lag(1, longest, 2, 20);
    put_lag(1, "/it's; DROP TABLE lag --", 3, 30);
    check(catalog_checkpoint(catalog, 3, &catalog_report) == DONE);
    reopen_catalog();
    check(lacks(1, path) && lacks(1, longest) && lacks(1, "/it's; DROP TABLE lag --"));
    longest[3999] = 'q';
    check(!lacks(1, longest));
    longest[3999] = 'p';
    gathered[0] = '\0';
    check(catalog_lag_by_path(catalog, 1, longest, "", 9, gather_lag, NULL) == 1);
    check(strlen(gathered) == PATH_BYTES_MAX + 1);
    end_catalog();
}

static void
the_sums_follow_every_change(void)
{
    begin_catalog();
    check(sums_to(1, 0, 0));
    put_lag(1, "/a", 1, 100);
    put_lag(1, "/b", 2, 10);
    put_lag(2, "/a", 1, 5);
    check(sums_to(1, 2, 110) && sums_to(2, 1, 5));
    put_lag(1, "/a", 3, 1);
    check(sums_to(1, 2, 11));
    catalog_lag_delete(catalog, 1, "/b");
    catalog_lag_delete(catalog, 1, "/b");
    check(sums_to(1, 1, 1));
    check(catalog_checkpoint(catalog, 3, &catalog_report) == DONE);
    reopen_catalog();
    check(sums_to(1, 1, 1) && sums_to(2, 1, 5) && sums_to(3, 0, 0));
    end_catalog();
}

/* ---- backups -------------------------------------------------------------------- */

static void
a_backup_keeps_its_id_and_no_other_ever_gets_it(void)
{
    struct catalog_backup az2 = { .name = "az2", .place_id = "p-1" }, other = { .name = "other" };
    struct catalog_backup again = { .name = "az2", .place_id = "p-2" }, found;

    begin_catalog();
    check(catalog_backup_add(catalog, &az2, &catalog_report) == DONE);
    check(catalog_backup_add(catalog, &other, &catalog_report) == DONE);
    check(az2.id == 1 && other.id == 2);
    check(catalog_backup_add(catalog, &again, &catalog_report) == REFUSED);
    check(catalog_report.cause == CAUSE_ALREADY_EXISTS && strstr(catalog_report.text, "az2"));
    reopen_catalog(); /* no checkpoint was needed */
    check(catalog_backup_by_place(catalog, "p-1", &found) && found.id == az2.id);
    check(!catalog_backup_by_place(catalog, "", &found));

    az2.retired = true;
    check(catalog_backup_update(catalog, &az2, &catalog_report) == DONE);
    check(catalog_backup_find(catalog, "az2", &found) && found.retired);
    check(catalog_backup_add(catalog, &again, &catalog_report) == DONE);
    check(again.id == 3);
    reopen_catalog();
    check(catalog_backup_find(catalog, "az2", &found) && found.id == 3 && !found.retired);
    check(strcmp(found.place_id, "p-2") == 0);
    end_catalog();
}

static void
a_backup_may_take_a_free_name_only(void)
{
    struct catalog_backup one = { .name = "one" }, two = { .name = "two" }, none = { .id = 99 };

    begin_catalog();
    check(catalog_backup_add(catalog, &one, &catalog_report) == DONE);
    check(catalog_backup_add(catalog, &two, &catalog_report) == DONE);
    strcpy(two.name, "one");
    check(catalog_backup_update(catalog, &two, &catalog_report) == REFUSED);
    check(catalog_report.cause == CAUSE_ALREADY_EXISTS);
    strcpy(two.name, "three");
    check(catalog_backup_update(catalog, &two, &catalog_report) == DONE);
    check(catalog_backup_find(catalog, "three", &two) && two.id == 2);
    check(!catalog_backup_find(catalog, "two", &two));
    check(catalog_backup_update(catalog, &none, &catalog_report) == REFUSED);
    check(catalog_report.cause == CAUSE_NOT_FOUND);
    end_catalog();
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

    begin_catalog();
    check(catalog_backup_add(catalog, &one, &catalog_report) == DONE);
    check(catalog_backup_add(catalog, &two, &catalog_report) == DONE);
    catalog_backups(catalog, count_backup, &ids);
    check(ids == 3);
    end_catalog();
}

static void
a_hundred_thousand_rows_are_put_quickly(void)
{
    enum { ROWS = 100000 };
    uint64_t start, put_ns, again_ns, opened_ns;
    char path[64];

    begin_catalog();
    start = clock_ns();
    for (unsigned i = 0; i < ROWS; i++) {
        snprintf(path, sizeof path, "/default/resources/%08x.txt", i * 2654435761u);
        put_lag(1, path, i + 1, 1024);
    }
    put_ns = (clock_ns() - start) / ROWS;
    check(catalog_checkpoint(catalog, ROWS, &catalog_report) == DONE);
    start = clock_ns();
    for (unsigned i = 0; i < ROWS; i++) {
        snprintf(path, sizeof path, "/default/resources/%08x.txt", i * 2654435761u);
        put_lag(1, path, ROWS + i + 1, 1024);
    }
    again_ns = (clock_ns() - start) / ROWS;
    check(catalog_checkpoint(catalog, ROWS, &catalog_report) == DONE);
    start = clock_ns();
    reopen_catalog();
    opened_ns = clock_ns() - start;
    check(sums_to(1, ROWS, ROWS * 1024));
    printf("# lag_put %" PRIu64 " ns, again %" PRIu64 " ns, close and open %" PRIu64 " us\n",
        put_ns, again_ns, opened_ns / 1000);
    check(put_ns < 200000); /* an fsync in each would be far beyond */
    end_catalog();
}

static const struct test tests[] = {
    { "a lag comes back as it was", a_lag_comes_back_as_it_was },
    { "a version comes back as it was", a_version_comes_back_as_it_was },
    { "versions move with a directory", versions_move_with_a_directory },
    { "a subtree is neither more nor less", a_subtree_is_neither_more_nor_less },
    { "rows of one seq are paged by path", rows_of_one_seq_are_paged_by_path },
    { "any bytes make a path", any_bytes_make_a_path },
    { "the sums follow every change", the_sums_follow_every_change },
    { "a backup keeps its id and no other ever gets it",
        a_backup_keeps_its_id_and_no_other_ever_gets_it },
    { "a backup may take a free name only", a_backup_may_take_a_free_name_only },
    { "all backups are told", all_backups_are_told },
    { "a hundred thousand rows are put quickly", a_hundred_thousand_rows_are_put_quickly },
};

TEST_MAIN(tests)

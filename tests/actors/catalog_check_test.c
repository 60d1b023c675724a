/* Looking at a catalog without opening it: what it knows is told, and no byte changes. */

#include "base/memory.h"
#include "tests/actors/support/catalog_place.h"
#include "tests/check.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KNOWN_MAX = 8 };

static struct catalog_backup known[KNOWN_MAX];
static size_t known_count;
static bool is_there;

static void
know(void *context, const struct catalog_backup *backup)
{
    (void) context;
    check(known_count < KNOWN_MAX);
    known[known_count++] = *backup;
}

static enum outcome
look(void)
{
    known_count = 0;
    return catalog_check(catalog_directory, &is_there, know, NULL, &catalog_report);
}

static void
add_backups(void)
{
    struct catalog_backup one = { .name = "one", .place_id = "id-1" };
    struct catalog_backup two = { .name = "two", .place_id = "id-2", .retired = true };

    check(catalog_backup_add(catalog, &one, &catalog_report) == DONE);
    check(catalog_backup_add(catalog, &two, &catalog_report) == DONE);
}

static bool
knows_both(void)
{
    return is_there && known_count == 2 && strcmp(known[0].name, "one") == 0 &&
        strcmp(known[0].place_id, "id-1") == 0 && !known[0].retired && known[1].retired;
}

static char *
companion(void)
{
    return memory_print("%s-wal", catalog_file);
}

static char *
read_file(const char *path, ssize_t *length)
{
    char *bytes = memory_new(1 << 20);
    int fd = open(path, O_RDONLY);

    *length = fd < 0 ? -1 : read(fd, bytes, 1 << 20);
    if (fd >= 0)
        close(fd);
    return bytes;
}

/* `look` leaves the file at `path` as it is, also where there is none. */
static void
check_unchanged(const char *path)
{
    ssize_t before, after;
    char *first = read_file(path, &before), *second;

    check(look() == DONE);
    second = read_file(path, &after);
    check(before == after && (before < 0 || memcmp(first, second, (size_t) before) == 0));
    free(first);
    free(second);
}

static void
nothing_is_there_before_the_first_start(void)
{
    begin_catalog();
    catalog_close(&catalog);
    check(unlink(catalog_file) == 0);
    check(look() == DONE && !is_there && known_count == 0);
    check(access(catalog_file, F_OK) != 0);
    end_catalog();
}

static void
after_a_clean_stop_nothing_changes(void)
{
    char *wal;

    begin_catalog();
    wal = companion();
    add_backups();
    catalog_close(&catalog);
    check(look() == DONE && knows_both());
    check_unchanged(catalog_file);
    check_unchanged(wal);
    free(wal);
    end_catalog();
}

static void
after_a_crash_nothing_changes(void)
{
    char *wal;
    int status;
    pid_t child;

    begin_catalog();
    wal = companion();
    catalog_close(&catalog);
    child = fork();
    if (child == 0) {
        check(catalog_open(&catalog, catalog_directory, &catalog_report) == DONE);
        add_backups();
        _exit(0);
    }
    check(waitpid(child, &status, 0) == child && status == 0);
    check(access(wal, F_OK) == 0);
    check(look() == DONE && knows_both());
    check_unchanged(catalog_file);
    check_unchanged(wal);
    check(catalog_open(&catalog, catalog_directory, &catalog_report) == DONE);
    check(catalog_backup_find(catalog, "one", &known[0]));
    free(wal);
    end_catalog();
}

static void
damage_is_told(void)
{
    int fd;

    begin_catalog();
    add_backups();
    catalog_close(&catalog);
    fd = open(catalog_file, O_WRONLY);
    check(fd >= 0 && pwrite(fd, "this is no database", 19, 0) == 19);
    close(fd);
    check(look() == REFUSED && catalog_report.cause == CAUSE_DAMAGED);
    end_catalog();
}

static const struct test tests[] = {
    { "nothing is there before the first start", nothing_is_there_before_the_first_start },
    { "after a clean stop nothing changes", after_a_clean_stop_nothing_changes },
    { "after a crash nothing changes", after_a_crash_nothing_changes },
    { "damage is told", damage_is_told },
};

TEST_MAIN(tests)

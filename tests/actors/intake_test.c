/* The log of a backup's place: what a crash leaves in it, and what opening makes of that. */

#include "actors/intake.h"

#include "base/fault.h"
#include "tests/check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char place[64];
static const struct backend_kind *kind;
static struct backend *backend;
static struct backend_args args;
static struct intake *intake;
static struct report report;

/* ---- a place with a log --------------------------------------------------------------- */

static void
open_place(void)
{
    check(kind->open(&backend, &args, &report) == DONE);
    intake = intake_new(kind, backend, &args);
    check(intake);
}

static void
set_up(void)
{
    strcpy(place, "/tmp/knarr-intake-XXXXXX");
    check(mkdtemp(place));
    kind = backend_kind_find("local");
    args = (struct backend_args){ .name = "b1", .place = place };
    open_place();
}

static void
close_place(void)
{
    intake_free(&intake);
    kind->close(&backend);
}

/* Another process opens it. */
static enum outcome
reopen(void)
{
    close_place();
    open_place();
    return intake_redo(kind, backend, &args, &report);
}

static void
tear_down(void)
{
    char command[80];

    fault_plan(NULL);
    close_place();
    snprintf(command, sizeof command, "rm -rf '%s'", place);
    check(system(command) == 0);
}

static void
add(unsigned what, const char *path, const char *content)
{
    const struct message_apply apply = {
        .kind = what,
        .path = view_of(path),
        .size = strlen(content),
        .mode = what == MKDIR ? 0755 : 0644,
        .inlined = true,
    };

    check(intake_add(intake, &apply, view_of(content), &report) == DONE);
}

static void
log_put(const char *path, const char *content)
{
    add(PUT, path, content);
    check(intake_commit(intake, &report) == DONE);
}

static const char *
full(const char *path)
{
    static char whole[160];

    snprintf(whole, sizeof whole, "%s%s", place, path);
    return whole;
}

static bool
holds(const char *path, const char *text)
{
    char bytes[64] = "";
    FILE *file = fopen(full(path), "r");
    size_t got;

    if (!file)
        return false;
    got = fread(bytes, 1, sizeof bytes - 1, file);
    fclose(file);
    return got == strlen(text) && strcmp(bytes, text) == 0;
}

static bool
stands(const char *path)
{
    return access(full(path), F_OK) == 0;
}

/* In the log's first segment: where these bytes are. */
static off_t
logged_at(int fd, const char *bytes)
{
    static char segment[64 << 10];
    const ssize_t got = pread(fd, segment, sizeof segment, 0);
    const char *at = got > 0 ? memmem(segment, (size_t) got, bytes, strlen(bytes)) : NULL;

    check(at);
    return at - segment;
}

static void
spoil(const char *bytes)
{
    const int fd = open(full("/.knarr-intake/0000000000000001.wal"), O_RDWR);

    check(fd >= 0 && pwrite(fd, "#", 1, logged_at(fd, bytes)) == 1 && close(fd) == 0);
}

/* ---- the sentences --------------------------------------------------------------------- */

static void
the_last_of_each_path_is_redone(void)
{
    set_up();
    add(MKDIR, "/d", "");
    add(PUT, "/d/f", "first");
    add(PUT, "/gone", "gone");
    check(intake_commit(intake, &report) == DONE);
    add(REMOVE, "/gone", "");
    log_put("/d/f", "second");
    check(!stands("/d") && !intake_is_empty(intake));
    check(reopen() == DONE);
    check(holds("/d/f", "second") && !stands("/gone"));
    check(!stands("/.knarr-intake"));
    tear_down();
}

/* Who looks meanwhile sees the newer one, or nothing yet. */
static void
no_older_version_is_redone(void)
{
    set_up();
    log_put("/f", "older");
    log_put("/f", "newer");
    fault_plan("call=rename path=/f");
    check(reopen() == DONE && holds("/f", "newer"));
    check(fault_count("matched") == 1);
    tear_down();
}

static void
what_was_flushed_is_not_redone(void)
{
    set_up();
    log_put("/f", "flushed");
    check(intake_flushed(intake, &report) == DONE && intake_is_empty(intake));
    log_put("/g", "not flushed");
    check(reopen() == DONE && !stands("/f") && holds("/g", "not flushed"));
    tear_down();
}

static void
an_empty_log_goes_with_its_user(void)
{
    set_up();
    log_put("/f", "x");
    check(intake_flushed(intake, &report) == DONE && stands("/.knarr-intake"));
    intake_free(&intake);
    check(!stands("/.knarr-intake"));
    tear_down();
}

static void
a_removed_directory_may_have_been_filled(void)
{
    set_up();
    add(REMOVE, "/d", "");
    add(MKDIR, "/d", "");
    add(REMOVE, "/e", "");
    check(intake_commit(intake, &report) == DONE);
    check(mkdir(full("/d"), 0755) == 0 && mkdir(full("/e"), 0755) == 0);
    check(mkdir(full("/e/below"), 0755) == 0);
    check(reopen() == DONE && stands("/d") && stands("/e/below"));
    tear_down();
}

/* Killed: not even the end of the log is marked. */
static void
die_having_logged(const char *path, const char *content, const char *next, const char *last)
{
    const pid_t child = fork();
    int status;

    if (child == 0) {
        log_put(path, content);
        log_put(next, last);
        _exit(0);
    }
    check(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

static void
a_torn_tail_is_cut(void)
{
    set_up();
    die_having_logged("/whole", "the whole one", "/torn", "the torn one");
    spoil("the torn one");
    check(reopen() == DONE && holds("/whole", "the whole one") && !stands("/torn"));
    tear_down();
}

static void
a_damaged_log_keeps_the_place_closed(void)
{
    set_up();
    log_put("/f", "the first");
    log_put("/g", "the second");
    spoil("the first");
    check(reopen() == RETRY && report.cause == CAUSE_DAMAGED);
    check(strstr(report.text, "b1: ") && strstr(report.text, place));
    check(strstr(report.text, "0000000000000001.wal is damaged at byte "));
    check(!stands("/f") && !stands("/g") && stands("/.knarr-intake"));
    tear_down();
}

static void
what_a_newer_program_logged_is_left_to_it(void)
{
    set_up();
    log_put("/f", "x");
    add(RENAME, "/f", "");
    check(intake_commit(intake, &report) == DONE);
    check(reopen() == RETRY && report.cause == CAUSE_UNSUPPORTED);
    check(!stands("/f") && stands("/.knarr-intake"));
    tear_down();
}

static void
what_cannot_be_redone_now_stays(void)
{
    set_up();
    log_put("/f", "x");
    fault_plan("call=create path=/.knarr~ do=ENOSPC");
    check(reopen() == RETRY && report.cause == CAUSE_NO_SPACE);
    fault_plan("call=syncfs do=EIO");
    check(reopen() == RETRY && report.cause == CAUSE_IO);
    fault_plan("call=rename path=/.knarr~ do=EIO");
    check(reopen() == RETRY && stands("/.knarr-intake"));
    fault_plan(NULL);
    check(unlink(full("/f")) == 0);
    check(reopen() == DONE && holds("/f", "x"));
    tear_down();
}

static void
only_one_uses_it(void)
{
    set_up();
    log_put("/f", "x");
    check(intake_redo(kind, backend, &args, &report) == RETRY);
    check(strstr(report.text, "another process"));
    tear_down();
}

static void
a_log_that_refuses_is_removed(void)
{
    set_up();
    log_put("/f", "x");
    check(intake_has_room(intake));
    fault_plan("call=datasync path=/.knarr-intake do=EIO");
    add(PUT, "/g", "y");
    check(intake_commit(intake, &report) == RETRY && !intake_has_room(intake));
    check(intake_due_ms(intake) == 0);
    fault_plan("call=rename path=/.knarr~ do=EIO");
    check(intake_flushed(intake, &report) == RETRY && stands("/.knarr-intake"));
    fault_plan(NULL);
    check(intake_flushed(intake, &report) == DONE && !stands("/.knarr-intake"));
    check(intake_is_empty(intake) && !intake_has_room(intake));
    tear_down();
}

static void
a_log_that_cannot_be_made_is_none(void)
{
    const struct message_apply apply = { .kind = REMOVE, .path = view_of("/f") };

    set_up();
    fault_plan("call=mkdir path=/.knarr-intake do=ENOSPC");
    check(intake_add(intake, &apply, view_of(""), &report) == RETRY);
    check(intake_is_empty(intake) && !intake_has_room(intake));
    check(intake_flushed(intake, &report) == DONE);
    tear_down();
}

static void
a_full_log_is_due(void)
{
    static char large[64 << 10];
    int count = 0;

    set_up();
    memset(large, 'x', sizeof large - 1);
    while (intake_has_room(intake)) {
        log_put("/f", large);
        check(++count < 1000);
    }
    check(count > 32 && intake_due_ms(intake) == 0);
    check(intake_flushed(intake, &report) == DONE && intake_has_room(intake));
    check(intake_due_ms(intake) == UINT64_MAX);
    tear_down();
}

static void
places_without_a_directory_have_none(void)
{
    const struct backend_args careless = { .name = "c", .place = place, .is_careless = true };

    set_up();
    check(!intake_new(kind, backend, &careless));
    check(!intake_new(backend_kind_find("null"), NULL, &args));
    check(intake_redo(backend_kind_find("memory"), NULL, &args, &report) == DONE);
    tear_down();
}

static const struct test tests[] = {
    { "what was committed is done again, of each path the last", the_last_of_each_path_is_redone },
    { "an older version is never put in the place of a newer one", no_older_version_is_redone },
    { "what was flushed is not done again", what_was_flushed_is_not_redone },
    { "an empty log goes with its user", an_empty_log_goes_with_its_user },
    { "a directory that was removed may have been filled since",
        a_removed_directory_may_have_been_filled },
    { "a torn tail is cut", a_torn_tail_is_cut },
    { "a damaged log keeps the place closed, and says where",
        a_damaged_log_keeps_the_place_closed },
    { "what a newer program logged is left to it", what_a_newer_program_logged_is_left_to_it },
    { "what cannot be done again now stays in the log", what_cannot_be_redone_now_stays },
    { "only one process uses a log", only_one_uses_it },
    { "a log that refuses is removed after the next flush", a_log_that_refuses_is_removed },
    { "a log that cannot be made is none", a_log_that_cannot_be_made_is_none },
    { "a full log is to be flushed", a_full_log_is_due },
    { "places without a directory have no log", places_without_a_directory_have_none },
};

TEST_MAIN(tests)

/*
 * The machine, the workspace, and what the server keeps in it.
 */

#include "cli/knarrd/doctor_checks.h"

#include "base/clock.h"
#include "base/disk.h"
#include "base/memory.h"
#include "base/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static const uint64_t first_second = 1704067200; /* of 2024: no clock is right before it */
static const uint64_t least_free_bytes = 1000000000;

enum {
    OWN_FILES = 128,  /* journal, catalog, sockets */
    STORE_FILES = 64, /* of one backend: directories kept open, changes under way */
    LEAST_PERCENT = 5,
};

static void
look_at_clock(struct patient *self)
{
    const uint64_t seconds = clock_wall_ns() / 1000000000;

    if (seconds < first_second)
        check_warn(self->checks, "Clock",
            "set the time (timedatectl, chrony); nothing is ordered by it, but file times and "
            "the lag after a restart are told by it",
            "it says that 2024 has not begun yet");
    else
        check_pass(self->checks, "Clock", "plausible");
}

static void
look_at_file_limit(struct patient *self)
{
    const uint64_t needed = OWN_FILES + STORE_FILES * (1 + (uint64_t) self->conf->backup_count);
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_cur < needed)
        check_warn(self->checks, "Open files",
            "raise the limit: LimitNOFILE= in the unit, or ulimit -n",
            "%ju are allowed, and %zu backups may need %" PRIu64, (uintmax_t) limit.rlim_cur,
            self->conf->backup_count, needed);
    else
        check_pass(self->checks, "Open files",
            "%ju are allowed, at most %" PRIu64 " needed beside the clients",
            (uintmax_t) limit.rlim_cur, needed);
}

void
look_at_system(struct patient *self)
{
    look_at_clock(self);
    look_at_file_limit(self);
}

/* ---- the workspace ---------------------------------------------------------------- */

static void
build_workspace(struct patient *self)
{
    struct scaffold scaffold;
    struct report report;

    if (scaffold_build(&scaffold, self->directory, &report) == DONE)
        check_pass(self->checks, "Workspace", "%s can be made; it is not there yet",
            self->conf->workspace);
    else
        check_fail(self->checks, "Workspace", fix_of(report.cause), "%s", report.text);
    scaffold_remove(&scaffold);
}

/* Take the lock, or find whose it is; false after a complaint. */
static bool
take_lock(struct patient *self, char holder[32])
{
    char *path = memory_print("%s/lock", self->directory);
    struct report report;
    ssize_t got;

    self->lock = disk->openat(AT_FDCWD, path, O_RDWR, 0);
    if (self->lock < 0 && errno != ENOENT) {
        report_errno(&report, errno, "cannot open %.200s", path);
        check_fail(self->checks, "Workspace", fix_of(report.cause), "%s", report.text);
        free(path);
        return false;
    }
    free(path);
    if (self->lock < 0 || disk->lock(self->lock) == 0)
        return true;
    self->is_running = true;
    got = disk->pread(self->lock, holder, 31, 0);
    holder[got > 0 ? got : 0] = '\0';
    return true;
}

static void
look_inside(struct patient *self, const struct stat *found)
{
    char holder[32] = "";
    char *fix;

    if (!take_lock(self, holder))
        return;
    if (self->is_running)
        check_pass(self->checks, "Workspace", "%s: a server is running (pid %s)",
            self->conf->workspace, holder);
    else if ((found->st_mode & 077) == 0)
        check_pass(self->checks, "Workspace", "%s, and no server is running",
            self->conf->workspace);
    if ((found->st_mode & 077) == 0)
        return;
    fix = memory_print("chmod 700 '%s'", self->directory);
    check_warn(self->checks, "Workspace", fix, "%s has mode %04o: others may look into it",
        self->directory, (unsigned) found->st_mode & 07777);
    free(fix);
}

void
look_at_workspace(struct patient *self)
{
    struct stat found;

    if (disk->statat(AT_FDCWD, self->directory, &found) != 0)
        build_workspace(self);
    else if (!S_ISDIR(found.st_mode))
        check_fail(self->checks, "Workspace", "move it away, or configure another workspace",
            "%s is no directory", self->directory);
    else
        look_inside(self, &found);
}

void
release_workspace(struct patient *self)
{
    if (self->lock >= 0)
        disk->close(self->lock);
    self->lock = -1;
}

/* ---- journal, catalog ---------------------------------------------------------------- */

static void
tell_journal(struct patient *self, const struct wal_found *found)
{
    if (found->torn_bytes > 0)
        check_warn(self->checks, "Journal",
            "start the server: it cuts them off. A write that was answered as done is in front of "
            "them",
            "%" PRIu64 " records; the last stop was a crash, and %" PRIu64
            " bytes at the end are of a write that was not finished",
            found->records, found->torn_bytes);
    else
        check_pass(self->checks, "Journal", "%" PRIu64 " records, the last one number %" PRIu64,
            found->records, found->last_seq);
}

void
look_at_journal(struct patient *self)
{
    char *path = memory_print("%s/journal", self->directory);
    int directory = disk->openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    struct wal_found found;
    struct report report;

    if (self->is_running) {
        check_pass(self->checks, "Journal", "in use by the server, which read it when it started");
    } else if (directory < 0 && errno == ENOENT) {
        check_pass(self->checks, "Journal", "none yet");
    } else if (directory < 0) {
        report_errno(&report, errno, "cannot open %.200s", path);
        check_fail(self->checks, "Journal", fix_of(report.cause), "%s", report.text);
    } else if (wal_check(directory, &found, &report) == DONE) {
        tell_journal(self, &found);
    } else {
        check_fail(self->checks, "Journal",
            report.cause == CAUSE_DAMAGED ? "see 'Recovery' in docs/OPERATIONS.md first"
                                          : fix_of(report.cause),
            "%s", report.text);
    }
    if (directory >= 0)
        disk->close(directory);
    free(path);
}

static void
know(void *context, const struct catalog_backup *backup)
{
    struct patient *self = context;

    self->known = memory_resize(self->known, (self->known_count + 1) * sizeof *self->known);
    self->known[self->known_count++] = *backup;
}

void
look_at_catalog(struct patient *self)
{
    struct report report;
    enum outcome outcome;
    char *fix;

    if (self->is_running) {
        check_pass(self->checks, "Catalog", "in use by the server");
        return;
    }
    outcome = catalog_check(self->directory, &self->has_catalog, know, self, &report);
    if (outcome == DONE && self->has_catalog) {
        check_pass(self->checks, "Catalog", "whole; backups that it knows: %zu", self->known_count);
    } else if (outcome == DONE) {
        check_pass(self->checks, "Catalog", "none yet");
    } else {
        self->has_catalog = false;
        fix = memory_print("set it aside: mv '%s/catalog.db' '%s/catalog.db.damaged', the same "
                           "with catalog.db-wal; the next start makes a new one, and compares "
                           "every backup with the primary",
            self->directory, self->directory);
        check_fail(self->checks, "Catalog",
            report.cause == CAUSE_DAMAGED ? fix : fix_of(report.cause), "%s", report.text);
        free(fix);
    }
}

/* ---- the disk -------------------------------------------------------------------------- */

/* The workspace, or the nearest directory above it that is there. */
static int
open_nearest(const char *path)
{
    char *copy = memory_copy(path, strlen(path));
    int directory;

    while ((directory = disk->openat(AT_FDCWD, copy, O_RDONLY | O_DIRECTORY, 0)) < 0) {
        char *slash = strrchr(copy, '/');

        if (!slash || slash == copy)
            break;
        *slash = '\0';
    }
    free(copy);
    return directory;
}

void
look_at_disk(struct patient *self)
{
    static const char fix[] = "free some space, or put the workspace on a larger disk: without "
                              "space for the journal every write is refused";
    int directory = open_nearest(self->conf->workspace);
    struct statvfs found;
    uint64_t free_bytes, percent;

    if (directory < 0 || disk->space(directory, &found) != 0) {
        check_warn(self->checks, "Disk", fix_of(CAUSE_IO), "its space cannot be told: %s",
            strerror(errno));
    } else {
        free_bytes = (uint64_t) found.f_bavail * found.f_frsize;
        percent = found.f_blocks ? found.f_bavail * 100 / found.f_blocks : 100;
        if (free_bytes < least_free_bytes)
            check_fail(self->checks, "Disk", fix, "%.2f GB free", (double) free_bytes / 1e9);
        else if (percent < LEAST_PERCENT)
            check_warn(self->checks, "Disk", fix, "%.1f GB free, %" PRIu64 " %%",
                (double) free_bytes / 1e9, percent);
        else
            check_pass(self->checks, "Disk", "%.1f GB free", (double) free_bytes / 1e9);
    }
    if (directory >= 0)
        disk->close(directory);
}

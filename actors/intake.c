#include "actors/intake_internal.h"

#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/wal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

enum {
    SEGMENT_BYTES = 4 << 20, /* so much is logged between two flushes; on disk up to four */
    FIRST_EPOCH = 1,         /* a log is never opened twice to be written to */
    HEADER_ROOM = 2 * PATH_BYTES_MAX,
    IDLE_MS = 200,   /* flushed when nothing came for so long */
    LATE_MS = 5000,  /* or whatever comes */
    AGAIN_MS = 60000 /* after a failure */
};

struct intake {
    char *name;    /* of the backup, for sentences */
    int root;      /* the backend's */
    int directory; /* -1: not made yet */
    struct wal *wal;
    uint64_t seq;
    uint64_t first_segment;
    uint64_t records; /* since it was empty */
    uint64_t first_ms, last_ms;
    uint64_t off_until_ms;
    bool hurries;
};

struct intake *
intake_new(const struct backend_kind *kind, struct backend *backend,
    const struct backend_args *args)
{
    const int root = kind->directory ? kind->directory(backend) : -1;
    struct intake *intake;

    if (root < 0 || args->is_careless || !(kind->traits & ENDS_AT_ONCE))
        return NULL;
    intake = memory_new(sizeof *intake);
    intake->name = memory_copy(args->name, strlen(args->name));
    intake->root = root;
    intake->directory = -1;
    return intake;
}

/* ---- its files ------------------------------------------------------------------------ */

int
intake_directory(int root)
{
    return disk->openat(root, INTAKE_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

enum outcome
intake_remove(int root, int directory, const char *name, struct report *report)
{
    char aside[sizeof BACKEND_TEMPORARY + 16];
    void *stream = NULL;
    const char *file;
    unsigned char type;

    snprintf(aside, sizeof aside, BACKEND_TEMPORARY "%016" PRIx64, clock_wall_ns());
    if (disk->renameat(root, INTAKE_NAME, root, aside) != 0 || disk->sync(root) != 0)
        return report_errno(report, errno, "%s: cannot remove the log %s", name, INTAKE_NAME);
    while (disk->list(directory, &stream, &file, &type) > 0)
        disk->unlinkat(directory, file, 0);
    disk->list_end(&stream);
    disk->unlinkat(root, aside, AT_REMOVEDIR);
    return DONE;
}

static void
close_files(struct intake *intake)
{
    wal_close(&intake->wal);
    if (intake->directory >= 0)
        disk->close(intake->directory); /* and unlocked */
    intake->directory = -1;
    intake->records = 0;
    intake->hurries = false;
}

static enum outcome
remove_files(struct intake *intake, struct report *report)
{
    const enum outcome outcome =
        intake_remove(intake->root, intake->directory, intake->name, report);

    if (outcome == DONE)
        close_files(intake);
    return outcome;
}

void
intake_free(struct intake **freed)
{
    struct intake *intake = *freed;
    struct report report;

    if (!intake)
        return;
    if (intake->wal && intake->records == 0 && remove_files(intake, &report) != DONE)
        LOG(WARN, "intake_left", "reason=%s", log_quote(report.text));
    close_files(intake);
    free(intake->name);
    free(intake);
    *freed = NULL;
}

/* It would have been redone when the place was opened: somebody else works here. */
static enum outcome
refuse(void *context, const struct wal_record *record, struct report *report)
{
    (void) context;
    (void) record;
    return report_set(report, REFUSED, CAUSE_CONFLICT, "somebody else has logged something there");
}

static enum outcome
open_log(struct intake *intake, struct report *report)
{
    struct wal_args args = { .segment_bytes = SEGMENT_BYTES, .epoch = FIRST_EPOCH };
    struct wal_found found;

    if (disk->mkdirat(intake->root, INTAKE_NAME, S_IRWXU) != 0 && errno != EEXIST)
        return report_errno(report, errno, "%s: cannot make the log %s", intake->name, INTAKE_NAME);
    intake->directory = intake_directory(intake->root);
    if (intake->directory < 0 || disk->lock(intake->directory) != 0 ||
        disk->sync(intake->root) != 0)
        return report_errno(report, errno, "%s: cannot open the log %s", intake->name, INTAKE_NAME);
    args.directory = intake->directory;
    return wal_open(&intake->wal, &args, refuse, NULL, &found, report);
}

/* Without the log, every group is flushed; that is slower, and no failure. */
static enum outcome
give_up(struct intake *intake, const struct report *report)
{
    LOG(WARN, "intake_off", "backup=%s reason=%s", log_quote(intake->name),
        log_quote(report->text));
    intake->off_until_ms = clock_ms() + AGAIN_MS;
    return RETRY;
}

static enum outcome
make_log(struct intake *intake, struct report *report)
{
    if (intake->wal)
        return DONE;
    if (open_log(intake, report) != DONE) {
        close_files(intake);
        return give_up(intake, report);
    }
    intake->seq = 0;
    intake->first_segment = wal_segment(intake->wal);
    return DONE;
}

/* ---- its records ---------------------------------------------------------------------- */

enum outcome
intake_add(struct intake *intake, const struct message_apply *apply, struct view content,
    struct report *report)
{
    char header[HEADER_ROOM];
    const struct message message = { .tag = APPLY, .apply = *apply };
    const size_t length = message_pack(&message, header, sizeof header);
    enum outcome outcome = make_log(intake, report);

    if (outcome != DONE)
        return outcome;
    outcome = wal_append(intake->wal, INTAKE_CHANGE, ++intake->seq, (struct view){ header, length },
        content, report);
    assert(length > 0 && outcome == DONE); /* all that is small fits */
    return DONE;
}

enum outcome
intake_commit(struct intake *intake, struct report *report)
{
    const uint64_t now = clock_ms();

    if (intake->records++ == 0)
        intake->first_ms = now; /* whatever becomes of it: it may be there after a crash */
    intake->last_ms = now;
    if (wal_commit(intake->wal, report) == DONE)
        return DONE;
    return give_up(intake, report);
}

/* The segments before this one say nothing any more; if they stay, they take room. */
static void
release(struct intake *intake)
{
    struct report report;

    if (wal_release(intake->wal, wal_segment(intake->wal), &report) != DONE)
        LOG(WARN, "intake_not_released", "backup=%s reason=%s", log_quote(intake->name),
            log_quote(report.text));
    intake->first_segment = wal_segment(intake->wal);
    intake->records = 0;
    intake->hurries = false;
}

enum outcome
intake_flushed(struct intake *intake, struct report *report)
{
    if (intake->records == 0)
        return DONE;
    if (clock_ms() < intake->off_until_ms)
        return remove_files(intake, report);
    if (wal_append(intake->wal, INTAKE_FLUSHED, ++intake->seq, view_of(""), view_of(""), report) !=
            DONE ||
        wal_commit(intake->wal, report) != DONE) {
        give_up(intake, report);
        return remove_files(intake, report);
    }
    release(intake);
    return DONE;
}

/* ---- its state ------------------------------------------------------------------------ */

bool
intake_is_empty(const struct intake *intake)
{
    return intake->records == 0;
}

bool
intake_has_room(const struct intake *intake)
{
    const bool is_full = intake->wal && wal_segment(intake->wal) > intake->first_segment;

    return !is_full && clock_ms() >= intake->off_until_ms;
}

void
intake_hurry(struct intake *intake)
{
    intake->hurries = true;
}

uint64_t
intake_due_ms(const struct intake *intake)
{
    const uint64_t idle = intake->last_ms + IDLE_MS, late = intake->first_ms + LATE_MS;

    if (intake->records == 0)
        return UINT64_MAX;
    if (intake->hurries || !intake_has_room(intake))
        return 0;
    return idle < late ? idle : late;
}

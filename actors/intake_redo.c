/*
 * What a crash left in the log of a place, done again.
 *
 * All records are read before the first is redone, so a log that cannot be
 * read changes nothing.  Of each path only the last one counts, in the order of
 * these: the place never shows again what it showed before.
 */

#include "actors/intake_internal.h"

#include "base/disk.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/wal.h"

#include <errno.h>
#include <uthash.h>

enum { NO_EPOCH = 2, SMALL_BYTES = 8192 }; /* nothing is written */

/* The last record of a path; uthash keeps them in the order in which they were added. */
struct record {
    UT_hash_handle hh;
    struct message_apply apply; /* its views point into `data` */
    struct view content;
    char *data;
};

struct redoing {
    struct change change; /* first: the backend hands back a pointer to it */
    struct record *records;
    const struct backend_kind *kind;
    struct backend *backend;
    char path[PATH_BYTES_MAX + 1];
    bool has_ended;
    enum outcome outcome;
    struct report report;
};

static void
forget(struct redoing *self, struct record *record)
{
    HASH_DEL(self->records, record);
    free(record->data);
    free(record);
}

static void
forget_all(struct redoing *self)
{
    struct record *record, *next;

    HASH_ITER(hh, self->records, record, next)
    {
        forget(self, record);
    }
}

/* ---- reading -------------------------------------------------------------------------- */

static enum outcome
is_unknown(struct report *report)
{
    return report_set(report, REFUSED, CAUSE_UNSUPPORTED,
        "it has records that this program does not know: start the newer one that wrote it");
}

static bool
is_change(const struct message *message)
{
    return message->tag == APPLY && message->apply.path.length <= PATH_BYTES_MAX &&
        (message->apply.kind == PUT || message->apply.kind == MKDIR ||
            message->apply.kind == REMOVE);
}

static enum outcome
keep(struct redoing *self, struct view data, struct report *report)
{
    struct record *record = memory_new(sizeof *record), *before;
    struct message message;

    record->data = memory_copy(data.at, data.length);
    record->content = (struct view){ record->data, data.length };
    if (!message_next(&record->content, &message) || !is_change(&message) ||
        message.apply.size != record->content.length) {
        free(record->data);
        free(record);
        return is_unknown(report);
    }
    record->apply = message.apply;
    HASH_FIND(hh, self->records, message.apply.path.at, message.apply.path.length, before);
    if (before)
        forget(self, before);
    HASH_ADD_KEYPTR(hh, self->records, record->apply.path.at, record->apply.path.length, record);
    return DONE;
}

static enum outcome
on_record(void *context, const struct wal_record *record, struct report *report)
{
    if (record->type == INTAKE_CHANGE)
        return keep(context, record->data, report);
    if (record->type != INTAKE_FLUSHED)
        return is_unknown(report);
    forget_all(context);
    return DONE;
}

static enum outcome
read_log(struct redoing *self, int directory, struct report *report)
{
    const struct wal_args args = {
        .directory = directory,
        .segment_bytes = SMALL_BYTES,
        .epoch = NO_EPOCH,
    };
    struct wal_found found;
    struct wal *wal;
    enum outcome outcome = wal_open(&wal, &args, on_record, self, &found, report);

    wal_close(&wal);
    return outcome;
}

/* ---- doing ---------------------------------------------------------------------------- */

static void
on_changed(struct change *change, enum outcome outcome, const struct report *report)
{
    struct redoing *self = (struct redoing *) change;

    self->has_ended = true;
    self->outcome = outcome;
    if (outcome != DONE)
        self->report = *report;
}

/* What it removed stands in the way of nothing: later records have filled or removed it. */
static bool
is_moot(const struct redoing *self)
{
    const enum cause cause = self->report.cause;

    if (self->outcome == DONE)
        return true;
    if (self->outcome == REFUSED && self->change.kind == REMOVE)
        return cause == CAUSE_DIRECTORY_NOT_EMPTY || cause == CAUSE_NOT_A_DIRECTORY;
    return self->outcome == REFUSED && cause == CAUSE_INVALID_PATH; /* nor was it then */
}

static enum outcome
redo_one(struct redoing *self, const struct record *record, struct report *report)
{
    const struct message_apply *m = &record->apply;

    memcpy(self->path, m->path.at, m->path.length);
    self->path[m->path.length] = '\0';
    self->has_ended = false;
    self->change = (struct change){
        .kind = (enum change_kind) m->kind,
        .path = self->path,
        .seq = 1,
        .size = m->size,
        .mode = (uint32_t) m->mode,
        .mtime_ns = m->mtime_ns,
        .ended = on_changed,
    };
    self->kind->begin(self->backend, &self->change);
    if (!self->has_ended)
        self->kind->write(self->backend, &self->change, record->content.at, record->content.length);
    if (is_moot(self))
        return DONE;
    *report = self->report;
    return RETRY;
}

struct flushing {
    struct flush flush; /* first */
    enum outcome outcome;
    struct report *report;
};

static void
on_flushed(struct flush *flush, enum outcome outcome, const struct report *report)
{
    struct flushing *flushing = (struct flushing *) flush;

    flushing->outcome = outcome;
    if (outcome != DONE)
        *flushing->report = *report;
}

static enum outcome
redo_all(struct redoing *self, const char *name, struct report *report)
{
    struct flushing flushing = { { on_flushed }, RETRY, report };
    enum outcome outcome = DONE;
    struct record *record, *next;

    HASH_ITER(hh, self->records, record, next)
    {
        if (outcome == DONE)
            outcome = redo_one(self, record, report);
    }
    if (outcome != DONE)
        return outcome;
    if (self->records)
        LOG(INFO, "intake_redone", "backup=%s changes=%u", log_quote(name),
            HASH_COUNT(self->records));
    self->kind->flush(self->backend, &flushing.flush);
    return flushing.outcome;
}

/* Say whose log, and that acknowledged changes are in it. */
static enum outcome
failed(const struct backend_args *args, struct report *report)
{
    const struct report why = *report;

    return report_set(report, RETRY, why.cause,
        "%s: acknowledged changes in the log %.150s/" INTAKE_NAME " cannot be done again: %s",
        args->name, args->place, why.text);
}

static enum outcome
redo(struct redoing *self, int root, int directory, const struct backend_args *args,
    struct report *report)
{
    enum outcome outcome;

    if (disk->lock(directory) != 0)
        return report_errno(report, errno, "%s: another process uses the log %.150s/" INTAKE_NAME,
            args->name, args->place);
    outcome = read_log(self, directory, report);
    if (outcome == DONE)
        outcome = redo_all(self, args->name, report);
    if (outcome != DONE)
        return failed(args, report);
    return intake_remove(root, directory, args->name, report);
}

enum outcome
intake_redo(const struct backend_kind *kind, struct backend *backend,
    const struct backend_args *args, struct report *report)
{
    const int root = kind->directory ? kind->directory(backend) : -1;
    const int directory = root < 0 ? -1 : intake_directory(root);
    struct redoing *self;
    enum outcome outcome;

    if (root < 0 || (directory < 0 && errno == ENOENT))
        return DONE;
    if (directory < 0)
        return report_errno(report, errno, "%s: cannot open the log %.150s/" INTAKE_NAME,
            args->name, args->place);
    self = memory_new(sizeof *self);
    self->kind = kind;
    self->backend = backend;
    outcome = redo(self, root, directory, args, report);
    forget_all(self);
    free(self);
    disk->close(directory);
    return outcome == DONE ? DONE : RETRY;
}

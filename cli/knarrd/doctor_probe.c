/*
 * A small file's whole life, at a place where nobody else looks.
 *
 *     clear ─▶ mkdir ─▶ write ─▶ read ─▶ overwrite ─▶ read ─▶ rename ─▶ list ─▶ delete ─▶ flush
 *
 * Its names are internal, so a server that runs on the same place never lists,
 * replicates or touches them.
 */

#include "cli/knarrd/doctor_checks.h"

#include <stdio.h>
#include <unistd.h>

#define PROBE_DIRECTORY "/.knarr-doctor"
#define PROBE_FILE PROBE_DIRECTORY "/probe"
#define PROBE_RENAMED PROBE_DIRECTORY "/renamed"

/* Every kind there is ends its requests before the starting call returns. */
struct probe {
    const struct backend_kind *kind;
    struct backend *backend;
    uint64_t seq;
    enum outcome outcome; /* of the last request */
    struct report *report;
    bool has_found;
};

/* The requests, each beside the probe it belongs to. */
struct probe_change {
    struct change change; /* first: the backend hands back a pointer to it */
    struct probe *probe;
    bool has_ended; /* perhaps before its content was asked for */
};
struct probe_reading {
    struct reading reading;
    struct probe *probe;
};
struct probe_listing {
    struct listing listing;
    struct probe *probe;
};
struct probe_flush {
    struct flush flush;
    struct probe *probe;
};

static void
note(struct probe *probe, enum outcome outcome, const struct report *report)
{
    probe->outcome = outcome;
    if (outcome != DONE)
        *probe->report = *report;
}

static void
on_changed(struct change *change, enum outcome outcome, const struct report *report)
{
    ((struct probe_change *) change)->has_ended = true;
    note(((struct probe_change *) change)->probe, outcome, report);
}

static void
on_consumed(struct change *change, size_t bytes)
{
    (void) change;
    (void) bytes;
}

static void
on_read(struct reading *reading, enum outcome outcome, const struct report *report)
{
    note(((struct probe_reading *) reading)->probe, outcome, report);
}

static void
on_found(struct listing *listing, const char *name, const struct entry *entry)
{
    (void) entry;
    if (strcmp(name, strrchr(PROBE_RENAMED, '/') + 1) == 0)
        ((struct probe_listing *) listing)->probe->has_found = true;
}

static void
on_listed(struct listing *listing, enum outcome outcome, const struct report *report)
{
    note(((struct probe_listing *) listing)->probe, outcome, report);
}

static void
on_flushed(struct flush *flush, enum outcome outcome, const struct report *report)
{
    note(((struct probe_flush *) flush)->probe, outcome, report);
}

static enum outcome
change(struct probe *self, enum change_kind kind, const char *path, const char *to,
    const char *content)
{
    struct probe_change request = {
        .change = { .kind = kind,
            .path = path,
            .to = to,
            .seq = ++self->seq,
            .size = content ? strlen(content) : 0,
            .mode = kind == MKDIR ? 0700 : 0600,
            .ended = on_changed,
            .consumed = on_consumed },
        .probe = self,
    };

    self->outcome = RETRY;
    self->kind->begin(self->backend, &request.change);
    if (content && !request.has_ended)
        self->kind->write(self->backend, &request.change, content, strlen(content));
    return self->outcome;
}

static enum outcome
read_back(struct probe *self, const char *path, const char *content)
{
    char bytes[64];
    struct probe_reading request = {
        .reading = { .path = path, .into = bytes, .length = sizeof bytes, .ended = on_read },
        .probe = self,
    };

    self->outcome = RETRY;
    self->kind->read(self->backend, &request.reading);
    if (self->outcome == DONE &&
        !view_equal((struct view){ bytes, request.reading.got }, view_of(content)))
        return report_set(self->report, REFUSED, CAUSE_DAMAGED,
            "what was read is not what was written");
    return self->outcome;
}

static enum outcome
do_clear(struct probe *self)
{
    return change(self, REMOVE_TREE, PROBE_DIRECTORY, NULL, NULL);
}

static enum outcome
do_mkdir(struct probe *self)
{
    return change(self, MKDIR, PROBE_DIRECTORY, NULL, NULL);
}

static enum outcome
do_write(struct probe *self)
{
    return change(self, PUT, PROBE_FILE, NULL, "a probe of doctor");
}

static enum outcome
do_read(struct probe *self)
{
    return read_back(self, PROBE_FILE, "a probe of doctor");
}

static enum outcome
do_overwrite(struct probe *self)
{
    return change(self, PUT, PROBE_FILE, NULL, "another one");
}

static enum outcome
do_read_again(struct probe *self)
{
    return read_back(self, PROBE_FILE, "another one");
}

static enum outcome
do_rename(struct probe *self)
{
    enum outcome outcome = change(self, RENAME, PROBE_FILE, PROBE_RENAMED, NULL);

    return outcome == DONE ? read_back(self, PROBE_RENAMED, "another one") : outcome;
}

static enum outcome
do_list(struct probe *self)
{
    struct probe_listing request = {
        .listing = { .path = PROBE_DIRECTORY,
            .after = "",
            .limit = 16,
            .found = on_found,
            .ended = on_listed },
        .probe = self,
    };

    self->outcome = RETRY;
    self->kind->list(self->backend, &request.listing);
    if (self->outcome == DONE && !self->has_found)
        return report_set(self->report, REFUSED, CAUSE_DAMAGED, "the file is not listed");
    return self->outcome;
}

static enum outcome
do_delete(struct probe *self)
{
    enum outcome outcome = change(self, REMOVE, PROBE_RENAMED, NULL, NULL);

    return outcome == DONE ? change(self, REMOVE, PROBE_DIRECTORY, NULL, NULL) : outcome;
}

static enum outcome
do_flush(struct probe *self)
{
    struct probe_flush request = { .flush = { .ended = on_flushed }, .probe = self };

    self->outcome = RETRY;
    self->kind->flush(self->backend, &request.flush);
    return self->outcome;
}

static const struct {
    const char *what;
    enum outcome (*run)(struct probe *);
} steps[] = {
    { "removing what an earlier probe left", do_clear },
    { "making a directory", do_mkdir },
    { "writing a file", do_write },
    { "reading it back", do_read },
    { "overwriting it", do_overwrite },
    { "reading it back again", do_read_again },
    { "renaming it", do_rename },
    { "listing it", do_list },
    { "deleting it", do_delete },
    { "flushing", do_flush },
};

enum outcome
probe_backend(const struct backend_kind *kind, struct backend *backend, struct report *report)
{
    struct report cause;
    /* Attempts are named by their seq, and another doctor may be at work here. */
    struct probe probe = {
        .kind = kind,
        .backend = backend,
        .seq = (uint64_t) getpid() << 32,
        .report = &cause,
    };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const enum outcome outcome = steps[i].run(&probe);

        if (outcome == DONE)
            continue;
        report_set(report, outcome, cause.cause, "%s failed: %.400s", steps[i].what, cause.text);
        do_clear(&probe);
        return outcome;
    }
    return DONE;
}

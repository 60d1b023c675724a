#include "actors/absence.h"

#include "base/memory.h"
#include "base/path.h"

#include <string.h>

struct absence {
    struct change change; /* first: the backend hands back a pointer to it */
    struct lookup lookup;
    struct prune_caller caller;
    const struct backend_kind *kind;
    struct backend *backend;
    uint64_t seq;
    char *path;
    char *above; /* looked for, here and there */
};

struct absence *
absence_new(const struct backend_kind *kind, struct backend *backend, const char *path,
    uint64_t seq, const struct prune_caller *caller)
{
    struct absence *absence = memory_new(sizeof *absence);

    absence->kind = kind;
    absence->backend = backend;
    absence->seq = seq;
    absence->caller = *caller;
    absence->path = memory_copy(path, strlen(path));
    absence->above = view_dup(path_parent(view_of(path)));
    return absence;
}

void
absence_free(struct absence **absence)
{
    if (!*absence)
        return;
    free((*absence)->path);
    free((*absence)->above);
    free(*absence);
    *absence = NULL;
}

static void
ended(struct absence *absence, enum outcome outcome, const struct report *report)
{
    const struct report none = { CAUSE_NONE, "" };

    absence->caller.ended(absence->caller.context, outcome, report ? report : &none);
}

static void
on_changed(struct change *change, enum outcome outcome, const struct report *report)
{
    /* What is not empty here has come to be since, and has a change of its own. */
    bool is_newer = outcome != DONE &&
        (report->cause == CAUSE_DIRECTORY_NOT_EMPTY || report->cause == CAUSE_IS_A_DIRECTORY);

    ended((struct absence *) change, is_newer ? DONE : outcome, report);
}

static void
change(struct absence *absence, enum change_kind kind, const char *path, uint32_t mode)
{
    absence->change = (struct change){
        .kind = kind,
        .path = path,
        .seq = absence->seq,
        .mode = mode,
        .ended = on_changed,
    };
    absence->kind->begin(absence->backend, &absence->change);
}

static void
ask_above(struct absence *absence)
{
    if (strcmp(absence->above, "/") == 0)
        ended(absence, DONE, NULL);
    else
        absence->caller.ask(absence->caller.context, absence->above);
}

static void
on_looked(struct lookup *lookup, enum outcome outcome, const struct report *report)
{
    struct absence *absence =
        (struct absence *) (void *) ((char *) lookup - offsetof(struct absence, lookup));

    if (outcome == DONE && lookup->entry.is_directory)
        change(absence, REMOVE, absence->path, 0);
    else if (outcome == DONE || report->cause == CAUSE_NOT_FOUND ||
        report->cause == CAUSE_NOT_A_DIRECTORY)
        ask_above(absence);
    else
        ended(absence, outcome, report);
}

void
absence_begin(struct absence *absence)
{
    absence->lookup = (struct lookup){ .path = absence->above, .ended = on_looked };
    if (strcmp(absence->above, "/") == 0)
        change(absence, REMOVE, absence->path, 0);
    else
        absence->kind->lookup(absence->backend, &absence->lookup);
}

void
absence_heard(struct absence *absence, enum outcome outcome, const struct report *report,
    uint32_t mode)
{
    char *above;

    if (outcome == DONE) {
        ended(absence, DONE, NULL); /* a file by now: its own change makes it */
    } else if (report->cause == CAUSE_IS_A_DIRECTORY) {
        change(absence, MKDIR, absence->above, mode);
    } else if (report->cause == CAUSE_NOT_FOUND || report->cause == CAUSE_NOT_A_DIRECTORY) {
        above = view_dup(path_parent(view_of(absence->above)));
        free(absence->above);
        absence->above = above;
        ask_above(absence);
    } else {
        ended(absence, outcome, report);
    }
}

#include "actors/prune.h"

#include "base/memory.h"
#include "base/path.h"

#include <stdio.h>
#include <string.h>
#include <utlist.h>

enum { PAGE_NAMES = 256 };

/* A directory that is being gone through. */
struct level {
    struct level *next; /* the one above */
    char *path;
    char *after; /* the last name listed */
    bool has_more;
};

struct name {
    struct name *next;
    char path[];
};

struct prune {
    struct change removal;  /* under way, or not */
    struct listing listing; /* likewise */
    struct prune_caller caller;
    const struct backend_kind *kind;
    struct backend *backend;
    uint64_t seq;
    struct level *levels; /* the deepest first */
    struct name *names;   /* of the deepest, still to be asked for */
    char *asked;
    bool has_heard, found_nothing;
};

struct prune *
prune_new(const struct backend_kind *kind, struct backend *backend, const char *path, uint64_t seq,
    const struct prune_caller *caller)
{
    struct prune *prune = memory_new(sizeof *prune);

    prune->kind = kind;
    prune->backend = backend;
    prune->seq = seq;
    prune->caller = *caller;
    prune->asked = memory_copy(path, strlen(path));
    return prune;
}

static void
leave_level(struct prune *prune)
{
    struct level *level = prune->levels;

    prune->levels = level->next;
    free(level->path);
    free(level->after);
    free(level);
}

void
prune_free(struct prune **prune)
{
    struct prune *p = *prune;

    if (!p)
        return;
    while (p->levels)
        leave_level(p);
    while (p->names) {
        struct name *name = p->names;

        p->names = name->next;
        free(name);
    }
    free(p->asked);
    free(p);
    *prune = NULL;
}

static void
ask(struct prune *prune)
{
    prune->caller.ask(prune->caller.context, prune->asked);
}

const char *
prune_asked(const struct prune *prune)
{
    return prune->asked;
}

bool
prune_found_nothing(const struct prune *prune)
{
    return prune->found_nothing;
}

void
prune_begin(struct prune *prune)
{
    ask(prune);
}

/* ---- one directory of ours ---------------------------------------------------------- */

static void
on_found(struct listing *listing, const char *name, const struct entry *entry)
{
    struct prune *prune =
        (struct prune *) (void *) ((char *) listing - offsetof(struct prune, listing));
    struct level *level = prune->levels;
    size_t length = strlen(level->path) + 1 + strlen(name);
    struct name *found = memory_new(sizeof *found + length + 1);

    (void) entry;
    snprintf(found->path, length + 1, "%s/%s", level->path[1] ? level->path : "", name);
    free(level->after);
    level->after = memory_copy(name, strlen(name));
    if (path_is_internal(view_of(found->path)))
        free(found); /* our own, and nobody's business */
    else
        LL_PREPEND(prune->names, found);
}

static void go_on(struct prune *);
static void remove_here(struct prune *);

/* A file here where the primary has a directory: it has gone there, too. */
static void
remove_file(struct prune *prune)
{
    free(prune->asked);
    prune->asked = memory_copy(prune->levels->path, strlen(prune->levels->path));
    leave_level(prune);
    remove_here(prune);
}

static void
on_listed(struct listing *listing, enum outcome outcome, const struct report *report)
{
    struct prune *prune =
        (struct prune *) (void *) ((char *) listing - offsetof(struct prune, listing));

    if (outcome != DONE && report->cause == CAUSE_NOT_A_DIRECTORY) {
        remove_file(prune);
        return;
    }
    /* What is not here has nothing in it to remove. */
    if (outcome != DONE && report->cause != CAUSE_NOT_FOUND) {
        prune->caller.ended(prune->caller.context, outcome, report);
        return;
    }
    prune->levels->has_more = outcome == DONE && listing->has_more;
    go_on(prune);
}

static void
list_more(struct prune *prune)
{
    prune->listing = (struct listing){
        .path = prune->levels->path,
        .after = prune->levels->after,
        .limit = PAGE_NAMES,
        .found = on_found,
        .ended = on_listed,
    };
    prune->kind->list(prune->backend, &prune->listing);
}

/* The next name to ask for; at the end of a directory, the one above. */
static void
go_on(struct prune *prune)
{
    const struct report none = { CAUSE_NONE, "" };
    struct name *name;

    while (prune->levels && !prune->names && !prune->levels->has_more)
        leave_level(prune);
    if (!prune->levels && !prune->names) {
        prune->caller.ended(prune->caller.context, DONE, &none);
        return;
    }
    if (!prune->names) {
        list_more(prune);
        return;
    }
    name = prune->names;
    prune->names = name->next;
    free(prune->asked);
    prune->asked = memory_copy(name->path, strlen(name->path));
    free(name);
    ask(prune);
}

/* ---- what the primary has ------------------------------------------------------------ */

static void
enter(struct prune *prune)
{
    struct level *level = memory_new(sizeof *level);

    level->path = memory_copy(prune->asked, strlen(prune->asked));
    level->after = memory_copy("", 0);
    LL_PREPEND(prune->levels, level);
    list_more(prune);
}

static void
on_removed(struct change *change, enum outcome outcome, const struct report *report)
{
    struct prune *prune = (struct prune *) change;

    if (outcome != DONE)
        prune->caller.ended(prune->caller.context, outcome, report);
    else
        go_on(prune);
}

static void
remove_here(struct prune *prune)
{
    prune->removal = (struct change){
        .kind = REMOVE_TREE,
        .path = prune->asked,
        .seq = prune->seq,
        .ended = on_removed,
    };
    prune->kind->begin(prune->backend, &prune->removal);
}

void
prune_heard(struct prune *prune, enum outcome outcome, const struct report *report)
{
    bool is_gone = outcome != DONE &&
        (report->cause == CAUSE_NOT_FOUND || report->cause == CAUSE_NOT_A_DIRECTORY);

    if (!prune->has_heard)
        prune->found_nothing = is_gone;
    prune->has_heard = true;
    if (outcome == DONE)
        go_on(prune);
    else if (report->cause == CAUSE_IS_A_DIRECTORY)
        enter(prune);
    else if (is_gone)
        remove_here(prune);
    else
        prune->caller.ended(prune->caller.context, outcome, report);
}

#include "actors/walk.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

/* Pages of a directory double: most are small, and a large one is read seldom. */
enum { PAGE_LEAST = 256, PAGE_MOST = 8192 };

struct item {
    struct entry entry;
    size_t name; /* in `names` */
};

/* A directory that is half done. */
struct walk_level {
    size_t path_bytes; /* of the directory; 0 for "/" */
    size_t limit;
    char after[NAME_BYTES_MAX + 1]; /* the last name of the page before */
    struct item *items;
    size_t at, count, item_room;
    char *names; /* each with its NUL */
    size_t name_bytes, name_room;
    bool has_more; /* behind this page */
};

static struct walk_level *
top(struct walk *self)
{
    return &self->levels[self->level_count - 1];
}

/* Go into the directory that is the first `path_bytes` of self->path, behind `after`. */
static void
push(struct walk *self, size_t path_bytes, struct view after)
{
    struct walk_level *level;

    if (self->level_count == self->level_room) {
        self->level_room = self->level_room ? 2 * self->level_room : 8;
        self->levels = memory_resize(self->levels, self->level_room * sizeof *self->levels);
    }
    level = &self->levels[self->level_count++];
    *level = (struct walk_level){
        .path_bytes = path_bytes,
        .limit = PAGE_LEAST,
        .has_more = true,
    };
    if (after.length > 0)
        memcpy(level->after, after.at, after.length);
}

static void
pop(struct walk *self)
{
    free(top(self)->items);
    free(top(self)->names);
    self->level_count--;
}

/* A level for each directory on the way to `after`, and one for itself if it was a directory. */
static bool
resume(struct walk *self, struct view after)
{
    size_t bytes = self->start_bytes;
    struct view rest, part;

    if (after.length > PATH_BYTES_MAX - bytes - 1)
        return false;
    self->path[bytes] = '/';
    memcpy(self->path + bytes + 1, after.at, after.length);
    self->path[bytes + 1 + after.length] = '\0';
    rest = (struct view){ self->path + bytes, after.length + 1 };
    if (path_flaw(rest))
        return false;
    while (path_next(&rest, &part)) {
        push(self, bytes, part);
        bytes += 1 + part.length;
    }
    push(self, bytes, (struct view){ NULL, 0 });
    return true;
}

bool
walk_init(struct walk *self, const struct backend_kind *kind, struct backend *backend,
    const char *start, struct view after)
{
    size_t length = strlen(start);

    assert(length <= PATH_BYTES_MAX);
    memset(self, 0, sizeof *self);
    self->kind = kind;
    self->backend = backend;
    memcpy(self->path, start, length + 1);
    self->start_bytes = length > 1 ? length : 0;
    if (after.length > 0)
        return resume(self, after);
    push(self, self->start_bytes, after);
    return true;
}

void
walk_fini(struct walk *self)
{
    while (self->level_count > 0)
        pop(self);
    free(self->levels);
    self->levels = NULL;
}

void
walk_prune(struct walk *self)
{
    self->descends = false;
}

struct view
walk_relative(const struct walk *self)
{
    return view_of(self->path + self->start_bytes + 1);
}

/* ---- listing ---------------------------------------------------------------------- */

static struct walk *
walk_of(struct listing *listing)
{
    return (struct walk *) ((char *) listing - offsetof(struct walk, listing));
}

static void
on_found(struct listing *listing, const char *name, const struct entry *entry)
{
    struct walk_level *level = top(walk_of(listing));
    size_t bytes = strlen(name) + 1;

    if (level->count == level->limit)
        return; /* more than were asked for */
    if (level->count == level->item_room) {
        level->item_room = level->item_room ? 2 * level->item_room : 16;
        level->items = memory_resize(level->items, level->item_room * sizeof *level->items);
    }
    if (level->name_room - level->name_bytes < bytes) {
        level->name_room = 2 * level->name_room + NAME_BYTES_MAX + 1;
        level->names = memory_resize(level->names, level->name_room);
    }
    memcpy(level->names + level->name_bytes, name, bytes);
    level->items[level->count++] = (struct item){ *entry, level->name_bytes };
    level->name_bytes += bytes;
}

/* What is no directory any more, or a link put in its place, has nothing in it. */
static bool
has_vanished(const struct report *report)
{
    return report->cause == CAUSE_NOT_FOUND || report->cause == CAUSE_NOT_A_DIRECTORY ||
        report->cause == CAUSE_INVALID_PATH;
}

static void
on_listed(struct listing *listing, enum outcome outcome, const struct report *report)
{
    struct walk *self = walk_of(listing);
    struct walk_level *level = top(self);

    self->is_listing = false;
    level->has_more = outcome == DONE && listing->has_more && level->count > 0;
    if (outcome != DONE && (self->level_count == 1 || !has_vanished(report))) {
        self->outcome = outcome;
        self->report = *report;
    }
    if (!self->is_waited_for)
        return;
    self->is_waited_for = false;
    self->ready(self);
}

static void
list(struct walk *self)
{
    struct walk_level *level = top(self);

    if (level->count > 0) {
        strcpy(level->after, level->names + level->items[level->count - 1].name);
        level->limit = 2 * level->limit < PAGE_MOST ? 2 * level->limit : PAGE_MOST;
    }
    level->at = level->count = level->name_bytes = 0;
    if (level->path_bytes == 0)
        strcpy(self->path, "/");
    self->path[level->path_bytes ? level->path_bytes : 1] = '\0';
    self->listing = (struct listing){
        .path = self->path,
        .after = level->after,
        .limit = level->limit,
        .found = on_found,
        .ended = on_listed,
    };
    self->is_listing = true;
    self->kind->list(self->backend, &self->listing);
}

/* ---- stepping ----------------------------------------------------------------------- */

/* The next item of the page becomes path and entry; false if nobody may see it. */
static bool
take_item(struct walk *self)
{
    struct walk_level *level = top(self);
    const struct item *item = &level->items[level->at++];

    self->path[level->path_bytes] = '/';
    strcpy(self->path + level->path_bytes + 1, level->names + item->name);
    self->entry = item->entry;
    return !path_flaw(view_of(self->path)) && !path_is_internal(view_of(self->path));
}

static bool
may_descend(const struct walk *self)
{
    return self->entry.is_directory && (self->depth == 0 || self->level_count < self->depth);
}

enum walk_step
walk_next(struct walk *self)
{
    if (self->descends)
        push(self, strlen(self->path), (struct view){ NULL, 0 });
    self->descends = false;
    while (self->level_count > 0 && self->outcome == DONE) {
        struct walk_level *level = top(self);

        if (self->is_listing) {
            self->is_waited_for = true;
            return WALK_WAITING;
        }
        if (level->at < level->count) {
            if (!take_item(self))
                continue;
            self->descends = may_descend(self);
            return WALK_ENTRY;
        }
        if (level->has_more && (self->depth == 0 || self->level_count <= self->depth))
            list(self);
        else
            pop(self);
    }
    return self->outcome == DONE ? WALK_OVER : WALK_FAILED;
}

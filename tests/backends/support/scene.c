#include "tests/backends/support/scene.h"

#include "base/memory.h"

void
scene_begin(struct scene *scene, const struct subject *subject)
{
    *scene = (struct scene){ .subject = subject, .seq = 1 };
    scene->kind = backend_kind_find(subject->kind);
    check(scene->kind);
    scene->place = subject->place_new();
    scene->backend = scene_open(scene, false);
}

void
scene_end(struct scene *scene)
{
    scene->kind->close(&scene->backend);
    check(!scene->backend);
    scene->subject->place_remove(scene->place);
    free(scene->place);
}

struct backend *
scene_open(struct scene *scene, bool is_reader)
{
    const struct backend_args args = { .name = "subject",
        .place = scene->place,
        .is_reader = is_reader };
    struct backend *backend = NULL;
    struct report report;

    check(scene->kind->open(&backend, &args, &report) == DONE);
    return backend;
}

/* Let a backend that does not end at once do its work. */
static void
turn_until(struct scene *scene, const int *endings)
{
    enum { TURNS_MAX = 100000 };

    for (int turns = 0; *endings == 0 && turns < TURNS_MAX && scene->kind->turn; turns++) {
        struct pollfd fds[64];
        int timeout_ms = 10;
        const int count = scene->kind->watch(scene->backend, fds, 64, &timeout_ms);

        poll(fds, (nfds_t) count, timeout_ms);
        scene->kind->turn(scene->backend);
    }
    check(*endings == 1);
}

static void
on_ended(struct change *change, enum outcome outcome, const struct report *report)
{
    struct act *act = (struct act *) change;

    act->endings++;
    act->outcome = outcome;
    if (outcome != DONE)
        act->report = *report;
}

static void
on_consumed(struct change *change, size_t bytes)
{
    ((struct act *) change)->consumed += bytes;
}

void
act_begin(struct act *act, struct scene *scene, struct change change)
{
    *act = (struct act){ .change = change, .scene = scene };
    if (!act->change.seq)
        act->change.seq = scene->seq++;
    act->change.ended = on_ended;
    act->change.consumed = on_consumed;
    scene->kind->begin(scene->backend, &act->change);
}

void
act_write(struct act *act, const void *bytes, size_t length)
{
    act->scene->kind->write(act->scene->backend, &act->change, bytes, length);
}

enum outcome
act_wait(struct act *act)
{
    turn_until(act->scene, &act->endings);
    if (act->outcome != DONE) {
        check(act->report.cause != CAUSE_NONE);
        check(act->report.text[0]);
    }
    act->scene->report = act->report;
    return act->outcome;
}

enum outcome
change(struct scene *scene, struct change change)
{
    struct act act;

    act_begin(&act, scene, change);
    return act_wait(&act);
}

enum outcome
put_bytes(struct scene *scene, const char *path, const void *bytes, size_t size, uint32_t mode)
{
    struct act act;

    act_begin(&act, scene,
        (struct change){ .kind = PUT, .path = path, .size = size, .mode = mode });
    if (act.endings == 0 && size > 0)
        act_write(&act, bytes, size);
    if (act_wait(&act) == DONE)
        check(act.consumed == size);
    return act.outcome;
}

enum outcome
put(struct scene *scene, const char *path, const char *text)
{
    return put_bytes(scene, path, text, strlen(text), 0644);
}

enum outcome
make(struct scene *scene, const char *path)
{
    return change(scene, (struct change){ .kind = MKDIR, .path = path, .mode = 0755 });
}

enum outcome
make_clear(struct scene *scene, const char *path)
{
    return change(scene,
        (struct change){ .kind = MKDIR, .path = path, .mode = 0755, .clear = true });
}

enum outcome
drop(struct scene *scene, const char *path)
{
    return change(scene, (struct change){ .kind = REMOVE, .path = path });
}

enum outcome
drop_tree(struct scene *scene, const char *path)
{
    return change(scene, (struct change){ .kind = REMOVE_TREE, .path = path });
}

enum outcome
move(struct scene *scene, const char *path, const char *to)
{
    return change(scene, (struct change){ .kind = RENAME, .path = path, .to = to });
}

enum outcome
link_file(struct scene *scene, const char *path, const char *to)
{
    return change(scene, (struct change){ .kind = LINK, .path = path, .to = to });
}

enum outcome
set_mode(struct scene *scene, const char *path, uint32_t mode)
{
    return change(scene, (struct change){ .kind = CHMOD, .path = path, .mode = mode });
}

/* A request other than a change, and how it ended. */
struct ending {
    int endings;
    enum outcome outcome;
    struct report report;
};

static void
note(struct ending *ending, enum outcome outcome, const struct report *report)
{
    ending->endings++;
    ending->outcome = outcome;
    if (outcome != DONE)
        ending->report = *report;
}

static enum outcome
await(struct scene *scene, struct ending *ending)
{
    turn_until(scene, &ending->endings);
    if (ending->outcome != DONE)
        check(ending->report.cause != CAUSE_NONE && ending->report.text[0]);
    scene->report = ending->report;
    return ending->outcome;
}

struct flushing {
    struct flush flush;
    struct ending ending;
};

static void
on_flushed(struct flush *flush, enum outcome outcome, const struct report *report)
{
    note(&((struct flushing *) flush)->ending, outcome, report);
}

enum outcome
flush(struct scene *scene)
{
    struct flushing flushing = { .flush.ended = on_flushed };

    scene->kind->flush(scene->backend, &flushing.flush);
    return await(scene, &flushing.ending);
}

struct looking {
    struct lookup lookup;
    struct ending ending;
};

static void
on_looked(struct lookup *lookup, enum outcome outcome, const struct report *report)
{
    note(&((struct looking *) lookup)->ending, outcome, report);
}

enum outcome
lookup(struct scene *scene, const char *path)
{
    struct looking looking = { .lookup = { .path = path, .ended = on_looked } };

    scene->kind->lookup(scene->backend, &looking.lookup);
    await(scene, &looking.ending);
    scene->entry = looking.lookup.entry;
    return looking.ending.outcome;
}

struct fetching {
    struct reading reading;
    struct ending ending;
};

static void
on_read(struct reading *reading, enum outcome outcome, const struct report *report)
{
    note(&((struct fetching *) reading)->ending, outcome, report);
}

enum outcome
read_at(struct scene *scene, const char *path, uint64_t offset, void *into, size_t length,
    uint64_t if_version)
{
    struct fetching fetching = { .reading = { .path = path,
                                     .offset = offset,
                                     .into = into,
                                     .length = length,
                                     .if_version = if_version,
                                     .ended = on_read } };

    scene->kind->read(scene->backend, &fetching.reading);
    await(scene, &fetching.ending);
    scene->entry = fetching.reading.entry;
    scene->got = fetching.reading.got;
    return fetching.ending.outcome;
}

bool
is_nothing(struct scene *scene, const char *path)
{
    return lookup(scene, path) == REFUSED && scene->report.cause == CAUSE_NOT_FOUND;
}

bool
is_directory(struct scene *scene, const char *path)
{
    return lookup(scene, path) == DONE && scene->entry.is_directory;
}

bool
is_file(struct scene *scene, const char *path, const char *text)
{
    const size_t length = strlen(text);
    char *bytes = memory_new(length + 1);
    const bool is_so = lookup(scene, path) == DONE && !scene->entry.is_directory &&
        scene->entry.size == length && read_at(scene, path, 0, bytes, length + 1, 0) == DONE &&
        scene->got == length && memcmp(bytes, text, length) == 0;

    free(bytes);
    return is_so;
}

struct paging {
    struct listing listing;
    struct ending ending;
    size_t count;
    char last[NAME_BYTES_MAX + 1];
    char *names; /* collected if not NULL */
};

static void
on_found(struct listing *listing, const char *name, const struct entry *entry)
{
    struct paging *paging = (struct paging *) listing;

    check(entry->version != 0);
    check(strcmp(name, paging->last) > 0);
    strcpy(paging->last, name);
    paging->count++;
    if (paging->names) {
        const size_t used = strlen(paging->names), length = strlen(name);

        paging->names = memory_resize(paging->names, used + length + 2);
        memcpy(paging->names + used, name, length);
        memcpy(paging->names + used + length, "|", 2);
    }
}

static void
on_listed(struct listing *listing, enum outcome outcome, const struct report *report)
{
    note(&((struct paging *) listing)->ending, outcome, report);
}

static enum outcome
page(struct scene *scene, struct paging *paging, const char *path, const char *after, size_t limit)
{
    paging->listing = (struct listing){ .path = path,
        .after = after,
        .limit = limit,
        .found = on_found,
        .ended = on_listed };
    paging->ending = (struct ending){ .endings = 0 };
    strcpy(paging->last, after);
    paging->count = 0;
    scene->kind->list(scene->backend, &paging->listing);
    await(scene, &paging->ending);
    check(paging->count <= limit);
    return paging->ending.outcome;
}

enum outcome
list_page(struct scene *scene, const char *path, const char *after, size_t limit, size_t *count,
    bool *has_more, char last[NAME_BYTES_MAX + 1])
{
    struct paging paging = { .names = NULL };
    const enum outcome outcome = page(scene, &paging, path, after, limit);

    *count = paging.count;
    *has_more = paging.listing.has_more;
    strcpy(last, paging.last);
    return outcome;
}

char *
names_after(struct scene *scene, const char *path, const char *after, size_t limit)
{
    struct paging paging = { .names = memory_copy("", 0) };
    char from[NAME_BYTES_MAX + 1];

    strcpy(paging.last, after);
    do {
        strcpy(from, paging.last);
        check(page(scene, &paging, path, from, limit) == DONE);
    } while (paging.listing.has_more);
    return paging.names;
}

bool
names_are(struct scene *scene, const char *path, const char *expected)
{
    bool is_so = true;

    for (size_t limit = 1; limit <= 4; limit++) {
        char *names = names_after(scene, path, "", limit == 4 ? 1000 : limit);

        is_so = is_so && strcmp(names, expected) == 0;
        free(names);
    }
    return is_so;
}

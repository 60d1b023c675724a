#include "tests/actors/support/model_place.h"

#include "base/memory.h"
#include "base/path.h"
#include "tests/check.h"

/* ---- one place ------------------------------------------------------------------- */

static const struct backend_kind *kind;

struct backend *
model_open(const char *name)
{
    struct backend *backend;
    struct report report;

    kind = backend_kind_find("memory");
    check(kind->open(&backend, &(struct backend_args){ .name = name, .place = name }, &report) ==
        DONE);
    return backend;
}

void
model_close(struct backend **place)
{
    kind->close(place);
}

struct did {
    struct change change;
    enum outcome outcome;
    enum cause cause;
};

static void
on_did(struct change *change, enum outcome outcome, const struct report *report)
{
    struct did *did = (struct did *) change;

    did->outcome = outcome;
    did->cause = outcome == DONE ? CAUSE_NONE : report->cause;
}

static void
on_consumed(struct change *change, size_t bytes)
{
    (void) change;
    (void) bytes;
}

enum outcome
model_apply(struct backend *place, struct change change, const void *bytes, enum cause *cause)
{
    struct did did = { .change = change, .outcome = RETRY };

    did.change.ended = on_did;
    did.change.consumed = on_consumed;
    kind->begin(place, &did.change);
    if (change.kind == PUT && change.size > 0)
        kind->write(place, &did.change, bytes, (size_t) change.size);
    if (cause)
        *cause = did.cause;
    return did.outcome;
}

struct looked {
    struct lookup lookup;
    enum outcome outcome;
};

static void
on_looked(struct lookup *lookup, enum outcome outcome, const struct report *report)
{
    (void) report;
    ((struct looked *) lookup)->outcome = outcome;
}

bool
model_look(struct backend *place, const char *path, struct entry *entry)
{
    struct looked looked = { .lookup = { .path = path, .ended = on_looked } };

    kind->lookup(place, &looked.lookup);
    *entry = looked.lookup.entry;
    return looked.outcome == DONE;
}

struct got {
    struct reading reading;
    enum outcome outcome;
};

static void
on_got(struct reading *reading, enum outcome outcome, const struct report *report)
{
    (void) report;
    ((struct got *) reading)->outcome = outcome;
}

size_t
model_content(struct backend *place, const char *path, char into[MODEL_BYTES])
{
    struct got got = {
        .reading = { .path = path, .into = into, .length = MODEL_BYTES, .ended = on_got }
    };

    kind->read(place, &got.reading);
    check(got.outcome == DONE);
    return got.reading.got;
}

static void on_found(struct listing *listing, const char *name, const struct entry *entry);
static void
on_listed(struct listing *listing, enum outcome outcome, const struct report *report)
{
    (void) listing;
    (void) outcome;
    (void) report;
}

struct page {
    struct listing listing;
    struct model_paths *paths;
};

void
model_collect(struct backend *place, const char *path, struct model_paths *paths)
{
    size_t begin = paths->count, end;
    struct page page = {
        .listing = { .path = path,
            .after = "",
            .limit = 1000,
            .found = on_found,
            .ended = on_listed },
        .paths = paths,
    };
    struct entry entry;

    kind->list(place, &page.listing);
    check(!page.listing.has_more);
    end = paths->count;
    for (size_t i = begin; i < end; i++)
        if (model_look(place, paths->at[i], &entry) && entry.is_directory)
            model_collect(place, paths->at[i], paths);
}

static void
on_found(struct listing *listing, const char *name, const struct entry *entry)
{
    struct model_paths *paths = ((struct page *) listing)->paths;

    (void) entry;
    check(paths->count < sizeof paths->at / sizeof *paths->at);
    paths->at[paths->count++] =
        memory_print("%s/%s", strcmp(listing->path, "/") == 0 ? "" : listing->path, name);
}

void
model_paths_free(struct model_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->at[i]);
    free(paths);
}

const struct policies *model_excludes;

void
model_exclude_some(struct policies **excludes)
{
    policies_begin(excludes, 0, memory_print("names"));
    policies_add_extensions(*excludes, &(struct extensions){ (char *[]){ "z" }, 1 });
    policies_begin(excludes, 1, memory_print("sizes"));
    policies_add_limit(*excludes, MODEL_BYTES / 2);
}

bool
model_wants(struct backend *primary, const char *path, struct entry *entry)
{
    return model_look(primary, path, entry) &&
        (entry->is_directory || !policies_match(model_excludes, view_of(path), entry->size));
}

void
model_keep_wanted(struct backend *primary, struct model_paths *paths)
{
    size_t kept = 0;
    struct entry entry;

    for (size_t i = 0; i < paths->count; i++)
        if (model_wants(primary, paths->at[i], &entry))
            paths->at[kept++] = paths->at[i];
        else
            free(paths->at[i]);
    paths->count = kept;
}

bool
model_parents_fit(struct backend *place, const char *path)
{
    struct view parent = path_parent(view_of(path));
    struct entry entry;

    for (; parent.length > 1; parent = path_parent(parent)) {
        char *above = view_dup(parent);
        bool is_file = model_look(place, above, &entry) && !entry.is_directory;

        free(above);
        if (is_file)
            return false;
    }
    return true;
}

/* ---- a backup beside its primary ------------------------------------------------- */

bool
model_is_same(struct backend *primary, struct backend *backup, const char *path)
{
    char one[MODEL_BYTES], other[MODEL_BYTES];
    struct entry a, b;

    if (!model_look(primary, path, &a) || !model_look(backup, path, &b) || a.is_directory ||
        b.is_directory || a.size != b.size)
        return false;
    model_content(primary, path, one);
    model_content(backup, path, other);
    return memcmp(one, other, (size_t) a.size) == 0;
}

void
model_check_same(struct backend *primary, struct backend *backup, const struct model_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        char one[MODEL_BYTES], other[MODEL_BYTES];
        struct entry a, b;

        check(model_look(primary, paths->at[i], &a));
        check(model_look(backup, paths->at[i], &b));
        check(a.is_directory == b.is_directory);
        if (!a.is_directory) {
            check(a.mode == b.mode);
            check(a.size == b.size);
            model_content(primary, paths->at[i], one);
            model_content(backup, paths->at[i], other);
            check(memcmp(one, other, (size_t) a.size) == 0);
        }
    }
}

void
model_check_fresh(struct ledger *ledger, struct backend *primary, struct backend *backup)
{
    struct model_paths *paths = memory_new(sizeof *paths);
    struct entry entry;
    struct lack lack;

    model_collect(backup, "/", paths);
    for (size_t i = 0; i < paths->count; i++)
        check(!model_look(backup, paths->at[i], &entry) || entry.is_directory ||
            ledger_lacks(ledger, 0, paths->at[i], &lack) ||
            model_is_same(primary, backup, paths->at[i]));
    model_paths_free(paths);
}

/* The path is gone on the primary: it goes, and directories above it are made. */
static enum outcome
absent(struct backend *primary, struct backend *backup, const char *path, uint64_t seq,
    enum cause *cause)
{
    struct change change = { .kind = REMOVE, .path = path, .seq = seq };
    struct view parent = path_parent(view_of(path));
    enum outcome outcome = DONE;
    struct entry entry;
    char *above = view_dup(parent);

    if (parent.length == 1 || (model_look(backup, above, &entry) && entry.is_directory)) {
        outcome = model_apply(backup, change, NULL, cause);
        free(above);
        return *cause == CAUSE_DIRECTORY_NOT_EMPTY ? DONE : outcome;
    }
    while (parent.length > 1 && !model_look(primary, above, &entry)) {
        parent = path_parent(parent);
        free(above);
        above = view_dup(parent);
    }
    if (parent.length > 1 && entry.is_directory) {
        change.kind = MKDIR;
        change.path = above;
        change.mode = entry.mode;
        outcome = model_apply(backup, change, NULL, cause);
    }
    free(above);
    return outcome;
}

enum outcome
model_path_by_state(struct backend *primary, struct backend *backup, const char *path, uint64_t seq,
    enum cause *cause)
{
    struct change change = { .kind = PUT, .path = path, .seq = seq };
    char bytes[MODEL_BYTES];
    struct entry entry;

    if (!model_wants(primary, path, &entry))
        return absent(primary, backup, path, seq, cause);
    change.mode = entry.mode;
    change.kind = entry.is_directory ? MKDIR : PUT;
    if (!entry.is_directory)
        change.size = model_content(primary, path, bytes);
    return model_apply(backup, change, bytes, cause);
}

enum outcome
model_prune(struct backend *primary, struct backend *backup, const char *path, uint64_t seq,
    enum cause *cause)
{
    struct model_paths *paths = memory_new(sizeof *paths);
    struct change change = { .kind = REMOVE_TREE, .seq = seq };
    enum outcome outcome = DONE;
    struct entry entry;

    paths->at[paths->count++] = memory_copy(path, strlen(path));
    if (model_look(backup, path, &entry) && entry.is_directory)
        model_collect(backup, path, paths);
    for (size_t i = 0; i < paths->count && outcome == DONE; i++) {
        bool is_file = model_look(backup, paths->at[i], &entry) && !entry.is_directory;

        change.path = paths->at[i];
        if (!model_wants(primary, paths->at[i], &entry) || (is_file && entry.is_directory))
            outcome = model_apply(backup, change, NULL, cause);
    }
    model_paths_free(paths);
    if (outcome == DONE && !model_wants(primary, path, &entry))
        outcome = absent(primary, backup, path, seq, cause);
    return outcome;
}

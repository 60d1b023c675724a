#include "tests/actors/support/model_gone.h"

#include "base/memory.h"
#include "tests/check.h"

#include <string.h>

struct model_gone {
    struct model_paths paths;
    char bytes[sizeof((struct model_paths *) NULL)->at / sizeof(char *)][MODEL_BYTES];
    size_t sizes[sizeof((struct model_paths *) NULL)->at / sizeof(char *)];
};

static size_t
size_of(struct backend *place, const char *path, char bytes[MODEL_BYTES])
{
    struct entry entry;

    if (!model_look(place, path, &entry) || entry.is_directory)
        return 0;
    return model_content(place, path, bytes);
}

struct model_gone *
model_gone_note(struct backend *primary, const char *path)
{
    struct model_gone *gone = memory_new(sizeof *gone);

    model_collect(primary, path, &gone->paths);
    for (size_t i = 0; i < gone->paths.count; i++)
        gone->sizes[i] = size_of(primary, gone->paths.at[i], gone->bytes[i]);
    return gone;
}

void
model_gone_check(const struct model_gone *gone, struct backend *backup)
{
    for (size_t i = 0; i < gone->paths.count; i++) {
        char bytes[MODEL_BYTES];
        size_t size = size_of(backup, gone->paths.at[i], bytes);

        check(size == 0 || size != gone->sizes[i] || memcmp(bytes, gone->bytes[i], size) != 0);
    }
}

void
model_gone_free(struct model_gone **gone)
{
    if (!*gone)
        return;
    for (size_t i = 0; i < (*gone)->paths.count; i++)
        free((*gone)->paths.at[i]);
    free(*gone);
    *gone = NULL;
}

struct model_paths *
model_note_same(struct backend *primary, struct backend *backup)
{
    struct model_paths *paths = memory_new(sizeof *paths);
    size_t same = 0;

    model_collect(primary, "/", paths);
    for (size_t i = 0; i < paths->count; i++)
        if (model_is_same(primary, backup, paths->at[i]))
            paths->at[same++] = paths->at[i];
        else
            free(paths->at[i]);
    paths->count = same;
    return paths;
}

void
model_check_kept(struct backend *primary, struct backend *backup, const struct model_paths *paths)
{
    struct entry entry;

    for (size_t i = 0; i < paths->count; i++)
        check(!model_wants(primary, paths->at[i], &entry) ||
            model_is_same(primary, backup, paths->at[i]));
}

void
model_check_all_there(struct backend *primary, struct backend *backup, const char *path)
{
    struct model_paths *paths = memory_new(sizeof *paths);
    struct entry entry;

    paths->at[paths->count++] = memory_copy(path, strlen(path));
    check(model_look(primary, path, &entry));
    if (entry.is_directory)
        model_collect(primary, path, paths);
    model_keep_wanted(primary, paths);
    for (size_t i = 0; i < paths->count; i++)
        check(model_is_same(primary, backup, paths->at[i]) ||
            (model_look(primary, paths->at[i], &entry) && entry.is_directory));
    model_paths_free(paths);
}

void
model_check_equal(struct backend *primary, struct backend *backup)
{
    struct model_paths *ours = memory_new(sizeof *ours), *theirs = memory_new(sizeof *theirs);

    model_collect(primary, "/", ours);
    model_collect(backup, "/", theirs);
    model_keep_wanted(primary, ours);
    model_check_same(primary, backup, ours);
    check(ours->count == theirs->count);
    model_paths_free(ours);
    model_paths_free(theirs);
}

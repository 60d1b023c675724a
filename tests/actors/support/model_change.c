#include "tests/actors/support/model_change.h"

#include "base/path.h"
#include "tests/actors/support/model_place.h"

#include <stdio.h>
#include <string.h>

static uint64_t state;

void
model_seed(uint64_t seed)
{
    state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

unsigned
model_draw(unsigned bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned) ((state >> 11) % bound);
}

static void
random_path(char path[MODEL_PATH_BYTES])
{
    static const char *const names[] = { "a", "b.z", "c", "ab" };
    unsigned depth = 1 + model_draw(3);
    size_t used = 0;

    for (unsigned i = 0; i < depth; i++)
        used +=
            (size_t) snprintf(path + used, MODEL_PATH_BYTES - used, "/%s", names[model_draw(4)]);
}

bool
model_random_change(struct backend *primary, struct change *change, char path[MODEL_PATH_BYTES],
    char to[MODEL_PATH_BYTES])
{
    struct entry entry = { 0 }, other = { 0 };
    bool is_there, other_there;

    random_path(path);
    random_path(to);
    is_there = model_look(primary, path, &entry);
    other_there = model_look(primary, to, &other);
    *change = (struct change){ .path = path, .mode = 0600 + model_draw(64) };
    switch (model_draw(6)) {
    case 0:
    case 1:
        change->kind = PUT;
        change->size = (uint64_t) MODEL_BYTES / 2 * model_draw(3);
        change->mtime_ns = 1;
        return !(is_there && entry.is_directory) && model_parents_fit(primary, path);
    case 2: change->kind = MKDIR; return !is_there && model_parents_fit(primary, path);
    case 3: change->kind = entry.is_directory ? REMOVE_TREE : REMOVE; return is_there;
    case 4: change->kind = CHMOD; return is_there;
    default:
        change->kind = RENAME;
        change->to = to;
        return is_there && strcmp(path, to) != 0 && !path_is_under(view_of(to), view_of(path)) &&
            model_parents_fit(primary, to) &&
            !(other_there && (other.is_directory || entry.is_directory));
    }
}

bool
model_touch(const char *path, const char *to, const char *other, const char *other_to)
{
    const char *ours[] = { path, to ? to : path },
               *theirs[] = { other, other_to ? other_to : other };

    for (int i = 0; i < 4; i++)
        if (path_overlaps(view_of(ours[i / 2]), view_of(theirs[i % 2])))
            return true;
    return false;
}

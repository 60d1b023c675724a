#include "tests/backends/support/contract.h"

/*
 * The contract once more, as simply as it can be said: every path of three
 * names and three levels has a state, and a change is what it does to states.
 */
enum { PATHS = 3 + 9 + 27, STEPS = 2000 };
enum state { NOTHING, DIRECTORY, FILE_THERE };

struct item {
    char path[8];
    enum state state;
    uint32_t mode;
    char text[24];
};

static struct item items[PATHS];

static bool
is_below(const struct item *item, const struct item *above)
{
    return path_is_under(view_of(item->path), view_of(above->path));
}

static void
model_reset(void)
{
    size_t count = 0;

    for (int length = 1; length <= 3; length++)
        for (int code = 0; code < (length == 1 ? 3 : length == 2 ? 9 : 27); code++) {
            struct item *item = &items[count++];

            *item = (struct item){ .state = NOTHING };
            for (int level = 0, rest = code; level < length; level++, rest /= 3) {
                item->path[2 * level] = '/';
                item->path[2 * level + 1] = (char) ('a' + rest % 3);
            }
        }
}

static void
remove_all(struct item *at)
{
    for (size_t i = 0; i < PATHS; i++)
        if (&items[i] == at || is_below(&items[i], at))
            items[i].state = NOTHING;
}

static bool
has_below(const struct item *at)
{
    for (size_t i = 0; i < PATHS; i++)
        if (is_below(&items[i], at) && items[i].state != NOTHING)
            return true;
    return false;
}

static void
make_parents(const struct item *of)
{
    for (size_t i = 0; i < PATHS; i++)
        if (is_below(of, &items[i]) && items[i].state != DIRECTORY) {
            items[i].state = DIRECTORY;
            items[i].mode = 0755;
        }
}

static struct item *
item_at(const char *path)
{
    for (size_t i = 0; i < PATHS; i++)
        if (strcmp(items[i].path, path) == 0)
            return &items[i];
    return NULL;
}

/* The path that `item` has after `from` was renamed to `to`, or NULL if it is too deep. */
static struct item *
item_moved(const struct item *item, const struct item *from, const struct item *to)
{
    char path[32];

    snprintf(path, sizeof path, "%s%s", to->path, item->path + strlen(from->path));
    return item_at(path);
}

static bool
is_too_deep(const struct item *from, const struct item *to)
{
    for (size_t i = 0; i < PATHS; i++)
        if (items[i].state != NOTHING && is_below(&items[i], from) &&
            !item_moved(&items[i], from, to))
            return true;
    return false;
}

static enum outcome
model_rename(struct item *from, struct item *to)
{
    if (from == to)
        return from->state == NOTHING ? REFUSED : DONE;
    if (path_overlaps(view_of(from->path), view_of(to->path)) || from->state == NOTHING)
        return REFUSED;
    remove_all(to);
    make_parents(to);
    for (size_t i = 0; i < PATHS; i++)
        if (items[i].state != NOTHING && (&items[i] == from || is_below(&items[i], from))) {
            struct item *target = item_moved(&items[i], from, to);

            target->state = items[i].state;
            target->mode = items[i].mode;
            strcpy(target->text, items[i].text);
        }
    remove_all(from);
    return DONE;
}

static enum outcome
model_link(const struct item *from, struct item *to)
{
    if (from == to)
        return from->state == FILE_THERE ? DONE : REFUSED;
    if (path_overlaps(view_of(from->path), view_of(to->path)) || from->state != FILE_THERE)
        return REFUSED;
    remove_all(to);
    make_parents(to);
    to->state = FILE_THERE;
    to->mode = from->mode;
    strcpy(to->text, from->text);
    return DONE;
}

static void
model_set(struct item *at, enum state state, uint32_t mode, const char *text)
{
    if (state == FILE_THERE)
        remove_all(at);
    make_parents(at);
    at->state = state;
    at->mode = mode;
    strcpy(at->text, text);
}

static enum outcome
model_change(const struct change *change, const char *text)
{
    struct item *at = item_at(change->path), *to = item_at(change->to);

    switch (change->kind) {
    case PUT: model_set(at, FILE_THERE, change->mode, text); return DONE;
    case MKDIR:
        if (change->clear)
            remove_all(at);
        model_set(at, DIRECTORY, change->mode, "");
        return DONE;
    case REMOVE:
        if (has_below(at))
            return REFUSED;
        remove_all(at);
        return DONE;
    case REMOVE_TREE: remove_all(at); return DONE;
    case RENAME: return model_rename(at, to);
    case LINK: return model_link(at, to);
    case CHMOD: at->mode = change->mode; return at->state == NOTHING ? REFUSED : DONE;
    default: return REFUSED;
    }
}

static void
compare(struct scene *scene)
{
    for (size_t i = 0; i < PATHS; i++) {
        const struct item *item = &items[i];

        if (item->state == NOTHING)
            check(is_nothing(scene, item->path));
        if (item->state == DIRECTORY)
            check(is_directory(scene, item->path));
        if (item->state == FILE_THERE)
            check(is_file(scene, item->path, item->text));
        if (item->state != NOTHING && (scene->kind->traits & KEEPS_MODE))
            check(scene->entry.mode == item->mode);
    }
}

static uint32_t
draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t) (*seed >> 33) % below;
}

void
contract_changes_repeat(const struct subject *subject)
{
    static const uint32_t modes[] = { 0755, 0711, 0777, 0700 }; /* all let their owner in */
    struct scene scene;
    uint64_t seed = 42;

    scene_begin(&scene, subject);
    model_reset();
    for (int step = 0; step < STEPS; step++) {
        const struct change what = { .kind = (enum change_kind) draw(&seed, CHANGE_KINDS),
            .path = items[draw(&seed, PATHS)].path,
            .to = items[draw(&seed, PATHS)].path,
            .mode = modes[draw(&seed, 4)],
            .clear = draw(&seed, 2) };
        char text[24];

        snprintf(text, sizeof text, "step %d", step);
        if (what.kind == RENAME && is_too_deep(item_at(what.path), item_at(what.to)))
            continue;
        for (int again = 0; again < 2; again++) {
            const enum outcome expected = model_change(&what, text);
            const enum outcome outcome = what.kind == PUT
                ? put_bytes(&scene, what.path, text, strlen(text), what.mode)
                : change(&scene, what);

            check(outcome == expected);
        }
        compare(&scene);
    }
    scene_end(&scene);
}

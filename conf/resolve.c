#include "base/memory.h"
#include "base/path.h"
#include "conf/places.h"

#include <pwd.h>
#include <unistd.h>

static char *
home_of(struct view user)
{
    const char *home = user.length ? NULL : getenv("HOME");
    char *name = view_dup(user);
    const struct passwd *entry = user.length ? getpwnam(name) : getpwuid(getuid());

    free(name);
    if (home && *home == '/')
        return memory_print("%s", home);
    return entry ? memory_print("%s", entry->pw_dir) : NULL;
}

/* Without "." and empty parts; ".." is for the file system to say. */
static char *
tidy(const char *path)
{
    struct view rest = view_of(path), part;
    char *tidied = memory_new(rest.length + 2);
    size_t length = 0;

    while (path_next(&rest, &part)) {
        if (part.length == 0 || view_is(part, "."))
            continue;
        tidied[length++] = '/';
        memcpy(tidied + length, part.at, part.length);
        length += part.length;
    }
    if (length == 0)
        tidied[0] = '/';
    return tidied;
}

static bool
has_parent_part(const char *path)
{
    struct view rest = view_of(path), part;

    while (path_next(&rest, &part))
        if (view_is(part, ".."))
            return true;
    return false;
}

char *
places_absolute(const char *path)
{
    size_t user = path[0] == '~' ? strcspn(path, "/") - 1 : 0;
    char *base, *joined, *tidied;

    if (path[0] == '~')
        base = home_of((struct view){ path + 1, user });
    else
        base = path[0] == '/' ? memory_print("/") : getcwd(NULL, 0);
    if (!base)
        return NULL;
    joined = memory_print("%s/%s", base, path[0] == '~' ? path + 1 + user : path);
    tidied = has_parent_part(joined) ? places_resolve(joined) : tidy(joined);
    free(base);
    free(joined);
    return tidied;
}

char *
places_below(const char *directory, const char *path)
{
    return memory_print("%s/%s", strcmp(directory, "/") == 0 ? "" : directory, path);
}

/* A path being walked, part by part, as the kernel would. */
struct walk {
    char *at;   /* resolved; no links in it */
    char *rest; /* what is still to be walked; "" or "/..." */
    unsigned links;
};

enum { LINKS_MAX = 40, TARGET_BYTES_MAX = 4096 };

/* The part just appended is a link: go back, and walk its target first. */
static void
follow(struct walk *self, size_t length_before)
{
    char target[TARGET_BYTES_MAX];
    ssize_t length = readlink(self->at, target, sizeof target);
    char *rest;

    if (length < 0 || ++self->links > LINKS_MAX)
        return;
    self->at[target[0] == '/' ? 0 : length_before] = '\0';
    rest = memory_print("/%.*s%s", (int) length, target, self->rest);
    free(self->rest);
    self->rest = rest;
}

static void
walk_part(struct walk *self, struct view part)
{
    size_t length = strlen(self->at);

    if (part.length == 0 || view_is(part, "."))
        return;
    if (view_is(part, "..")) {
        char *slash = strrchr(self->at, '/');

        if (slash)
            *slash = '\0';
        return;
    }
    self->at = memory_resize(self->at, length + part.length + 2);
    self->at[length] = '/';
    memcpy(self->at + length + 1, part.at, part.length);
    self->at[length + 1 + part.length] = '\0';
}

char *
places_resolve(const char *path)
{
    struct walk walk = { memory_copy("", 0), memory_copy(path, strlen(path)), 0 };
    struct view part;

    for (;;) {
        struct view rest = view_of(walk.rest);
        size_t length = strlen(walk.at);

        if (!path_next(&rest, &part))
            break;
        walk_part(&walk, part);
        memmove(walk.rest, rest.at, rest.length + 1);
        if (strlen(walk.at) > length)
            follow(&walk, length);
    }
    free(walk.rest);
    if (walk.at[0] == '\0')
        return strcpy(memory_resize(walk.at, 2), "/");
    return walk.at;
}

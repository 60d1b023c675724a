#include "conf/places.h"

#include "base/memory.h"
#include "base/path.h"

#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* ---- names ------------------------------------------------------------------ */

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

/* ---- identities ------------------------------------------------------------- */

/* The nearest directory at or above `path` that exists, and the rest of the path. */
static struct stat
nearest(const char *path, struct view *missing)
{
    char *front = memory_copy(path, strlen(path));
    struct view whole = view_of(path), at = whole;
    struct stat found = { 0 };

    while (stat(front, &found) != 0 && at.length > 1) {
        at = path_parent(at);
        front[at.length] = '\0';
    }
    free(front);
    *missing = (struct view){ path + at.length, whole.length - at.length };
    return found;
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is a, or a directory above it, the directory that b is or will be? Both resolved. */
static bool
leads_into(const char *a, const char *b)
{
    struct view at = view_of(a), missing_a, missing_b;
    struct stat b_stat = nearest(b, &missing_b);
    char *front = memory_copy(a, strlen(a));
    bool found = false;

    for (;;) {
        struct stat stat = nearest(front, &missing_a);

        found = is_same_file(&stat, &b_stat) && view_equal(missing_a, missing_b);
        if (found || at.length <= 1)
            break;
        at = path_parent(at);
        front[at.length] = '\0';
    }
    free(front);
    return found;
}

/* ---- the mount table -------------------------------------------------------- */

/* The octal escapes of /proc/self/mountinfo, in place. */
static void
unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        unsigned byte;

        if (from[0] == '\\' && sscanf(from, "\\%3o", &byte) == 1) {
            *to++ = (char) byte;
            from += 3;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/*
 * "8:1/data/viking": the device, and the path in its file system.  The last
 * line that fits best wins: it is mounted over the others.
 */
static char *
in_file_system(const char *resolved)
{
    FILE *table = fopen("/proc/self/mountinfo", "re");
    char line[16384], device[32], root[4097], point[4097], *found = NULL;
    size_t best = 0;

    while (table && fgets(line, sizeof line, table)) {
        size_t length;

        if (sscanf(line, "%*d %*d %31s %4096s %4096s", device, root, point) != 3)
            continue;
        unescape(root);
        unescape(point);
        if (!path_is_under(view_of(resolved), view_of(point)) && strcmp(resolved, point) != 0)
            continue;
        length = strcmp(point, "/") == 0 ? 0 : strlen(point);
        if (found && length < best)
            continue;
        best = length;
        free(found);
        found =
            memory_print("/%s%s%s", device, strcmp(root, "/") == 0 ? "" : root, resolved + length);
    }
    if (table)
        fclose(table);
    return found;
}

static enum relation
by_name(const char *a, const char *b)
{
    if (strcmp(a, b) == 0)
        return SAME;
    if (path_is_under(view_of(a), view_of(b)))
        return INSIDE;
    return path_is_under(view_of(b), view_of(a)) ? AROUND : APART;
}

static enum relation
by_mount(const char *a, const char *b)
{
    char *a_place = in_file_system(a), *b_place = in_file_system(b);
    enum relation relation = a_place && b_place ? by_name(a_place, b_place) : APART;

    free(a_place);
    free(b_place);
    return relation;
}

static enum relation
by_identity(const char *a, const char *b)
{
    bool into = leads_into(a, b), out_of = leads_into(b, a);

    if (into && out_of)
        return SAME;
    if (into)
        return INSIDE;
    return out_of ? AROUND : APART;
}

enum relation
places_relation(const char *a, const char *b)
{
    char *a_real = places_resolve(a), *b_real = places_resolve(b);
    enum relation relation = by_name(a_real, b_real);

    if (relation == APART)
        relation = by_identity(a_real, b_real);
    if (relation == APART)
        relation = by_mount(a_real, b_real);
    free(a_real);
    free(b_real);
    return relation;
}

#include "conf/places.h"

#include "base/memory.h"
#include "base/path.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

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

/*
 * On one and the same mount, resolved names tell everything.  0 if the kernel
 * does not say which mount it is.
 */
static uint64_t
mount_of(const char *path)
{
    char *front = memory_copy(path, strlen(path));
    struct view at = view_of(path);
    struct statx found = { 0 };
    uint64_t mount;

    while (statx(AT_FDCWD, front, 0, STATX_MNT_ID, &found) != 0 && at.length > 1) {
        at = path_parent(at);
        front[at.length] = '\0';
    }
    mount = found.stx_mask & STATX_MNT_ID ? found.stx_mnt_id : 0;
    free(front);
    return mount;
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
    uint64_t mount = relation == APART ? mount_of(a_real) : 0;

    if (relation == APART && (mount == 0 || mount != mount_of(b_real))) {
        relation = by_identity(a_real, b_real);
        if (relation == APART)
            relation = by_mount(a_real, b_real);
    }
    free(a_real);
    free(b_real);
    return relation;
}

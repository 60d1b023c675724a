#include "base/path.h"

#include <strings.h>

const char *
path_flaw(struct view path)
{
    struct view rest = path, part;

    if (path.length == 0 || path.at[0] != '/')
        return "does not begin with '/'";
    if (path.length > PATH_BYTES_MAX)
        return "is longer than 4000 bytes";
    if (memchr(path.at, '\0', path.length))
        return "has a NUL byte";
    if (path.length == 1)
        return NULL;
    if (path.at[path.length - 1] == '/')
        return "ends with '/'";
    while (path_next(&rest, &part)) {
        if (part.length == 0)
            return "has an empty part";
        if (view_is(part, ".") || view_is(part, ".."))
            return "has a part '.' or '..'";
        if (part.length > NAME_BYTES_MAX)
            return "has a part longer than 255 bytes";
    }
    return NULL;
}

struct view
path_parent(struct view path)
{
    size_t length = path.length - path_name(path).length;

    return (struct view){ path.at, length > 1 ? length - 1 : length };
}

struct view
path_name(struct view path)
{
    const char *slash = memrchr(path.at, '/', path.length);
    size_t before = (size_t) (slash - path.at) + 1;

    return (struct view){ path.at + before, path.length - before };
}

bool
path_next(struct view *rest, struct view *part)
{
    const char *start = rest->at + 1, *slash;
    size_t left = rest->length ? rest->length - 1 : 0;

    if (rest->length == 0 || (left == 0 && rest->at[0] == '/'))
        return false;
    slash = memchr(start, '/', left);
    *part = (struct view){ start, slash ? (size_t) (slash - start) : left };
    *rest = (struct view){ start + part->length, left - part->length };
    return true;
}

bool
path_is_under(struct view path, struct view ancestor)
{
    size_t above = ancestor.length == 1 ? 0 : ancestor.length; /* the root ends with its '/' */

    return path.length > above + 1 && memcmp(path.at, ancestor.at, above) == 0 &&
        path.at[above] == '/';
}

bool
path_overlaps(struct view a, struct view b)
{
    return view_equal(a, b) || path_is_under(a, b) || path_is_under(b, a);
}

enum where { ANYWHERE, AT_ROOT };

static const struct {
    const char *name;
    bool is_prefix;
    enum where where;
} internal[] = {
    { INTERNAL_PREFIX, true, ANYWHERE },
    { ".redirect.json", false, ANYWHERE },
    { ".sync_log.json", false, ANYWHERE },
    { ".path.ovlock", false, ANYWHERE },
    { ".exact.ovlock.", true, ANYWHERE },
    { "backend_meta.json", false, AT_ROOT },
    { "_system", false, AT_ROOT },
};

static bool
name_is_internal(struct view name, bool is_at_root)
{
    for (size_t i = 0; i < sizeof internal / sizeof *internal; i++) {
        size_t length = strlen(internal[i].name);

        if (internal[i].where == AT_ROOT && !is_at_root)
            continue;
        if (internal[i].is_prefix ? name.length < length : name.length != length)
            continue;
        if (strncasecmp(name.at, internal[i].name, length) == 0)
            return true;
    }
    return false;
}

bool
path_is_internal(struct view path)
{
    struct view rest = path, part;
    bool is_at_root = true;

    while (path_next(&rest, &part)) {
        if (name_is_internal(part, is_at_root))
            return true;
        is_at_root = false;
    }
    return false;
}

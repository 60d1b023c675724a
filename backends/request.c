#include "backends/request.h"

#include <stdio.h>

struct excerpt
path_excerpt(const char *path)
{
    struct excerpt excerpt;
    const bool is_long = strlen(path) >= sizeof excerpt.text;

    snprintf(excerpt.text, sizeof excerpt.text, "%.*s%s", is_long ? 200 : (int) sizeof excerpt.text,
        path, is_long ? "..." : "");
    return excerpt;
}

enum outcome
path_check(const char *backend_name, const char *path, struct report *report)
{
    const char *flaw = path_flaw(view_of(path));

    if (!flaw && strstr(path, "/" BACKEND_TEMPORARY))
        flaw = "has the name of a temporary file";
    if (!flaw)
        return DONE;
    return report_set(report, REFUSED, CAUSE_INVALID_PATH, "%s: the path %s %s", backend_name,
        path_excerpt(path).text, flaw);
}

enum outcome
change_check(const char *backend_name, const struct change *change, struct report *report)
{
    const bool has_to = change->kind == RENAME || change->kind == LINK;
    const struct view path = view_of(change->path);

    if (path_check(backend_name, change->path, report) != DONE)
        return REFUSED;
    if (has_to && path_check(backend_name, change->to, report) != DONE)
        return REFUSED;
    if ((path.length == 1 && change->kind != MKDIR) || (has_to && !change->to[1]))
        return report_set(report, REFUSED, CAUSE_INVALID_PATH, "%s: cannot %s the root itself",
            backend_name, change_name(change->kind));
    if (has_to && path_overlaps(path, view_of(change->to)) && !view_is(path, change->to))
        return report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "%s: cannot %s %s: one of the two paths is inside the other", backend_name,
            change_name(change->kind), path_excerpt(change->path).text);
    return DONE;
}

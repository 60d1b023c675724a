#ifndef BASE_VIEW_H
#define BASE_VIEW_H

/*
 * view - somebody else's bytes: not owned, not terminated, good until the
 * call or the handler that was given it returns.  To keep them, copy them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct view {
    const char *at;
    size_t length;
};

static inline struct view
view_of(const char *text)
{
    return (struct view){ text, strlen(text) };
}

static inline bool
view_equal(struct view a, struct view b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

static inline bool
view_is(struct view view, const char *text)
{
    return view_equal(view, view_of(text));
}

/* A terminated copy on the heap; free() it. */
char *view_dup(struct view);

/* printf("%.*s", VIEW(v)) */
#define VIEW(view) (int) (view).length, (view).at

#endif

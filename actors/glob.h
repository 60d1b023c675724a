#ifndef ACTORS_GLOB_H
#define ACTORS_GLOB_H

/*
 * glob - patterns over relative paths, such as "docs/chapter-?/{text,notes}.*".
 *
 *     *        any bytes within a name, also none
 *     ?        one character within a name
 *     [a-z_]   one of these characters; [!a-z] one that is none of them
 *     {a,b}    a or b, each a pattern
 *     **       as a whole part: any number of directories, also none; at the
 *              end: all that is below.  Within a part: any bytes, also '/'
 *     \x       x itself
 *
 * A name that begins with a dot is like any other.  A character is one of
 * UTF-8, or one byte of what is not UTF-8.  Matching is PCRE2's, with limits.
 */

#include "base/outcome.h"
#include "base/view.h"

enum { GLOB_BYTES_MAX = 4096 };

struct glob;

/* INVALID_ARGUMENT says what is wrong with the pattern, and where. */
enum outcome glob_open(struct glob **, struct view pattern, struct report *);
void glob_close(struct glob **);

bool glob_matches(struct glob *, struct view path); /* relative: "src/a.c" */
/* False if nothing below this directory can match; true may be wrong. */
bool glob_reaches(struct glob *, struct view directory);
/* Some path was too much for the limits, so that an answer above may be wrong. */
bool glob_gave_up(const struct glob *);

#endif

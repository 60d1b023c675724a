#ifndef CONF_PLACES_H
#define CONF_PLACES_H

/*
 * places - whether two directories are, or hold, one another.
 *
 * A backup that writes into its primary's directory, or another's, would
 * replicate into itself or be overwritten.  Names do not tell: there are
 * symbolic links, "..", relative paths and bind mounts, and a directory may
 * not be there yet.  So the longest existing part of each path is resolved,
 * and three things are compared:
 *
 *     the resolved names                                (links, "..", relative)
 *     device and inode of one with each ancestor of the other    (bind mounts)
 *     where in its file system the mount table says each is (mounted subtrees)
 *
 * The last two are for paths on different mounts.
 */

#include <stdbool.h>

enum relation { APART, SAME, INSIDE, AROUND }; /* the first is ... the second */

enum relation places_relation(const char *a, const char *b);

/* A path without links, ".", ".." or empty parts, as far as it exists; on the heap. */
char *places_resolve(const char *path);

/*
 * An absolute path from one that a configuration gives: "~" and "~user" are
 * home directories, anything relative is below the working directory.  NULL if
 * there is no such home; on the heap.
 */
char *places_absolute(const char *path);

char *places_below(const char *directory, const char *path); /* "/data", "a/b": "/data/a/b" */

#endif

#ifndef CONF_EXTENSIONS_H
#define CONF_EXTENSIONS_H

/*
 * extensions - the file extensions that a pattern of a FileExtensionPolicy means.
 *
 * The extension of a file is what stands behind the last '.' of its name:
 * "gz" for "x.tar.gz".  A name without one, ".profile" and "x." have none.
 * A pattern has to match the whole of it, in either case of ASCII letters.
 *
 * Only patterns that mean a list are taken:
 *
 *     (pdf|ppt|zip)     jpe?g     mp[34]     \.docx?$     (?i)html?
 *
 * literals, groups, alternatives, '?' and sets; a "\." in front and a "$"
 * behind say nothing new.  Then whether two rules meet, and whether one takes
 * a file, is looked up and not guessed; for all other regular expressions it
 * could not be decided, so they are refused.
 */

#include "base/view.h"

enum { EXTENSIONS_MAX = 1024 }; /* that one pattern may mean */

struct extensions {
    char **at; /* ASCII letters are small */
    size_t count;
};

struct pattern_flaw {
    size_t place; /* 1-based: the byte of the pattern */
    char why[128];
};

/* False: the flaw says why not, and nothing is kept. */
bool extensions_parse(const char *pattern, struct extensions *, struct pattern_flaw *);
void extensions_free(struct extensions *);

/* Of the file at a path; empty if it has none. */
struct view extension_of(struct view path);

#endif

#ifndef CONF_POLICY_H
#define CONF_POLICY_H

/*
 * policy - rules about files, in the order in which they are written: the
 * first that takes a file decides.
 *
 *     FileExtensionPolicy   takes a file by its extension, see conf/extensions.h
 *     FileOverSizePolicy    takes a file of more bytes than so many MiB
 *
 * A list of rules is compiled once: a table says which is the first rule for
 * an extension, and of the sizes only those are kept that can be the first.
 * So a file costs one look into the table, however many rules there are.
 * Directories are never taken; callers do not ask for them.
 */

#include "conf/extensions.h"

#include <stdint.h>

struct policy {
    size_t index; /* in its list, from 0 */
    char *text;   /* "excludes[0]: FileOverSizePolicy 50 MiB" */
};

struct policies; /* NULL: a list without rules */

/* The next rule of a list, which is made if there is none yet; then what it takes. */
void policies_begin(struct policies **, size_t index, char *take_text);
void policies_add_extensions(struct policies *, const struct extensions *);
void policies_add_limit(struct policies *, uint64_t max_bytes);
void policies_free(struct policies **);

/* The first rule that takes a file of that name and size, or NULL. */
const struct policy *policies_match(const struct policies *, struct view path, uint64_t size);

/* All that rules distinguish: extensions, and the largest sizes not taken. */
size_t policies_extension_count(const struct policies *);
void policies_each_extension(const struct policies *,
    void (*each)(void *context, const char *extension), void *context);
void policies_each_limit(const struct policies *, void (*each)(void *context, uint64_t max_bytes),
    void *context);

#endif

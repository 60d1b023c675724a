#ifndef CLI_KNARR_ENTRY_H
#define CLI_KNARR_ENTRY_H

/*
 * entry - files and directories, printed in every way there is.
 *
 * A name relative to `base` is what follows it in the URI; with no base, the
 * last part.
 */

#include "cli/knarr/json.h"
#include "client/knarr.h"

void entry_name(const struct knarr_entry *, const char *base);
void entry_line(const struct knarr_entry *, const char *base);
void entry_sheet(const struct knarr_entry *);
void entry_json(struct json *, const char *key, const struct knarr_entry *);

/*
 * What follows `base` in the URI, without a slash in front; "" if it is the
 * base itself, and all of it if it is not below the base.
 */
const char *entry_below(const char *uri, const char *base);

/*
 * All entries below a directory, put in the order of a tree whatever order
 * they came in.
 */
enum { BRANCHES_MAX = 1 << 20 };

struct branches {
    const char *base;
    struct branch *at;
    size_t count, room;
    bool is_cut; /* there were more */
};

bool branches_add(void *branches, const struct knarr_entry *); /* a knarr_found */
void branches_print(struct branches *, bool is_json);
void branches_free(struct branches *);

#endif

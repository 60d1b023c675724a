#ifndef CONF_RULES_H
#define CONF_RULES_H

/*
 * rules - the policies of the configuration: what backups exclude, and what is
 * redirected to them.
 *
 *     { "type": "FileExtensionPolicy", "extensions": ["(mp4|zip)"], "target": [...] }
 *     { "type": "FileOverSizePolicy", "max_size_mb": 50, "target": [...] }
 *
 * Only redirects have a target.  One that does not exist, receives nothing, or
 * excludes what would be redirected to it is a contradiction, and told with
 * both places that contradict.
 */

#include "conf/policy.h"
#include "conf/schema.h"

/* `item` is one of the backups; they go into its `excludes`. */
void read_excludes(struct reader *, json_t *item, const struct spot *item_spot,
    struct conf_backend *);

/* A list of rules; `list` is what they are called. */
void read_rules(struct reader *, json_t *, const struct spot *, const char *list,
    struct policies **into);

/* After all backups were read; `agfs` is storage.agfs. */
void read_redirects(struct reader *, json_t *agfs, const struct spot *agfs_spot);

#endif

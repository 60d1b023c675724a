#ifndef CLI_KNARR_STATUS_H
#define CLI_KNARR_STATUS_H

/*
 * status - how the backups are, and what each has of each path.
 *
 * The JSON of the paths is OpenViking's (compat 6.7); "backups" is ours.
 * OpenViking counts how reads were routed; this client is not told, so
 * "read_route_metrics" is null.
 */

#include "cli/knarr/json.h"
#include "client/knarr.h"

/* A backup that does not get the path, until the path's end is written. */
struct excluded {
    char *backup, *rule;
    bool is_removed; /* it has none of it (any more) */
};

struct status {
    const char *uri; /* or NULL: no paths */
    const char *path;
    struct json json;
    bool has_begun, has_targets; /* what is open in the JSON */
    char *current;               /* the path whose targets are coming */
    bool is_synced;              /* so far, on all of its backups */
    struct excluded *excluded;
    size_t excluded_count;
    uint64_t paths, pending;
};

bool status_lag(void *status, const struct knarr_lag *);
bool status_target(void *status, const struct knarr_target *);
void status_end(struct status *, bool is_done);

bool status_lag_json(void *status, const struct knarr_lag *);
bool status_target_json(void *status, const struct knarr_target *);
void status_end_json(struct status *, bool is_done);

#endif

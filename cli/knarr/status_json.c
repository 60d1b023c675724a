/*
 * The status as JSON, written as it comes.
 *
 *     {"path":..., "backups":[ lag, ... ], "entries":[ {path, ..., "targets":[ ... ],
 *      "excluded":[ ... ], "all_synced":...}, ... ], "entry_count":...,
 *      "pending_target_count":...}
 *
 * Targets are those that policy names, as in OpenViking; the others come
 * behind them, each with its rule.
 */

#include "cli/knarr/status.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void
begin(struct status *self)
{
    if (self->has_begun)
        return;
    self->has_begun = true;
    json_open(&self->json, NULL, '{');
    json_text(&self->json, "path", self->path);
    json_open(&self->json, "capabilities", '{');
    json_flag(&self->json, "multi_instance_safe", false);
    json_close(&self->json, '}');
    json_null(&self->json, "read_route_metrics");
    json_open(&self->json, "backups", '[');
}

bool
status_lag_json(void *context, const struct knarr_lag *lag)
{
    struct status *self = context;
    struct json *json = &self->json;

    begin(self);
    json_open(json, NULL, '{');
    json_text(json, "name", lag->backup);
    json_text(json, "kind", lag->kind);
    json_text(json, "state", lag->state);
    json_number(json, "pending", lag->pending);
    json_number(json, "pending_bytes", lag->pending_bytes);
    json_number(json, "lag_ms", lag->lag_ms);
    json_text(json, "oldest_uri", lag->oldest_uri);
    json_text(json, "reason", lag->reason);
    json_number(json, "quarantined", lag->quarantined);
    json_number(json, "dead", lag->dead);
    json_number(json, "applied", lag->applied);
    json_number(json, "superseded", lag->superseded);
    json_number(json, "failures", lag->failures);
    json_number(json, "probe_ms", lag->probe_ms);
    json_number(json, "excluded", lag->excluded);
    json_number(json, "promised", lag->promised);
    json_open(json, "reads", '{');
    json_number(json, "hits", lag->read_hits);
    json_number(json, "misses", lag->read_misses);
    json_number(json, "failures", lag->read_failures);
    json_number(json, "stale", lag->read_stale);
    json_close(json, '}');
    json_close(json, '}');
    return true;
}

/* Our changes, as OpenViking calls them. */
static const struct {
    const char *ours, *theirs;
} ops[] = {
    { "put", "SyncFile" },
    { "mkdir", "Mkdir" },
    { "remove", "Remove" },
    { "remove_tree", "RemoveAll" },
    { "rename", "Rename" },
    { "chmod", "Chmod" },
};

static void
print_op(struct json *json, const struct knarr_target *target)
{
    const char *type = target->op;

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(target->op, ops[i].ours) == 0)
            type = ops[i].theirs;
    json_open(json, "op", '{');
    json_text(json, "type", type);
    if (strcmp(target->op, "put") == 0)
        json_number(json, "size", target->size);
    json_close(json, '}');
}

static void
keep_excluded(struct status *self, const struct knarr_target *target)
{
    struct excluded *excluded;

    self->excluded =
        memory_resize(self->excluded, (self->excluded_count + 1) * sizeof *self->excluded);
    excluded = &self->excluded[self->excluded_count++];
    excluded->backup = memory_copy(target->backup, strlen(target->backup));
    excluded->rule = memory_copy(target->excluded, strlen(target->excluded));
    excluded->is_removed = target->in_sync;
}

static void
print_excluded(struct json *json, struct excluded *excluded)
{
    json_open(json, NULL, '{');
    json_text(json, "name", excluded->backup);
    json_text(json, "rule", excluded->rule);
    json_flag(json, "in_sync", excluded->is_removed);
    json_close(json, '}');
    free(excluded->backup);
    free(excluded->rule);
}

static void
end_entry(struct status *self)
{
    if (!self->current)
        return;
    json_close(&self->json, ']');
    json_open(&self->json, "excluded", '[');
    for (size_t i = 0; i < self->excluded_count; i++)
        print_excluded(&self->json, &self->excluded[i]);
    json_close(&self->json, ']');
    self->excluded_count = 0;
    json_flag(&self->json, "all_synced", self->is_synced);
    json_close(&self->json, '}');
    free(self->current);
    self->current = NULL;
}

static void
begin_entry(struct status *self, const struct knarr_target *target)
{
    struct json *json = &self->json;

    if (self->current && strcmp(self->current, target->path) == 0)
        return;
    end_entry(self);
    self->current = memory_copy(target->path, strlen(target->path));
    self->is_synced = true;
    self->paths++;
    json_open(json, NULL, '{');
    json_text(json, "path", target->path);
    json_text(json, "uri", target->uri);
    json_number(json, "latest_seq", target->latest_seq);
    json_flag(json, "primary_committed", true);
    print_op(json, target);
    json_open(json, "targets", '[');
}

static void
begin_entries(struct status *self)
{
    begin(self);
    if (self->has_targets)
        return;
    self->has_targets = true;
    json_close(&self->json, ']');
    json_open(&self->json, "entries", '[');
}

bool
status_target_json(void *context, const struct knarr_target *target)
{
    struct status *self = context;
    struct json *json = &self->json;

    begin_entries(self);
    begin_entry(self, target);
    if (*target->excluded) {
        keep_excluded(self, target);
        return true;
    }
    json_open(json, NULL, '{');
    json_text(json, "name", target->backup);
    json_number(json, "acked_seq", target->acked_seq);
    json_number(json, "retry_failures", target->failures);
    json_flag(json, "quarantined", target->quarantined);
    json_flag(json, "primary_committed", true);
    json_flag(json, "in_sync", target->in_sync);
    if (*target->reason)
        json_text(json, "reason", target->reason);
    json_close(json, '}');
    self->is_synced = self->is_synced && target->in_sync;
    self->pending += !target->in_sync && !target->quarantined;
    return true;
}

void
status_end_json(struct status *self, bool is_done)
{
    if (!is_done && !self->has_begun)
        return;
    begin_entries(self);
    end_entry(self);
    free(self->excluded);
    json_close(&self->json, ']');
    json_number(&self->json, "entry_count", self->paths);
    json_number(&self->json, "pending_target_count", self->pending);
    json_close(&self->json, '}');
    json_end(&self->json);
}

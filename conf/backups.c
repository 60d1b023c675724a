/*
 * storage.agfs.backups: how writes reach the backups, and when they count.
 */

#include "conf/sections.h"

#include <inttypes.h>

enum { WEEK_MS = 604800000 };

static const char *const sync_words[] = { "async", "sync", NULL };

static const struct key backups_keys[] = {
    { ROW_WORD("sync_type", conf, sync_type, sync_words) },
    { ROW_NUMBER("write_ack_count", conf, write_ack_count, UINT64_MAX, 0, INT64_MAX, "backups"),
        .may_be_null = true },
    { ROW_NUMBER("write_ack_timeout_ms", conf, write_ack_timeout_ms, 0, 0, WEEK_MS, "ms"),
        .may_be_null = true },
    { ROW_NUMBER("write_concurrency", conf, write_concurrency, 0, 0, 65536, "writes"),
        .may_be_null = true },
    { ROW_NUMBER("retry_interval_ms", conf, retry_interval_ms, 30000, 1, WEEK_MS, "ms"),
        .may_be_null = true },
    { ROW_NUMBER("retry_backoff_base_ms", conf, retry_backoff_base_ms, 1000, 1, WEEK_MS, "ms"),
        .may_be_null = true },
    { ROW_NUMBER("retry_max_retries_per_round", conf, retry_max_retries_per_round, 3, 1, 1000,
          "retries"),
        .may_be_null = true },
    { ROW_NUMBER("retry_quarantine_after_failures", conf, retry_quarantine_after_failures, 9, 1,
          UINT32_MAX, "failures"),
        .may_be_null = true },
    { ROW_UNUSED("read_probe_cache_ttl_ms", "nothing is probed before a read"),
        .may_be_null = true },
    { ROW_SEEN("items", KEY_LIST) },
};
static const struct object backups = OBJECT("storage.agfs.backups", backups_keys);

/* A count that can never be reached would make every write fail. */
static void
check_ack_count(struct reader *self, const struct spot *above)
{
    struct spot spot = { above, "write_ack_count", 0 };
    const struct conf *conf = self->conf;
    size_t receivers = 0;

    for (size_t i = 0; i < conf->backup_count; i++)
        receivers += conf->backups[i].receives;
    if (conf->write_ack_count != UINT64_MAX && conf->write_ack_count > receivers)
        complain(self, &spot,
            "%" PRIu64 " is more than the number of backups that receive writes: %zu",
            conf->write_ack_count, receivers);
}

void
read_backups(struct reader *self, json_t *json, const struct spot *spot)
{
    struct spot items_spot = { spot, "items", 0 };
    json_t *items;

    set_defaults(&backups, self->conf);
    if (!json)
        return;
    read_object(self, json, spot, &backups, self->conf);
    items = json_object_get(json, "items");
    if (!items)
        complain(self, &items_spot, "missing: the list of the backups");
    if (!json_is_array(items))
        return;
    read_items(self, items, &items_spot);
    check_ack_count(self, spot);
}

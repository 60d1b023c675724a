/*
 * storage.agfs.knarr: our own settings.  The numbers are rows of
 * conf/settings.def; the words, the endpoint and read_consistency are here.
 */

#include "base/memory.h"
#include "conf/endpoint.h"
#include "conf/sections.h"

#include <string.h>

static const char *const durability_words[] = { "power", "process", NULL };
static const char *const level_words[] = { "debug", "info", "warn", "error", NULL };
static const char *const format_words[] = { "text", "json", NULL };

/* ---- "fresh", "any", or {"max_staleness_ms": N} --------------------------------- */

enum { WEEK_MS = 604800000 };
struct consistency {
    uint64_t max_staleness_ms;
};

static const struct key consistency_keys[] = {
    { ROW_NUMBER("max_staleness_ms", consistency, max_staleness_ms, 0, 0, WEEK_MS, "ms") },
};
static const struct object consistency_object = OBJECT("read_consistency", consistency_keys);

static void
read_consistency(struct reader *self, json_t *value, const struct spot *spot, void *target)
{
    struct consistency consistency = { 0 };
    struct conf *conf = target;
    struct shown shown;

    if (json_is_object(value)) {
        read_object(self, value, spot, &consistency_object, &consistency);
        if (!json_object_get(value, "max_staleness_ms"))
            complain(self, &(struct spot){ spot, "max_staleness_ms", 0 }, "missing");
        conf->read_stale_ms = consistency.max_staleness_ms;
        return;
    }
    if (json_is_string(value) && strcmp(json_string_value(value), "any") == 0)
        conf->read_stale_ms = UINT64_MAX;
    else if (!json_is_string(value) || strcmp(json_string_value(value), "fresh") != 0)
        complain(self, spot, "%s is none of 'fresh', 'any' and {\"max_staleness_ms\": N}",
            show_value(value, &shown));
}

/* ---- all -------------------------------------------------------------------------- */

static const struct key own_keys[] = {
    { ROW_TEXT("endpoint", conf, endpoint, NULL) },
    { ROW_READ("read_consistency", read_consistency) },
    { ROW_WORD("durability", conf, durability, durability_words) },
    { ROW_WORD("log_level", conf, log_level, level_words), .initial = 1 },
    { ROW_WORD("log_format", conf, log_json, format_words) },
#define SETTING(type, name, initial, least, most, unit, doc) \
    { ROW_NUMBER(#name, conf, settings.name, initial, least, most, unit) },
#include "conf/settings.def"
};
static const struct object own = OBJECT("storage.agfs.knarr", own_keys);

void
read_own_settings(struct reader *self, json_t *json, const struct spot *spot)
{
    struct spot endpoint_spot = { spot, "endpoint", 0 };
    char *given;

    set_defaults(&own, self->conf);
    if (json)
        read_object(self, json, spot, &own, self->conf);
    given = self->conf->endpoint;
    self->conf->endpoint = endpoint_settle(self, &endpoint_spot, given, self->conf->workspace);
    free(given);
}

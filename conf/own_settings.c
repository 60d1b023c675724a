/*
 * storage.agfs.knarr: our own settings.  The numbers are rows of
 * conf/settings.def; the words and the endpoint are here.
 */

#include "base/memory.h"
#include "conf/endpoint.h"
#include "conf/sections.h"

static const char *const durability_words[] = { "power", "process", NULL };
static const char *const level_words[] = { "debug", "info", "warn", "error", NULL };
static const char *const format_words[] = { "text", "json", NULL };

static const struct key own_keys[] = {
    { ROW_TEXT("endpoint", conf, endpoint, NULL) },
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

#include "conf/rules.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    RULES_MAX = 256,            /* in a list */
    LIST_EXTENSIONS_MAX = 4096, /* in all its rules */
    MIB = 1 << 20,
};

enum rule_kind { BY_EXTENSION, BY_SIZE, NO_KIND };

struct rule {
    enum rule_kind kind;
    uint64_t max_size_mb;
};

static const char *const kind_words[] = { "FileExtensionPolicy", "FileOverSizePolicy", NULL };

static const struct key rule_keys[] = {
    { ROW_WORD("type", rule, kind, kind_words), .initial = NO_KIND },
    { ROW_SEEN("extensions", KEY_LIST) },
    { ROW_NUMBER("max_size_mb", rule, max_size_mb, 0, 0, UINT64_MAX / MIB / 2, "MiB") },
    { ROW_SEEN("target", KEY_LIST), .may_be_null = true },
};
static const struct object rule_object = OBJECT("a policy", rule_keys);

struct ruling {
    struct policies **into;
    const char *list; /* "excludes" */
};

/* ---- by extension ---------------------------------------------------------------------- */

static void
read_pattern(struct reader *self, json_t *json, const struct spot *spot, void *target)
{
    const char *pattern = json_string_value(json);
    struct ruling *ruling = target;
    struct extensions extensions;
    struct pattern_flaw flaw;
    struct shown shown;

    if (!pattern) {
        complain(self, spot, "%s is not a text in quotes", show_value(json, &shown));
        return;
    }
    if (!extensions_parse(pattern, &extensions, &flaw)) {
        complain(self, spot, "the pattern %s at byte %zu: %s", show_text(pattern, &shown),
            flaw.place, flaw.why);
        return;
    }
    policies_add_extensions(*ruling->into, &extensions);
    extensions_free(&extensions);
    if (policies_extension_count(*ruling->into) > LIST_EXTENSIONS_MAX)
        complain(self, spot, "more than %d extensions in one list of policies",
            (int) LIST_EXTENSIONS_MAX);
}

static char *
join_patterns(json_t *list)
{
    char *joined = memory_copy("", 0);
    json_t *pattern;
    size_t index;

    json_array_foreach(list, index, pattern)
    {
        const char *text = json_string_value(pattern);
        char *longer = memory_print("%s%s%s", joined, index ? " " : "", text ? text : "");

        free(joined);
        joined = longer;
    }
    return joined;
}

static void
read_extension_rule(struct reader *self, json_t *json, const struct spot *spot,
    struct ruling *ruling)
{
    struct spot list_spot = { spot, "extensions", 0 };
    json_t *list = json_object_get(json, "extensions");
    char *joined = join_patterns(list);
    struct shown shown;

    policies_begin(ruling->into, spot->index,
        memory_print("%s[%zu]: FileExtensionPolicy %s", ruling->list, spot->index,
            show_text(joined, &shown)));
    free(joined);
    if (!list || (json_is_array(list) && json_array_size(list) == 0))
        complain(self, &list_spot, "missing: the extensions, such as [\"(pdf|zip)\"]");
    else if (json_is_array(list))
        read_list(self, list, &list_spot, read_pattern, ruling);
    if (json_object_get(json, "max_size_mb"))
        complain(self, &(struct spot){ spot, "max_size_mb", 0 },
            "a FileExtensionPolicy has none; sizes are for a FileOverSizePolicy");
}

/* ---- by size --------------------------------------------------------------------------- */

static void
read_size_rule(struct reader *self, json_t *json, const struct spot *spot, uint64_t max_size_mb,
    struct ruling *ruling)
{
    policies_begin(ruling->into, spot->index,
        memory_print("%s[%zu]: FileOverSizePolicy %" PRIu64 " MiB", ruling->list, spot->index,
            max_size_mb));
    policies_add_limit(*ruling->into, max_size_mb * MIB);
    if (!json_object_get(json, "max_size_mb"))
        complain(self, &(struct spot){ spot, "max_size_mb", 0 },
            "missing: a file is taken if it has more MiB than this");
    if (json_object_get(json, "extensions"))
        complain(self, &(struct spot){ spot, "extensions", 0 },
            "a FileOverSizePolicy has none; they are for a FileExtensionPolicy");
}

/* ---- lists of rules ---------------------------------------------------------------------- */

static void
read_rule(struct reader *self, json_t *json, const struct spot *spot, void *target)
{
    struct ruling *ruling = target;
    struct rule rule;

    set_defaults(&rule_object, &rule);
    read_object(self, json, spot, &rule_object, &rule);
    if (rule.kind == BY_EXTENSION)
        read_extension_rule(self, json, spot, ruling);
    else if (rule.kind == BY_SIZE)
        read_size_rule(self, json, spot, rule.max_size_mb, ruling);
    else if (json_is_object(json) && !json_object_get(json, "type"))
        complain(self, &(struct spot){ spot, "type", 0 },
            "missing: 'FileExtensionPolicy' or 'FileOverSizePolicy'");
}

void
read_rules(struct reader *self, json_t *json, const struct spot *spot, const char *list,
    struct policies **into)
{
    struct ruling ruling = { into, list };

    if (json_array_size(json) > RULES_MAX)
        complain(self, spot, "%zu policies are more than %d", json_array_size(json),
            (int) RULES_MAX);
    else
        read_list(self, json, spot, read_rule, &ruling);
}

void
read_excludes(struct reader *self, json_t *item, const struct spot *item_spot,
    struct conf_backend *backup)
{
    struct spot spot = { item_spot, "excludes", 0 };
    json_t *list = json_object_get(item, "excludes"), *rule;
    struct shown shown;
    size_t index;

    if (!json_is_array(list))
        return; /* that was told, or there are none */
    read_rules(self, list, &spot, "excludes", &backup->excludes);
    json_array_foreach(list, index, rule)
    {
        struct spot rule_spot = { &spot, NULL, index };

        if (json_array_size(json_object_get(rule, "target")) > 0)
            complain(self, &(struct spot){ &rule_spot, "target", 0 },
                "exclude policy for backup %s must not contain target; what shall go elsewhere is "
                "a rule of storage.agfs.redirects",
                show_text(backup->name, &shown));
    }
    if (json_array_size(list) > 0 && !backup->receives)
        warn_about(self, &spot, "has no effect: this backup does not receive writes anyway");
}

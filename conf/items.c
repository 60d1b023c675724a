/*
 * storage.agfs.backups.items[]: one backup each.
 */

#include "base/memory.h"
#include "conf/kinds.h"
#include "conf/places.h"
#include "conf/sections.h"

#include <ctype.h>
#include <inttypes.h>

enum { NAME_BYTES = 128 };

struct item {
    char *name, *backend;
    struct conf_backend *backup; /* what it becomes */
};

/* ---- operations ----------------------------------------------------------------- */

enum operation_kind { OPERATION_READ, OPERATION_WRITE, OPERATIONS };

struct operation {
    enum operation_kind kind;
    uint64_t priority;
};

static const char *const operation_words[] = { "read", "write", NULL };

static const struct key operation_keys[] = {
    { ROW_WORD("operation", operation, kind, operation_words) },
    { ROW_NUMBER("priority", operation, priority, 0, 0, UINT32_MAX, NULL) },
};
static const struct object operation_object = OBJECT("an operation", operation_keys);

static void
read_operation(struct reader *self, json_t *json, const struct spot *spot, void *target)
{
    struct conf_backend *backup = target;
    struct operation operation = { OPERATIONS, 0 };

    read_object(self, json, spot, &operation_object, &operation);
    for (size_t i = 0; json_is_object(json) && i < operation_object.count; i++)
        if (!json_object_get(json, operation_keys[i].name))
            complain(self, &(struct spot){ spot, operation_keys[i].name, 0 }, "missing");
    if (operation.kind == OPERATION_READ && backup->serves_reads)
        complain(self, spot, "'read' is there twice");
    if (operation.kind == OPERATION_READ) {
        backup->serves_reads = true;
        backup->read_priority = (unsigned) operation.priority;
    }
    if (operation.kind == OPERATION_WRITE)
        backup->receives = true;
}

static void
read_operations(struct reader *self, json_t *json, const struct spot *spot, void *target)
{
    struct item *item = target;

    item->backup->receives = json_array_size(json) == 0;
    read_list(self, json, spot, read_operation, item->backup);
}

static void
read_excludes(struct reader *self, json_t *value, const struct spot *spot, void *unused)
{
    struct shown shown;

    (void) unused;
    if (!json_is_array(value))
        complain(self, spot, "%s is not a list [...]", show_value(value, &shown));
    else if (json_array_size(value) > 0)
        complain(self, spot, "excludes are not supported yet in this version; remove them");
}

/* ---- name ----------------------------------------------------------------------- */

static const char *
name_flaw(const char *name)
{
    if (*name == '\0')
        return "is empty";
    if (strlen(name) > NAME_BYTES)
        return "is longer than 128 bytes";
    if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return "has a '/', or is '.' or '..'";
    for (; *name; name++)
        if (iscntrl((unsigned char) *name))
            return "has bytes that cannot be printed";
    return NULL;
}

static void
check_name(struct reader *self, const struct spot *item_spot, const char *name)
{
    struct spot spot = { item_spot, "name", 0 };
    const struct conf *conf = self->conf;
    struct shown shown;
    const char *flaw = name ? name_flaw(name) : NULL;

    if (!name)
        return;
    if (flaw)
        complain(self, &spot, "the backup's name %s %s", show_text(name, &shown), flaw);
    if (strcmp(name, conf->primary.name) == 0)
        complain(self, &spot, "the name 'primary' is reserved");
    for (size_t i = 0; i + 1 < conf->backup_count; i++)
        if (strcmp(conf->backups[i].name, name) == 0) {
            complain(self, &spot, "duplicate backup name %s: items[%zu] has it",
                show_text(name, &shown), i);
            return;
        }
}

/* ---- place ---------------------------------------------------------------------- */

static const char *const relations[] = {
    [SAME] = "is the same directory as",
    [INSIDE] = "is inside",
    [AROUND] = "contains",
};

static void
check_apart(struct reader *self, const struct spot *spot, const char *place, const char *other,
    const char *whose)
{
    enum relation relation = places_relation(place, other);

    if (relation != APART)
        complain(self, spot, "%s %s %s, the place of %s", place, relations[relation], other, whose);
}

static void
check_place(struct reader *self, const struct spot *spot, const char *place)
{
    const struct conf *conf = self->conf;
    char *own = places_below(conf->workspace, ".knarr");
    struct shown shown;

    if (strcmp(conf->primary.kind, "local") == 0)
        check_apart(self, spot, place, conf->primary.place, "the primary");
    check_apart(self, spot, place, own, "the journal");
    free(own);
    for (size_t i = 0; i + 1 < conf->backup_count; i++) {
        const struct conf_backend *backup = &conf->backups[i];
        char *whose = memory_print("backup %s", show_text(backup->name, &shown));

        if (backup->place && backup->kind && strcmp(backup->kind, "local") == 0)
            check_apart(self, spot, place, backup->place, whose);
        free(whose);
    }
}

/* The two names for it agree, or there is only one. */
static const char *
given_directory(struct reader *self, const struct spot *spot, const struct parameters *parameters)
{
    struct shown one, two;

    if (parameters->local_dir && parameters->workspace &&
        strcmp(parameters->local_dir, parameters->workspace) != 0)
        complain(self, spot,
            "local_dir and workspace are two names for one setting, and %s is not %s",
            show_text(parameters->local_dir, &one), show_text(parameters->workspace, &two));
    return parameters->local_dir ? parameters->local_dir : parameters->workspace;
}

static void
settle_local(struct reader *self, const struct spot *item_spot, const struct spot *spot,
    const struct parameters *parameters, const struct item *item)
{
    const char *given = given_directory(self, spot, parameters);
    struct spot key = { spot, parameters->local_dir ? "local_dir" : "workspace", 0 };
    char *beside = memory_print("_backups/%s", item->name ? item->name : "");
    struct shown shown;

    if (!given)
        item->backup->place = places_below(self->conf->workspace, beside);
    else if (*given)
        item->backup->place = places_absolute(given);
    free(beside);
    if (given && !*given)
        complain(self, &key, "the directory is empty");
    else if (!item->backup->place)
        complain(self, &key, "%s: nobody of that name has a home here", show_text(given, &shown));
    else if (strlen(item->backup->place) >= 4000)
        complain(self, &key, "the directory's path is too long");
    else
        check_place(self, given ? &key : item_spot, item->backup->place);
}

/* ---- parameters ------------------------------------------------------------------- */

static const struct kind *
kind_named(const char *name)
{
    for (size_t i = 0; i < kind_count; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* Parameters under another kind's name would be passed over: say so. */
static void
check_strays(struct reader *self, json_t *json, const struct spot *item_spot,
    const struct kind *kind, const char *used)
{
    const char *name;
    json_t *value;

    json_object_foreach(json, name, value)
    {
        const struct kind *other = kind_named(name);
        struct spot spot = { item_spot, name, 0 };

        if (!other || (used && strcmp(name, used) == 0))
            continue;
        if (other->kind && strcmp(other->kind, kind->kind) == 0 && !used)
            complain(self, &spot, "belongs to backend '%s', but the backend is '%s': make them one",
                name, kind->name);
        else
            warn_about(self, &spot, "has no effect: %s",
                used ? "other parameters are used" : "it belongs to another backend");
    }
}

static void
settle_parameters(struct reader *self, json_t *json, const struct spot *item_spot,
    const struct kind *kind, struct item *item)
{
    const char *used = json_is_object(json_object_get(json, "backend_params")) ? "backend_params"
        : json_is_object(json_object_get(json, kind->name))                    ? kind->name
                                                                               : NULL;
    struct spot spot = { item_spot, used ? used : kind->name, 0 };
    struct parameters parameters;

    parameters_init(&parameters, kind);
    if (used)
        read_object(self, json_object_get(json, used), &spot, kind->parameters, &parameters);
    check_strays(self, json, item_spot, kind, used);
    item->backup->kind = memory_print("%s", kind->kind);
    item->backup->max_bytes = parameters.max_bytes;
    item->backup->refill = parameters.refill;
    if (strcmp(kind->kind, "local") == 0)
        settle_local(self, item_spot, &spot, &parameters, item);
    else
        item->backup->place = memory_print("%s",
            parameters.place ? parameters.place
                : item->name ? item->name
                             : "");
    parameters_fini(&parameters);
}

/* ---- the item ------------------------------------------------------------------------ */

static const struct key item_keys[] = {
    { ROW_TEXT("name", item, name, NULL) },
    { ROW_TEXT("backend", item, backend, NULL) },
    { ROW_SEEN("local", KEY_OBJECT) },
    { ROW_SEEN("localfs", KEY_OBJECT) },
    { ROW_SEEN("memory", KEY_OBJECT) },
    { ROW_SEEN("memfs", KEY_OBJECT) },
    { ROW_SEEN("null", KEY_OBJECT) },
#ifdef KNARR_FAULT_POINTS
    { ROW_SEEN("flaky", KEY_OBJECT) },
#endif
    { ROW_SEEN("s3", KEY_OBJECT) },
    { ROW_SEEN("s3fs", KEY_OBJECT) },
    { ROW_SEEN("remote", KEY_OBJECT) },
    { ROW_SEEN("kvfs", KEY_OBJECT) },
    { ROW_SEEN("sqlfs", KEY_OBJECT) },
    { ROW_SEEN("backend_params", KEY_OBJECT), .may_be_null = true },
    { ROW_UNUSED("params", "parameters go under the backend's name, or backend_params") },
    { ROW_UNUSED("timeout", "it had none in OpenViking either"), .may_be_null = true },
    { ROW_READ("encryption", read_encryption), .may_be_null = true },
    { ROW_READ("operations", read_operations), .may_be_null = true },
    { ROW_READ("excludes", read_excludes), .may_be_null = true },
};
static const struct object item_object = OBJECT("a backup", item_keys);

static struct conf_backend *
add_backup(struct conf *conf)
{
    struct conf_backend *backup;

    conf->backups = memory_resize(conf->backups, (conf->backup_count + 1) * sizeof *conf->backups);
    backup = &conf->backups[conf->backup_count++];
    *backup = (struct conf_backend){ .receives = true };
    return backup;
}

static void
require(struct reader *self, json_t *json, const struct spot *spot, const char *key)
{
    if (!json_object_get(json, key))
        complain(self, &(struct spot){ spot, key, 0 }, "missing: every backup needs one");
}

static void
read_item(struct reader *self, json_t *json, const struct spot *spot, void *unused)
{
    struct item item = { .backup = add_backup(self->conf) };
    const struct kind *kind = NULL;

    (void) unused;
    set_defaults(&item_object, &item);
    read_object(self, json, spot, &item_object, &item);
    if (json_is_object(json)) {
        require(self, json, spot, "name");
        require(self, json, spot, "backend");
    }
    check_name(self, spot, item.name);
    if (item.backend)
        kind = kind_find(self, &(struct spot){ spot, "backend", 0 }, item.backend);
    item.backup->name = memory_print("%s", item.name ? item.name : "");
    if (kind)
        settle_parameters(self, json, spot, kind, &item);
    free(item.name);
    free(item.backend);
}

void
read_items(struct reader *self, json_t *items, const struct spot *spot)
{
    if (json_array_size(items) > BACKUPS_MAX) {
        complain(self, spot, "%zu backups are more than %d", json_array_size(items),
            (int) BACKUPS_MAX);
        return;
    }
    read_list(self, items, spot, read_item, NULL);
}

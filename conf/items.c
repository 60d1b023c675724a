/*
 * storage.agfs.backups.items[]: one backup each.
 */

#include "base/memory.h"
#include "conf/kinds.h"
#include "conf/rules.h"
#include "conf/sections.h"

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
    return is_printable(name) ? NULL : "has bytes that cannot be printed";
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
    { ROW_SEEN("excludes", KEY_LIST), .may_be_null = true },
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
        parameters_settle(self, json, spot, kind, item.backup);
    read_excludes(self, json, spot, item.backup);
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

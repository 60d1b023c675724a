#include "conf/sections.h"

#include "base/memory.h"
#include "base/uri.h"
#include "conf/guess.h"
#include "conf/places.h"
#include "conf/rules.h"

/* ---- storage.agfs -------------------------------------------------------------------- */

static const char *const primary_kinds[] = { "local", "s3", "memory", NULL };

static void
read_primary(struct reader *self, json_t *value, const struct spot *spot, void *unused)
{
    const char *kind = json_string_value(value);
    struct guess guess = guess_begin(kind ? kind : "");
    struct shown shown;

    (void) unused;
    for (size_t i = 0; primary_kinds[i]; i++)
        guess_try(&guess, primary_kinds[i]);
    if (!kind || guess.distance != 0 || strcmp(guess.best, kind) != 0) {
        complain(self, spot, "Invalid RAGFS backend: %s. Must be one of: 'local', 's3', 'memory'%s",
            show_value(value, &shown), guess_phrase(&guess));
        return;
    }
    if (strcmp(kind, "s3") == 0)
        complain(self, spot, "s3 is not supported yet in this version; use 'local'");
    free(self->conf->primary.kind);
    self->conf->primary.kind = memory_print("%s", kind);
}

#define NOT_OURS "it is deprecated"

static const struct key agfs_keys[] = {
    { ROW_SEEN("name", KEY_TEXT) },
    { ROW_READ("backend", read_primary) },
    { ROW_UNUSED("path", "the workspace takes its place"), .may_be_null = true },
    { ROW_SEEN("timeout", KEY_ANY) },
    { ROW_SEEN("s3", KEY_OBJECT), .may_be_null = true },
    { ROW_SEEN("backups", KEY_OBJECT), .may_be_null = true },
    { ROW_SEEN("redirects", KEY_LIST), .may_be_null = true },
    { ROW_SEEN("queuefs", KEY_ANY) },
    { ROW_SEEN("queue_db_path", KEY_ANY) },
    { ROW_SEEN("cache", KEY_ANY) },
    { ROW_SEEN("pathlock", KEY_ANY) },
    { ROW_SEEN("knarr", KEY_OBJECT) },
    { ROW_UNUSED("port", NOT_OURS), .may_be_null = true },
    { ROW_UNUSED("log_level", NOT_OURS "; ours is storage.agfs.knarr.log_level") },
    { ROW_UNUSED("url", NOT_OURS), .may_be_null = true },
    { ROW_UNUSED("mode", NOT_OURS), .may_be_null = true },
    { ROW_UNUSED("impl", NOT_OURS), .may_be_null = true },
    { ROW_UNUSED("retry_times", NOT_OURS), .may_be_null = true },
    { ROW_UNUSED("use_ssl", NOT_OURS), .may_be_null = true },
    { ROW_UNUSED("lib_path", NOT_OURS), .may_be_null = true },
};
static const struct object agfs = OBJECT("storage.agfs", agfs_keys);

static json_t *
object_in(json_t *json, const char *key)
{
    json_t *value = json_object_get(json, key);

    return json_is_object(value) ? value : NULL;
}

static void
settle_primary_place(struct reader *self, const struct spot *workspace_spot)
{
    struct conf *conf = self->conf;
    char *own;

    if (strcmp(conf->primary.kind, "memory") == 0) {
        conf->primary.place = memory_print("primary");
        return;
    }
    conf->primary.place = places_below(conf->workspace, "viking");
    own = places_below(conf->workspace, ".knarr");
    if (places_relation(conf->primary.place, own) != APART)
        complain(self, workspace_spot, "%s, the place of the primary, and %s lead into one another",
            conf->primary.place, own);
    free(own);
}

static void
read_agfs(struct reader *self, json_t *json, const struct spot *spot)
{
    struct conf_backend *primary = &self->conf->primary;

    primary->name = memory_print("primary");
    primary->kind = memory_print("local");
    primary->receives = true;
    primary->serves_reads = true;
    if (json)
        read_object(self, json, spot, &agfs, NULL);
    settle_primary_place(self, &(struct spot){ spot->above, "workspace", 0 });
    read_backups(self, object_in(json, "backups"), &(struct spot){ spot, "backups", 0 });
    read_redirects(self, json, spot);
    read_own_settings(self, object_in(json, "knarr"), &(struct spot){ spot, "knarr", 0 });
}

/* ---- storage ------------------------------------------------------------------------- */

static void
read_process_lock(struct reader *self, json_t *value, const struct spot *spot, void *unused)
{
    struct shown shown;

    (void) unused;
    if (!json_is_boolean(value))
        complain(self, spot, "%s is not true or false", show_value(value, &shown));
    else if (json_is_true(value))
        warn_about(self, spot, "has no effect: the journal is always held by one process");
}

static const struct key storage_keys[] = {
    { ROW_TEXT("workspace", conf, workspace, "./data") },
    { ROW_READ("skip_process_lock", read_process_lock) },
    { ROW_SEEN("agfs", KEY_OBJECT) },
    { ROW_SEEN("vectordb", KEY_ANY) },
    { ROW_SEEN("params", KEY_ANY) },
    { ROW_SEEN("transaction", KEY_ANY) },
    { ROW_SEEN("task_tracker", KEY_ANY) },
};
static const struct object storage = OBJECT("storage", storage_keys);

static void
settle_workspace(struct reader *self, const struct spot *storage_spot)
{
    struct spot spot = { storage_spot, "workspace", 0 };
    char *given = self->conf->workspace, *absolute = *given ? places_absolute(given) : NULL;
    struct shown shown;

    if (!*given)
        complain(self, &spot, "the workspace is empty; './data' is the default");
    else if (!absolute)
        complain(self, &spot, "%s: nobody of that name has a home here", show_text(given, &shown));
    else if (!is_printable(absolute))
        complain(self, &spot, "%s has bytes that cannot be printed", show_text(absolute, &shown));
    else if (strlen(absolute) >= PATH_BYTES_MAX - NAME_BYTES_MAX)
        complain(self, &spot, "the workspace's path is too long");
    free(given);
    self->conf->workspace = absolute ? absolute : memory_print("/");
}

/* ---- the whole ------------------------------------------------------------------------- */

static const struct key top_keys[] = {
    { ROW_TEXT("default_account", conf, default_account, "default") },
    { ROW_TEXT("default_user", conf, default_user, "default") },
    { ROW_SEEN("storage", KEY_OBJECT) },
    { ROW_READ("encryption", read_encryption) },
    { ROW_READ("server", read_server) },
    /* OpenViking's own, none of which is storage of files. */
    { ROW_SEEN("embedding", KEY_ANY) },
    { ROW_SEEN("vlm", KEY_ANY) },
    { ROW_SEEN("query_planner", KEY_ANY) },
    { ROW_SEEN("rerank", KEY_ANY) },
    { ROW_SEEN("retrieval", KEY_ANY) },
    { ROW_SEEN("grep", KEY_ANY) },
    { ROW_SEEN("git", KEY_ANY) },
    { ROW_SEEN("pdf", KEY_ANY) },
    { ROW_SEEN("code", KEY_ANY) },
    { ROW_SEEN("image", KEY_ANY) },
    { ROW_SEEN("audio", KEY_ANY) },
    { ROW_SEEN("video", KEY_ANY) },
    { ROW_SEEN("markdown", KEY_ANY) },
    { ROW_SEEN("html", KEY_ANY) },
    { ROW_SEEN("text", KEY_ANY) },
    { ROW_SEEN("semantic", KEY_ANY) },
    { ROW_SEEN("queue_workers", KEY_ANY) },
    { ROW_SEEN("reindex", KEY_ANY) },
    { ROW_SEEN("parser_api", KEY_ANY) },
    { ROW_SEEN("connector", KEY_ANY) },
    { ROW_SEEN("log", KEY_ANY) },
    { ROW_SEEN("bot", KEY_ANY) },
    { ROW_SEEN("oauth", KEY_ANY) },
    { ROW_SEEN("memory", KEY_ANY) },
    { ROW_SEEN("telemetry", KEY_ANY) },
    { ROW_SEEN("ingest", KEY_ANY) },
};
static const struct object top = OBJECT("ov.conf", top_keys);

/* The names that clients will have when they give none must be ones that lead somewhere. */
static void
check_identity(struct reader *self, const char *key, const char *account, const char *user)
{
    bool is_account = strcmp(key, "default_account") == 0;
    char path[PATH_BYTES_MAX + 1];
    struct report report;
    struct shown shown;

    if (uri_to_path(view_of("viking://~"), view_of(account), view_of(user), path, &report) != DONE)
        complain(self, &(struct spot){ NULL, key, 0 }, "%s cannot be used: %s",
            show_text(is_account ? account : user, &shown), report.text);
}

void
read_top(struct reader *self, json_t *json)
{
    struct spot spot = { NULL, "storage", 0 };
    json_t *storage_json = object_in(json, "storage");
    struct conf *conf = self->conf;

    set_defaults(&top, conf);
    set_defaults(&storage, conf);
    read_object(self, json, NULL, &top, conf);
    check_identity(self, "default_account", conf->default_account, "default");
    check_identity(self, "default_user", "default", conf->default_user);
    if (storage_json)
        read_object(self, storage_json, &spot, &storage, conf);
    settle_workspace(self, &spot);
    read_agfs(self, object_in(storage_json, "agfs"), &(struct spot){ &spot, "agfs", 0 });
}

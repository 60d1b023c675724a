/*
 * The sections of OpenViking that are looked at and not used yet: what they ask
 * for is either harmless to leave out, or refused.
 */

#include "conf/sections.h"

/* ---- encryption ----------------------------------------------------------------- */

static void
read_enabled(struct reader *self, json_t *value, const struct spot *spot, void *unused)
{
    struct shown shown;

    (void) unused;
    if (!json_is_boolean(value))
        complain(self, spot, "%s is not true or false", show_value(value, &shown));
    else if (json_is_true(value))
        complain(self, spot, "encryption is not supported yet in this version; set it to false");
}

static const char *const provider_words[] = { "local", "vault", "volcengine_kms", NULL };

static const struct key encryption_keys[] = {
    { ROW_READ("enabled", read_enabled) },
    { ROW_SEEN("provider", KEY_WORD), .words = provider_words },
    { ROW_SEEN("local", KEY_OBJECT) },
    { ROW_SEEN("vault", KEY_OBJECT) },
    { ROW_SEEN("volcengine_kms", KEY_OBJECT) },
    { ROW_SEEN("api_key_hashing", KEY_OBJECT) },
};
static const struct object encryption = OBJECT("encryption", encryption_keys);

void
read_encryption(struct reader *self, json_t *json, const struct spot *spot, void *unused)
{
    (void) unused;
    read_object(self, json, spot, &encryption, NULL);
}

/* ---- server: its HTTP gateway is not there, its settings are checked all the same --- */

static void
read_root_key(struct reader *self, json_t *value, const struct spot *spot, void *unused)
{
    (void) unused;
    if (!json_is_string(value))
        complain(self, spot, "the value is not a text in quotes");
    else if (json_string_length(value) == 0)
        complain(self, spot, "the key is empty; give one, or leave the setting out");
}

static const char *const auth_words[] = { "dev", "api_key", "trusted", NULL };

static const struct key server_keys[] = {
    { ROW_SEEN("host", KEY_TEXT) },
    { ROW_SEEN("port", KEY_NUMBER), .least = 1, .most = 65535 },
    { ROW_SEEN("workers", KEY_NUMBER), .least = 1, .most = 65535 },
    { ROW_SEEN("timeout_keep_alive", KEY_NUMBER), .most = 604800, .unit = "seconds" },
    { ROW_SEEN("auth_mode", KEY_WORD), .words = auth_words, .may_be_null = true },
    { ROW_READ("root_api_key", read_root_key), .may_be_null = true },
    { ROW_SEEN("cors_origins", KEY_LIST) },
    { ROW_SEEN("public_base_url", KEY_TEXT), .may_be_null = true },
    { ROW_SEEN("observability", KEY_OBJECT), .may_be_null = true },
    { ROW_SEEN("profile_enabled", KEY_FLAG) },
    { ROW_SEEN("temp_upload", KEY_ANY) },
    { ROW_SEEN("upload_signed_ttl_seconds", KEY_NUMBER), .most = UINT32_MAX, .unit = "seconds" },
    { ROW_SEEN("user_config_defaults", KEY_ANY) },
    { ROW_SEEN("with_bot", KEY_FLAG) },
    { ROW_SEEN("bot_api_url", KEY_TEXT), .may_be_null = true },
};
static const struct object server = { "server", server_keys,
    sizeof server_keys / sizeof *server_keys, .is_open = true };

void
read_server(struct reader *self, json_t *json, const struct spot *spot, void *unused)
{
    (void) unused;
    read_object(self, json, spot, &server, NULL);
}

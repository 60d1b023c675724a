#include "base/memory.h"
#include "tests/check.h"
#include "tests/conf/support/parsed.h"

#include <sys/stat.h>
#include <unistd.h>

/* One mistake, why it is one, and what is said about it: "LINE: PATH: TEXT". */
struct row {
    const char *why, *json, *said;
};

static void
each_is_said(const char *before, const struct row *rows, size_t count, const char *behind)
{
    enter_new_directory();
    for (size_t i = 0; i < count; i++) {
        char *json = memory_print("%s%s%s", before, rows[i].json, behind);
        struct parsed parsed = parse_text(json);

        if (parsed.outcome != REFUSED)
            fprintf(stderr, "accepted: %s\n", rows[i].why);
        check(parsed.outcome == REFUSED);
        expect_problems(&parsed, (const char *const[]){ rows[i].said, NULL });
        parsed_free(&parsed);
        free(json);
    }
    leave_directory();
}

#define EACH_IS_SAID(before, rows, behind) \
    each_is_said(before, rows, sizeof(rows) / sizeof *(rows), behind)

static void
what_is_not_json_is_refused(void)
{
    static const struct row rows[] = {
        { "nothing", "", "1: : not valid JSON" },
        { "a list", "[\n]", "1: : a list is not an object" },
        { "a comment", "{\n// no\n}", "2: : not valid JSON" },
        { "a comma too many", "{\"server\": {},\n}", "2: : not valid JSON" },
        { "cut off", "{\"storage\":\n{", "2: : not valid JSON" },
        { "something behind", "{}\n{}", "2: : not valid JSON" },
        { "a line break in a text", "{\n\"grep\": \"a\nb\"}", "2: : not valid JSON" },
        { "invalid UTF-8", "{\"grep\":\n\"\xff\"}", "2: : not valid JSON" },
        { "an escaped NUL", "{\"grep\":\n\"\\u0000\"}", "2: : not valid JSON" },
        { "a number beyond all", "{\"grep\": 99999999999999999999}", "1: : not valid JSON" },
        { "a key twice", "{\"grep\": 1,\n\"gr\\u0065p\": 2}", "2: grep: the key 'grep' is there" },
        { "a key twice, deep", "{\"log\":[0,{\"a\":1,\n\"a\":2}]}", "2: log[1].a: the key 'a' is" },
    };

    EACH_IS_SAID("", rows, "");
}

static void
a_syntax_error_does_not_repeat_the_text(void)
{
    struct parsed parsed = parse_text("{\"server\": {\"root_api_key\": \"very-secret\n\"}}");

    check(parsed.outcome == REFUSED && parsed.problems.count == 1);
    check(!strstr(parsed.problems.at[0].text, "secret"));
    parsed_free(&parsed);
}

static void
sections_are_checked(void)
{
    static const struct row rows[] = {
        { "unknown section", "\"x\": 1", "2: x: 'x' is not a key of ov.conf" },
        { "misspelt", "\"storge\": {}",
            "2: storge: 'storge' is not a key of ov.conf; did you mean "
            "'storage'?" },
        { "an odd key", "\"a.b\\n\": 1", "2: ['a.b\\x0a']: 'a.b\\x0a' is not a key of ov.conf" },
        { "wrong type", "\"storage\": []", "2: storage: a list is not an object {...}" },
        { "wrong type", "\"default_user\": 5", "2: default_user: 5 is not a text in quotes" },
        { "unusable account", "\"default_account\": \"_system\"",
            "2: default_account: '_system' cannot be used: " },
        { "unusable user", "\"default_user\": \"a/b\"", "2: default_user: 'a/b' cannot be used: " },
        { "unknown key", "\"storage\": {\"workspaces\": \"x\"}",
            "2: storage.workspaces: 'workspaces' is not a key of storage; did you mean "
            "'workspace'?" },
        { "no workspace", "\"storage\": {\"workspace\": \"\"}",
            "2: storage.workspace: the workspace is empty" },
        { "no such home", "\"storage\": {\"workspace\": \"~nobody-of-that-name/x\"}",
            "2: storage.workspace: '~nobody-of-that-name/x': nobody of that name has a home here" },
        { "control bytes", "\"storage\": {\"workspace\": \"/a\\nb\"}",
            "2: storage.workspace: '/a\\x0ab' has bytes that cannot be printed" },
        { "encryption asked for", "\"encryption\": {\"enabled\": true}",
            "2: encryption.enabled: encryption is not supported yet" },
        { "no flag", "\"encryption\": {\"enabled\": \"yes\"}",
            "2: encryption.enabled: 'yes' is not true or false" },
        { "no flag", "\"storage\": {\"skip_process_lock\": 0}",
            "2: storage.skip_process_lock: 0 is not true or false" },
        { "unknown provider", "\"encryption\": {\"provider\": \"valt\"}",
            "2: encryption.provider: 'valt' is not 'local', 'vault' or 'volcengine_kms'; did you "
            "mean 'vault'?" },
        { "port", "\"server\": {\"port\": 70000}",
            "2: server.port: 70000 is not between 1 and 65535" },
        { "port", "\"server\": {\"port\": \"1933\"}", "2: server.port: '1933' is not a whole" },
        { "auth mode", "\"server\": {\"auth_mode\": \"apikey\"}",
            "2: server.auth_mode: 'apikey' is not 'dev', 'api_key' or 'trusted'; did you mean "
            "'api_key'?" },
        { "an empty key", "\"server\": {\"root_api_key\": \"\"}",
            "2: server.root_api_key: the key is empty" },
        { "no key", "\"server\": {\"root_api_key\": 5}",
            "2: server.root_api_key: the value is not a text" },
        { "misspelt", "\"server\": {\"prot\": 1}",
            "2: server.prot: 'prot' is not a key of server; did you mean 'port'?" },
    };

    EACH_IS_SAID("{\n", rows, "\n}");
}

static void
the_primary_is_checked(void)
{
    static const struct row rows[] = {
        { "not for the primary", "\"backend\": \"memfs\"",
            "2: storage.agfs.backend: Invalid RAGFS backend: 'memfs'. Must be one of: 'local', "
            "'s3', 'memory'" },
        { "case", "\"backend\": \"Local\"",
            "2: storage.agfs.backend: Invalid RAGFS backend: 'Local'. Must be one of: 'local', "
            "'s3', 'memory'; did you mean 'local'?" },
        { "no text", "\"backend\": null", "2: storage.agfs.backend: Invalid RAGFS backend: null." },
        { "s3", "\"backend\": \"s3\"", "2: storage.agfs.backend: s3 is not supported yet" },
        { "misspelt", "\"backup\": {}",
            "2: storage.agfs.backup: 'backup' is not a key of storage.agfs; did you mean 'ba" },
        { "redirects", "\"redirects\": {}", "2: storage.agfs.redirects: an object is not a list" },
    };

    EACH_IS_SAID("{\"storage\":{\"agfs\":{\n", rows, "}}}");
}

static void
the_way_to_backups_is_checked(void)
{
    static const struct row rows[] = {
        { "no items", "\"sync_type\": \"sync\"",
            "1: storage.agfs.backups.items: missing: the list of the backups" },
        { "items", "\"items\": null", "2: storage.agfs.backups.items: null is not a list [...]" },
        { "items", "\"items\": {}", "2: storage.agfs.backups.items: an object is not a list" },
        { "sync type", "\"items\": [], \"sync_type\": \"asynch\"",
            "2: storage.agfs.backups.sync_type: 'asynch' is not 'async' or 'sync'; did you mean "
            "'async'?" },
        { "sync type", "\"items\": [], \"sync_type\": \"Sync\"",
            "2: storage.agfs.backups.sync_type: 'Sync' is not 'async' or 'sync'; did you mean "
            "'sync'?" },
        { "sync type", "\"items\": [], \"sync_type\": true",
            "2: storage.agfs.backups.sync_type: true is not 'async' or 'sync'" },
        { "too many acks", "\"items\": [],\n\"write_ack_count\": 1",
            "3: storage.agfs.backups.write_ack_count: 1 is more than the number of backups that "
            "receive writes: 0" },
        { "a reader does not ack",
            "\"items\": [{\"name\": \"m\", \"backend\": \"memory\", \"operations\": "
            "[{\"operation\": \"read\", \"priority\": 1}]}], \"write_ack_count\": 1",
            "2: storage.agfs.backups.write_ack_count: 1 is more" },
        { "negative", "\"items\": [], \"write_ack_timeout_ms\": -1",
            "2: storage.agfs.backups.write_ack_timeout_ms: -1 is not between 0 and 604800000 ms" },
        { "a fraction", "\"items\": [], \"retry_interval_ms\": 1.5",
            "2: storage.agfs.backups.retry_interval_ms: 1.5 is not a whole number" },
        { "zero", "\"items\": [], \"retry_max_retries_per_round\": 0",
            "2: storage.agfs.backups.retry_max_retries_per_round: 0 is not between 1 and" },
        { "misspelt", "\"items\": [], \"write_ack_cuont\": 1",
            "2: storage.agfs.backups.write_ack_cuont: 'write_ack_cuont' is not a key of "
            "storage.agfs.backups; did you mean 'write_ack_count'?" },
    };

    EACH_IS_SAID("{\"storage\":{\"agfs\":{\"backups\":{\n", rows, "}}}}");
}

#define TEXT_40 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define TEXT_129 TEXT_40 TEXT_40 TEXT_40 "xxxxxxxxx"
#define B "storage.agfs.backups.items[1]"

static void
a_backup_is_checked(void)
{
    static const struct row rows[] = {
        { "no object", "5", "2: " B ": 5 is not an object {...}" },
        { "no name", "{\"backend\": \"memory\"}", "2: " B ".name: missing" },
        { "no backend", "{\"name\": \"b\"}", "2: " B ".backend: missing" },
        { "the same name", "{\"name\": \"a\", \"backend\": \"memory\"}",
            "2: " B ".name: duplicate backup name 'a': items[0] has it" },
        { "reserved", "{\"name\": \"primary\", \"backend\": \"memory\"}",
            "2: " B ".name: the name 'primary' is reserved" },
        { "empty", "{\"name\": \"\", \"backend\": \"memory\"}",
            "2: " B ".name: the backup's name '' is empty" },
        { "long", "{\"name\": \"" TEXT_129 "\", \"backend\": \"memory\"}",
            "2: " B ".name: the backup's name '" TEXT_40 },
        { "a slash", "{\"name\": \"a/b\", \"backend\": \"memory\"}",
            "2: " B ".name: the backup's name 'a/b' has a '/'" },
        { "a way out", "{\"name\": \"..\", \"backend\": \"memory\"}",
            "2: " B ".name: the backup's name '..' has a '/', or is" },
        { "unprintable", "{\"name\": \"a\\u001b[m\", \"backend\": \"memory\"}",
            "2: " B ".name: the backup's name 'a\\x1b[m' has bytes that cannot be printed" },
        { "unknown backend", "{\"name\": \"b\", \"backend\": \"memry\"}",
            "2: " B ".backend: 'memry' is not a backend; 'local' and 'memory' are; did you mean "
            "'memory'?" },
        { "s3", "{\"name\": \"b\", \"backend\": \"s3fs\"}",
            "2: " B ".backend: s3fs is not supported yet in this version" },
        { "remote", "{\"name\": \"b\", \"backend\": \"remote\"}",
            "2: " B ".backend: remote is not supported yet in this version" },
        { "unknown key", "{\"name\": \"b\", \"backend\": \"memory\", \"exclude\": []}",
            "2: " B ".exclude: 'exclude' is not a key of a backup; did you mean 'excludes'?" },
        { "encryption",
            "{\"name\": \"b\", \"backend\": \"memory\",\n\"encryption\": {\"enabled\": "
            "true}}",
            "3: " B ".encryption.enabled: encryption is not supported yet" },
    };

    EACH_IS_SAID("{\"storage\":{\"agfs\":{\"backups\":{\"items\":[{\"name\":\"a\",\"backend\":"
                 "\"null\"},\n",
        rows, "]}}}}");
}

static void
what_a_backup_does_is_checked(void)
{
    static const struct row rows[] = {
        { "no priority",
            "{\"name\": \"b\", \"backend\": \"memory\", \"operations\": [{\"operation\": "
            "\"write\"}]}",
            "2: " B ".operations[0].priority: missing" },
        { "unknown operation",
            "{\"name\": \"b\", \"backend\": \"memory\", \"operations\": [\n{\"operation\": "
            "\"wirte\", \"priority\": 1}]}",
            "3: " B ".operations[0].operation: 'wirte' is not 'read' or 'write'; did you mean "
            "'write'?" },
        { "priority",
            "{\"name\": \"b\", \"backend\": \"memory\", \"operations\": "
            "[{\"operation\": \"read\", \"priority\": 4294967296}]}",
            "2: " B ".operations[0].priority: 4294967296 is not between 0 and 4294967295" },
        { "twice",
            "{\"name\": \"b\", \"backend\": \"memory\", \"operations\": "
            "[{\"operation\": \"read\", \"priority\": 4},"
            "{\"operation\": \"read\", \"priority\": 5}]}",
            "2: " B ".operations[1]: 'read' is there twice" },
        { "no operations", "{\"name\": \"b\", \"backend\": \"memory\", \"operations\": {}}",
            "2: " B ".operations: an object is not a list" },
        { "refill", "{\"name\": \"b\", \"backend\": \"memfs\", \"memfs\": {\"refill\": \"lasy\"}}",
            "2: " B ".memfs.refill: 'lasy' is not 'background' or 'lazy'; did you mean 'lazy'?" },
        { "parameter of another",
            "{\"name\": \"b\", \"backend\": \"memory\", \"memory\": {\"local_dir\": \"x\"}}",
            "2: " B ".memory.local_dir: 'local_dir' is not a key of a memory backup" },
        { "under the wrong alias",
            "{\"name\": \"b\", \"backend\": \"localfs\", \"local\": {\"local_dir\": \"./x\"}}",
            "2: " B ".local: belongs to backend 'local', but the backend is 'localfs'" },
        { "two directories",
            "{\"name\": \"b\", \"backend\": \"local\", \"local\": "
            "{\"local_dir\": \"./x\", \"workspace\": \"./y\"}}",
            "2: " B ".local: local_dir and workspace are two names for one setting, and './x' is "
            "not './y'" },
        { "no such home",
            "{\"name\": \"b\", \"backend\": \"local\", \"local\": {\"local_dir\": "
            "\"~nobody-of-that-name/x\"}}",
            "2: " B ".local.local_dir: '~nobody-of-that-name/x': nobody of that name has a home" },
        { "no directory",
            "{\"name\": \"b\", \"backend\": \"local\", \"local\": {\"local_dir\": "
            "\"\"}}",
            "2: " B ".local.local_dir: the directory is empty" },
    };

    EACH_IS_SAID("{\"storage\":{\"agfs\":{\"backups\":{\"items\":[{\"name\":\"a\",\"backend\":"
                 "\"null\"},\n",
        rows, "]}}}}");
}

static void
our_own_settings_are_checked(void)
{
    static const struct row rows[] = {
        { "unknown", "\"clients\": 1", "2: storage.agfs.knarr.clients: 'clients' is not a key" },
        { "misspelt", "\"client_max\": 1",
            "2: storage.agfs.knarr.client_max: 'client_max' is not a key of storage.agfs.knarr; "
            "did you mean 'clients_max'?" },
        { "too little", "\"journal_segment_bytes\": 4096",
            "2: storage.agfs.knarr.journal_segment_bytes: 4096 is not between 1048576 and "
            "1073741824 bytes" },
        { "too much", "\"quarantine_ms\": 604800001",
            "2: storage.agfs.knarr.quarantine_ms: 604800001 is not between 10 and 604800000 ms" },
        { "durability", "\"durability\": \"proces\"",
            "2: storage.agfs.knarr.durability: 'proces' is not 'power' or 'process'; did you mean "
            "'process'?" },
        { "level", "\"log_level\": \"trace\"",
            "2: storage.agfs.knarr.log_level: 'trace' is not 'debug', 'info', 'warn' or 'error'" },
        { "not an endpoint", "\"endpoint\": \"/run/x\"",
            "2: storage.agfs.knarr.endpoint: '/run/x' is not an endpoint" },
        { "no port", "\"endpoint\": \"tcp://127.0.0.1\"",
            "2: storage.agfs.knarr.endpoint: 'tcp://127.0.0.1' has no port" },
        { "no port", "\"endpoint\": \"tcp://127.0.0.1:65536\"",
            "2: storage.agfs.knarr.endpoint: 'tcp://127.0.0.1:65536' has no port" },
        { "everywhere", "\"endpoint\": \"tcp://*:1934\"",
            "2: storage.agfs.knarr.endpoint: 'tcp://*:1934': only the loopback is served "
            "(tcp://127.0.0.1:1934) until encrypted connections (CURVE) are there" },
        { "everywhere", "\"endpoint\": \"tcp://0.0.0.0:1934\"",
            "2: storage.agfs.knarr.endpoint: 'tcp://0.0.0.0:1934': only the loopback" },
        { "elsewhere", "\"endpoint\": \"tcp://127.0.0.1.example.com:1934\"",
            "2: storage.agfs.knarr.endpoint: 'tcp://127.0.0.1.example.com:1934': only the" },
        { "no such home", "\"endpoint\": \"ipc://~nobody-of-that-name/x\"",
            "2: storage.agfs.knarr.endpoint: 'ipc://~nobody-of-that-name/x': nobody of that" },
        { "abstract", "\"endpoint\": \"ipc://@x\"",
            "2: storage.agfs.knarr.endpoint: 'ipc://@x': a socket needs a path" },
    };

    EACH_IS_SAID("{\"storage\":{\"agfs\":{\"knarr\":{\n", rows, "}}}}");
}

static void
a_socket_path_of_108_bytes_is_too_long(void)
{
    char json[512], path[128];

    for (int length = 107; length <= 108; length++) {
        struct parsed parsed;

        memset(path, 'x', sizeof path);
        path[0] = '/';
        path[length] = '\0';
        snprintf(json, sizeof json,
            "{\"storage\":{\"agfs\":{\"knarr\":{\"endpoint\":\"ipc://%s\"}}}}", path);
        parsed = parse_text(json);
        check((parsed.outcome == DONE) == (length == 107));
        check(length == 107 || strstr(parsed.problems.at[0].text, "is 108 bytes long"));
        check(length == 107 || strstr(parsed.problems.at[0].text, "'ipc:///run/knarr.sock'"));
        parsed_free(&parsed);
    }
}

static const char minimal[] = "{\"storage\":{\"workspace\":\"./data\",\"agfs\":{\"backups\":"
                              "{\"items\":[\n{\"name\":\"a\",\"backend\":\"local\",\"local\":"
                              "{\"local_dir\":\"%s\"}},\n{\"name\":\"b\",\"backend\":\"local\","
                              "\"local\":{\"local_dir\":\"%s\"}}]}}}}";

static void
two_backups_at(const char *a, const char *b, const char *line_and_path, const char *text)
{
    char *json = memory_print(minimal, a, b);
    struct parsed parsed = parse_text(json);

    check(parsed.outcome == (text ? REFUSED : DONE));
    if (text) {
        expect_problems(&parsed, (const char *const[]){ line_and_path, NULL });
        check(strstr(parsed.problems.at[0].text, text));
    }
    parsed_free(&parsed);
    free(json);
}

#define A_DIR "2: storage.agfs.backups.items[0].local.local_dir: /"
#define B_DIR "3: storage.agfs.backups.items[1].local.local_dir: /"

static void
places_are_kept_apart(void)
{
    enter_new_directory();
    two_backups_at("./data/backup", "./data/other", NULL, NULL);
    two_backups_at("./data/viking", "./b", A_DIR, "data/viking is the same directory as /");
    two_backups_at("./data/x/../viking/a", "./b", A_DIR, "the place of the primary");
    two_backups_at("./data", "./b", A_DIR, "data contains /");
    two_backups_at("./data/.knarr/b", "./b", A_DIR, "the place of the journal");
    two_backups_at("./one", "./one/two", B_DIR, "is inside /");
    two_backups_at("./one/two", "one//", B_DIR, "the place of backup 'a'");
    check(mkdir("data", 0755) == 0 && symlink("data", "link") == 0);
    two_backups_at("./link/viking", "./b", A_DIR, "is the same directory as /");
    two_backups_at("./link/b", "./data/b", B_DIR, "the place of backup 'a'");
    check(symlink("../two", "data/_backups") == 0);
    two_backups_at("./one", "./data/_backups", NULL, NULL);
    two_backups_at("./two", "./data/_backups/b", B_DIR, "is inside /");
    check(symlink(".knarr", "data/viking") == 0);
    {
        struct parsed parsed = parse_text("{\"storage\":{\"workspace\":\n\"./data\"}}");

        expect_problems(&parsed, (const char *const[]){ "1: storage.workspace: /", NULL });
        check(strstr(parsed.problems.at[0].text, "lead into one another"));
        parsed_free(&parsed);
    }
    leave_directory();
}

static const struct test tests[] = {
    { "what is not json is refused", what_is_not_json_is_refused },
    { "a syntax error does not repeat the text", a_syntax_error_does_not_repeat_the_text },
    { "sections are checked", sections_are_checked },
    { "the primary is checked", the_primary_is_checked },
    { "the way to backups is checked", the_way_to_backups_is_checked },
    { "a backup is checked", a_backup_is_checked },
    { "what a backup does is checked", what_a_backup_does_is_checked },
    { "our own settings are checked", our_own_settings_are_checked },
    { "a socket path of 108 bytes is too long", a_socket_path_of_108_bytes_is_too_long },
    { "places are kept apart", places_are_kept_apart },
};

TEST_MAIN(tests)

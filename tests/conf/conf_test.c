#include "conf/conf.h"

#include "base/log.h"
#include "base/memory.h"
#include "tests/check.h"
#include "tests/conf/support/parsed.h"

#include <sys/stat.h>
#include <unistd.h>

static void
everything_goes_where_it_belongs(void)
{
    char *text = read_data("full.json");
    struct parsed parsed;
    const struct conf *conf;

    enter_new_directory();
    parsed = parse_text(text);
    expect_problems(&parsed, (const char *const[]){ NULL });
    conf = parsed.conf;
    check(strcmp(conf->file, "ov.conf") == 0);
    check(strcmp(conf->default_account, "acme") == 0 && strcmp(conf->default_user, "ada") == 0);
    check(conf->sync_type == SYNC_SYNC && conf->write_ack_count == 2);
    check(conf->write_ack_timeout_ms == 5000 && conf->write_concurrency == 0);
    check(conf->retry_interval_ms == 250 && conf->retry_backoff_base_ms == 1000);
    check(conf->backup_count == 3);
    check(strstr(conf->backups[0].place, "/far/az2") && conf->backups[0].place[0] == '/');
    check(strcmp(conf->backups[1].kind, "memory") == 0);
    check(strcmp(conf->backups[1].place, "cache") == 0);
    check(conf->backups[1].max_bytes == 1048576 && conf->backups[1].refill == REFILL_LAZY);
    check(conf->backups[1].receives && conf->backups[1].serves_reads);
    check(conf->backups[1].read_priority == 10);
    check(strcmp(conf->backups[2].kind, "local") == 0);
    check(strstr(conf->backups[2].place, "/data/_backups/plain"));
    check(strcmp(conf->endpoint, "tcp://127.0.0.1:1934") == 0);
    check(conf->durability == DURABILITY_PROCESS);
    check(conf->log_level == LEVEL_DEBUG && conf->log_json);
    check(conf->settings.clients_max == 16 && conf->settings.quarantine_ms == 600000);
    parsed_free(&parsed);
    free(text);
    leave_directory();
}

static void
an_empty_object_is_all_defaults(void)
{
    struct parsed parsed = parse_text("\xef\xbb\xbf{}");
    const struct conf *conf = parsed.conf;

    expect_problems(&parsed, (const char *const[]){ NULL });
    check(strcmp(conf->primary.kind, "local") == 0 && strcmp(conf->primary.name, "primary") == 0);
    check(conf->primary.receives && conf->primary.serves_reads);
    check(conf->backup_count == 0 && conf->sync_type == SYNC_ASYNC);
    check(conf->write_ack_count == UINT64_MAX && conf->write_ack_timeout_ms == 0);
    check(conf->retry_interval_ms == 30000 && conf->retry_max_retries_per_round == 3);
    check(conf->retry_quarantine_after_failures == 9 && conf->retry_backoff_base_ms == 1000);
    check(strcmp(conf->default_account, "default") == 0);
    check(conf->durability == DURABILITY_POWER && conf->log_level == LEVEL_INFO && !conf->log_json);
    check(conf->settings.journal_segment_bytes == 67108864);
    check(strstr(conf->endpoint, "/data/.knarr/knarr.sock"));
    parsed_free(&parsed);
}

static void
reads_are_fresh_unless_told_otherwise(void)
{
    static const struct {
        const char *given;
        uint64_t stale_ms;
    } rows[] = {
        { "", 0 },
        { "\"read_consistency\": \"fresh\"", 0 },
        { "\"read_consistency\": \"any\"", UINT64_MAX },
        { "\"read_consistency\": {\"max_staleness_ms\": 0}", 0 },
        { "\"read_consistency\": {\"max_staleness_ms\": 250}", 250 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = memory_print("{\"storage\":{\"agfs\":{\"knarr\":{%s}}}}", rows[i].given);
        struct parsed parsed = parse_text(text);

        expect_problems(&parsed, (const char *const[]){ NULL });
        check(parsed.conf->read_stale_ms == rows[i].stale_ms);
        parsed_free(&parsed);
        free(text);
    }
}

static void
a_memory_primary_has_no_directory(void)
{
    struct parsed parsed = parse_text("{\"storage\":{\"agfs\":{\"backend\":\"memory\",\"backups\":"
                                      "{\"items\":[{\"name\":\"a\",\"backend\":\"local\","
                                      "\"backend_params\":{\"local_dir\":\"data/viking\"},"
                                      "\"local\":{\"local_dir\":\"b\"}}]}}}}");

    check(parsed.outcome == DONE && strcmp(parsed.conf->primary.place, "primary") == 0);
    check(strstr(parsed.conf->backups[0].place, "/data/viking"));
    expect_problems(&parsed,
        (const char *const[]){ "1: storage.agfs.backups.items[0].local: warning: has no effect",
            NULL });
    parsed_free(&parsed);
}

static void
every_problem_is_listed_at_once(void)
{
    struct parsed parsed = parse_text("{\n"
                                      "\"storge\": {},\n"
                                      "\"storage\": {\n"
                                      "  \"workspce\": \"x\",\n"
                                      "  \"agfs\": {\n"
                                      "    \"backend\": \"locl\", \"port\": 1833,\n"
                                      "    \"backups\": {\n"
                                      "      \"sync_type\": \"snyc\",\n"
                                      "      \"items\": [\n"
                                      "        { \"name\": \"a\", \"backend\": \"s3\" },\n"
                                      "        { \"name\": \"a\", \"backend\": \"lcoal\" }\n"
                                      "      ] } } },\n"
                                      "\"server\": { \"port\": 0, \"new_in_openviking\": 1 }\n"
                                      "}");

    check(parsed.outcome == REFUSED);
    expect_problems(&parsed,
        (const char *const[]){
            "2: storge: 'storge' is not a key of ov.conf; did you mean 'storage'?",
            "4: storage.workspce: 'workspce' is not a key of storage; did you mean 'workspace'?",
            "6: storage.agfs.backend: Invalid RAGFS backend: 'locl'. Must be one of: 'local', "
            "'s3', 'memory'; did you mean 'local'?",
            "6: storage.agfs.port: warning: has no effect: it is deprecated",
            "8: storage.agfs.backups.sync_type: 'snyc' is not 'async' or 'sync'; did you mean "
            "'sync'?",
            "10: storage.agfs.backups.items[0].backend: s3 is not supported yet in this version",
            "11: storage.agfs.backups.items[1].name: duplicate backup name 'a': items[0] has it",
            "11: storage.agfs.backups.items[1].backend: 'lcoal' is not a backend; 'local' and "
            "'memory' are; did you mean 'local'?",
            "13: server.port: 0 is not between 1 and 65535",
            "13: server.new_in_openviking: warning: 'new_in_openviking' is not known here", NULL });
    parsed_free(&parsed);
}

static void
a_problem_is_one_line(void)
{
    char path[] = "storage.agfs.backend", nothing[] = "", text[] = "no";
    char *line = conf_problem_line(&(struct conf_problem){ 12, path, text }, "ov.conf");

    check(strcmp(line, "ov.conf:12: storage.agfs.backend: no") == 0);
    free(line);
    line = conf_problem_line(&(struct conf_problem){ 0, nothing, text }, "ov.conf");
    check(strcmp(line, "ov.conf: no") == 0);
    free(line);
    line = conf_problem_line(&(struct conf_problem){ 3, nothing, text }, "ov.conf");
    check(strcmp(line, "ov.conf:3: no") == 0);
    free(line);
}

/* ---- variables -------------------------------------------------------------------- */

static void
variables_are_expanded_everywhere(void)
{
    struct parsed parsed;

    setenv("T_ACCOUNT", "acme", 1);
    setenv("T_COUNT", "7", 1);
    setenv("T_SERVER", "{ \"port\":\n 1 }", 1);
    parsed = parse_text("{ \"default_account\": \"$T_ACCOUNT\", \"default_user\": \"u${T_COUNT}x\","
                        " \"server\": $T_SERVER,\n"
                        "\"storage\": {\"agfs\": {\"knarr\": {\"clients_max\": ${T_COUNT}}}},\n"
                        "\"grep\": [\"(a|b)$\", \"$ x\", \"${\", \"\\\\$T_COUNT\"],\n"
                        "\"x\": 1}");
    expect_problems(&parsed, (const char *const[]){ "4: x: 'x' is not a key", NULL });
    parsed_free(&parsed);
    parsed = parse_text("{ \"default_account\": \"$T_ACCOUNT\", \"default_user\": \"u${T_COUNT}x\","
                        "\"storage\": {\"agfs\": {\"knarr\": {\"clients_max\": ${T_COUNT}}}}}");
    check(parsed.outcome == DONE && strcmp(parsed.conf->default_account, "acme") == 0);
    check(strcmp(parsed.conf->default_user, "u7x") == 0);
    check(parsed.conf->settings.clients_max == 7);
    parsed_free(&parsed);
}

static void
an_unset_variable_stays_and_is_told(void)
{
    struct parsed parsed;

    unsetenv("T_UNSET");
    parsed = parse_text("{\n\"grep\": \"$T_UNSET ${T_UNSET}\",\n\"log\": \"\\$T_UNSET\"}");
    expect_problems(&parsed,
        (const char *const[]){ "2: : warning: $T_UNSET is not set in the environment",
            "2: : warning: ${T_UNSET} is not set in the environment", "3: : not valid JSON",
            NULL });
    parsed_free(&parsed);
}

static void
a_variable_cannot_bend_the_json(void)
{
    static const struct {
        const char *why, *value, *text;
    } rows[] = {
        { "ends the string", "x\", \"y\": \"", "{\"grep\":\n\"$T_X\"}" },
        { "escapes its end", "x\\", "{\"grep\":\n\"$T_X\"}" },
        { "breaks the line", "x\ny", "{\"grep\":\n\"$T_X\"}" },
        { "adds a key", "1, \"encryption\": {}", "{\"grep\":\n$T_X}" },
        { "closes the object", "1}, {", "{\"grep\":\n$T_X}" },
        { "is no value", "abc", "{\"grep\":\n$T_X}" },
        { "is empty", "", "{\"grep\":\n$T_X}" },
        { "has a key twice", "{\"a\":1,\"a\":2}", "{\"grep\":\n$T_X}" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parsed parsed;

        setenv("T_X", rows[i].value, 1);
        parsed = parse_text(rows[i].text);
        check(parsed.outcome == REFUSED);
        expect_problems(&parsed, (const char *const[]){ "2: : the value of $T_X ", NULL });
        parsed_free(&parsed);
    }
}

/* ---- files ------------------------------------------------------------------------ */

static void
put_file(const char *name, const char *text)
{
    FILE *stream = fopen(name, "w");

    check(stream && fputs(text, stream) >= 0 && fclose(stream) == 0);
}

static void
loads(const char *named, const char *account)
{
    struct conf_problems problems;
    struct conf *conf;

    check((conf_load(&conf, named, &problems) == DONE) == (account != NULL));
    check(!account || strcmp(conf->default_account, account) == 0);
    check(account || (problems.count == 1 && problems.at[0].line == 0));
    check(!account || strcmp(problems.file, conf->file) == 0);
    conf_free(&conf);
    conf_problems_free(&problems);
}

static void
the_file_is_looked_for_in_order(void)
{
    enter_new_directory();
    check(mkdir(".openviking", 0755) == 0);
    put_file("flag.conf", "{\"default_account\":\"flag\"}");
    put_file("env.conf", "{\"default_account\":\"env\"}");
    put_file(".openviking/ov.conf", "{\"default_account\":\"home\"}");
    {
        char here[256];

        check(getcwd(here, sizeof here));
        setenv("HOME", here, 1);
    }
    setenv("OPENVIKING_CONFIG_FILE", "env.conf", 1);
    loads("flag.conf", "flag");
    loads("~/flag.conf", "flag");
    loads(NULL, "env");
    loads("missing.conf", NULL);
    setenv("OPENVIKING_CONFIG_FILE", "missing.conf", 1);
    loads(NULL, NULL);
    unsetenv("OPENVIKING_CONFIG_FILE");
    loads(NULL, "home");
    check(unlink(".openviking/ov.conf") == 0);
    if (access("/etc/openviking/ov.conf", F_OK) != 0)
        loads(NULL, NULL);
    leave_directory();
}

static void
what_is_not_a_small_file_is_not_read(void)
{
    enter_new_directory();
    check(mkdir("directory", 0755) == 0 && mkfifo("pipe", 0600) == 0);
    put_file("huge", "");
    check(truncate("huge", 100 << 20) == 0);
    put_file("largest", "{}");
    check(truncate("largest", (1 << 20) + 1) == 0);
    loads("directory", NULL);
    loads("pipe", NULL);
    loads("huge", NULL);
    loads("largest", NULL);
    loads("/dev/zero", NULL);
    leave_directory();
}

static const struct test tests[] = {
    { "everything goes where it belongs", everything_goes_where_it_belongs },
    { "an empty object is all defaults", an_empty_object_is_all_defaults },
    { "a memory primary has no directory", a_memory_primary_has_no_directory },
    { "reads are fresh unless told otherwise", reads_are_fresh_unless_told_otherwise },
    { "every problem is listed at once", every_problem_is_listed_at_once },
    { "a problem is one line", a_problem_is_one_line },
    { "variables are expanded everywhere", variables_are_expanded_everywhere },
    { "an unset variable stays and is told", an_unset_variable_stays_and_is_told },
    { "a variable cannot bend the json", a_variable_cannot_bend_the_json },
    { "the file is looked for in order", the_file_is_looked_for_in_order },
    { "what is not a small file is not read", what_is_not_a_small_file_is_not_read },
};

TEST_MAIN(tests)

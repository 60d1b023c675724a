/* What clients are told, and what nobody may name. */

#include "base/fault.h"
#include "tests/actors/support/server.h"
#include "tests/check.h"

#include <stdint.h>

#define NONE "viking://resources/none.txt"
#define FILE_URI "viking://resources/a.txt"
#define FOLDER "viking://resources/folder"

/* ---- every request that names something ---------------------------------------------------- */

#define CHANGE .acks = UINT64_MAX

static struct message
about(enum message_tag tag, const char *uri)
{
    const struct view at = view_of(uri);

    switch (tag) {
    case WRITE: return (struct message){ .tag = tag, .write = { .id = 1, .uri = at, CHANGE } };
    case TRUNCATE:
        return (struct message){ .tag = tag, .truncate = { .id = 1, .uri = at, CHANGE } };
    case DELETE: return (struct message){ .tag = tag, .delete = { .id = 1, .uri = at, CHANGE } };
    case MAKE: return (struct message){ .tag = tag, .make = { .id = 1, .uri = at, CHANGE } };
    case MODE: return (struct message){ .tag = tag, .mode = { .id = 1, .uri = at, CHANGE } };
    case READ: return (struct message){ .tag = tag, .read = { .id = 1, .uri = at, .length = 9 } };
    case STAT: return (struct message){ .tag = tag, .stat = { .id = 1, .uri = at } };
    case LIST:
        return (
            struct message){ .tag = tag, .list = { .id = 1, .uri = at, .limit = 9, .depth = 1 } };
    case GLOB:
        return (struct message){ .tag = tag,
            .glob = { .id = 1, .uri = at, .pattern = view_of("*"), .limit = 9 } };
    case GREP:
        return (struct message){ .tag = tag,
            .grep = { .id = 1, .uri = at, .pattern = view_of("x"), .limit = 9 } };
    case STATUS: return (struct message){ .tag = tag, .status = { .id = 1, .uri = at } };
    case RETRY_SYNC: return (struct message){ .tag = tag, .retry_sync = { .id = 1, .uri = at } };
    default: return (struct message){ .tag = WAIT_SYNC, .wait_sync = { .id = 1, .uri = at } };
    }
}

static struct message
moving(const char *from, const char *to)
{
    return (struct message){ .tag = MOVE,
        .move = { .id = 1, .uri = view_of(from), .to = view_of(to), CHANGE } };
}

static struct message
creating(const char *uri)
{
    struct message message = about(WRITE, uri);

    message.write.how = 2;
    return message;
}

static struct message
large(struct message message)
{
    if (message.tag == WRITE)
        message.write.size = 10 << 20;
    else
        message.read.length = 1 << 20;
    return message;
}

static void
make_folder(void *client)
{
    client_writes(client, FILE_URI, "x");
    client_writes(client, FOLDER "/in.txt", "x");
}

/* ---- sentences ------------------------------------------------------------------------------- */

/* Nothing of this in what a client is told. */
static bool
keeps_secrets(struct view reason)
{
    char *text = view_dup(reason);
    bool keeps = !strstr(text, server_place) && !strstr(text, "/default/");

    free(text);
    return keeps;
}

struct sentence {
    struct message message;
    enum cause cause;
    const char *sentence;
};

/* And nothing has changed. */
static void
check_sentences(const struct sentence *rows, size_t count)
{
    void *client;

    server_begin("");
    client = client_greeted();
    make_folder(client);
    for (size_t i = 0; i < count; i++) {
        const struct message_answer *answer = client_asks(client, rows[i].message);

        if (answer->outcome == DONE || answer->cause != rows[i].cause ||
            !view_is(answer->reason, rows[i].sentence)) {
            fprintf(stderr, "row %zu: %s: %.*s, not: %s\n", i, cause_name(answer->cause),
                VIEW(answer->reason), rows[i].sentence);
            exit(1);
        }
    }
    check(client_reads(client, FILE_URI, "x") && client_reads(client, FOLDER "/in.txt", "x"));
    server_end();
}

static void
what_is_not_there_is_told_by_the_uri_that_was_used(void)
{
    const struct sentence rows[] = {
        { about(READ, NONE), CAUSE_NOT_FOUND, "File not found: " NONE },
        { large(about(READ, NONE)), CAUSE_NOT_FOUND, "File not found: " NONE },
        { about(READ, "/resources/none"), CAUSE_NOT_FOUND, "File not found: /resources/none" },
        { about(READ, "viking://~/none"), CAUSE_NOT_FOUND, "File not found: viking://~/none" },
        { about(STAT, NONE), CAUSE_NOT_FOUND, "File not found: " NONE },
        { about(LIST, NONE), CAUSE_NOT_FOUND, "File not found: " NONE },
        { about(GLOB, NONE), CAUSE_NOT_FOUND, "File not found: " NONE },
        { about(GREP, NONE), CAUSE_NOT_FOUND, "File not found: " NONE },
        { about(TRUNCATE, NONE), CAUSE_NOT_FOUND, "File not found: " NONE },
        { about(MODE, NONE), CAUSE_NOT_FOUND, "File not found: " NONE },
        { moving(NONE, FOLDER "/b"), CAUSE_NOT_FOUND, "File not found: " NONE },
    };

    check_sentences(rows, sizeof rows / sizeof *rows);
}

#define NO_FILE "Directory URI is not readable as a file: " FOLDER "."
#define NO_FILE_TO_WRITE "Directory URI is not writable as a file: " FOLDER "."

static void
what_is_there_and_in_the_way_is_told_too(void)
{
    const struct sentence rows[] = {
        { about(READ, FOLDER), CAUSE_IS_A_DIRECTORY, NO_FILE },
        { large(about(READ, FOLDER)), CAUSE_IS_A_DIRECTORY, NO_FILE },
        { about(WRITE, FOLDER), CAUSE_IS_A_DIRECTORY, NO_FILE_TO_WRITE },
        { large(about(WRITE, FOLDER)), CAUSE_IS_A_DIRECTORY, NO_FILE_TO_WRITE },
        { about(TRUNCATE, FOLDER), CAUSE_IS_A_DIRECTORY,
            "Directory URI has no size to be set: " FOLDER },
        { about(DELETE, FOLDER), CAUSE_DIRECTORY_NOT_EMPTY,
            "Cannot remove directory without --recursive: " FOLDER },
        { creating(FILE_URI), CAUSE_ALREADY_EXISTS, "File already exists: " FILE_URI },
        { large(creating(FILE_URI)), CAUSE_ALREADY_EXISTS, "File already exists: " FILE_URI },
        { about(MAKE, FOLDER), CAUSE_ALREADY_EXISTS, "File already exists: " FOLDER },
        { about(LIST, FILE_URI), CAUSE_NOT_A_DIRECTORY, "Not a directory: " FILE_URI },
        { about(WRITE, FILE_URI "/b/c"), CAUSE_NOT_A_DIRECTORY, "Not a directory: " FILE_URI },
        { large(about(WRITE, FILE_URI "/b")), CAUSE_NOT_A_DIRECTORY, "Not a directory: " FILE_URI },
        { about(MAKE, FILE_URI "/b"), CAUSE_NOT_A_DIRECTORY, "Not a directory: " FILE_URI },
    };

    check_sentences(rows, sizeof rows / sizeof *rows);
}

static void
a_move_that_cannot_be_is_told_with_the_name_at_fault(void)
{
    const struct sentence rows[] = {
        { moving(FILE_URI, FOLDER), CAUSE_ALREADY_EXISTS, "File already exists: " FOLDER },
        { moving(FOLDER, FILE_URI), CAUSE_NOT_A_DIRECTORY, "Not a directory: " FILE_URI },
        { moving(FOLDER, FOLDER "/in"), CAUSE_INVALID_OPERATION,
            "Cannot move below itself: " FOLDER },
        { moving(FOLDER, FILE_URI "/x"), CAUSE_NOT_A_DIRECTORY, "Not a directory: " FILE_URI },
        { moving(FILE_URI, FILE_URI), CAUSE_INVALID_ARGUMENT, "both names are the same" },
        { moving(FILE_URI, "/resources/a.txt/"), CAUSE_INVALID_ARGUMENT,
            "both names are the same" },
        { moving(FILE_URI, ""), CAUSE_INVALID_ARGUMENT, "the new name is missing" },
    };

    check_sentences(rows, sizeof rows / sizeof *rows);
}

static bool
is_told_as_storage(const struct message_answer *answer)
{
    static const char begins[] = "Storage backend unavailable: ";

    if (answer->outcome == RETRY && answer->reason.length > sizeof begins &&
        memcmp(answer->reason.at, begins, sizeof begins - 1) == 0 && keeps_secrets(answer->reason))
        return true;
    fprintf(stderr, "%s: %.*s\n", cause_name(answer->cause), VIEW(answer->reason));
    return false;
}

static void
a_failing_storage_is_told_without_its_directory(void)
{
    static const enum message_tag looking[] = { WRITE, TRUNCATE, DELETE, MAKE, MODE, READ, STAT,
        LIST };
    void *client;

    server_begin("");
    client = client_greeted();
    make_folder(client);
    fault_plan("call=open,stat,read,list path=/viking do=EIO");
    for (size_t i = 0; i < sizeof looking / sizeof *looking; i++)
        check(is_told_as_storage(client_asks(client, about(looking[i], FILE_URI))));
    fault_plan("call=create,write path=/viking do=ENOSPC");
    check(is_told_as_storage(client_asks(client, about(WRITE, FOLDER "/new"))));
    check(is_told_as_storage(client_asks(client, large(about(WRITE, FOLDER "/new")))));
    fault_plan(NULL);
    check(client_reads(client, FILE_URI, "x"));
    client_writes(client, FOLDER "/new", "x");
    server_end();
}

static void
a_long_uri_is_told_in_part(void)
{
    char uri[3000];
    const struct message_answer *answer;
    void *client;

    server_begin("");
    client = client_greeted();
    strcpy(uri, "viking://resources/x");
    while (strlen(uri) < 2900)
        strcat(uri, "/\xc3\xa4\xc3\xb6\xc3\xbc\n");
    answer = client_asks(client, about(READ, uri));
    check(answer->cause == CAUSE_NOT_FOUND && answer->reason.length < 500);
    check(answer->reason.length > 300 && !memchr(answer->reason.at, '\n', answer->reason.length));
    server_end();
}

/* ---- internal names ---------------------------------------------------------------------------- */

static const char *const hidden_uris[] = {
    "viking://resources/.sync_log.json",
    "viking://resources/.redirect.json",
    "viking://resources/.SYNC_LOG.JSON",
    "viking://resources/.Redirect.Json",
    "viking://resources/.knarr",
    "viking://resources/.KNARR-place",
    "viking://resources/.knarr~0123",
    "viking://resources/.knarr-stage/0000000100000001",
    "viking://resources//.sync_log.json",
    "viking://resources/./.sync_log.json",
    "viking://resources/folder/../.sync_log.json",
    "viking://resources/folder/.sync_log.json/",
    "viking://resources/.sync_log.json//",
    "viking://resources/.sync_log.json/below",
    "viking:///.knarr-place",
    "viking://.knarr-place",
    "viking://.knarr-stage",
    "viking://../.knarr-place",
    "/resources/.sync_log.json",
    "//resources/.sync_log.json",
    "/.knarr-place",
    "/default/.knarr-place",
    "/../.knarr-place",
    "VIKING://resources/.sync_log.json",
    "viking://~/.sync_log.json",
    "viking://user/default/.redirect.json",
};

/* What a file system would take for another name; it must not lead to the internal file. */
static const char *const other_names[] = {
    "viking://resources/%2esync_log.json",
    "viking://resources/.sync_log%2ejson",
    "viking://resources/.sync_log.json%00",
    "viking://resources/.sync_log.json%20",
    "viking://resources/.sync_log\xe2\x80\xa4json",
    "viking://resources/\xef\xbc\x8esync_log.json",
};

static const enum message_tag naming[] = { WRITE, TRUNCATE, DELETE, MAKE, MODE, READ, STAT, LIST,
    GLOB, GREP, STATUS, RETRY_SYNC, WAIT_SYNC };

static void
plant(const char *path)
{
    char command[256];

    snprintf(command, sizeof command, "printf secret > %s/viking/default/resources/%s",
        server_place, path);
    check(system(command) == 0);
}

static void
begin_with_secrets(void **client)
{
    server_begin("");
    *client = client_greeted();
    make_folder(*client);
    plant(".sync_log.json");
    plant(".redirect.json");
    plant("folder/.sync_log.json");
}

static bool
is_hidden(const char *uri, const struct message_answer *answer)
{
    if (answer->outcome == REFUSED &&
        (answer->cause == CAUSE_PERMISSION_DENIED || answer->cause == CAUSE_INVALID_PATH ||
            answer->cause == CAUSE_NOT_FOUND))
        return true;
    fprintf(stderr, "%s: %s: %.*s\n", uri, cause_name(answer->cause), VIEW(answer->reason));
    return false;
}

static bool
secrets_are_untouched(void)
{
    char command[512];

    snprintf(command, sizeof command,
        "cd %s/viking/default/resources && test \"$(cat .sync_log.json .redirect.json "
        "folder/.sync_log.json)\" = secretsecretsecret && test ! -e .knarr && test ! -e "
        ".KNARR-place && test ! -e .SYNC_LOG.JSON",
        server_place);
    return system(command) == 0;
}

static void
internal_names_are_nobodys(void)
{
    void *client;

    begin_with_secrets(&client);
    for (size_t u = 0; u < sizeof hidden_uris / sizeof *hidden_uris; u++) {
        const char *uri = hidden_uris[u];

        for (size_t t = 0; t < sizeof naming / sizeof *naming; t++)
            check(is_hidden(uri, client_asks(client, about(naming[t], uri))));
        check(is_hidden(uri, client_asks(client, large(about(WRITE, uri)))));
        check(is_hidden(uri, client_asks(client, large(about(READ, uri)))));
        check(is_hidden(uri, client_asks(client, moving(uri, "viking://resources/mine"))));
        check(is_hidden(uri, client_asks(client, moving(FILE_URI, uri))));
    }
    check(secrets_are_untouched());
    server_end();
}

static void
encoded_names_are_other_names(void)
{
    void *client;

    begin_with_secrets(&client);
    for (size_t u = 0; u < sizeof other_names / sizeof *other_names; u++) {
        struct message message = about(WRITE, other_names[u]);
        const struct message_answer *answer;

        check(client_is_refused(client, about(READ, other_names[u]), CAUSE_NOT_FOUND));
        message.write.size = 4;
        client_say_with(client, message, "mine", 4);
        answer = &client_hear(client)->answer;
        if (strchr(other_names[u], '%')) /* it would read as an encoded name elsewhere */
            check(answer->cause == CAUSE_INVALID_PATH);
        else
            check(answer->outcome == DONE && client_reads(client, other_names[u], "mine"));
    }
    check(secrets_are_untouched());
    server_end();
}

static bool
body_names_nothing_internal(void)
{
    char *text = view_dup(client_body());
    bool names = false;

    for (size_t i = 0; i < client_body().length; i++)
        if (text[i] == '\0')
            text[i] = ' ';
    names = strstr(text, "sync_log") || strstr(text, "redirect") || strstr(text, "secret") ||
        strstr(text, "knarr");
    free(text);
    return !names;
}

static void
searches_do_not_find_internal_files(void)
{
    static const char *const patterns[] = { "**", "*", ".*", "**/.sync_log.json", ".redirect.*",
        "[.]sync*", "{.sync_log.json,a.txt}" };
    struct message message = about(LIST, "viking://");
    void *client;

    begin_with_secrets(&client);
    message.list.depth = 0;
    message.list.limit = 1000;
    message.list.hidden = true;
    client_say(client, message);
    check(client_hear(client)->tag == PAGE && body_names_nothing_internal());
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        message = about(GLOB, "viking://resources");
        message.glob.pattern = view_of(patterns[i]);
        message.glob.limit = 1000;
        client_say(client, message);
        check(client_hear(client)->tag == PAGE && body_names_nothing_internal());
    }
    message = about(GREP, "viking://");
    message.grep.pattern = view_of("s.cret");
    message.grep.limit = 1000;
    client_say(client, message);
    check(client_hear(client)->tag == PAGE && client_body().length == 0);
    server_end();
}

static void
internal_files_go_with_their_directory_only(void)
{
    struct message message = about(DELETE, FOLDER);
    void *client;

    begin_with_secrets(&client);
    message.delete.recursive = true;
    check(client_asks(client, message)->outcome == DONE);
    check(client_is_refused(client, about(STAT, FOLDER), CAUSE_NOT_FOUND));
    client_writes(client, FOLDER "/in.txt", "new");
    client_say(client, about(LIST, FOLDER));
    check(client_hear(client)->page.count == 1);
    server_end();
}

static const struct test tests[] = {
    { "what is not there is told by the URI that was used",
        what_is_not_there_is_told_by_the_uri_that_was_used },
    { "what is there and in the way is told, too", what_is_there_and_in_the_way_is_told_too },
    { "a move that cannot be is told with the name at fault",
        a_move_that_cannot_be_is_told_with_the_name_at_fault },
    { "a failing storage is told without its directory",
        a_failing_storage_is_told_without_its_directory },
    { "a long URI is told in part", a_long_uri_is_told_in_part },
    { "internal names are nobody's", internal_names_are_nobodys },
    { "encoded names are other names", encoded_names_are_other_names },
    { "searches do not find internal files", searches_do_not_find_internal_files },
    { "internal files go with their directory only", internal_files_go_with_their_directory_only },
};

TEST_MAIN(tests)

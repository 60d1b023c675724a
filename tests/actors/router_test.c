/* Sessions, ids, and whatever else may come over a socket. */

#include "tests/actors/support/server.h"
#include "tests/check.h"

#include <stdint.h>

#define FILE_URI "viking://resources/a.txt"

static struct message
ping(uint64_t id)
{
    return (struct message){ .tag = PING, .ping = { id } };
}

static struct message
greet(uint64_t protocol, struct view account, struct view user)
{
    return (struct message){ .tag = GREET,
        .greet = { .protocol = protocol, .account = account, .user = user } };
}

static struct message
reading(uint64_t id, const char *uri, uint64_t version)
{
    return (struct message){ .tag = READ,
        .read = { .id = id, .uri = view_of(uri), .length = 100, .version = version } };
}

/* ---- who speaks --------------------------------------------------------------------------- */

static void
nothing_is_answered_before_greet(void)
{
    void *client;

    server_begin("");
    client = client_dial();
    check(client_is_refused(client, ping(1), CAUSE_INVALID_OPERATION));
    check(client_is_refused(client, reading(2, FILE_URI, 0), CAUSE_INVALID_OPERATION));
    client_say(client, (struct message){ .tag = CANCEL, .cancel = { 3 } });
    client_say(client, (struct message){ .tag = DATA, .data = { .id = 3 } });
    client_say(client, greet(1, view_of(""), view_of("")));
    check(client_hear(client)->tag == WELCOME);
    check(client_asks(client, ping(4))->id == 4);
    server_end();
}

static void
another_protocol_is_refused(void)
{
    static const uint64_t versions[] = { 0, 2, UINT64_MAX };
    void *client;

    server_begin("");
    client = client_dial();
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        check(client_is_refused(client, greet(versions[i], view_of(""), view_of("")),
            CAUSE_INVALID_ARGUMENT));
    check(client_is_refused(client, ping(1), CAUSE_INVALID_OPERATION));
    server_end();
}

static void
an_account_is_a_plain_name(void)
{
    static const struct {
        struct view name;
        const char *why;
    } rows[] = {
        { { "_system", 7 }, "begins with _" },
        { { ".", 1 }, "is the directory itself" },
        { { "..", 2 }, "is the directory above" },
        { { "../a", 4 }, "leads out" },
        { { "a/b", 3 }, "has a slash" },
        { { "a\0b", 3 }, "has a NUL" },
        { { "a b", 3 }, "has a blank" },
        { { "a\n", 2 }, "has a newline" },
        { { "\xc3\xa4", 2 }, "is not ASCII" },
        { { ".knarr", 6 }, "is an internal name" },
        { { ".KNARR-stage", 12 }, "is one in another case" },
        { { ".sync_log.json", 14 }, "is an internal file" },
    };
    static char longest[256];
    void *client;

    memset(longest, 'a', sizeof longest);
    server_begin("");
    client = client_dial();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!client_is_refused(client, greet(1, rows[i].name, view_of("")), CAUSE_INVALID_ARGUMENT))
            fprintf(stderr, "as account: %s\n", rows[i].why), exit(1);
        if (!client_is_refused(client, greet(1, view_of(""), rows[i].name), CAUSE_INVALID_ARGUMENT))
            fprintf(stderr, "as user: %s\n", rows[i].why), exit(1);
    }
    check(client_is_refused(client, greet(1, (struct view){ longest, 256 }, view_of("")),
        CAUSE_INVALID_ARGUMENT));
    client_say(client, greet(1, view_of("a.b@c-d_1"), view_of("u")));
    check(client_hear(client)->tag == WELCOME);
    server_end();
}

static void
accounts_do_not_see_each_other(void)
{
    void *one, *other;

    server_begin("");
    one = client_greeted();
    other = client_dial();
    client_say(other, greet(1, view_of("acme"), view_of("")));
    check(client_hear(other)->tag == WELCOME);
    client_writes(one, FILE_URI, "one's");
    check(client_is_refused(other, reading(1, FILE_URI, 0), CAUSE_NOT_FOUND));
    client_writes(other, FILE_URI, "other's");
    check(client_reads(one, FILE_URI, "one's") && client_reads(other, FILE_URI, "other's"));
    server_end();
}

static void
the_longest_silent_client_makes_room(void)
{
    void *clients[5];

    server_begin("\"clients_max\": 4");
    for (size_t i = 0; i < 5; i++)
        clients[i] = client_greeted();
    check(client_is_refused(clients[0], ping(1), CAUSE_INVALID_OPERATION));
    for (size_t i = 1; i < 5; i++)
        check(client_asks(clients[i], ping(1))->outcome == DONE);
    server_end();
}

/* ---- requests ----------------------------------------------------------------------------- */

static struct message
endless_write(uint64_t id, const char *uri)
{
    return (struct message){ .tag = WRITE,
        .write = { .id = id, .uri = view_of(uri), .size = UINT64_MAX, .acks = UINT64_MAX } };
}

static void
an_id_in_use_is_refused_and_the_first_goes_on(void)
{
    void *client;

    server_begin("");
    client = client_greeted();
    client_say(client, endless_write(5, FILE_URI));
    check(client_is_refused(client, ping(5), CAUSE_INVALID_ARGUMENT));
    client_say_with(client, (struct message){ .tag = DATA, .data = { .id = 5, .last = true } },
        "abc", 3);
    check(client_hear(client)->tag == ANSWER);
    check(client_reads(client, FILE_URI, "abc"));
    check(client_asks(client, ping(5))->outcome == DONE);
    server_end();
}

/* All but the first wait for the claim that an append has until its last byte. */
static void
more_than_1024_requests_at_once_are_refused(void)
{
    struct message message = endless_write(0, FILE_URI);
    void *client;

    server_begin("");
    client = client_greeted();
    message.write.how = 1;
    client_say(client, message);
    message.write.size = 0;
    for (message.write.id = 1; message.write.id < 1024; message.write.id++)
        client_say(client, message);
    check(client_is_refused(client, ping(5000), CAUSE_BUSY));
    client_say(client, (struct message){ .tag = CANCEL, .cancel = { 7 } });
    check(client_asks(client, ping(5001))->outcome == DONE);
    check(client_asks(client_greeted(), ping(1))->outcome == DONE);
    server_end();
}

static void
more_than_64_uploads_at_once_are_refused(void)
{
    char uri[64];
    void *client;

    server_begin("");
    client = client_greeted();
    for (uint64_t id = 0; id < 64; id++) {
        snprintf(uri, sizeof uri, "viking://resources/%u", (unsigned) id);
        client_say(client, endless_write(id, uri));
    }
    check(client_is_refused(client, endless_write(64, FILE_URI), CAUSE_BUSY));
    client_writes(client, FILE_URI, "small ones are none");
    client_say(client, (struct message){ .tag = CANCEL, .cancel = { 7 } });
    client_say(client, endless_write(64, FILE_URI));
    check(client_asks(client, ping(100))->id == 100);
    server_end();
}

static void
an_upload_ends_with_its_session(void)
{
    char command[256];
    void *client;

    server_begin("");
    client = client_greeted();
    for (int i = 0; i < 100; i++) {
        client_say_with(client, endless_write(1, FILE_URI), "abc", 3);
        client_say(client, greet(1, view_of(""), view_of("")));
        while (client_hear(client)->tag != WELCOME)
            ;
    }
    client_writes(client, "viking://resources/b.txt", "after them all");
    /* The store hears of the last one in its own time. */
    snprintf(command, sizeof command,
        "for i in $(seq 100); do"
        " test -z \"$(find %s/viking -name '.knarr~*')\" && exit 0; sleep 0.1; done; exit 1",
        server_place);
    check(system(command) == 0);
    check(client_is_refused(client, reading(1, FILE_URI, 0), CAUSE_NOT_FOUND));
    server_end();
}

/* The end of an append grants what waits for it; that is refused, and gone as well. */
static void
what_waits_for_an_upload_ends_with_it(void)
{
    struct message append = endless_write(1, FILE_URI), create = endless_write(2, FILE_URI);
    void *client, *other;

    server_begin("");
    client = client_greeted();
    other = client_greeted();
    client_writes(client, FILE_URI, "old");
    append.write.how = 1;
    create.write.how = 2;
    create.write.size = 0;
    for (int i = 0; i < 2; i++) {
        client_say(client, append);
        check(client_asks(client, ping(9))->outcome == DONE);
        for (create.write.id = 2; create.write.id < 6; create.write.id++) {
            client_say(client, create);
            client_say(other, create);
        }
        check(client_asks(client, ping(9))->outcome == DONE);
        check(client_asks(other, ping(9))->outcome == DONE);
        if (i > 0)
            break; /* with the server, then */
        client_say(client, greet(1, view_of(""), view_of("")));
        while (client_hear(client)->tag != WELCOME)
            ;
        for (int answers = 0; answers < 4; answers++)
            check(client_hear(other)->answer.cause == CAUSE_ALREADY_EXISTS);
    }
    server_end();
}

static void
a_client_that_reads_late_loses_no_answer(void)
{
    enum { REQUESTS = 1000 };
    static bool heard[REQUESTS];
    void *client;

    server_begin("");
    client = client_greeted();
    client_writes(client, FILE_URI, "x");
    for (uint64_t id = 0; id < REQUESTS; id++)
        client_say(client, id % 2 ? reading(id, FILE_URI, 0) : ping(id));
    check(client_asks(client_greeted(), ping(1))->outcome == DONE);
    for (int i = 0; i < REQUESTS; i++) {
        const struct message *m = client_hear(client);
        uint64_t id = m->tag == CONTENT ? m->content.id : m->answer.id;

        check(id < REQUESTS && !heard[id]);
        check((m->tag == CONTENT) == (id % 2 == 1));
        heard[id] = true;
    }
    server_end();
}

static void
cancelled_lookups_are_not_answered_and_their_ids_are_free(void)
{
    void *client;

    server_begin("");
    client = client_greeted();
    client_writes(client, FILE_URI, "x");
    for (uint64_t id = 0; id < 500; id++) {
        client_say(client,
            (struct message){ .tag = LIST,
                .list = { .id = 1, .uri = view_of("viking://"), .limit = 10, .depth = 1 } });
        client_say(client, (struct message){ .tag = CANCEL, .cancel = { 1 } });
    }
    client_say(client, ping(1));
    while (client_hear(client)->tag == PAGE)
        ; /* one may have been answered before it was cancelled */
    check(client_asks(client, ping(2))->id == 2);
    server_end();
}

static void
a_read_of_another_version_is_a_conflict(void)
{
    uint64_t version;
    void *client;

    server_begin("");
    client = client_greeted();
    client_writes(client, FILE_URI, "one");
    client_say(client, reading(1, FILE_URI, 0));
    version = client_hear(client)->content.version;
    client_say(client, reading(2, FILE_URI, version));
    check(client_hear(client)->tag == CONTENT);
    client_writes(client, FILE_URI, "two");
    check(client_is_refused(client, reading(3, FILE_URI, version), CAUSE_CONFLICT));
    server_end();
}

/* ---- what is no request --------------------------------------------------------------------- */

static void
a_stranger_cannot_speak_for_an_actor(void)
{
    void *client;

    server_begin("");
    client = client_greeted();
    client_writes(client, FILE_URI, "x");
    client_say(client,
        (struct message){ .tag = COMMITTED,
            .committed = { .request = UINT64_C(1) << 32 | 2, .is_final = true } });
    client_say(client,
        (struct message){ .tag = SOUGHT, .sought = { .request = UINT64_C(1) << 32 | 2 } });
    client_say(client, (struct message){ .tag = STAGED, .staged = { .request = 1 } });
    client_say(client, (struct message){ .tag = SURVEYED, .surveyed = { .request = 1 } });
    client_say(client, (struct message){ .tag = FATAL, .fatal = { view_of("stop") } });
    check(client_asks(client, ping(1))->outcome == DONE);
    check(client_reads(client, FILE_URI, "x"));
    server_end();
}

static void
frames_too_many_or_too_few_are_dropped(void)
{
    char packed[64];
    struct message message = ping(1);
    struct view whole = { packed, message_pack(&message, packed, sizeof packed) };
    const struct view empty = { "", 0 }, text = { "text", 4 };
    void *client;

    server_begin("");
    client = client_greeted();
    client_say_raw(client, &empty, 1);
    client_say_raw(client, (struct view[]){ empty, whole }, 2);
    client_say_raw(client, (struct view[]){ whole, text, text }, 3);
    client_say_raw(client, (struct view[]){ whole, text, text, text, text, text }, 6);
    client_say_raw(client, (struct view[]){ text, whole }, 2);
    client_say_raw(client, (struct view[]){ { packed, whole.length - 1 } }, 1);
    check(client_hears_nothing(client, 100));
    client_say_raw(client, (struct view[]){ whole, text }, 2); /* a body that nobody wants */
    check(client_hear(client)->answer.id == 1);
    client_say_raw(client, (struct view[]){ whole, empty }, 2);
    check(client_hear(client)->answer.id == 1);
    server_end();
}

static uint64_t
chance(void)
{
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Half of it noise, half of it a good message with some bytes changed. */
static size_t
junk(char bytes[512])
{
    struct message message = reading(chance() % 4, "viking://resources/../a", chance());
    size_t length = chance() % 512;

    if (chance() % 2) {
        for (size_t i = 0; i < length; i++)
            bytes[i] = (char) chance();
        return length;
    }
    length = message_pack(&message, bytes, 512);
    for (uint64_t changes = 1 + chance() % 3; changes > 0; changes--)
        bytes[chance() % length] = (char) chance();
    return length - chance() % 2;
}

static void
ten_thousand_frames_of_junk_change_nothing(void)
{
    char bytes[512];
    void *client, *other;

    server_begin("");
    other = client_greeted();
    client_writes(other, FILE_URI, "still here");
    client = client_greeted();
    for (int i = 0; i < 10000; i++) {
        struct view frames[3] = { { bytes, junk(bytes) }, { "body", 4 }, { "more", 4 } };

        client_say_raw(client, frames, 1 + chance() % 3);
    }
    check(client_asks(other, ping(1))->outcome == DONE);
    check(client_reads(other, FILE_URI, "still here"));
    client_say(client, greet(1, view_of(""), view_of("")));
    while (client_hear(client)->tag != WELCOME)
        ;
    check(client_asks(client, ping(1))->outcome == DONE);
    server_end();
}

static const struct test tests[] = {
    { "nothing is answered before GREET", nothing_is_answered_before_greet },
    { "another protocol is refused", another_protocol_is_refused },
    { "an account is a plain name", an_account_is_a_plain_name },
    { "accounts do not see each other", accounts_do_not_see_each_other },
    { "the longest silent client makes room", the_longest_silent_client_makes_room },
    { "an id in use is refused and the first goes on",
        an_id_in_use_is_refused_and_the_first_goes_on },
    { "more than 1024 requests at once are refused", more_than_1024_requests_at_once_are_refused },
    { "more than 64 uploads at once are refused", more_than_64_uploads_at_once_are_refused },
    { "an upload ends with its session", an_upload_ends_with_its_session },
    { "what waits for an upload ends with it", what_waits_for_an_upload_ends_with_it },
    { "a client that reads late loses no answer", a_client_that_reads_late_loses_no_answer },
    { "cancelled lookups are not answered and their ids are free",
        cancelled_lookups_are_not_answered_and_their_ids_are_free },
    { "a read of another version is a conflict", a_read_of_another_version_is_a_conflict },
    { "a stranger cannot speak for an actor", a_stranger_cannot_speak_for_an_actor },
    { "frames too many or too few are dropped", frames_too_many_or_too_few_are_dropped },
    { "ten thousand frames of junk change nothing", ten_thousand_frames_of_junk_change_nothing },
};

TEST_MAIN(tests)

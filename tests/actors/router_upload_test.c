/* Bodies that come in many pieces, and what is wrong with some. */

#include "tests/actors/support/server.h"
#include "tests/check.h"

#include <poll.h>
#include <stdint.h>
#include <unistd.h>

#define FILE_URI "viking://resources/a.txt"

enum { PIECE = 1 << 20 /* chunk_bytes */ };

static char bytes[2 * PIECE];

static struct message
writing(uint64_t how, uint64_t offset, uint64_t size)
{
    return (struct message){ .tag = WRITE,
        .write = { .id = 1,
            .uri = view_of(FILE_URI),
            .how = how,
            .offset = offset,
            .size = size,
            .acks = UINT64_MAX } };
}

static struct message
data(uint64_t offset, bool last)
{
    return (struct message){ .tag = DATA, .data = { .id = 1, .offset = offset, .last = last } };
}

/* The next that is no GO. */
static const struct message_answer *
next_answer(void *client)
{
    const struct message *message;

    do
        message = client_hear(client);
    while (message->tag == GO);
    check(message->tag == ANSWER);
    return &message->answer;
}

static bool
ends_with(void *client, enum cause cause)
{
    const struct message_answer *answer = next_answer(client);

    if (answer->cause != cause)
        fprintf(stderr, "%s: %.*s\n", cause_name(answer->cause), VIEW(answer->reason));
    return answer->cause == cause;
}

/* No stage, and no temporary file of the backend. */
static bool
nothing_is_left(void)
{
    char command[256];

    snprintf(command, sizeof command,
        "test -z \"$(find %s/viking/.knarr-stage -type f; find %s/viking -name '.knarr~*')\"",
        server_place, server_place);
    for (int i = 0; i < 100; i++) {
        if (system(command) == 0)
            return true;
        poll(NULL, 0, 20);
    }
    return false;
}

static void
what_is_wrong_with_a_write_is_told_at_once(void)
{
    static const struct {
        const char *why;
        uint64_t how, size, mode, length;
    } rows[] = {
        { "there is no fifth way to write", 4, 0, 0, 0 },
        { "nor one of that number", UINT64_MAX, 0, 0, 0 },
        { "a mode is permission bits", 0, 0, 010000, 0 },
        { "and no more", 0, 0, UINT64_MAX, 0 },
        { "the body is longer than the size", 0, 2, 0, 3 },
        { "the body is longer than a chunk", 0, 2 * PIECE, 0, PIECE + 1 },
    };
    void *client;

    server_begin("");
    client = client_greeted();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message m = writing(rows[i].how, 0, rows[i].size);

        m.write.mode = rows[i].mode;
        client_say_with(client, m, bytes, rows[i].length);
        if (!ends_with(client, CAUSE_INVALID_ARGUMENT))
            fprintf(stderr, "%s\n", rows[i].why), exit(1);
    }
    for (size_t i = 0; i < 2; i++) {
        struct message m = i == 0
            ? (struct message){ .tag = MAKE,
                  .make = { .id = 1, .uri = view_of("viking://resources/d"), .mode = 010755 } }
            : (struct message){ .tag = MODE,
                  .mode = { .id = 1, .uri = view_of("viking://resources"), .mode = 010755 } };

        check(client_is_refused(client, m, CAUSE_INVALID_ARGUMENT));
    }
    server_end();
}

static void
data_must_fit(void)
{
    static const struct {
        const char *why;
        uint64_t size, offset, length;
        bool last;
        enum cause cause;
    } rows[] = {
        { "a gap", 100, 4, 10, false, CAUSE_INVALID_ARGUMENT },
        { "an overlap", 100, 2, 10, false, CAUSE_INVALID_ARGUMENT },
        { "more than announced", 100, 3, 98, false, CAUSE_INVALID_ARGUMENT },
        { "less than announced", 100, 3, 96, true, CAUSE_INVALID_ARGUMENT },
        { "more than a chunk", 2 * PIECE, 3, PIECE + 1, false, CAUSE_INVALID_ARGUMENT },
    };
    void *client;

    server_begin("");
    client = client_greeted();
    client_writes(client, FILE_URI, "old");
    for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
        bool is_unannounced = i >= sizeof rows / sizeof *rows;
        size_t row = i % (sizeof rows / sizeof *rows);
        bool needs_size = strstr(rows[row].why, "announced");

        if (is_unannounced && needs_size)
            continue;
        client_say_with(client, writing(0, 0, is_unannounced ? UINT64_MAX : rows[row].size), "abc",
            3);
        client_say_with(client, data(rows[row].offset, rows[row].last), bytes, rows[row].length);
        if (!ends_with(client, rows[row].cause))
            fprintf(stderr, "%s\n", rows[row].why), exit(1);
    }
    check(nothing_is_left());
    check(client_reads(client, FILE_URI, "old"));
    server_end();
}

static void
a_file_is_whole_after_its_last_piece(void)
{
    static const struct {
        uint64_t how, offset, size;
        bool says_last;
        const char *whole;
    } rows[] = {
        { 0, 0, 6, true, "abcdef" },
        { 0, 0, 6, false, "abcdef" },
        { 0, 0, UINT64_MAX, true, "abcdef" },
        { 1, 0, 6, false, "0123456789abcdef" },
        { 1, 0, UINT64_MAX, true, "0123456789abcdef" },
        { 3, 2, 6, false, "01abcdef89" },
        { 3, 8, 6, true, "01234567abcdef" },
        { 3, 12, UINT64_MAX, true, "0123456789" },
    };
    void *client;

    server_begin("");
    client = client_greeted();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        client_writes(client, FILE_URI, "0123456789");
        client_say_with(client, writing(rows[i].how, rows[i].offset, rows[i].size), "abc", 3);
        client_say_with(client, data(3, rows[i].says_last), "def", 3);
        check(next_answer(client)->outcome == DONE);
        if (rows[i].offset < 12)
            check(client_reads(client, FILE_URI, rows[i].whole));
    }
    client_say(client,
        (struct message){ .tag = READ,
            .read = { .id = 1, .uri = view_of(FILE_URI), .length = 100 } });
    check(client_hear(client)->tag == CONTENT);
    check(client_body().length == 18 && memcmp(client_body().at + 8, "89\0\0abcdef", 10) == 0);
    server_end();
}

/* The store copies it first, in slices, and what comes meanwhile waits for that. */
static void
bytes_follow_a_large_file(void)
{
    const struct message_answer *answer;
    char path[128];
    void *client;

    server_begin("");
    client = client_greeted();
    client_writes(client, FILE_URI, "x");
    snprintf(path, sizeof path, "%s/viking/default/resources/a.txt", server_place);
    check(truncate(path, 8 * PIECE) == 0);
    client_say_with(client, writing(1, 0, UINT64_MAX), "abc", 3);
    for (uint64_t offset = 3; offset < 2 * PIECE; offset += PIECE / 2)
        client_say_with(client, data(offset, false), bytes, PIECE / 2);
    client_say_with(client, data(2 * PIECE + 3, true), "def", 3);
    answer = next_answer(client);
    check(answer->outcome == DONE && answer->size == 10 * PIECE + 6);
    server_end();
}

/* Both need the claim on the file, so the second one's DATA comes before it is granted. */
static void
two_appends_at_once_follow_each_other(void)
{
    void *one, *other;

    server_begin("");
    one = client_greeted();
    other = client_greeted();
    client_writes(one, FILE_URI, "0");
    client_say_with(one, writing(1, 0, 4), "1", 1);
    check(client_asks(one, (struct message){ .tag = PING, .ping = { 9 } })->outcome == DONE);
    client_say_with(other, writing(1, 0, 4), "5", 1);
    client_say_with(other, data(1, false), "67", 2);
    client_say_with(other, data(3, true), "8", 1);
    check(client_asks(other, (struct message){ .tag = PING, .ping = { 9 } })->outcome == DONE);
    client_say_with(one, data(1, true), "234", 3);
    check(next_answer(one)->outcome == DONE && next_answer(other)->outcome == DONE);
    check(client_reads(one, FILE_URI, "012345678"));
    server_end();
}

/* While another has the claim, nothing is taken, and no credit comes back. */
static void
nobody_sends_more_than_the_credit(void)
{
    void *one, *other;

    server_begin("\"credit_bytes\": 1048576");
    one = client_greeted();
    other = client_greeted();
    client_say_with(one, writing(1, 0, 2), "1", 1);
    check(client_asks(one, (struct message){ .tag = PING, .ping = { 9 } })->outcome == DONE);
    client_say_with(other, writing(1, 0, 2 * PIECE), "abc", 3);
    client_say_with(other, data(3, false), bytes, PIECE - 3);
    check(client_asks(other, (struct message){ .tag = PING, .ping = { 9 } })->outcome == DONE);
    client_say_with(other, data(PIECE, false), "x", 1);
    check(ends_with(other, CAUSE_INVALID_OPERATION));
    client_say_with(one, data(1, true), "2", 1);
    check(next_answer(one)->outcome == DONE);
    check(client_reads(one, FILE_URI, "12"));
    server_end();
}

static void
credit_comes_back_as_it_is_used(void)
{
    uint64_t returned = 0;
    void *client;

    server_begin("");
    client = client_greeted();
    client_say_with(client, writing(0, 0, 2 * PIECE), bytes, PIECE);
    while (returned < PIECE) {
        const struct message *message = client_hear(client);

        check(message->tag == GO && message->go.credit > 0);
        returned += message->go.credit;
    }
    check(returned == PIECE);
    client_say_with(client, data(PIECE, true), bytes, PIECE);
    check(next_answer(client)->outcome == DONE);
    server_end();
}

static void
pieces_that_wait_are_counted(void)
{
    void *one, *other;
    uint64_t offset;

    server_begin("");
    one = client_greeted();
    other = client_greeted();
    client_say_with(one, writing(1, 0, 2), "1", 1);
    check(client_asks(one, (struct message){ .tag = PING, .ping = { 9 } })->outcome == DONE);
    client_say_with(other, writing(1, 0, UINT64_MAX), "a", 1);
    for (offset = 1; offset < 1024; offset++)
        client_say_with(other, data(offset, false), "b", 1);
    for (int i = 0; i < 1000; i++)
        client_say(other, data(offset, false)); /* empty: as if not sent */
    check(client_asks(other, (struct message){ .tag = PING, .ping = { 9 } })->outcome == DONE);
    client_say_with(other, data(offset, false), "b", 1);
    check(ends_with(other, CAUSE_BUSY));
    server_end();
}

static void
a_cancelled_upload_leaves_nothing(void)
{
    void *client;

    server_begin("");
    client = client_greeted();
    for (uint64_t how = 0; how < 4; how++) {
        client_writes(client, FILE_URI, "old");
        if (how == 2)
            check(client_asks(client,
                      (struct message){ .tag = DELETE,
                          .delete = { .id = 2, .uri = view_of(FILE_URI), .acks = UINT64_MAX } })
                      ->outcome == DONE);
        client_say_with(client, writing(how, 0, UINT64_MAX), bytes, PIECE);
        client_say_with(client, data(PIECE, false), bytes, PIECE);
        client_say(client, (struct message){ .tag = CANCEL, .cancel = { 1 } });
        client_say_with(client, data(2 * PIECE, true), bytes, PIECE);
        client_say(client, (struct message){ .tag = PING, .ping = { 3 } });
        check(next_answer(client)->id == 3);
        check(nothing_is_left());
        if (how != 2)
            check(client_reads(client, FILE_URI, "old"));
    }
    server_end();
}

/* What was true when the first piece came need not be when the last one does. */
static void
what_is_refused_behind_its_stage_leaves_nothing(void)
{
    static const struct {
        uint64_t how;
        bool makes_directory;
        enum cause cause;
    } rows[] = {
        { 0, true, CAUSE_IS_A_DIRECTORY },
        { 2, true, CAUSE_IS_A_DIRECTORY },
        { 2, false, CAUSE_ALREADY_EXISTS },
    };
    const struct message make = { .tag = MAKE,
        .make = { .id = 2, .uri = view_of(FILE_URI), .acks = UINT64_MAX } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *client, *other;

        server_begin("");
        client = client_greeted();
        other = client_greeted();
        client_say_with(client, writing(rows[i].how, 0, 2 * PIECE), bytes, PIECE);
        check(client_asks(client, (struct message){ .tag = PING, .ping = { 9 } })->outcome == DONE);
        if (rows[i].makes_directory)
            check(client_asks(other, make)->outcome == DONE);
        else
            client_writes(other, FILE_URI, "other");
        client_say_with(client, data(PIECE, true), bytes, PIECE);
        check(ends_with(client, rows[i].cause));
        check(nothing_is_left());
        server_end();
    }
}

static void
a_change_that_waits_can_be_cancelled(void)
{
    void *one, *other;

    server_begin("");
    one = client_greeted();
    other = client_greeted();
    client_writes(one, FILE_URI, "0");
    client_say_with(one, writing(1, 0, 2), "1", 1);
    check(client_asks(one, (struct message){ .tag = PING, .ping = { 9 } })->outcome == DONE);
    client_say_with(other, writing(0, 0, 3), "new", 3);
    client_say(other, (struct message){ .tag = CANCEL, .cancel = { 1 } });
    check(client_asks(other, (struct message){ .tag = PING, .ping = { 9 } })->outcome == DONE);
    client_say_with(one, data(1, true), "2", 1);
    check(next_answer(one)->outcome == DONE);
    check(client_reads(other, FILE_URI, "012"));
    server_end();
}

static void
data_for_no_upload_is_dropped(void)
{
    void *client;

    server_begin("");
    client = client_greeted();
    client_say_with(client, data(0, true), "abc", 3);
    client_say_with(client,
        (struct message){ .tag = DATA, .data = { .id = UINT64_MAX, .offset = UINT64_MAX } }, "a",
        1);
    client_say(client, (struct message){ .tag = CANCEL, .cancel = { 12345 } });
    check(client_asks(client, (struct message){ .tag = PING, .ping = { 1 } })->id == 1);
    server_end();
}

static void
no_file_reaches_past_what_a_file_can_have(void)
{
    void *client;

    server_begin("");
    client = client_greeted();
    client_writes(client, FILE_URI, "old");
    client_say_with(client, writing(3, UINT64_MAX, 3), "abc", 3);
    check(ends_with(client, CAUSE_TOO_LARGE));
    client_say_with(client, writing(3, INT64_MAX, 3), "abc", 3);
    check(ends_with(client, CAUSE_TOO_LARGE));
    client_say_with(client, writing(1, 0, UINT64_MAX - 1), "abc", 3);
    check(ends_with(client, CAUSE_TOO_LARGE));
    check(client_is_refused(client,
        (struct message){ .tag = TRUNCATE,
            .truncate = { .id = 1, .uri = view_of(FILE_URI), .size = UINT64_MAX } },
        CAUSE_TOO_LARGE));
    check(client_reads(client, FILE_URI, "old"));
    server_end();
}

static const struct test tests[] = {
    { "what is wrong with a WRITE is told at once", what_is_wrong_with_a_write_is_told_at_once },
    { "DATA must fit", data_must_fit },
    { "a file is whole after its last piece", a_file_is_whole_after_its_last_piece },
    { "bytes follow a large file", bytes_follow_a_large_file },
    { "two appends at once follow each other", two_appends_at_once_follow_each_other },
    { "nobody sends more than the credit", nobody_sends_more_than_the_credit },
    { "credit comes back as it is used", credit_comes_back_as_it_is_used },
    { "pieces that wait are counted", pieces_that_wait_are_counted },
    { "a cancelled upload leaves nothing", a_cancelled_upload_leaves_nothing },
    { "what is refused behind its stage leaves nothing",
        what_is_refused_behind_its_stage_leaves_nothing },
    { "a change that waits can be cancelled", a_change_that_waits_can_be_cancelled },
    { "DATA for no upload is dropped", data_for_no_upload_is_dropped },
    { "no file reaches past what a file can have", no_file_reaches_past_what_a_file_can_have },
};

TEST_MAIN(tests)

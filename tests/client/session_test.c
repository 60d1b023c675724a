#include "base/clock.h"
#include "client/knarr.h"
#include "tests/check.h"
#include "tests/client/support/fake.h"

enum { SOON_MS = 300, LONG_MS = 30000 };

static struct knarr *
connect_to(const struct fake *fake, uint64_t timeout_ms, struct knarr_result *result)
{
    const struct knarr_identity identity = { .timeout_ms = timeout_ms };

    return knarr_open(fake->endpoint, &identity, result);
}

static void
nobody_there(void)
{
    const struct knarr_identity identity = { .timeout_ms = SOON_MS };
    struct knarr_result result;

    check(!knarr_open("ipc:///tmp/knarr-nobody-is-here", &identity, &result));
    check(result.outcome == KNARR_RETRY);
    check(strcmp(result.cause, "network") == 0);
    check(strstr(result.reason, "ipc:///tmp/knarr-nobody-is-here"));
    check(strstr(result.reason, "openviking-server"));
}

static void
no_endpoint(void)
{
    struct knarr_result result;

    check(!knarr_open("a teapot", NULL, &result));
    check(result.outcome == KNARR_REFUSED);
    check(strcmp(result.cause, "invalid_argument") == 0);
}

static void
refuse_greeting(struct fake *fake, const struct message *message, struct view body)
{
    (void) body;
    check(message->tag == GREET);
    fake_answer(fake, 0, REFUSED, CAUSE_PERMISSION_DENIED, "not you");
}

static void
greeting_refused(void)
{
    struct fake fake = { .hear = refuse_greeting, .hears_greeting = true };
    struct knarr_result result;

    fake_start(&fake);
    check(!connect_to(&fake, SOON_MS, &result));
    check(result.outcome == KNARR_REFUSED);
    check(strcmp(result.code, "PERMISSION_DENIED") == 0);
    check(strcmp(result.reason, "not you") == 0);
    fake_end(&fake);
}

static void
say_data(struct fake *fake, const struct message *message, struct view body)
{
    (void) message;
    (void) body;
    fake_say(fake, fake->data, view_of(""));
}

static void
welcomes_refused(void)
{
    static const struct {
        const char *why;
        struct message message;
    } rows[] = {
        { "another version", { .tag = WELCOME, .welcome = { 2, { "x", 1 }, 1000, 1000 } } },
        { "chunks of nothing", { .tag = WELCOME, .welcome = { 1, { "x", 1 }, 0, 1000 } } },
        { "no credit", { .tag = WELCOME, .welcome = { 1, { "x", 1 }, 1000, 0 } } },
        { "no welcome", { .tag = GO, .go = { 1, 1 } } },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message message = rows[i].message;
        struct fake fake = { .hear = say_data, .hears_greeting = true, .data = &message };
        struct knarr_result result;

        fake_start(&fake);
        if (connect_to(&fake, SOON_MS, &result))
            fprintf(stderr, "accepted %s\n", rows[i].why);
        check(result.outcome == KNARR_REFUSED);
        check(strcmp(result.cause, "serialization") == 0);
        fake_end(&fake);
    }
}

static void
silence(void)
{
    struct fake fake = { .hear = NULL };
    struct knarr_result result;
    struct knarr *knarr;

    fake_start(&fake);
    knarr = connect_to(&fake, SOON_MS, &result);
    check(knarr);
    fake.is_mute = true;
    check(knarr_remove(knarr, "viking://resources/a", false, NULL, &result) == KNARR_RETRY);
    check(strcmp(result.cause, "network") == 0);
    check(strstr(result.reason, "silent"));
    check(fake.pings > 0);
    knarr_close(&knarr);
    fake_end(&fake);
}

/* Longer than the client would wait in silence, with a PING answered halfway. */
static void
answer_late(struct fake *fake, const struct message *message, struct view body)
{
    uint64_t began_ms = clock_ms();

    (void) body;
    while (clock_ms() < began_ms + SOON_MS / 2)
        zmq_poll(NULL, 0, 10);
    fake_answer(fake, UINT64_C(1) << 63 | 1, DONE, CAUSE_NONE, "");
    began_ms = clock_ms();
    while (clock_ms() < began_ms + SOON_MS * 3 / 4)
        zmq_poll(NULL, 0, 10);
    fake_answer(fake, message->delete.id, DONE, CAUSE_NONE, "");
}

static void
slow_and_alive(void)
{
    struct fake fake = { .hear = answer_late };
    struct knarr_result result;
    struct knarr *knarr;

    fake_start(&fake);
    knarr = connect_to(&fake, SOON_MS, &result);
    check(knarr_remove(knarr, "viking://resources/a", false, NULL, &result) == KNARR_DONE);
    knarr_close(&knarr);
    fake_end(&fake);
}

static void
hang_up(struct fake *fake, const struct message *message, struct view body)
{
    (void) message;
    (void) body;
    fake_hang_up(fake);
}

static void
answer_done(struct fake *fake, const struct message *message, struct view body)
{
    (void) body;
    fake_answer(fake, message->delete.id, DONE, CAUSE_NONE, "");
}

static void
gone_and_back(void)
{
    struct fake fake = { .hear = hang_up };
    struct knarr_result result;
    struct knarr *knarr;
    uint64_t began_ms;

    fake_start(&fake);
    knarr = connect_to(&fake, LONG_MS, &result);
    began_ms = clock_ms();
    check(knarr_remove(knarr, "viking://resources/a", false, NULL, &result) == KNARR_RETRY);
    check(clock_ms() - began_ms < LONG_MS / 2);
    check(strcmp(result.cause, "network") == 0);
    fake_stop(&fake);
    fake.hear = answer_done;
    fake_start_again(&fake);
    check(knarr_remove(knarr, "viking://resources/a", false, NULL, &result) == KNARR_DONE);
    knarr_close(&knarr);
    fake_end(&fake);
}

static void
restarted(void)
{
    struct fake fake = { .hear = answer_done };
    struct knarr_result result;
    struct knarr *knarr;

    fake_start(&fake);
    knarr = connect_to(&fake, LONG_MS, &result);
    check(knarr_remove(knarr, "viking://resources/a", false, NULL, &result) == KNARR_DONE);
    fake_stop(&fake);
    fake_start_again(&fake);
    zmq_poll(NULL, 0, SOON_MS); /* the kernel tells the client's thread, not us */
    check(knarr_remove(knarr, "viking://resources/a", false, NULL, &result) == KNARR_DONE);
    knarr_close(&knarr);
    fake_end(&fake);
}

static void
answer_others_first(struct fake *fake, const struct message *message, struct view body)
{
    uint64_t id = message->delete.id;

    (void) body;
    fake_answer(fake, id + 1, REFUSED, CAUSE_INTERNAL, "not this one");
    fake_answer(fake, id - 1, REFUSED, CAUSE_INTERNAL, "nor this");
    fake_answer(fake, 0, REFUSED, CAUSE_INTERNAL, "nor this");
    fake_answer(fake, UINT64_MAX, REFUSED, CAUSE_INTERNAL, "nor this");
    fake_answer(fake, id, DONE, CAUSE_NONE, "");
    fake_answer(fake, id, REFUSED, CAUSE_INTERNAL, "and it ended once");
}

static void
other_ids(void)
{
    struct fake fake = { .hear = answer_others_first };
    struct knarr_result result;
    struct knarr *knarr;

    fake_start(&fake);
    knarr = connect_to(&fake, LONG_MS, &result);
    for (int i = 0; i < 3; i++)
        check(knarr_remove(knarr, "viking://resources/a", false, NULL, &result) == KNARR_DONE);
    knarr_close(&knarr);
    fake_end(&fake);
}

static void
flood_others(struct fake *fake, const struct message *message, struct view body)
{
    (void) body;
    while (!fake->is_over)
        fake_answer(fake, message->delete.id + 1, DONE, CAUSE_NONE, "");
}

static void
flood(void)
{
    struct fake fake = { .hear = flood_others };
    struct knarr_result result;
    struct knarr *knarr;

    fake_start(&fake);
    knarr = connect_to(&fake, SOON_MS, &result);
    check(knarr_remove(knarr, "viking://resources/a", false, NULL, &result) == KNARR_RETRY);
    check(strcmp(result.cause, "network") == 0);
    knarr_close(&knarr);
    fake_end(&fake);
}

struct frames {
    const char *why;
    struct view header, body;
};

static void
say_frames(struct fake *fake, const struct message *message, struct view body)
{
    const struct frames *frames = fake->data;

    (void) message;
    (void) body;
    fake_say_frames(fake, frames->header, frames->body);
}

static void
junk(void)
{
    static const struct frames rows[] = {
        { "an empty frame", { "", 0 }, { NULL, 0 } },
        { "text", { "HTTP/1.1 400 Bad Request\r\n\r\n", 28 }, { NULL, 0 } },
        { "an empty array", { "\x90", 1 }, { NULL, 0 } },
        { "an array of four thousand millions", { "\xdd\xff\xff\xff\xff", 5 }, { NULL, 0 } },
        { "a tag nobody knows", { "\x92\xa3XYZ\x01", 6 }, { NULL, 0 } },
        { "an answer of too few fields",
            { "\x92\xa6"
              "ANSWER\x02",
                9 },
            { NULL, 0 } },
        { "a message with a second one behind it", { "\x93\xa2GO\x02\x01\x93\xa2GO\x02\x01", 12 },
            { NULL, 0 } },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct frames frames = rows[i];
        struct fake fake = { .hear = say_frames, .data = &frames };
        struct knarr_result result;
        struct knarr *knarr;

        fake_start(&fake);
        knarr = connect_to(&fake, LONG_MS, &result);
        check(knarr);
        if (knarr_remove(knarr, "viking://a", false, NULL, &result) != KNARR_REFUSED)
            fprintf(stderr, "not refused: %s\n", rows[i].why);
        check(result.outcome == KNARR_REFUSED);
        check(strcmp(result.cause, "serialization") == 0);
        knarr_close(&knarr);
        fake_end(&fake);
    }
}

static void
answer_with_copies(struct fake *fake, const struct message *message, struct view body)
{
    const struct message answer = {
        .tag = ANSWER,
        .answer = {
            .id = message->delete.id,
            .outcome = RETRY,
            .cause = CAUSE_QUORUM,
            .reason = view_of("1 of 2"),
            .seq = 7,
            .hash = view_of("0123456789abcdef0123456789abcdef and more than fits"),
            .required = 2,
            .acked = 1,
        },
    };

    (void) body;
    fake_say(fake, &answer, packed_view(fake->data));
}

static const struct message a_copy = {
    .tag = COPY,
    .copy = {
        .backup = { "az2", 3 },
        .state = { "failed", 6 },
        .cause = CAUSE_NO_SPACE,
        .reason = { "full", 4 },
    },
};

static void
copies(void)
{
    struct packed packed = { .length = 0 };
    struct fake fake = { .hear = answer_with_copies, .data = &packed };
    struct knarr_result result;
    struct knarr *knarr;

    packed_add(&packed, &a_copy);
    packed_add(&packed, &a_copy);
    fake_start(&fake);
    knarr = connect_to(&fake, LONG_MS, &result);
    check(knarr_remove(knarr, "viking://resources/a", false, NULL, &result) == KNARR_RETRY);
    check(strcmp(result.cause, "sync_write_quorum") == 0);
    check(strcmp(result.reason, "1 of 2") == 0);
    check(strcmp(result.hash, "0123456789abcdef0123456789abcdef") == 0);
    check(result.seq == 7 && result.required == 2 && result.acked == 1);
    check(result.copy_count == 2);
    check(strcmp(result.copies[1].backup, "az2") == 0);
    check(strcmp(result.copies[1].state, "failed") == 0);
    check(strcmp(result.copies[1].cause, "no_space") == 0);
    check(strcmp(result.copies[1].reason, "full") == 0);
    knarr_result_clear(&result);
    knarr_close(&knarr);
    fake_end(&fake);
}

/* Send the packed bytes as the copies of an answer; they must be refused. */
static void
refuse_copies(struct packed *packed)
{
    struct fake fake = { .hear = answer_with_copies, .data = packed };
    struct knarr_result result;
    struct knarr *knarr;

    fake_start(&fake);
    knarr = connect_to(&fake, LONG_MS, &result);
    check(knarr_remove(knarr, "viking://resources/a", false, NULL, &result) == KNARR_REFUSED);
    check(strcmp(result.cause, "serialization") == 0);
    knarr_result_clear(&result);
    knarr_close(&knarr);
    fake_end(&fake);
}

static void
too_many_copies(void)
{
    struct packed packed = { .length = 0 };

    for (int i = 0; i < 65; i++)
        packed_add(&packed, &a_copy);
    refuse_copies(&packed);
}

static void
junk_copies(void)
{
    const struct message go = { .tag = GO, .go = { 1, 1 } };
    struct packed junk = { .bytes = "junk", .length = 4 }, other = { .length = 0 };

    refuse_copies(&junk);
    packed_add(&other, &a_copy);
    packed_add(&other, &go);
    refuse_copies(&other);
}

static const struct test tests[] = {
    { "where nobody is, the sentence says what and how to start it", nobody_there },
    { "what is no endpoint is refused", no_endpoint },
    { "a refused greeting is told in the server's words", greeting_refused },
    { "a welcome that cannot work is refused", welcomes_refused },
    { "a server that is silent is asked, then given up", silence },
    { "a server that answers PINGs may take its time", slow_and_alive },
    { "a lost connection is noticed at once, and made anew", gone_and_back },
    { "a server that is restarted between two calls is no failure", restarted },
    { "answers to other requests are passed over", other_ids },
    { "a flood of them is no sign of life", flood },
    { "junk ends the connection", junk },
    { "a missed quorum says what each backup has", copies },
    { "more copies than backups are refused", too_many_copies },
    { "junk among the copies is refused", junk_copies },
};

TEST_MAIN(tests)

/* Messages on sockets: who sent them, and how many frames they have. */

#include "tests/check.h"
#include "transport/message.h"

#include <errno.h>

static void *context, *server, *client;

static void
begin(void)
{
    int all = 1;

    context = zmq_ctx_new();
    server = zmq_socket(context, ZMQ_ROUTER);
    client = zmq_socket(context, ZMQ_DEALER);
    check(context && server && client);
    zmq_setsockopt(client, ZMQ_ROUTING_ID, "peer", 4);
    zmq_setsockopt(server, ZMQ_ROUTER_MANDATORY, &all, sizeof all);
    check(zmq_bind(server, "inproc://envelope") == 0);
    check(zmq_connect(client, "inproc://envelope") == 0);
}

static void
end(void)
{
    zmq_close(client);
    zmq_close(server);
    zmq_ctx_term(context);
}

static const struct message ping = { .tag = PING, .ping = { 7 } };

static struct view
packed_ping(void)
{
    static char bytes[64];

    return (struct view){ bytes, message_pack(&ping, bytes, sizeof bytes) };
}

static void
send_frames(const struct view *frames, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(
            zmq_send(client, frames[i].at, frames[i].length, i + 1 < count ? ZMQ_SNDMORE : 0) >= 0);
}

static void
a_message_comes_with_its_peer_and_its_body(void)
{
    struct envelope *envelope;
    struct body body;

    begin();
    body_init(&body);
    body_copy(&body, view_of("bytes"));
    check(message_send(client, view_of(""), &ping, &body));
    check(body_view(&body).length == 0); /* taken */
    check(message_receive(server, true, &envelope) == 1);
    check(envelope_message(envelope)->tag == PING && envelope_message(envelope)->ping.id == 7);
    check(view_is(envelope_peer(envelope), "peer"));
    check(view_is(body_view(envelope_body(envelope)), "bytes"));
    envelope_close(&envelope);
    check(envelope == NULL);
    envelope_close(&envelope);
    end();
}

static void
an_answer_goes_to_the_peer_that_is_named(void)
{
    struct envelope *envelope;

    begin();
    check(message_send(client, view_of(""), &ping, NULL));
    check(message_receive(server, true, &envelope) == 1);
    check(message_send(server, envelope_peer(envelope), &ping, NULL));
    envelope_close(&envelope);
    check(message_receive(client, false, &envelope) == 1);
    check(envelope_peer(envelope).length == 0);
    check(body_view(envelope_body(envelope)).length == 0);
    envelope_close(&envelope);
    end();
}

static void
an_answer_to_nobody_is_dropped_with_its_body(void)
{
    struct body body;

    begin();
    body_init(&body);
    body_copy(&body, view_of("bytes"));
    check(!message_send(server, view_of("stranger"), &ping, &body));
    check(errno == EHOSTUNREACH && body_view(&body).length == 0);
    check(message_send(client, view_of(""), &ping, NULL)); /* the sockets go on */
    end();
}

static void
a_message_too_large_for_a_header_is_not_sent(void)
{
    static char text[HEADER_BYTES_MAX];
    struct message message = { .tag = FATAL, .fatal = { { text, sizeof text } } };
    struct envelope *envelope;

    begin();
    check(!message_send(client, view_of(""), &message, NULL) && errno == EMSGSIZE);
    check(message_receive(server, true, &envelope) == 0 && !envelope);
    end();
}

static void
the_body_may_be_moved_out_of_the_envelope(void)
{
    struct envelope *envelope;
    struct body body, kept, shared;

    begin();
    body_init(&body);
    body_copy(&body, view_of("bytes"));
    check(message_send(client, view_of(""), &ping, &body));
    check(message_receive(server, true, &envelope) == 1);
    body_move(&kept, envelope_body(envelope));
    check(body_view(envelope_body(envelope)).length == 0);
    envelope_close(&envelope);
    body_share(&shared, &kept);
    body_clear(&kept);
    check(view_is(body_view(&shared), "bytes"));
    body_clear(&shared);
    end();
}

static void
other_numbers_of_frames_are_dropped_whole(void)
{
    const struct view good = packed_ping(), empty = { "", 0 }, text = { "text", 4 };
    const struct {
        const char *why;
        struct view frames[6];
        size_t count;
    } rows[] = {
        { "an empty frame alone", { empty }, 1 },
        { "an empty frame in front", { empty, good }, 2 },
        { "two empty frames", { empty, empty }, 2 },
        { "no message in front of a body", { text, good }, 2 },
        { "a byte missing", { { good.at, good.length - 1 } }, 1 },
        { "a frame too many", { good, text, text }, 3 },
        { "three too many", { good, text, text, text, text }, 5 },
        { "messages as frames", { good, good, good, good, good, good }, 6 },
    };
    struct envelope *envelope;

    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        send_frames(rows[i].frames, rows[i].count);
        check(message_send(client, view_of(""), &ping, NULL));
        if (message_receive(server, true, &envelope) != -1 || envelope)
            fprintf(stderr, "%s\n", rows[i].why), exit(1);
        check(message_receive(server, true, &envelope) == 1); /* the next is not harmed */
        envelope_close(&envelope);
        check(message_receive(server, true, &envelope) == 0);
    }
    end();
}

static void
an_empty_body_is_no_body(void)
{
    const struct view frames[] = { packed_ping(), { "", 0 } };
    struct envelope *envelope;

    begin();
    send_frames(frames, 2);
    check(message_receive(server, true, &envelope) == 1);
    check(body_view(envelope_body(envelope)).length == 0);
    envelope_close(&envelope);
    end();
}

/* Without a peer in front: what actors say to each other. */
static void
within_there_is_no_peer(void)
{
    const struct view good = packed_ping();
    struct envelope *envelope;
    struct body body;

    check(!envelope_open((struct view){ good.at, 1 }, view_of(""), NULL));
    check(!envelope_open((struct view){ NULL, 0 }, view_of("peer"), NULL));
    body_init(&body);
    body_copy(&body, view_of("bytes"));
    envelope = envelope_open(good, view_of(""), &body);
    check(envelope && envelope_peer(envelope).length == 0);
    check(view_is(body_view(envelope_body(envelope)), "bytes"));
    envelope_close(&envelope);
    body_clear(&body);
}

static const struct test tests[] = {
    { "a message comes with its peer and its body", a_message_comes_with_its_peer_and_its_body },
    { "an answer goes to the peer that is named", an_answer_goes_to_the_peer_that_is_named },
    { "an answer to nobody is dropped with its body",
        an_answer_to_nobody_is_dropped_with_its_body },
    { "a message too large for a header is not sent",
        a_message_too_large_for_a_header_is_not_sent },
    { "the body may be moved out of the envelope", the_body_may_be_moved_out_of_the_envelope },
    { "other numbers of frames are dropped whole", other_numbers_of_frames_are_dropped_whole },
    { "an empty body is no body", an_empty_body_is_no_body },
    { "within, there is no peer", within_there_is_no_peer },
};

TEST_MAIN(tests)

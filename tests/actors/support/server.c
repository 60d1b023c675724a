#include "tests/actors/support/server.h"

#include "actors/journal.h"
#include "actors/reader.h"
#include "actors/router.h"
#include "actors/store.h"
#include "base/memory.h"
#include "tests/check.h"

#include <zmq.h>

enum { PATIENCE_MS = 20000, CLIENTS_MAX = 64 };

char server_place[64];

static struct conf *conf;
static struct inbox *inbox;
static struct actor *store, *reader, *journal, *router;
static void *context, *clients[CLIENTS_MAX];
static size_t client_count;
static struct envelope *heard;

/* ---- the server -------------------------------------------------------------------------- */

static void
run(const char *format)
{
    char command[256];

    snprintf(command, sizeof command, format, server_place);
    check(system(command) == 0);
}

static void
configure(const char *settings)
{
    struct conf_problems problems = { 0 };
    char *text = memory_print("{\"storage\": {\"workspace\": \"%s\", \"agfs\": {\"backend\": "
                              "\"local\", \"knarr\": {\"journal_segment_bytes\": 1048576%s%s}}}}",
        server_place, *settings ? ", " : "", settings);
    enum outcome outcome = conf_parse(&conf, text, strlen(text), "ov.conf", &problems);

    for (size_t i = 0; i < problems.count; i++)
        fprintf(stderr, "%s: %s\n", problems.at[i].path, problems.at[i].text);
    check(outcome == DONE);
    conf_problems_free(&problems);
    free(text);
}

static struct actor *
start(const struct actor_kind *kind, const char *name, const void *args)
{
    struct report report = { CAUSE_NONE, "" };
    struct actor *actor = actor_start(kind, name, args, &report);

    if (!actor)
        fprintf(stderr, "%s\n", report.text);
    check(actor);
    return actor;
}

static void
await_recovery(void)
{
    struct envelope *envelope = inbox_wait(inbox, -1, PATIENCE_MS);

    check(envelope && envelope_message(envelope)->tag == SERVING);
    check(envelope_message(envelope)->serving.outcome == DONE);
    envelope_close(&envelope);
}

void
server_begin(const char *settings)
{
    struct backend_args primary = { .name = "primary" };
    const struct backend_kind *kind = backend_kind_find("local");
    char directory[96];

    strcpy(server_place, "/tmp/knarr-server-XXXXXX");
    check(mkdtemp(server_place));
    run("mkdir -p %s/.knarr");
    snprintf(directory, sizeof directory, "%s/.knarr", server_place);
    configure(settings);
    primary.place = conf->primary.place;
    inbox = inbox_open("supervisor");
    store =
        start(&store_actor, "store/0", &(struct store_args){ .kind = kind, .backend = primary });
    primary.is_reader = true;
    reader =
        start(&reader_actor, "reader", &(struct reader_args){ .kind = kind, .backend = primary });
    journal = start(&journal_actor, "journal",
        &(struct journal_args){ .conf = conf,
            .directory = directory,
            .primary_kind = kind,
            .primary = primary });
    await_recovery();
    router = start(&router_actor, "router",
        &(struct router_args){ .conf = conf,
            .connections_max = 64,
            .endpoint = conf->endpoint,
            .primary_kind = kind,
            .primary = primary,
            .run = 1 });
    context = zmq_ctx_new();
    check(context);
}

void
server_end(void)
{
    envelope_close(&heard);
    while (client_count > 0)
        zmq_close(clients[--client_count]);
    zmq_ctx_term(context);
    actor_stop(&router);
    actor_stop(&journal);
    actor_stop(&reader);
    actor_stop(&store);
    inbox_close(&inbox);
    conf_free(&conf);
    run("rm -rf '%s'");
}

/* ---- clients ------------------------------------------------------------------------------- */

void *
client_dial(void)
{
    void *socket = zmq_socket(context, ZMQ_DEALER);
    int none = 0;

    check(socket && client_count < CLIENTS_MAX);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none);
    check(zmq_connect(socket, conf->endpoint) == 0);
    clients[client_count++] = socket;
    return socket;
}

void *
client_greeted(void)
{
    void *client = client_dial();

    client_say(client, (struct message){ .tag = GREET, .greet = { .protocol = 1 } });
    check(client_hear(client)->tag == WELCOME);
    return client;
}

void
client_say_with(void *client, struct message message, const void *bytes, size_t length)
{
    struct body body;

    body_init(&body);
    if (length > 0)
        body_copy(&body, (struct view){ bytes, length });
    check(message_send(client, view_of(""), &message, &body));
}

void
client_say(void *client, struct message message)
{
    client_say_with(client, message, NULL, 0);
}

void
client_say_raw(void *client, const struct view *frames, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(
            zmq_send(client, frames[i].at, frames[i].length, i + 1 < count ? ZMQ_SNDMORE : 0) >= 0);
}

bool
client_hears_nothing(void *client, int ms)
{
    zmq_pollitem_t item = { client, 0, ZMQ_POLLIN, 0 };

    return zmq_poll(&item, 1, ms) == 0;
}

const struct message *
client_hear(void *client)
{
    envelope_close(&heard);
    check(!client_hears_nothing(client, PATIENCE_MS));
    check(message_receive(client, false, &heard) == 1);
    return envelope_message(heard);
}

struct view
client_body(void)
{
    return body_view(envelope_body(heard));
}

const struct message_answer *
client_asks(void *client, struct message message)
{
    client_say(client, message);
    while (client_hear(client)->tag == GO)
        ; /* of an upload that is under way */
    check(envelope_message(heard)->tag == ANSWER);
    return &envelope_message(heard)->answer;
}

bool
client_is_refused(void *client, struct message message, enum cause cause)
{
    const struct message_answer *answer = client_asks(client, message);

    if (answer->outcome != DONE && answer->cause == cause)
        return true;
    fprintf(stderr, "%s: %s: %.*s\n", message_name(message.tag), cause_name(answer->cause),
        VIEW(answer->reason));
    return false;
}

void
client_writes(void *client, const char *uri, const char *text)
{
    client_say_with(client,
        (struct message){ .tag = WRITE,
            .write = { .id = 99, .uri = view_of(uri), .size = strlen(text), .acks = UINT64_MAX } },
        text, strlen(text));
    while (client_hear(client)->tag == GO)
        ;
    check(envelope_message(heard)->tag == ANSWER);
    check(envelope_message(heard)->answer.outcome == DONE);
}

bool
client_reads(void *client, const char *uri, const char *text)
{
    client_say(client,
        (struct message){ .tag = READ,
            .read = { .id = 98, .uri = view_of(uri), .length = 65536 } });
    return client_hear(client)->tag == CONTENT && view_is(client_body(), text);
}

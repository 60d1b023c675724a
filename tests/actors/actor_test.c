/* The loop that every actor runs on. */

#include "actors/actor.h"

#include "base/clock.h"
#include "tests/check.h"

#include <czmq.h>
#include <stdatomic.h>

enum { PATIENCE_MS = 10000 };

/* What the actor did, seen from outside. */
static atomic_int opened, heard_inside, heard_strangers, settled, woken, closed;
static _Atomic uint64_t woken_ms, closed_ms;
enum { CONNECTIONS_MAX = 4 };
static atomic_int keeps_waking, posts_at_end;

struct subject {
    struct host *host;
};

static const char *refusal;

static enum outcome
subject_open(void *arg, struct host *host, const void *args, struct report *report)
{
    struct subject *self = arg;

    self->host = host;
    opened++;
    if (refusal)
        return report_set(report, REFUSED, CAUSE_IO, "%s", refusal);
    return args ? host_listen(host, args, CONNECTIONS_MAX, report) : DONE;
}

static void
subject_close(void *arg)
{
    struct subject *self = arg;

    for (int i = 0; i < posts_at_end; i++, zclock_sleep(1)) /* libzmq looks at its pipes so often */
        host_post(self->host, "gone", &(struct message){ .tag = FATAL }, NULL);
    closed++;
    closed_ms = clock_ms();
}

static void
on_settled(void *arg)
{
    (void) arg;
    settled++;
}

static void
on_woken(void *arg)
{
    struct subject *self = arg;

    woken++;
    woken_ms = clock_ms();
    if (keeps_waking)
        host_wake_at(self->host, clock_ms());
}

/* Asks to be woken twice; the earlier time counts. */
static void
on_surveyed(void *arg, struct envelope *envelope)
{
    struct subject *self = arg;
    uint64_t ms = envelope_message(envelope)->surveyed.count;

    if (posts_at_end > 0)
        host_post(self->host, "gone", &(struct message){ .tag = FATAL }, NULL);
    heard_inside++;
    if (ms > 0) {
        host_wake_at(self->host, clock_ms() + ms + 5000);
        host_wake_at(self->host, clock_ms() + ms);
        host_wake_at(self->host, clock_ms() + ms + 1000);
    }
}

static void
on_ping(void *arg, struct envelope *envelope)
{
    struct subject *self = arg;

    heard_strangers++;
    host_reply(self->host, envelope_peer(envelope),
        &(struct message){ .tag = ANSWER, .answer = { .id = envelope_message(envelope)->ping.id } },
        NULL);
}

static const struct handler handlers[] = {
    { SURVEYED, on_surveyed },
    { PING, on_ping },
};

static const struct actor_kind subject_kind = {
    .name = "router",
    .size = sizeof(struct subject),
    .open = subject_open,
    .close = subject_close,
    .settled = on_settled,
    .woken = on_woken,
    HANDLERS(handlers),
};

static struct actor *actor;
static zsock_t *mouth;

static const char *
own_endpoint(void)
{
    static char endpoint[64];

    snprintf(endpoint, sizeof endpoint, "ipc:///tmp/knarr-actor-%ld.sock", (long) getpid());
    return endpoint;
}

static void
begin(const char *endpoint)
{
    struct report report;

    opened = heard_inside = heard_strangers = settled = woken = closed = 0;
    keeps_waking = posts_at_end = 0;
    refusal = NULL;
    actor = actor_start(&subject_kind, "subject", endpoint, &report);
    check(actor && opened == 1);
    mouth = zsock_new_push(">inproc://knarr/subject");
    check(mouth);
}

static void
end(void)
{
    actor_stop(&actor);
    check(!actor && closed == 1);
    zsock_destroy(&mouth);
}

static void
tell(const struct message *message)
{
    check(message_send(zsock_resolve(mouth), view_of(""), message, NULL));
}

static bool
becomes(const atomic_int *count, int wanted)
{
    for (uint64_t end_ms = clock_ms() + PATIENCE_MS; *count != wanted && clock_ms() < end_ms;)
        zclock_sleep(1);
    return *count == wanted;
}

static struct message
surveyed(uint64_t wake_in_ms)
{
    return (struct message){ .tag = SURVEYED, .surveyed = { .count = wake_in_ms } };
}

/* ---- starting ------------------------------------------------------------------------------- */

static void
one_that_cannot_open_says_why(void)
{
    struct report report = { CAUSE_NONE, "" };

    refusal = "there is no disk";
    closed = 0;
    check(!actor_start(&subject_kind, "subject", NULL, &report));
    check(strcmp(report.text, "subject: there is no disk") == 0 && closed == 0);
}

static void
a_name_is_taken_once(void)
{
    struct report report;

    begin(NULL);
    check(!actor_start(&subject_kind, "subject", NULL, &report));
    check(strstr(report.text, "its mailbox is taken"));
    end();
    begin(NULL); /* and free again at its end */
    end();
}

static void
an_endpoint_that_cannot_be_bound_is_a_reason(void)
{
    struct report report;

    check(!actor_start(&subject_kind, "subject", "ipc:///nowhere/at/all/socket", &report));
    check(strstr(report.text, "cannot listen at ipc:///nowhere"));
}

/* ---- hearing --------------------------------------------------------------------------------- */

static void
a_stranger_is_heard_only_with_what_clients_say(void)
{
    const char *endpoint = own_endpoint();
    struct message committed = { .tag = COMMITTED }, inner = surveyed(0),
                   ping = { .tag = PING, .ping = { 3 } };
    struct envelope *envelope = NULL;
    zsock_t *stranger;

    begin(endpoint);
    stranger = zsock_new_dealer(endpoint);
    check(stranger);
    check(message_send(zsock_resolve(stranger), view_of(""), &inner, NULL));
    check(message_send(zsock_resolve(stranger), view_of(""), &committed, NULL));
    check(message_send(zsock_resolve(stranger), view_of(""), &ping, NULL));
    check(becomes(&heard_strangers, 1) && heard_inside == 0);
    for (int i = 0; i < PATIENCE_MS && !envelope; i++, zclock_sleep(1))
        message_receive(zsock_resolve(stranger), false, &envelope);
    check(envelope && envelope_message(envelope)->answer.id == 3);
    envelope_close(&envelope);
    zsock_destroy(&stranger);
    end();
}

static void
nobody_within_speaks_as_a_client(void)
{
    struct message ping = { .tag = PING }, foreign = { .tag = APPLY }, inner = surveyed(0);

    begin(NULL);
    tell(&ping);
    tell(&foreign);
    tell(&inner);
    check(becomes(&heard_inside, 1) && heard_strangers == 0);
    end();
}

static void
what_is_no_message_is_passed_over(void)
{
    struct message inner = surveyed(0);

    begin(NULL);
    for (int i = 0; i < 1000; i++)
        check(zmq_send(zsock_resolve(mouth), "\xdd\xff\xff\xff\xff", 5, 0) == 5);
    check(zmq_send(zsock_resolve(mouth), "", 0, 0) == 0);
    tell(&inner);
    check(becomes(&heard_inside, 1));
    end();
}

static void
it_settles_once_for_many(void)
{
    struct message inner = surveyed(0);

    begin(NULL);
    for (int i = 0; i < 10000; i++)
        tell(&inner);
    check(becomes(&heard_inside, 10000));
    check(settled >= 1 && settled < 10000);
    end();
}

/* ---- waking ---------------------------------------------------------------------------------- */

static void
it_is_woken_once_at_the_earliest_time_asked_for(void)
{
    struct message inner = surveyed(50);
    uint64_t begun = clock_ms();

    begin(NULL);
    tell(&inner);
    check(becomes(&woken, 1));
    check(woken_ms - begun >= 50 && woken_ms - begun < 1000);
    zclock_sleep(20);
    check(woken == 1);
    end();
}

/* ---- stopping -------------------------------------------------------------------------------- */

static void
what_was_posted_before_is_heard_before_the_end(void)
{
    struct message inner = surveyed(0);

    begin(NULL);
    for (int i = 0; i < 5000; i++)
        tell(&inner);
    end();
    check(heard_inside == 5000);
}

static void
one_that_is_always_woken_stops_all_the_same(void)
{
    struct message inner = surveyed(1);

    begin(NULL);
    keeps_waking = 1;
    tell(&inner);
    for (uint64_t end_ms = clock_ms() + PATIENCE_MS; woken < 10 && clock_ms() < end_ms;)
        zclock_sleep(1);
    check(woken >= 10);
    end();
}

static void *
chatter(void *arg)
{
    struct message ping = { .tag = PING };
    void *socket = zmq_socket(arg, ZMQ_DEALER);

    zmq_connect(socket, own_endpoint());
    while (!closed)
        message_send(socket, view_of(""), &ping, NULL);
    zmq_setsockopt(socket, ZMQ_LINGER, &(int){ 0 }, sizeof(int));
    zmq_close(socket);
    return NULL;
}

static void
a_stranger_that_never_stops_talking_does_not_keep_it(void)
{
    void *context = zmq_ctx_new();
    uint64_t begun;
    pthread_t thread;

    begin(own_endpoint());
    check(context && pthread_create(&thread, NULL, chatter, context) == 0);
    for (uint64_t end_ms = clock_ms() + PATIENCE_MS; heard_strangers < 100 && clock_ms() < end_ms;)
        zclock_sleep(1);
    begun = clock_ms();
    end();
    check(closed_ms - begun < 2000);
    pthread_join(thread, NULL);
    zmq_ctx_term(context);
}

static int
count_lines(int log, const char *word)
{
    FILE *file = fdopen(log, "r");
    char line[512];
    int lines = 0;

    rewind(file);
    while (fgets(line, sizeof line, file))
        lines += strstr(line, word) != NULL;
    fclose(file);
    return lines;
}

/* How often the log says that one who has ended is still spoken to. */
static int
last_words_told(void)
{
    char path[] = "/tmp/knarr-actor-log-XXXXXX";
    int log = mkstemp(path), usual = dup(STDERR_FILENO);
    struct inbox *gone = inbox_open("gone");
    struct message inner = surveyed(0);
    struct envelope *envelope;

    check(log >= 0 && usual >= 0);
    begin(NULL);
    posts_at_end = 100;
    tell(&inner);
    envelope = inbox_wait(gone, -1, PATIENCE_MS);
    check(envelope);
    envelope_close(&envelope);
    inbox_close(&gone);
    dup2(log, STDERR_FILENO);
    end();
    dup2(usual, STDERR_FILENO);
    close(usual);
    remove(path);
    return count_lines(log, "post_failed");
}

/* Its log would otherwise have a line for each. */
static void
the_last_words_to_one_that_has_ended_are_told_once(void)
{
    check(last_words_told() == 1);
}

static void
when_all_stop_the_last_words_are_no_news(void)
{
    actors_stop_by(clock_ms() + PATIENCE_MS);
    check(last_words_told() == 0);
    actors_stop_by(UINT64_MAX);
}

static const struct test tests[] = {
    { "one that cannot open says why", one_that_cannot_open_says_why },
    { "a name is taken once", a_name_is_taken_once },
    { "an endpoint that cannot be bound is a reason",
        an_endpoint_that_cannot_be_bound_is_a_reason },
    { "a stranger is heard only with what clients say",
        a_stranger_is_heard_only_with_what_clients_say },
    { "nobody within speaks as a client", nobody_within_speaks_as_a_client },
    { "what is no message is passed over", what_is_no_message_is_passed_over },
    { "it settles once for many", it_settles_once_for_many },
    { "it is woken once at the earliest time asked for",
        it_is_woken_once_at_the_earliest_time_asked_for },
    { "what was posted before is heard before the end",
        what_was_posted_before_is_heard_before_the_end },
    { "one that is always woken stops all the same", one_that_is_always_woken_stops_all_the_same },
    { "a stranger that never stops talking does not keep it",
        a_stranger_that_never_stops_talking_does_not_keep_it },
    { "the last words to one that has ended are told once",
        the_last_words_to_one_that_has_ended_are_told_once },
    { "when all stop the last words are no news", when_all_stop_the_last_words_are_no_news },
};

TEST_MAIN(tests)

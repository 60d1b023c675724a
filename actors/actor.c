/*
 * actor - the loop every actor runs on.
 *
 * zactor_new() waits for the thread's first signal but drops its status, so a
 * thread that could not open its state would look like one that could.  We
 * therefore send a second, spoken answer on the pipe: READY, or the reason.
 *
 * Mailboxes are PULL sockets at inproc://knarr/NAME without a high-water mark:
 * what may be under way is bounded by credit, in bytes, not by ZeroMQ, in
 * messages.  The socket for strangers is a ROUTER with every bound there is.
 */

#include "actors/actor.h"

#include "actors/door.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <assert.h>
#include <czmq.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    TURN_MESSAGES = 512, /* heard before settled() is called */
    /*
     * Bytes of a frame that libzmq makes room for as soon as it is announced; it
     * drops a peer that announces more.  A body that is a little too long, which
     * is refused in words, comes through.
     */
    STRANGER_FRAME_MAX = (1 << 20) + HEADER_BYTES_MAX,
    STRANGER_BACKLOG = 48, /* messages a peer may leave unread: 48 MiB in chunks */
    STRANGER_HANDSHAKE_MS = 5000,
    NAME_MAX_BYTES = 64,
    ENDPOINT_BYTES = 128,
    OUTLETS_MAX = 128,
    LAST_TURNS = 256, /* of an actor that was told to stop */
    NAP_MAX_MS = 3600000,
    WARN_MS = 1000,
};

#define NEVER UINT64_MAX

static _Atomic uint64_t stop_by_ms = NEVER; /* until the supervisor stops them all */

struct actor {
    char name[NAME_MAX_BYTES];
    atomic_bool is_stopping;
    zactor_t *thread;
};

struct boot { /* lives on the owner's stack until the answer came */
    const struct actor_kind *kind;
    const char *name;
    const void *args;
    const atomic_bool *is_stopping;
};

/* A way to another's mailbox, opened at the first message to it. */
struct outlet {
    char name[NAME_MAX_BYTES];
    zsock_t *socket;
    bool is_gone; /* it has ended, and the log has said so */
};

/*
 * A socket that is listened to.  Its descriptor is signalled only by what comes
 * after the socket was asked and had nothing; until then there may be more.
 */
struct ear {
    zsock_t *socket; /* or NULL */
    bool may_have;
};

struct host {
    const struct actor_kind *kind;
    char name[NAME_MAX_BYTES];
    void *self;
    zsock_t *pipe;
    struct ear mailbox, strangers;
    struct door *door; /* the strangers' */
    struct outlet outlets[OUTLETS_MAX];
    size_t outlet_count;
    uint64_t wake_ms;
    uint64_t untold, quiet_until_ms; /* wrong messages; the log is not told of them before */
    const atomic_bool *is_stopping;  /* the owner's */
};

static void
name_endpoint(char endpoint[ENDPOINT_BYTES], const char *name)
{
    snprintf(endpoint, ENDPOINT_BYTES, "inproc://knarr/%s", name);
}

static zsock_t *
open_mailbox(const char *name)
{
    char endpoint[ENDPOINT_BYTES];
    zsock_t *socket = zsock_new(ZMQ_PULL);

    name_endpoint(endpoint, name);
    assert(socket);
    zsock_set_rcvhwm(socket, 0);
    if (zsock_bind(socket, "%s", endpoint) < 0)
        zsock_destroy(&socket);
    return socket;
}

/* libzmq closes in its own time; the name is free when this returns. */
static void
close_mailbox(zsock_t **socket)
{
    if (!*socket)
        return;
    zmq_unbind(zsock_resolve(*socket), zsock_endpoint(*socket));
    zsock_destroy(socket);
}

static struct outlet *
outlet_to(struct host *host, const char *name)
{
    char endpoint[ENDPOINT_BYTES];
    struct outlet *outlet;

    for (size_t i = 0; i < host->outlet_count; i++)
        if (strcmp(host->outlets[i].name, name) == 0)
            return &host->outlets[i];
    assert(host->outlet_count < OUTLETS_MAX);
    outlet = &host->outlets[host->outlet_count++];
    snprintf(outlet->name, sizeof outlet->name, "%s", name);
    outlet->socket = zsock_new(ZMQ_PUSH);
    assert(outlet->socket);
    zsock_set_sndhwm(outlet->socket, 0);
    zsock_set_linger(outlet->socket, 0);
    name_endpoint(endpoint, name);
    zsock_connect(outlet->socket, "%s", endpoint);
    return outlet;
}

/* Actors stop one by one: then the last words to one that has ended are no news, else once. */
void
host_post(struct host *host, const char *to, const struct message *message, struct body *take_body)
{
    struct outlet *outlet = outlet_to(host, to);
    bool was_gone = outlet->is_gone;
    bool sent = message_send(zsock_resolve(outlet->socket), view_of(""), message, take_body);

    outlet->is_gone = !sent && errno == EAGAIN;
    if (!sent && !(outlet->is_gone && (was_gone || stop_by_ms != NEVER)))
        LOG(ERROR, "post_failed", "from=%s to=%s message=%s reason=%s", host->name, to,
            message_name(message->tag),
            log_quote(outlet->is_gone ? "it has ended" : strerror(errno)));
}

enum reply
host_reply(struct host *host, struct view peer, const struct message *message,
    struct body *take_body)
{
    host->strangers.may_have = true; /* sending, too, may take note of what has come */
    if (message_send(zsock_resolve(host->strangers.socket), peer, message, take_body))
        return REPLY_SENT;
    return errno == EAGAIN ? REPLY_LATER : REPLY_NEVER;
}

void
host_wake_at(struct host *host, uint64_t ms)
{
    if (ms < host->wake_ms)
        host->wake_ms = ms;
}

bool
host_is_stopping(const struct host *host)
{
    return atomic_load(host->is_stopping);
}

enum outcome
host_listen(struct host *host, const char *endpoint, size_t connections_max, struct report *report)
{
    zsock_t *socket = zsock_new(ZMQ_ROUTER);

    assert(socket);
    zsock_set_maxmsgsize(socket, STRANGER_FRAME_MAX);
    zsock_set_handshake_ivl(socket, STRANGER_HANDSHAKE_MS);
    zsock_set_sndhwm(socket, STRANGER_BACKLOG);
    zsock_set_rcvhwm(socket, STRANGER_BACKLOG);
    zsock_set_router_mandatory(socket, 1);
    zsock_set_linger(socket, 1000);
    host->door = door_open(zsock_resolve(socket), connections_max);
    if (zsock_bind(socket, "%s", endpoint) < 0) {
        report_set(report, REFUSED, CAUSE_CONFIG, "cannot listen at %s: %s", endpoint,
            zmq_strerror(errno));
        door_close(&host->door);
        zsock_destroy(&socket);
        return REFUSED;
    }
    host->strangers = (struct ear){ socket, true };
    return DONE;
}

static const struct handler *
find_handler(const struct actor_kind *kind, enum message_tag tag)
{
    for (size_t i = 0; i < kind->handler_count; i++)
        if (kind->handlers[i].tag == tag)
            return &kind->handlers[i];
    return NULL;
}

/* One line a second, whoever says thousands of wrong things. */
static void
warn(struct host *host, const char *event, const char *message, bool is_stranger)
{
    const uint64_t now = clock_ms();

    host->untold++;
    if (now < host->quiet_until_ms)
        return;
    LOG(WARN, event, "actor=%s message=%s stranger=%d times=%" PRIu64, host->name, message,
        is_stranger, host->untold);
    host->untold = 0;
    host->quiet_until_ms = now + WARN_MS;
}

/* A stranger says only what clients say, and nobody within does. */
static void
hear(struct host *host, struct envelope *envelope, bool is_stranger)
{
    enum message_tag tag = envelope_message(envelope)->tag;
    bool for_strangers = strcmp(message_speaker(tag), "CLIENT") == 0;
    const struct handler *handler = find_handler(host->kind, tag);

    if (handler && for_strangers == is_stranger)
        handler->handle(host->self, envelope);
    else
        warn(host, "not_for_me", message_name(tag), is_stranger);
}

/* Hear what has come; returns how many messages were read. */
static int
drain(struct host *host, struct ear *ear)
{
    bool is_stranger = ear == &host->strangers;
    int count;

    for (count = 0; count < TURN_MESSAGES; count++) {
        struct envelope *envelope;
        int got = message_receive(zsock_resolve(ear->socket), is_stranger, &envelope);

        if (got == 0) {
            ear->may_have = false;
            break;
        }
        if (got < 0)
            warn(host, "malformed", "none", is_stranger);
        else
            hear(host, envelope, is_stranger);
        envelope_close(&envelope);
    }
    return count;
}

static void
turn(struct host *host)
{
    int heard = 0;

    if (host->mailbox.may_have)
        heard += drain(host, &host->mailbox);
    if (host->strangers.may_have)
        heard += drain(host, &host->strangers);
    if (host->wake_ms <= clock_ms()) {
        host->wake_ms = NEVER;
        if (host->kind->woken)
            host->kind->woken(host->self);
        heard++;
    }
    if (heard > 0 && host->kind->settled)
        host->kind->settled(host->self);
}

static int
poll_timeout_ms(const struct host *host)
{
    uint64_t now = clock_ms();

    if (host->mailbox.may_have || host->strangers.may_have)
        return 0;
    if (host->wake_ms == NEVER)
        return -1;
    if (host->wake_ms <= now)
        return 0;
    return host->wake_ms - now < NAP_MAX_MS ? (int) (host->wake_ms - now) : NAP_MAX_MS;
}

static struct pollfd
descriptor(zsock_t *socket)
{
    return (struct pollfd){ socket ? (int) zsock_fd(socket) : -1, POLLIN, 0 };
}

static bool
is_told_to_stop(struct host *host)
{
    return zsock_events(host->pipe) & ZMQ_POLLIN; /* the owner says only $TERM */
}

/*
 * To ask a ZeroMQ socket costs some system calls, and zmq_poll() asks each one
 * twice.  So one poll() of the descriptors says who is worth asking, and who
 * is asked is asked until there is nothing.
 */
static void
run(struct host *host)
{
    struct pollfd heard[] = {
        descriptor(host->pipe),
        descriptor(host->mailbox.socket),
        descriptor(host->strangers.socket),
    };

    heard[0].revents = POLLIN; /* it was written to, and has not been asked since */
    while (!heard[0].revents || !is_told_to_stop(host)) {
        poll(heard, sizeof heard / sizeof *heard, poll_timeout_ms(host));
        host->mailbox.may_have |= heard[1].revents != 0;
        host->strangers.may_have |= heard[2].revents != 0;
        turn(host);
    }
}

/*
 * What was posted before we were told to stop is heard; no stranger is, and
 * nothing that waits for a time goes on.  Those who stop first post no more,
 * so the bound is for what others cannot help posting meanwhile.
 */
static void
finish(struct host *host)
{
    int turns = 0, heard;

    do {
        heard = drain(host, &host->mailbox);
        if (heard > 0 && host->kind->settled)
            host->kind->settled(host->self);
    } while (heard > 0 && ++turns < LAST_TURNS);
    host->kind->close(host->self);
    door_close(&host->door);
    zsock_destroy(&host->strangers.socket);
    close_mailbox(&host->mailbox.socket);
}

static void
thread_main(zsock_t *pipe, void *arg)
{
    const struct boot *boot = arg;
    struct host *host = memory_new(sizeof *host);
    struct report report = { CAUSE_INTERNAL, "its mailbox is taken" };
    enum outcome outcome = REFUSED;
    char *word;

    zsock_signal(pipe, 0);
    prctl(PR_SET_NAME, boot->name); /* as top -H and perf show it */
    host->kind = boot->kind;
    snprintf(host->name, sizeof host->name, "%s", boot->name);
    host->self = memory_new(boot->kind->size);
    host->pipe = pipe;
    host->wake_ms = NEVER;
    host->is_stopping = boot->is_stopping;
    host->mailbox = (struct ear){ open_mailbox(boot->name), true };
    if (host->mailbox.socket)
        outcome = boot->kind->open(host->self, host, boot->args, &report);
    zstr_sendx(pipe, outcome == DONE ? "READY" : report.text, NULL);
    if (outcome == DONE) {
        run(host);
        finish(host);
        word = zstr_recv(pipe);
        freen(word);
    }
    for (size_t i = 0; i < host->outlet_count; i++)
        zsock_destroy(&host->outlets[i].socket);
    close_mailbox(&host->mailbox.socket);
    free(host->self);
    free(host);
}

/* The table and the protocol must agree on who hears what. */
static bool
hears_only_its_own(const struct actor_kind *kind)
{
    for (size_t i = 0; i < kind->handler_count; i++)
        if (strcasecmp(message_hearer(kind->handlers[i].tag), kind->name) != 0)
            return false;
    return true;
}

struct actor *
actor_start(const struct actor_kind *kind, const char *name, const void *args,
    struct report *report)
{
    struct actor *actor = memory_new(sizeof *actor);
    struct boot boot = { kind, name, args, &actor->is_stopping };
    char *answer;

    assert(hears_only_its_own(kind));
    snprintf(actor->name, sizeof actor->name, "%s", name);
    actor->thread = zactor_new(thread_main, &boot);
    assert(actor->thread);
    answer = zstr_recv(actor->thread);
    if (!answer || !streq(answer, "READY")) {
        report_set(report, REFUSED, CAUSE_CONFIG, "%s: %s", name, answer ? answer : "interrupted");
        actor_stop(&actor);
    }
    freen(answer);
    return actor;
}

void
actors_stop_by(uint64_t ms)
{
    stop_by_ms = ms;
}

/* zactor_destroy() would wait for ever for one whose disk has stopped to answer. */
static void
await_end(struct actor *actor)
{
    zsock_t *pipe = zactor_sock(actor->thread);
    zmq_pollitem_t item = { zsock_resolve(pipe), 0, ZMQ_POLLIN, 0 };
    uint64_t now = clock_ms();

    if (stop_by_ms == NEVER)
        return;
    zstr_send(pipe, "$TERM");
    if (zmq_poll(&item, 1, stop_by_ms > now ? (long) (stop_by_ms - now) : 0) > 0)
        return;
    LOG(ERROR, "stop_late", "actor=%s", actor->name);
    _exit(EXIT_FAILURE);
}

void
actor_stop(struct actor **actor)
{
    if (!*actor)
        return;
    atomic_store(&(*actor)->is_stopping, true);
    await_end(*actor);
    zactor_destroy(&(*actor)->thread);
    free(*actor);
    *actor = NULL;
}

struct inbox {
    zsock_t *socket;
};

struct inbox *
inbox_open(const char *name)
{
    struct inbox *inbox = memory_new(sizeof *inbox);

    inbox->socket = open_mailbox(name);
    assert(inbox->socket);
    return inbox;
}

struct envelope *
inbox_wait(struct inbox *inbox, int also_readable_fd, int timeout_ms)
{
    zmq_pollitem_t items[] = {
        { zsock_resolve(inbox->socket), 0, ZMQ_POLLIN, 0 },
        { NULL, also_readable_fd, ZMQ_POLLIN, 0 },
    };
    struct envelope *envelope = NULL;

    zmq_poll(items, also_readable_fd >= 0 ? 2 : 1, timeout_ms);
    if (items[0].revents & ZMQ_POLLIN)
        message_receive(zsock_resolve(inbox->socket), false, &envelope);
    return envelope;
}

void
inbox_close(struct inbox **inbox)
{
    if (!*inbox)
        return;
    close_mailbox(&(*inbox)->socket);
    free(*inbox);
    *inbox = NULL;
}

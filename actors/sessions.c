/*
 * sessions - who is at the other end of a connection.
 */

#include "actors/router_internal.h"

#include "actors/reader.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/uri.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

enum { PROTOCOL = 1, SILENT_MS = 4000 };

static struct session *
find_session(struct router *self, struct view peer)
{
    struct session *session;

    HASH_FIND(hh, self->sessions, peer.at, peer.length, session);
    return session;
}

/* Its changes go on without it, but for those that lack bytes only it could send. */
void
session_end(struct router *self, struct session *session)
{
    lookups_forget(session);
    while (session->requests) {
        struct request *request = session->requests;

        HASH_DELETE(hh_client, session->requests, request);
        request->session = NULL;
        request_abandon(request); /* which may grant, refuse and free others of them */
    }
    answers_drop(self, session);
    HASH_DEL(self->sessions, session);
    DL_DELETE(self->by_age, session);
    free(session->account);
    free(session->user);
    free(session);
}

/* ZeroMQ says that a peer has gone only when something is said to it. */
static bool
is_there(struct router *self, const struct session *session)
{
    const struct message nothing = { .tag = GO };

    return host_reply(self->host, (struct view){ session->peer, session->peer_length }, &nothing,
               NULL) != REPLY_NEVER;
}

void
sessions_probe(struct router *self)
{
    uint64_t now = clock_ms();
    struct session *session, *next;

    DL_FOREACH_SAFE(self->by_age, session, next)
    {
        if (now - session->heard_ms < SILENT_MS)
            return;
        if (session->requests && !is_there(self, session))
            session_end(self, session);
    }
}

/* One that has nothing under way may stay until its room is needed. */
static void
make_room(struct router *self)
{
    if (HASH_COUNT(self->sessions) >= self->conf->settings.clients_max)
        session_end(self, self->by_age);
}

/* One that reads nothing may lose what refuses more than it may ask for. */
void
refuse_peer(struct router *self, struct view peer, uint64_t id, const struct report *report)
{
    struct session *session = find_session(self, peer);
    const struct message answer = {
        .tag = ANSWER,
        .answer = { .id = id,
            .outcome = report->cause == CAUSE_BUSY ? RETRY : REFUSED,
            .cause = report->cause,
            .reason = view_of(report->text) },
    };

    if (session && session->unsent_count < REQUESTS_PER_SESSION)
        session_say(self, session, &answer, NULL);
    else
        host_reply(self->host, peer, &answer, NULL);
}

static bool
is_account(struct view name)
{
    char path[PATH_BYTES_MAX + 1];
    struct report report;

    if (name.length == 0 || name.length > NAME_BYTES_MAX || name.at[0] == '_')
        return false;
    for (size_t i = 0; i < name.length; i++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@-",
                name.at[i]) ||
            name.at[i] == '\0')
            return false;
    return uri_to_path(view_of("viking://"), name, view_of("default"), path, &report) == DONE &&
        !view_is(name, ".") && !view_is(name, "..");
}

static struct session *
session_new(struct router *self, struct view peer, struct view account, struct view user)
{
    struct session *session = memory_new(sizeof *session + peer.length);

    memcpy(session->peer, peer.at, peer.length);
    session->peer_length = peer.length;
    session->account = view_dup(account);
    session->user = view_dup(user);
    session->heard_ms = clock_ms();
    HASH_ADD_KEYPTR(hh, self->sessions, session->peer, session->peer_length, session);
    DL_APPEND(self->by_age, session);
    return session;
}

void
on_greet(void *arg, struct envelope *envelope)
{
    const struct message_greet *m = &envelope_message(envelope)->greet;
    struct view peer = envelope_peer(envelope);
    struct router *self = arg;
    struct session *session = find_session(self, peer);
    struct view account = m->account.length > 0 ? m->account : view_of(self->conf->default_account);
    struct view user = m->user.length > 0 ? m->user : view_of(self->conf->default_user);
    struct report report;

    if (m->protocol != PROTOCOL || !is_account(account) || !is_account(user)) {
        report_set(&report, REFUSED, CAUSE_INVALID_ARGUMENT,
            m->protocol != PROTOCOL
                ? "this server speaks protocol 1"
                : "an account or user is letters, digits and _.@-, not beginning with _");
        refuse_peer(self, peer, 0, &report);
        return;
    }
    if (session)
        session_end(self, session);
    make_room(self);
    session_say(self, session_new(self, peer, account, user),
        &(struct message){
            .tag = WELCOME,
            .welcome = { .protocol = PROTOCOL,
                .server = view_of("knarr/" KNARR_VERSION),
                .chunk_bytes = CHUNK_BYTES,
                .credit_bytes = self->conf->settings.credit_bytes },
        },
        NULL);
}

/* Who speaks has perhaps read something, too. */
struct session *
session_of(struct router *self, struct envelope *envelope)
{
    struct session *session = find_session(self, envelope_peer(envelope));

    if (!session)
        return NULL;
    session->heard_ms = clock_ms();
    DL_DELETE(self->by_age, session);
    DL_APPEND(self->by_age, session);
    if (session_is_late(session))
        answers_offer(self, session);
    return session;
}

/*
 * answers - how they reach a client that may be slow to read them.
 *
 *     session_say ──▶ the socket, which holds 48 messages of a client
 *          └─full──▶ unsent ──offered again soon──▶ the socket
 *
 * ZeroMQ counts messages, not bytes, and says "later" when there are too many.
 * What it does not take waits here, and until all of it has gone, nothing that
 * is answered with much (lookups.c) is begun for that client.  So one that
 * reads nothing loses no answer to the requests it may have, and costs at most
 * (48 + LOOKUPS_AT_WORK) * CHUNK_BYTES = 56 MiB of contents.
 */

#include "actors/router_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <string.h>
#include <utlist.h>

enum { OFFER_FIRST_MS = 1, OFFER_LAST_MS = 128 };

/* An answer that the socket has not taken yet. */
struct unsent {
    struct unsent *prev, *next;
    struct body body;
    size_t length;
    char header[];
};

static struct view
peer_of(const struct session *session)
{
    return (struct view){ session->peer, session->peer_length };
}

bool
session_is_late(const struct session *session)
{
    return session->unsent != NULL;
}

static void
offer_in(struct router *self, struct session *session, uint64_t ms)
{
    session->offer_ms = ms;
    session->offer_at_ms = clock_ms() + ms;
    host_wake_at(self->host, session->offer_at_ms);
}

static void
keep(struct router *self, struct session *session, const struct message *message,
    struct body *take_body)
{
    char header[HEADER_BYTES_MAX];
    size_t length = message_pack(message, header, sizeof header);
    struct unsent *unsent = memory_new(sizeof *unsent + length);

    memcpy(unsent->header, header, length);
    unsent->length = length;
    body_move(&unsent->body, take_body);
    if (!session_is_late(session)) {
        DL_APPEND2(self->late, session, late_prev, late_next);
        offer_in(self, session, OFFER_FIRST_MS);
    }
    DL_APPEND(session->unsent, unsent);
    session->unsent_count++;
}

void
session_say(struct router *self, struct session *session, const struct message *message,
    struct body *take_body)
{
    struct body body;

    if (take_body)
        body_share(&body, take_body);
    else
        body_init(&body);
    if (session_is_late(session) ||
        host_reply(self->host, peer_of(session), message, take_body) == REPLY_LATER)
        keep(self, session, message, &body);
    body_clear(&body);
    if (take_body)
        body_clear(take_body);
}

void
session_say_go(struct request *r, uint64_t credit)
{
    r->credit_owed += credit;
    if (r->credit_owed == 0 || session_is_late(r->session))
        return; /* one GO tells it all, when it is no longer */
    session_say(r->router, r->session,
        &(struct message){ .tag = GO, .go = { .id = r->id, .credit = r->credit_owed } }, NULL);
    r->credit_owed = 0;
}

static void
unsent_free(struct session *session)
{
    struct unsent *first = session->unsent;

    DL_DELETE(session->unsent, first);
    session->unsent_count--;
    body_clear(&first->body);
    free(first);
}

/* The first that waits, to the socket; false if it must wait on. */
static bool
offer_first(struct router *self, struct session *session)
{
    struct unsent *first = session->unsent;
    struct view header = { first->header, first->length };
    struct message message;
    struct body body;
    bool has_gone;

    body_share(&body, &first->body);
    has_gone = !message_next(&header, &message) ||
        host_reply(self->host, peer_of(session), &message, &body) != REPLY_LATER;
    body_clear(&body);
    if (has_gone)
        unsent_free(session);
    return has_gone;
}

/* All that was held back because it was late. */
static void
go_on(struct router *self, struct session *session)
{
    struct request *r, *next;

    DL_DELETE2(self->late, session, late_prev, late_next);
    HASH_ITER(hh_client, session->requests, r, next)
    {
        if (r->credit_owed > 0)
            session_say_go(r, 0);
    }
    lookups_go_on(session);
}

void
answers_offer(struct router *self, struct session *session)
{
    size_t before = session->unsent_count;

    while (session_is_late(session) && offer_first(self, session))
        ;
    if (!session_is_late(session))
        go_on(self, session);
    else if (session->unsent_count < before)
        offer_in(self, session, OFFER_FIRST_MS);
    else if (session->offer_at_ms <= clock_ms())
        offer_in(self, session,
            session->offer_ms < OFFER_LAST_MS ? 2 * session->offer_ms : OFFER_LAST_MS);
}

void
answers_woken(struct router *self)
{
    uint64_t now = clock_ms();
    struct session *session, *next;

    DL_FOREACH_SAFE2(self->late, session, next, late_next)
    {
        if (session->offer_at_ms <= now)
            answers_offer(self, session);
        else
            host_wake_at(self->host, session->offer_at_ms);
    }
}

void
answers_drop(struct router *self, struct session *session)
{
    if (!session_is_late(session))
        return;
    while (session_is_late(session))
        unsent_free(session);
    DL_DELETE2(self->late, session, late_prev, late_next);
}

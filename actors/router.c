#include "actors/router_internal.h"

#include "actors/reader.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/uri.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

enum {
    PROTOCOL = 1,
    REQUESTS_PER_SESSION = 1024,
    UPLOAD_CHECK_MS = 5000,
};

/* ---- sessions ------------------------------------------------------------------- */

static struct session *
find_session(struct router *self, struct view peer)
{
    struct session *session;

    HASH_FIND(hh, self->sessions, peer.at, peer.length, session);
    return session;
}

/* Its requests go on without it; their answers are dropped. */
static void
session_end(struct router *self, struct session *session)
{
    struct request *request, *next;

    HASH_ITER(hh_client, session->requests, request, next)
    {
        HASH_DELETE(hh_client, session->requests, request);
        request->session = NULL;
    }
    HASH_DEL(self->sessions, session);
    DL_DELETE(self->by_age, session);
    free(session->account);
    free(session->user);
    free(session);
}

static void
session_heard(struct router *self, struct session *session)
{
    session->heard_ms = clock_ms();
    DL_DELETE(self->by_age, session);
    DL_APPEND(self->by_age, session);
}

/* ZeroMQ does not say when a peer has gone; so the longest silent one makes room. */
static void
make_room(struct router *self)
{
    if (HASH_COUNT(self->sessions) >= self->conf->settings.clients_max)
        session_end(self, self->by_age);
}

static void
refuse_peer(struct router *self, struct view peer, uint64_t id, const struct report *report)
{
    host_reply(self->host, peer,
        &(struct message){
            .tag = ANSWER,
            .answer = { .id = id,
                .outcome = REFUSED,
                .cause = report->cause,
                .reason = view_of(report->text) },
        },
        NULL);
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

static void
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
    session = memory_new(sizeof *session + peer.length);
    memcpy(session->peer, peer.at, peer.length);
    session->peer_length = peer.length;
    session->account = view_dup(account);
    session->user = view_dup(user);
    session->heard_ms = clock_ms();
    HASH_ADD_KEYPTR(hh, self->sessions, session->peer, session->peer_length, session);
    DL_APPEND(self->by_age, session);
    host_reply(self->host, peer,
        &(struct message){
            .tag = WELCOME,
            .welcome = { .protocol = PROTOCOL,
                .server = view_of("knarr/" KNARR_VERSION),
                .chunk_bytes = CHUNK_BYTES,
                .credit_bytes = self->conf->settings.credit_bytes },
        },
        NULL);
}

struct session *
session_of(struct router *self, struct envelope *envelope)
{
    struct session *session = find_session(self, envelope_peer(envelope));

    if (session)
        session_heard(self, session);
    return session;
}

/* ---- requests ------------------------------------------------------------------- */

struct request *
request_new(struct router *self, struct envelope *envelope, uint64_t id)
{
    struct session *session = session_of(self, envelope);
    struct report report = { CAUSE_NONE, "" };
    struct request *request;

    if (!session)
        report_set(&report, REFUSED, CAUSE_INVALID_OPERATION, "GREET must come first");
    else if (request_of_client(session, id))
        report_set(&report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "request %" PRIu64 " is not answered yet", id);
    else if (HASH_CNT(hh_client, session->requests) >= REQUESTS_PER_SESSION)
        report_set(&report, REFUSED, CAUSE_BUSY, "more than %d requests at once",
            REQUESTS_PER_SESSION);
    if (report.cause != CAUSE_NONE) {
        refuse_peer(self, envelope_peer(envelope), id, &report);
        return NULL;
    }
    request = memory_new(sizeof *request);
    request->router = self;
    request->session = session;
    request->number = self->next_number++;
    request->id = id;
    request->tag = envelope_message(envelope)->tag;
    body_init(&request->body);
    HASH_ADD(hh, self->requests, number, sizeof request->number, request);
    HASH_ADD(hh_client, session->requests, id, sizeof request->id, request);
    return request;
}

struct request *
request_find(struct router *self, uint64_t number)
{
    struct request *request;

    HASH_FIND(hh, self->requests, &number, sizeof number, request);
    return request;
}

struct request *
request_of_client(struct session *session, uint64_t id)
{
    struct request *request;

    HASH_FIND(hh_client, session->requests, &id, sizeof id, request);
    return request;
}

bool
request_paths(struct request *request, struct view uri, struct view to)
{
    struct view account = view_of(request->session->account);
    struct view user = view_of(request->session->user);
    char path[PATH_BYTES_MAX + 1];
    struct report report;

    if (uri_to_path(uri, account, user, path, &report) != DONE) {
        request_answer(request, REFUSED, &report);
        return false;
    }
    request->path = memory_copy(path, strlen(path));
    if (to.length == 0)
        return true;
    if (uri_to_path(to, account, user, path, &report) != DONE) {
        request_answer(request, REFUSED, &report);
        return false;
    }
    request->to = memory_copy(path, strlen(path));
    return true;
}

void
request_free(struct request *request)
{
    struct router *self = request->router;

    if (request->has_claim)
        claim_drop(self->claims, &request->claim);
    HASH_DELETE(hh, self->requests, request);
    if (request->session)
        HASH_DELETE(hh_client, request->session->requests, request);
    body_clear(&request->body);
    free(request->path);
    free(request->to);
    free(request);
}

void
request_end(struct request *request, const struct message *message, struct body *take_body)
{
    struct session *session = request->session;

    if (session)
        host_reply(request->router->host, (struct view){ session->peer, session->peer_length },
            message, take_body);
    else if (take_body)
        body_clear(take_body);
    request_free(request);
}

void
request_answer(struct request *request, enum outcome outcome, const struct report *report)
{
    request_end(request,
        &(struct message){
            .tag = ANSWER,
            .answer = { .id = request->id,
                .outcome = outcome,
                .cause = outcome == DONE ? CAUSE_NONE : report->cause,
                .reason = view_of(outcome == DONE ? "" : report->text) },
        },
        NULL);
}

static void
on_cancel(void *arg, struct envelope *envelope)
{
    struct router *self = arg;
    struct session *session = session_of(self, envelope);
    struct request *request =
        session ? request_of_client(session, envelope_message(envelope)->cancel.id) : NULL;

    if (!request)
        return;
    HASH_DELETE(hh_client, session->requests, request);
    request->session = NULL; /* nobody to answer; what was committed stays */
    if (request->is_upload)
        upload_cancel(request);
}

/* ---- the actor -------------------------------------------------------------------- */

static enum outcome
router_open(void *arg, struct host *host, const void *args, struct report *report)
{
    const struct router_args *a = args;
    struct router *self = arg;
    struct backend_args primary = a->primary;
    enum outcome outcome;

    primary.is_reader = true;
    outcome = a->primary_kind->open(&self->primary, &primary, report);
    if (outcome != DONE)
        return outcome;
    self->host = host;
    self->conf = a->conf;
    self->primary_kind = a->primary_kind;
    self->targets = a->targets;
    self->next_number = a->run << 32 | 1;
    outcome = host_listen(host, a->endpoint, report);
    if (outcome != DONE) {
        a->primary_kind->close(&self->primary);
        return outcome;
    }
    self->claims = claims_new();
    host_wake_at(host, clock_ms() + UPLOAD_CHECK_MS);
    return DONE;
}

static void
router_close(void *arg)
{
    struct router *self = arg;
    struct request *request, *next_request;
    struct session *session, *next;

    HASH_ITER(hh, self->requests, request, next_request)
    {
        request_free(request);
    }
    HASH_ITER(hh, self->sessions, session, next)
    {
        session_end(self, session);
    }
    claims_free(&self->claims);
    self->primary_kind->close(&self->primary);
}

static void
router_woken(void *arg)
{
    struct router *self = arg;

    uploads_expire(self);
    host_wake_at(self->host, clock_ms() + UPLOAD_CHECK_MS);
}

static const struct handler handlers[] = {
    { GREET, on_greet },
    { PING, on_ping },
    { WRITE, on_write },
    { DATA, on_data },
    { TRUNCATE, on_truncate },
    { DELETE, on_delete },
    { MAKE, on_make },
    { MOVE, on_move },
    { MODE, on_mode },
    { READ, on_read },
    { STAT, on_stat },
    { LIST, on_list },
    { GLOB, on_glob },
    { GREP, on_grep },
    { STATUS, on_status },
    { RETRY_SYNC, on_retry_sync },
    { WAIT_SYNC, on_wait_sync },
    { CANCEL, on_cancel },
    { COMMITTED, on_committed },
    { SURVEYED, on_surveyed },
    { STAGED, on_staged },
    { STAGE_ROOM, on_stage_room },
    { SOUGHT, on_sought },
};

const struct actor_kind router_actor = {
    .name = "router",
    .size = sizeof(struct router),
    .open = router_open,
    .close = router_close,
    .woken = router_woken,
    HANDLERS(handlers),
};

/*
 * router - requests, from their number to their end.
 */

#include "actors/router_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/uri.h"

#include <inttypes.h>
#include <string.h>

enum { CHECK_MS = 5000 }; /* for uploads that are silent and clients that have gone */

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
    else if (HASH_CNT(hh_client, session->requests) + session->unsent_count >= REQUESTS_PER_SESSION)
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
    request->uri = view_dup(uri);
    request->path = memory_copy(path, strlen(path));
    if (to.length == 0)
        return true;
    if (uri_to_path(to, account, user, path, &report) != DONE) {
        request_answer(request, REFUSED, &report);
        return false;
    }
    request->to_uri = view_dup(to);
    request->to = memory_copy(path, strlen(path));
    return true;
}

/* Its client does not wait for it any longer. */
static void
request_detach(struct request *request)
{
    if (request->session && !request->is_cancelled)
        HASH_DELETE(hh_client, request->session->requests, request);
    if (request->session && (request->is_waiting || request->is_working))
        lookup_ended(request);
    request->session = NULL;
}

void
request_free(struct request *request)
{
    struct router *self = request->router;

    if (request->has_claim)
        claim_drop(self->claims, &request->claim);
    HASH_DELETE(hh, self->requests, request);
    request_detach(request);
    copies_forget(request);
    upload_fini(request);
    body_clear(&request->body);
    free(request->held);
    free(request->uri);
    free(request->to_uri);
    free(request->path);
    free(request->to);
    free(request);
}

void
request_end(struct request *request, const struct message *message, struct body *take_body)
{
    struct session *session = request->session;

    if (session && !request->is_cancelled)
        session_say(request->router, session, message, take_body);
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

void
request_failed(struct request *request, enum outcome outcome, const struct report *report)
{
    struct report worded = *report;

    word_failure(request, &worded, false);
    request_answer(request, outcome, &worded);
}

void
request_abandon(struct request *request)
{
    bool waits = request->tag == WAIT_SYNC || (request->is_committed && !request->has_claim);

    if (request->is_upload)
        request_free(request);
    else if (waits)
        host_post(request->router->host, "journal",
            &(struct message){ .tag = GIVE_UP, .give_up = { request->number } }, NULL);
}

/* What was committed stays, and so does what is about to be. */
static void
on_cancel(void *arg, struct envelope *envelope)
{
    struct router *self = arg;
    struct session *session = session_of(self, envelope);
    struct request *request =
        session ? request_of_client(session, envelope_message(envelope)->cancel.id) : NULL;

    if (!request)
        return;
    if (request->is_waiting || request->is_working) {
        lookup_cancel(request);
        return;
    }
    request_detach(request);
    if (request->has_claim && !request->is_staged && !claim_is_granted(&request->claim))
        request_free(request);
    else
        request_abandon(request);
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
    self->place = a->primary.place;
    self->targets = a->targets;
    copies_open(self);
    self->next_number = a->run << 32 | 1;
    outcome = host_listen(host, a->endpoint, a->connections_max, report);
    if (outcome != DONE) {
        a->primary_kind->close(&self->primary);
        return outcome;
    }
    self->claims = claims_new();
    self->check_ms = clock_ms() + CHECK_MS;
    host_wake_at(host, self->check_ms);
    return DONE;
}

static void
router_close(void *arg)
{
    struct router *self = arg;

    self->is_closing = true;
    while (self->requests)
        request_free(self->requests);
    host_post(self->host, "journal",
        &(struct message){ .tag = FINISH, .finish = { self->next_number } }, NULL);
    while (self->sessions)
        session_end(self, self->sessions);
    claims_free(&self->claims);
    self->primary_kind->close(&self->primary);
}

static void
router_woken(void *arg)
{
    struct router *self = arg;

    if (self->check_ms <= clock_ms()) {
        uploads_expire(self);
        sessions_probe(self);
        self->check_ms = clock_ms() + CHECK_MS;
    }
    host_wake_at(self->host, self->check_ms);
    answers_woken(self);
    copies_woken(self);
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
    { EXPLAIN, on_explain },
    { RETRY_SYNC, on_retry_sync },
    { WAIT_SYNC, on_wait_sync },
    { CANCEL, on_cancel },
    { COMMITTED, on_committed },
    { SURVEYED, on_surveyed },
    { STAGED, on_staged },
    { STAGE_ROOM, on_stage_room },
    { SOUGHT, on_sought },
    { ROUTED, on_routed },
    { CONSULTED, on_consulted },
};

const struct actor_kind router_actor = {
    .name = "router",
    .size = sizeof(struct router),
    .open = router_open,
    .close = router_close,
    .woken = router_woken,
    HANDLERS(handlers),
};

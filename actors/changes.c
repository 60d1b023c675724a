/*
 * changes - what clients change, from the request to the COMMIT.
 *
 * Small results ride in the journal: a file of up to journal_body_bytes is
 * committed with its bytes, also when it comes from an append, a truncate or a
 * rename.  Larger ones are staged: those that need nothing of the old file
 * before the claim, so that a slow client holds up nobody; the others behind it.
 */

#include "actors/router_internal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/uri.h"

#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

enum how { REPLACE, APPEND, CREATE, AT_OFFSET, HOWS };
enum { MODE_FILE = 0644, MODE_DIRECTORY = 0755, MODE_BITS = 07777 };

static bool
is_small(const struct request *r, uint64_t size)
{
    return size <= r->router->conf->settings.journal_body_bytes;
}

/* ---- committing ------------------------------------------------------------------- */

static uint64_t
acks_of(const struct request *r)
{
    const struct conf *conf = r->router->conf;

    if (r->waits)
        return UINT64_MAX;
    if (r->acks != UINT64_MAX)
        return r->acks;
    return conf->sync_type == SYNC_SYNC ? conf->write_ack_count : 0;
}

static uint64_t
timeout_of(const struct request *r)
{
    if (r->timeout_ms > 0)
        return r->timeout_ms;
    return r->waits ? 0 : r->router->conf->write_ack_timeout_ms;
}

void
change_commit(struct request *r, enum change_kind kind, uint64_t inode)
{
    struct body body;

    r->is_committed = true;
    body_move(&body, &r->body);
    host_post(r->router->host, "journal",
        &(struct message){
            .tag = COMMIT,
            .commit = {
                .request = r->number,
                .kind = kind,
                .path = view_of(r->path),
                .to = view_of(r->to ? r->to : ""),
                .stage = view_of(r->is_staged ? r->stage : ""),
                .size = kind == PUT || kind == RENAME ? r->result_size : 0,
                .mode = r->mode,
                .mtime_ns = clock_wall_ns(),
                .hash = { (const char *) r->hash, r->has_hash ? sizeof r->hash : 0 },
                .inode = inode,
                .targets = r->router->targets,
                .acks = acks_of(r),
                .timeout_ms = timeout_of(r),
            },
        },
        &body);
}

/* The request's body is the whole file. */
static void
commit_small(struct request *r, enum change_kind kind)
{
    struct view bytes = body_view(&r->body);
    XXH128_canonical_t hash;

    XXH128_canonicalFromHash(&hash, XXH3_128bits(bytes.at, bytes.length));
    memcpy(r->hash, hash.digest, sizeof r->hash);
    r->has_hash = true;
    r->result_size = bytes.length;
    change_commit(r, kind, 0);
}

/* ---- granted: validate and go on ---------------------------------------------------- */

/* The small file that bytes at an offset, or a new size, make of one of `size` bytes. */
static void
commit_patched(struct request *r, const struct entry *old, uint64_t head, uint64_t size)
{
    struct view fresh = body_view(&r->body);
    char *bytes = memory_new(size);
    struct report report;
    enum outcome outcome = DONE;
    uint64_t kept = old->size < size ? old->size : size;

    if (kept > 0)
        outcome = read_whole(r->router, r->path, kept, bytes, &report);
    if (outcome != DONE) {
        free(bytes);
        request_answer(r, outcome, &report);
        return;
    }
    if (fresh.length > 0)
        memcpy(bytes + head, fresh.at, fresh.length);
    body_clear(&r->body);
    body_wrap(&r->body, bytes, size);
    commit_small(r, PUT);
}

/* New bytes at `head` of the old file, which keeps what is behind them if `tail`. */
static void
patch(struct request *r, const struct entry *old, uint64_t head, bool tail)
{
    uint64_t end = head + body_view(&r->body).length;
    uint64_t size = tail && old->size > end ? old->size : end;
    bool is_whole = r->size == body_view(&r->body).length;
    struct body piece;

    if (head > INT64_MAX || end > INT64_MAX) {
        struct report report;

        report_set(&report, REFUSED, CAUSE_TOO_LARGE, "no file has %" PRIu64 " bytes", end);
        request_answer(r, REFUSED, &report);
        return;
    }
    if (is_whole && is_small(r, size) && is_small(r, old->size)) {
        commit_patched(r, old, head, size);
        return;
    }
    upload_begin(r, old->version ? r->path : NULL, head, r->size, tail);
    body_move(&piece, &r->body);
    upload_piece(r, &piece, is_whole);
    r->is_upload = !is_whole;
}

static void
granted_write(struct request *r)
{
    struct report report;
    struct entry old = { 0 };
    enum outcome outcome = look(r->router, r->path, &old, &report);

    if (outcome == DONE && old.is_directory)
        outcome = report_set(&report, REFUSED, CAUSE_IS_A_DIRECTORY,
            "%s is a directory; only files are written", r->path);
    else if (outcome == DONE && r->how == CREATE)
        outcome = report_set(&report, REFUSED, CAUSE_ALREADY_EXISTS, "%s exists already", r->path);
    else if (outcome != DONE && report.cause == CAUSE_NOT_FOUND)
        outcome = parents_fit(r->router, r->path, &report);
    if (outcome != DONE) {
        request_answer(r, outcome, &report);
        return;
    }
    if (r->mode == 0)
        r->mode = old.version ? old.mode : MODE_FILE;
    if (r->is_staged)
        change_commit(r, PUT, 0);
    else if (r->how == APPEND)
        patch(r, &old, old.size, false);
    else if (r->how == AT_OFFSET)
        patch(r, &old, r->offset, true);
    else
        commit_small(r, PUT);
}

static void
granted_truncate(struct request *r)
{
    struct report report;
    struct entry old;
    enum outcome outcome = look(r->router, r->path, &old, &report);

    if (outcome == DONE && old.is_directory)
        outcome = report_set(&report, REFUSED, CAUSE_IS_A_DIRECTORY,
            "%s is a directory; only files have a size", r->path);
    if (outcome == DONE && r->size > INT64_MAX)
        outcome =
            report_set(&report, REFUSED, CAUSE_TOO_LARGE, "no file has %" PRIu64 " bytes", r->size);
    if (outcome != DONE) {
        request_answer(r, outcome, &report);
        return;
    }
    r->mode = old.mode;
    if (is_small(r, r->size))
        commit_patched(r, &old, 0, r->size);
    else
        upload_begin(r, r->path, r->size, 0, false);
    r->is_upload = false;
}

static void
granted_delete(struct request *r)
{
    struct report report;
    struct entry old;
    enum outcome outcome = look(r->router, r->path, &old, &report);

    if (outcome != DONE && report.cause == CAUSE_NOT_FOUND) {
        request_answer(r, DONE, &report);
        return;
    }
    if (outcome == DONE && old.is_directory && !r->recursive)
        outcome = report_set(&report, REFUSED, CAUSE_DIRECTORY_NOT_EMPTY,
            "cannot remove the directory %s without --recursive", r->path);
    if (outcome != DONE)
        request_answer(r, outcome, &report);
    else
        change_commit(r, old.is_directory ? REMOVE_TREE : REMOVE, 0);
}

static void
granted_make(struct request *r)
{
    struct report report;
    struct entry old;
    enum outcome outcome = look(r->router, r->path, &old, &report);

    if (outcome == DONE)
        outcome = report_set(&report, REFUSED, CAUSE_ALREADY_EXISTS, "%s exists already", r->path);
    else if (report.cause == CAUSE_NOT_FOUND)
        outcome = parents_fit(r->router, r->path, &report);
    if (r->mode == 0)
        r->mode = MODE_DIRECTORY;
    if (outcome != DONE)
        request_answer(r, outcome, &report);
    else
        change_commit(r, MKDIR, 0);
}

static enum outcome
target_fits(struct request *r, const struct entry *from, struct report *report)
{
    struct entry to;
    enum outcome outcome = look(r->router, r->to, &to, report);

    if (outcome == DONE && to.is_directory)
        return report_set(report, REFUSED, CAUSE_ALREADY_EXISTS,
            "%s is a directory; name the new path in full", r->to);
    if (outcome == DONE && from->is_directory)
        return report_set(report, REFUSED, CAUSE_NOT_A_DIRECTORY,
            "%s is a file, and a directory cannot take its place", r->to);
    if (outcome != DONE && report->cause == CAUSE_NOT_FOUND)
        return parents_fit(r->router, r->to, report);
    return outcome;
}

/* A file's content goes with the record, so that recovery need not look for it. */
static void
move_file(struct request *r, const struct entry *from)
{
    struct report report;
    char *bytes;

    r->mode = from->mode;
    if (!is_small(r, from->size)) {
        upload_begin(r, r->path, UINT64_MAX, 0, false);
        r->is_upload = false;
        return;
    }
    bytes = memory_new(from->size);
    if (read_whole(r->router, r->path, from->size, bytes, &report) != DONE) {
        free(bytes);
        request_answer(r, RETRY, &report);
        return;
    }
    body_wrap(&r->body, bytes, from->size);
    commit_small(r, RENAME);
}

static void
granted_move(struct request *r)
{
    struct report report;
    struct entry from;
    enum outcome outcome = look(r->router, r->path, &from, &report);

    if (outcome == DONE && path_is_under(view_of(r->to), view_of(r->path)))
        outcome = report_set(&report, REFUSED, CAUSE_INVALID_OPERATION,
            "%s cannot be moved below itself", r->path);
    if (outcome == DONE)
        outcome = target_fits(r, &from, &report);
    if (outcome != DONE)
        request_answer(r, outcome, &report);
    else if (from.is_directory)
        change_commit(r, RENAME, from.version);
    else
        move_file(r, &from);
}

static void
granted_mode(struct request *r)
{
    struct report report;
    struct entry old;
    enum outcome outcome = look(r->router, r->path, &old, &report);

    if (outcome != DONE)
        request_answer(r, outcome, &report);
    else
        change_commit(r, CHMOD, 0);
}

static void
on_granted(struct claim *claim)
{
    struct request *r = (struct request *) claim;

    switch (r->tag) {
    case WRITE: granted_write(r); break;
    case TRUNCATE: granted_truncate(r); break;
    case DELETE: granted_delete(r); break;
    case MAKE: granted_make(r); break;
    case MOVE: granted_move(r); break;
    case MODE: granted_mode(r); break;
    default: break;
    }
}

void
change_claim(struct request *r)
{
    r->has_claim = true;
    r->claim.granted = on_granted;
    claim_ask(r->router->claims, &r->claim, r->path, r->to);
}

/* ---- requests ----------------------------------------------------------------------- */

static void
set_wishes(struct request *r, uint64_t acks, bool waits, uint64_t timeout_ms)
{
    r->acks = acks;
    r->waits = waits;
    r->timeout_ms = timeout_ms;
}

/* False: refused and answered. */
static bool
is_permitted(struct request *r, enum uri_use use, struct view uri, const char *path)
{
    struct report report;

    if (uri_permits(use, uri, view_of(path), &report) == DONE)
        return true;
    request_answer(r, REFUSED, &report);
    return false;
}

static bool
write_makes_sense(struct request *r, const struct message_write *m, uint64_t length)
{
    struct report report;

    if (m->how < HOWS && (m->size == SIZE_UNKNOWN || m->size >= length) && m->mode <= MODE_BITS)
        return true;
    report_set(&report, REFUSED, CAUSE_INVALID_ARGUMENT,
        m->how >= HOWS            ? "WRITE: how is 0, 1, 2 or 3"
            : m->mode > MODE_BITS ? "WRITE: mode has other than permission bits"
                                  : "WRITE: the body is longer than the size announced");
    request_answer(r, REFUSED, &report);
    return false;
}

/* A large body is staged before the claim, with the mode that the file has by then. */
static void
begin_large(struct request *r)
{
    struct report report;
    struct entry old;
    struct body piece;

    if (r->mode == 0)
        r->mode = look(r->router, r->path, &old, &report) == DONE && !old.is_directory ? old.mode
                                                                                       : MODE_FILE;
    body_move(&piece, &r->body);
    upload_begin(r, NULL, 0, r->size, false);
    upload_piece(r, &piece, body_view(&piece).length == r->size);
    r->is_upload = r->heard != r->size;
}

void
on_write(void *arg, struct envelope *envelope)
{
    const struct message_write *m = &envelope_message(envelope)->write;
    struct request *r = request_new(arg, envelope, m->id);

    if (!r || !write_makes_sense(r, m, body_view(envelope_body(envelope)).length) ||
        !request_paths(r, m->uri, view_of("")) || !is_permitted(r, URI_FILE, m->uri, r->path))
        return;
    set_wishes(r, m->acks, m->wait, m->timeout_ms);
    r->how = m->how;
    r->offset = m->offset;
    r->size = m->size;
    r->mode = (uint32_t) m->mode;
    body_move(&r->body, envelope_body(envelope));
    if (r->how == APPEND || r->how == AT_OFFSET ||
        (body_view(&r->body).length == r->size && is_small(r, r->size))) {
        change_claim(r);
        return;
    }
    begin_large(r);
}

void
on_truncate(void *arg, struct envelope *envelope)
{
    const struct message_truncate *m = &envelope_message(envelope)->truncate;
    struct request *r = request_new(arg, envelope, m->id);

    if (!r || !request_paths(r, m->uri, view_of("")) || !is_permitted(r, URI_FILE, m->uri, r->path))
        return;
    set_wishes(r, m->acks, m->wait, m->timeout_ms);
    r->size = m->size;
    change_claim(r);
}

void
on_delete(void *arg, struct envelope *envelope)
{
    const struct message_delete *m = &envelope_message(envelope)->delete;
    struct request *r = request_new(arg, envelope, m->id);

    if (!r || !request_paths(r, m->uri, view_of("")) ||
        !is_permitted(r, URI_REMOVAL, m->uri, r->path))
        return;
    set_wishes(r, m->acks, m->wait, m->timeout_ms);
    r->recursive = m->recursive;
    change_claim(r);
}

void
on_make(void *arg, struct envelope *envelope)
{
    const struct message_make *m = &envelope_message(envelope)->make;
    struct request *r = request_new(arg, envelope, m->id);

    if (!r || !request_paths(r, m->uri, view_of("")) ||
        !is_permitted(r, URI_DIRECTORY, m->uri, r->path))
        return;
    set_wishes(r, m->acks, m->wait, m->timeout_ms);
    r->mode = (uint32_t) (m->mode & MODE_BITS);
    change_claim(r);
}

void
on_move(void *arg, struct envelope *envelope)
{
    const struct message_move *m = &envelope_message(envelope)->move;
    struct request *r = request_new(arg, envelope, m->id);
    struct report report;

    if (!r || !request_paths(r, m->uri, m->to))
        return;
    if (!r->to || strcmp(r->path, r->to) == 0) {
        report_set(&report, REFUSED, CAUSE_INVALID_ARGUMENT,
            r->to ? "both names are the same" : "the new name is missing");
        request_answer(r, REFUSED, &report);
        return;
    }
    if (!is_permitted(r, URI_REMOVAL, m->uri, r->path) ||
        !is_permitted(r, URI_DIRECTORY, m->to, r->to))
        return;
    set_wishes(r, m->acks, m->wait, m->timeout_ms);
    change_claim(r);
}

void
on_mode(void *arg, struct envelope *envelope)
{
    const struct message_mode *m = &envelope_message(envelope)->mode;
    struct request *r = request_new(arg, envelope, m->id);

    if (!r || !request_paths(r, m->uri, view_of("")))
        return;
    set_wishes(r, m->acks, m->wait, m->timeout_ms);
    r->mode = (uint32_t) (m->mode & MODE_BITS);
    change_claim(r);
}

/* ---- the answer ----------------------------------------------------------------------- */

static void
answer_committed(struct request *r, const struct message_committed *m, struct body *copies)
{
    char hash[2 * sizeof r->hash + 1] = "";

    for (size_t i = 0; i < sizeof r->hash && r->has_hash; i++)
        snprintf(hash + 2 * i, 3, "%02x", r->hash[i]);
    request_end(r,
        &(struct message){
            .tag = ANSWER,
            .answer = { .id = r->id,
                .outcome = m->outcome,
                .cause = m->cause,
                .reason = m->reason,
                .seq = m->seq,
                .size = r->result_size,
                .hash = view_of(hash),
                .required = m->required,
                .acked = m->acked },
        },
        copies);
}

void
on_committed(void *arg, struct envelope *envelope)
{
    const struct message_committed *m = &envelope_message(envelope)->committed;
    struct request *r = request_find(arg, m->request);

    if (!r)
        return;
    if (r->has_claim) {
        r->has_claim = false;
        claim_drop(r->router->claims, &r->claim);
    }
    if (m->is_final)
        answer_committed(r, m, envelope_body(envelope));
}

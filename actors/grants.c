/*
 * grants - what becomes of a change once its paths are its own.
 *
 * Small results ride in the journal: a file of up to journal_body_bytes is
 * committed with its bytes, also when it comes from an append, a truncate or a
 * rename.  Larger ones are staged: those that need nothing of the old file
 * before the claim, so that a slow client holds up nobody; the others behind it.
 */

#include "actors/router_internal.h"

#include "base/memory.h"
#include "base/path.h"

#include <inttypes.h>
#include <string.h>

bool
is_small(const struct request *r, uint64_t size)
{
    return size <= r->router->conf->settings.journal_body_bytes;
}

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
        request_failed(r, outcome, &report);
        return;
    }
    if (fresh.length > 0)
        memcpy(bytes + head, fresh.at, fresh.length);
    body_clear(&r->body);
    body_wrap(&r->body, bytes, size);
    change_commit_small(r, PUT);
}

static void
answer_too_large(struct request *r, uint64_t size)
{
    struct report report;

    report_set(&report, REFUSED, CAUSE_TOO_LARGE, "no file has %" PRIu64 " bytes", size);
    request_answer(r, REFUSED, &report);
}

/* New bytes at `head` of the old file, which keeps what is behind them if `tail`. */
static void
patch(struct request *r, const struct entry *old, uint64_t head, bool tail)
{
    uint64_t length = body_view(&r->body).length;
    uint64_t fresh = r->size == SIZE_UNKNOWN ? length : r->size;
    uint64_t size = tail && old->size > head + fresh ? old->size : head + fresh;
    const char *base = old->version ? r->path : NULL;
    struct body whole;

    if (head > INT64_MAX || fresh > INT64_MAX - head) {
        answer_too_large(r, size);
        return;
    }
    if (r->is_upload || r->pieces) {
        upload_begin(r, base, head, r->size, tail);
        return;
    }
    if (is_small(r, size) && is_small(r, old->size)) {
        commit_patched(r, old, head, size);
        return;
    }
    upload_begin(r, base, head, r->size, tail);
    body_move(&whole, &r->body);
    upload_piece(r, &whole, true);
    r->is_upload = false;
}

enum outcome
write_fits(struct request *r, struct entry *old, struct report *report)
{
    enum outcome outcome = look(r->router, r->path, old, report);

    if (outcome == DONE && old->is_directory)
        return report_set(report, REFUSED, CAUSE_IS_A_DIRECTORY,
            "Directory URI is not writable as a file: %.400s.", r->uri);
    if (outcome == DONE)
        return r->how == CREATE ? word_cause(report, CAUSE_ALREADY_EXISTS, r->uri) : DONE;
    *old = (struct entry){ 0 };
    if (report->cause == CAUSE_NOT_FOUND)
        return parents_fit(r->router, r->path, report);
    word_failure(r, report, false);
    return outcome;
}

static void
granted_write(struct request *r)
{
    struct report report;
    struct entry old;
    enum outcome outcome = write_fits(r, &old, &report);

    if (outcome != DONE) {
        request_answer(r, outcome, &report);
        return;
    }
    r->old = old;
    if (r->mode == 0)
        r->mode = old.version ? old.mode : MODE_FILE;
    if (r->is_staged)
        change_commit(r, PUT, 0);
    else if (r->how == APPEND)
        patch(r, &old, old.size, false);
    else if (r->how == AT_OFFSET)
        patch(r, &old, r->offset, true);
    else
        change_commit_small(r, PUT);
}

static void
granted_truncate(struct request *r)
{
    struct report report;
    struct entry old;
    enum outcome outcome = look(r->router, r->path, &old, &report);

    if (outcome != DONE) {
        request_failed(r, outcome, &report);
        return;
    }
    if (old.is_directory) {
        report_set(&report, REFUSED, CAUSE_IS_A_DIRECTORY,
            "Directory URI has no size to be set: %.400s", r->uri);
        request_answer(r, REFUSED, &report);
        return;
    }
    if (r->size > INT64_MAX) {
        answer_too_large(r, r->size);
        return;
    }
    r->old = old;
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
    if (outcome == DONE && old.is_directory && !r->recursive) {
        outcome = REFUSED;
        report.cause = CAUSE_DIRECTORY_NOT_EMPTY;
    }
    r->old = old;
    if (outcome != DONE)
        request_failed(r, outcome, &report);
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
        outcome = word_cause(&report, CAUSE_ALREADY_EXISTS, r->uri);
    else if (report.cause == CAUSE_NOT_FOUND)
        outcome = parents_fit(r->router, r->path, &report);
    else
        word_failure(r, &report, false);
    if (r->mode == 0)
        r->mode = MODE_DIRECTORY;
    if (outcome != DONE)
        request_answer(r, outcome, &report);
    else
        change_commit(r, MKDIR, 0);
}

/* Its sentences are the client's already. */
static enum outcome
target_fits(struct request *r, const struct entry *from, struct report *report)
{
    struct entry to;
    enum outcome outcome = look(r->router, r->to, &to, report);

    if (outcome == DONE && to.is_directory)
        return word_cause(report, CAUSE_ALREADY_EXISTS, r->to_uri);
    if (outcome == DONE && from->is_directory)
        return word_cause(report, CAUSE_NOT_A_DIRECTORY, r->to_uri);
    if (outcome != DONE && report->cause == CAUSE_NOT_FOUND)
        return parents_fit(r->router, r->to, report);
    if (outcome != DONE)
        word_failure(r, report, true);
    return outcome;
}

/* A file's content goes with the record, so that recovery need not look for it. */
static void
move_file(struct request *r, const struct entry *from)
{
    struct report report;
    enum outcome outcome;
    char *bytes;

    r->mode = from->mode;
    if (!is_small(r, from->size)) {
        upload_begin(r, r->path, UINT64_MAX, 0, false);
        r->is_upload = false;
        return;
    }
    bytes = memory_new(from->size);
    outcome = read_whole(r->router, r->path, from->size, bytes, &report);
    if (outcome != DONE) {
        free(bytes);
        request_failed(r, outcome, &report);
        return;
    }
    body_wrap(&r->body, bytes, from->size);
    change_commit_small(r, RENAME);
}

static void
granted_move(struct request *r)
{
    struct report report;
    struct entry from;
    enum outcome outcome = look(r->router, r->path, &from, &report);

    if (outcome != DONE) {
        request_failed(r, outcome, &report);
        return;
    }
    if (path_is_under(view_of(r->to), view_of(r->path)))
        outcome = report_set(&report, REFUSED, CAUSE_INVALID_OPERATION,
            "Cannot move below itself: %.400s", r->uri);
    else
        outcome = target_fits(r, &from, &report);
    r->old = from;
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

    r->old = old;
    if (outcome != DONE)
        request_failed(r, outcome, &report);
    else
        change_commit(r, CHMOD, old.is_directory ? old.version : 0);
}

static void
on_granted(struct claim *claim)
{
    struct request *r = (struct request *) claim;

    if (r->router->is_closing)
        return;
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

/*
 * The content of a change, from the primary, as it is there by now.
 *
 *     FETCH ──▶ CHUNK  bytes          begin, give, FETCH the next while they are written
 *                      replaced       begin again with the new one
 *                      a directory    make it one here; what is in it stays
 *                      nothing, or a file that this backup excludes:
 *                                     see actors/absence.h
 *
 * At most one FETCH of a change is under way, so every CHUNK that is heard
 * while it fetches is the answer to its last question.
 */

#include "actors/store_internal.h"

#include "conf/policy.h"

#include <stdio.h>

enum { FETCH_TRIES = 16 }; /* a file that is replaced this often while it is read rests */

static void
tell_fetch(const struct apply *apply, const char *path, uint64_t length)
{
    struct store *self = apply->store;

    host_post(self->host, "reader",
        &(struct message){
            .tag = FETCH,
            .fetch = {
                .mailbox = view_of(self->name),
                .attempt = apply->change.seq,
                .path = view_of(path),
                .offset = apply->fetched,
                .length = length,
                .version = apply->version,
            },
        },
        NULL);
}

void
fetch_stop(struct apply *apply)
{
    struct apply *found;

    HASH_FIND(hh, apply->store->fetching, &apply->change.seq, sizeof apply->change.seq, found);
    if (found == apply)
        HASH_DEL(apply->store->fetching, apply);
}

static bool
is_excluded(const struct apply *apply, const char *path, uint64_t size)
{
    return policies_match(apply->store->excludes, view_of(path), size) != NULL;
}

/* ---- what the primary does not have ---------------------------------------------------- */

static void
ask_primary(void *context, const char *path)
{
    tell_fetch(context, path, 0);
}

static void
on_absence_ended(void *context, enum outcome outcome, const struct report *report)
{
    apply_end(context, outcome, report);
}

/* The path is gone on the primary, so it goes here. */
static void
begin_absence(struct apply *apply)
{
    apply->absence = absence_new(apply->store->kind, apply->store->backend, apply->path,
        apply->change.seq,
        &(struct prune_caller){ .context = apply, .ask = ask_primary, .ended = on_absence_ended });
    absence_begin(apply->absence);
}

static void
on_prune_ended(void *context, enum outcome outcome, const struct report *report)
{
    struct apply *apply = context;

    if (outcome == DONE && prune_found_nothing(apply->prune))
        begin_absence(apply);
    else
        apply_end(apply, outcome, report);
}

static void
begin_prune(struct apply *apply)
{
    apply->prune = prune_new(apply->store->kind, apply->store->backend, apply->path,
        apply->change.seq,
        &(struct prune_caller){ .context = apply, .ask = ask_primary, .ended = on_prune_ended });
    prune_begin(apply->prune);
}

void
fetch_start(struct apply *apply)
{
    HASH_ADD(hh, apply->store->fetching, change.seq, sizeof apply->change.seq, apply);
    if ((unsigned) apply->change.kind == APPLY_PRUNE)
        begin_prune(apply);
    else if (is_excluded(apply, apply->path, 0))
        tell_fetch(apply, apply->path, 0); /* by its name: what matters is what it is */
    else
        tell_fetch(apply, apply->path, UINT64_MAX);
}

/* ---- its content ------------------------------------------------------------------------ */

/* It was replaced while we read it: begin again with the new one. */
static void
fetch_again(struct apply *apply, const struct report *report)
{
    apply_cancel(apply);
    apply->fetched = 0;
    apply->version = 0;
    if (++apply->tries < FETCH_TRIES)
        tell_fetch(apply, apply->path, UINT64_MAX);
    else
        apply_end(apply, RETRY, report);
}

static void
begin_directory(struct apply *apply, uint32_t mode)
{
    fetch_stop(apply);
    apply->change.kind = MKDIR;
    apply->change.mode = mode;
    apply_begin(apply);
}

static void
fetch_failed(struct apply *apply, const struct message_chunk *m, const struct report *report)
{
    if (m->cause == CAUSE_CONFLICT || (m->outcome == REFUSED && apply->is_begun)) {
        fetch_again(apply, report);
    } else if (m->cause == CAUSE_NOT_FOUND || m->cause == CAUSE_NOT_A_DIRECTORY) {
        begin_absence(apply);
    } else if (m->cause == CAUSE_IS_A_DIRECTORY) {
        begin_directory(apply, (uint32_t) m->mode);
    } else {
        apply_cancel(apply);
        apply_end(apply, m->outcome, report);
    }
}

/* False if that was the end of it: an empty file, or a refusal. */
static bool
fetch_begins(struct apply *apply, const struct message_chunk *m)
{
    apply->version = m->version;
    apply->change.size = m->size;
    apply->change.mode = (uint32_t) m->mode;
    apply->change.mtime_ns = m->mtime_ns;
    return apply_begin(apply);
}

static void
take_bytes(struct apply *apply, const struct message_chunk *m, struct body *body)
{
    size_t length = body_view(body).length;
    struct report report;

    if (!apply->is_begun && is_excluded(apply, apply->path, m->size)) {
        begin_absence(apply);
        return;
    }
    if (!apply->is_begun && !fetch_begins(apply, m))
        return;
    if (length == 0 || m->offset != apply->fetched) {
        report_set(&report, RETRY, CAUSE_CONFLICT, "%s became another while it was read",
            apply->path);
        fetch_again(apply, &report);
        return;
    }
    apply->fetched += length;
    if (apply->fetched >= m->size)
        fetch_stop(apply);
    else
        tell_fetch(apply, apply->path, UINT64_MAX); /* read while this one is written */
    apply_give(apply, body);
}

/* A file that is excluded here counts as none. */
static void
hear_for_prune(struct apply *apply, const struct message_chunk *m, struct report *report)
{
    const char *path = prune_asked(apply->prune);
    enum outcome outcome = m->outcome;

    if (outcome == DONE && is_excluded(apply, path, m->size))
        outcome = report_set(report, REFUSED, CAUSE_NOT_FOUND, "%s is excluded", path);
    prune_heard(apply->prune, outcome, report);
}

void
fetch_heard(struct store *self, struct envelope *envelope)
{
    const struct message_chunk *m = &envelope_message(envelope)->chunk;
    struct report report = { .cause = m->cause };
    struct apply *apply;

    HASH_FIND(hh, self->fetching, &m->attempt, sizeof m->attempt, apply);
    if (!apply)
        return; /* it failed here, with this on its way */
    snprintf(report.text, sizeof report.text, "%.*s", VIEW(m->reason));
    if (apply->absence)
        absence_heard(apply->absence, m->outcome, &report, (uint32_t) m->mode);
    else if (apply->prune)
        hear_for_prune(apply, m, &report);
    else if (m->outcome != DONE)
        fetch_failed(apply, m, &report);
    else
        take_bytes(apply, m, envelope_body(envelope));
}

/*
 * promises - from a COMMIT to its record, and what the primary answers.
 *
 *     COMMIT     becomes an op and a PROMISE record, in the order of arrival;
 *                the rename of a directory waits until all before it is
 *                durable on the primary, and all behind it waits for it
 *     applied    its backups are owed it, and the client hears or waits
 *     refused    an ABORT record; the client hears once that is durable
 */

#include "actors/journal_internal.h"

#include "actors/plan.h"
#include "actors/store.h"
#include "base/clock.h"
#include "base/memory.h"

#include <string.h>
#include <utlist.h>

enum {
    HEADER_ROOM = 16384, /* bytes of a packed PROMISE: three paths and some */
};

/* ---- ops ---------------------------------------------------------------------- */

void
op_free(struct op **op)
{
    if (!*op)
        return;
    free((*op)->path);
    free((*op)->to);
    free((*op)->stage);
    body_clear(&(*op)->body);
    free(*op);
    *op = NULL;
}

static char *
dup_or_null(struct view text)
{
    return text.length > 0 ? view_dup(text) : NULL;
}

static struct op *
op_of(const struct message_commit *m, struct body *take_body)
{
    struct op *op = memory_new(sizeof *op);

    op->request = m->request;
    op->kind = (enum change_kind) m->kind;
    op->path = view_dup(m->path);
    op->to = dup_or_null(m->to);
    op->stage = dup_or_null(m->stage);
    op->size = m->size;
    op->mode = (uint32_t) m->mode;
    op->mtime_ns = m->mtime_ns;
    op->inode = m->inode;
    op->targets = m->targets;
    op->compared = m->compared;
    op->acks = m->acks;
    op->timeout_ms = m->timeout_ms;
    op->has_hash = m->hash.length == sizeof op->hash;
    if (op->has_hash)
        memcpy(op->hash, m->hash.at, sizeof op->hash);
    body_move(&op->body, take_body);
    return op;
}

static void
tell_committed(struct journal *self, uint64_t request, const struct message_committed *m,
    struct body *take_body)
{
    struct message message = { .tag = COMMITTED, .committed = *m };

    message.committed.request = request;
    host_post(self->host, "router", &message, take_body);
}

void
tell_refused(struct journal *self, const struct op *op, enum outcome outcome,
    const struct report *report)
{
    tell_committed(self, op->request,
        &(struct message_committed){ .outcome = outcome,
            .cause = report->cause,
            .reason = view_of(report->text),
            .is_final = true },
        NULL);
}

/* ---- records ------------------------------------------------------------------ */

static size_t
pack_ids(const struct journal *self, uint64_t targets, char ids[4 * BACKUPS_MAX])
{
    size_t length = 0;

    for (unsigned b = 0; b < self->backup_count; b++)
        if (targets & (UINT64_C(1) << b)) {
            for (unsigned byte = 0; byte < 4; byte++)
                ids[length++] = (char) (self->ids[b] >> (8 * byte));
        }
    return length;
}

uint64_t
journal_targets(const struct journal *self, struct view ids)
{
    uint64_t targets = 0;

    for (size_t i = 0; i + 4 <= ids.length; i += 4) {
        const uint8_t *at = (const uint8_t *) ids.at + i;
        uint32_t id =
            at[0] | (uint32_t) at[1] << 8 | (uint32_t) at[2] << 16 | (uint32_t) at[3] << 24;

        for (unsigned b = 0; b < self->backup_count; b++)
            if (self->ids[b] == id)
                targets |= UINT64_C(1) << b;
    }
    return targets;
}

static enum outcome
append_promise(struct journal *self, const struct op *op, struct report *report)
{
    char ids[4 * BACKUPS_MAX], compared_ids[4 * BACKUPS_MAX], header[HEADER_ROOM];
    struct message message = {
        .tag = PROMISE,
        .promise = {
            .kind = op->kind,
            .path = view_of(op->path),
            .to = view_of(op->to ? op->to : ""),
            .stage = view_of(op->stage ? op->stage : ""),
            .size = op->size,
            .mode = op->mode,
            .mtime_ns = op->mtime_ns,
            .hash = { (const char *) op->hash, op->has_hash ? sizeof op->hash : 0 },
            .inode = op->inode,
            .targets = { ids, pack_ids(self, op->targets, ids) },
            .compared = { compared_ids, pack_ids(self, op->compared, compared_ids) },
        },
    };
    size_t length = message_pack(&message, header, sizeof header);

    return wal_append(self->wal, RECORD_PROMISE, op->seq, (struct view){ header, length },
        body_view(&op->body), report);
}

static void
append_note(struct journal *self, enum record_type type, const struct message *message)
{
    char header[64];
    size_t length = message_pack(message, header, sizeof header);
    struct report report;

    if (wal_append(self->wal, (uint8_t) type, self->next_seq - 1, (struct view){ header, length },
            view_of(""), &report) != DONE)
        journal_break(self, &report);
}

void
journal_append_noted(struct journal *self, unsigned backup, uint64_t seq)
{
    append_note(self, RECORD_NOTED,
        &(struct message){
            .tag = NOTED,
            .noted = { .backup = self->ids[backup], .seq = seq },
        });
    if (self->noted_ms == 0)
        self->noted_ms = clock_ms();
}

/* ---- committing --------------------------------------------------------------- */

void
journal_keep_stage(struct journal *self, uint64_t seq, const char *path)
{
    size_t length = strlen(path);
    struct stage_left *left = memory_new(sizeof *left + length + 1);

    left->seq = seq;
    memcpy(left->path, path, length);
    LL_APPEND(self->stages, left);
}

static bool
renames_directory(const struct op *op)
{
    return op->kind == RENAME && op->inode != 0;
}

static void
promise(struct journal *self, struct op *op)
{
    struct report report;

    op->seq = self->next_seq++;
    if (append_promise(self, op, &report) != DONE) {
        tell_refused(self, op, REFUSED, &report);
        op_free(&op);
        return;
    }
    if (op->stage)
        journal_keep_stage(self, op->seq, op->stage);
    HASH_ADD(hh, self->ops, seq, sizeof op->seq, op);
    DL_APPEND(self->group, op);
    if (self->dirty_ms == 0)
        self->dirty_ms = clock_ms();
}

static void
admit(struct journal *self, struct op *op)
{
    if (self->renaming) {
        DL_APPEND(self->deferred, op);
    } else if (renames_directory(op)) {
        self->renaming = op;
        self->rename_asks = true;
    } else {
        promise(self, op);
    }
}

void
on_commit(void *arg, struct envelope *envelope)
{
    struct journal *self = arg;
    struct op *op = op_of(&envelope_message(envelope)->commit, envelope_body(envelope));

    if (self->is_broken) {
        struct report report;

        report_set(&report, RETRY, CAUSE_IO, "the journal cannot be written; see the log");
        tell_refused(self, op, RETRY, &report);
        op_free(&op);
        return;
    }
    admit(self, op);
}

static void
ask_flush(struct journal *self, uint64_t store, enum ticket ticket)
{
    char name[STORE_NAME_BYTES];

    store_name(name, store);
    host_post(self->host, name, &(struct message){ .tag = FLUSH, .flush = { .ticket = ticket } },
        NULL);
}

/* Only behind the APPLYs of all that was promised before it does a FLUSH make that durable. */
void
ask_rename(struct journal *self)
{
    if (!self->rename_asks)
        return;
    self->rename_asks = false;
    ask_flush(self, 0, TICKET_RENAME);
}

/* All before the rename of a directory is durable: it may be promised now. */
void
rename_flushed(struct journal *self, const struct message_flushed *m)
{
    struct op *op = self->renaming, *waiting = self->deferred, *next;
    struct report report = { .cause = m->cause };

    if (!op)
        return;
    self->renaming = NULL;
    self->deferred = NULL;
    snprintf(report.text, sizeof report.text, "%.*s", VIEW(m->reason));
    if (m->outcome == DONE) {
        promise(self, op);
    } else {
        tell_refused(self, op, RETRY, &report);
        op_free(&op);
    }
    DL_FOREACH_SAFE(waiting, op, next)
    {
        DL_DELETE(waiting, op);
        admit(self, op);
    }
}

/* ---- the primary's answers ------------------------------------------------------ */

/* What the ledgers are told of it. */
static struct promise
promise_of(const struct op *op)
{
    return (struct promise){
        .seq = op->seq,
        .kind = op->kind,
        .path = op->path,
        .to = op->to,
        .is_directory = renames_directory(op),
        .mode = op->mode,
        .size = op->size,
        .mtime_ns = op->mtime_ns,
        .body = op->kind == PUT && !op->stage ? &op->body : NULL,
    };
}

static void
owe(struct journal *self, const struct op *op, struct wait *wait)
{
    const struct promise p = promise_of(op);

    for (unsigned b = 0; b < self->backup_count; b++) {
        bool gets_it = op->targets & (UINT64_C(1) << b);

        if (op->compared & (UINT64_C(1) << b))
            ledger_compare(self->ledger, b, &p, gets_it ? wait : NULL);
        else if (gets_it)
            ledger_promise(self->ledger, b, &p, wait);
    }
}

/* Those that may get changes and do not get this one, and why. */
static void
note_excluded(struct journal *self, const struct op *op, struct wait *wait)
{
    for (unsigned b = 0; b < self->backup_count; b++) {
        if (!self->backups[b].receives || (op->targets & (UINT64_C(1) << b)))
            continue;
        wait->excluded |= UINT64_C(1) << b;
        wait->backup[b].rule = plan_rule(self->conf, b, op->to ? op->to : op->path, op->size);
        self->excluded[b]++;
    }
}

/*
 * What the configuration asks for is cut to the backups that get the change;
 * but if there is none of them, a copy that is asked for is missed.
 */
static uint64_t
acks_wanted(const struct op *op)
{
    uint64_t eligible = (uint64_t) __builtin_popcountll(op->targets);

    return op->acks < eligible || eligible == 0 ? op->acks : eligible;
}

static void
begin_wait(struct journal *self, const struct op *op, struct wait *wait)
{
    if (op->targets == 0)
        wait->deadline_ms = clock_ms(); /* nothing more will come */
    else if (op->timeout_ms > 0)
        wait->deadline_ms = clock_ms() + op->timeout_ms;
    DL_APPEND(self->waits, wait);
}

/* The primary has it: the backups are owed it, and the client hears or waits. */
static void
primary_done(struct journal *self, struct op *op)
{
    struct wait *wait = wait_new(self->backup_count, op->request, op->seq, op->targets);
    struct body copies;

    wait->required = acks_wanted(op);
    note_excluded(self, op, wait);
    version_note(self, op);
    owe(self, op, wait->required > 0 ? wait : NULL);
    body_init(&copies);
    if (wait->required > 0) {
        begin_wait(self, op, wait);
    } else {
        wait->pending = op->targets;
        pack_copies(self, wait, &copies);
    }
    tell_committed(self, op->request,
        &(struct message_committed){ .outcome = DONE,
            .seq = op->seq,
            .is_final = wait->required == 0,
            .required = wait->required },
        &copies);
    if (wait->required == 0)
        wait_free(wait);
}

/* Nobody knows what the primary has now: every backup is made as it is. */
static void
owe_comparison(struct journal *self, const struct op *op)
{
    const struct promise p = promise_of(op);

    for (unsigned b = 0; b < self->backup_count; b++)
        if ((op->targets | op->compared) & (UINT64_C(1) << b))
            ledger_compare(self->ledger, b, &p, NULL);
}

/* It refused; that is said once recovery cannot bring the change back. */
static void
primary_refused(struct journal *self, struct op *op, const struct message_applied *m)
{
    owe_comparison(self, op);
    op->outcome = m->outcome;
    op->report.cause = m->cause;
    snprintf(op->report.text, sizeof op->report.text, "%.*s", VIEW(m->reason));
    append_note(self, RECORD_ABORT, &(struct message){ .tag = ABORT, .abort = { .seq = op->seq } });
    DL_APPEND(self->aborted, op);
}

void
primary_applied(struct journal *self, const struct message_applied *m)
{
    struct op *op;

    HASH_FIND(hh, self->ops, &m->attempt, sizeof m->attempt, op);
    if (!op)
        return; /* a change of the journal's own */
    HASH_DEL(self->ops, op);
    if (m->outcome != DONE) {
        primary_refused(self, op, m);
        return;
    }
    primary_done(self, op);
    op_free(&op);
}

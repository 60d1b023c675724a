/*
 * recovery - what a start finds in the journal and does about it.
 *
 *     record                      on the primary                 for the backups it names
 *     ------------------------    ---------------------------    ------------------------
 *     PROMISE up to checkpoint    nothing                        nothing: the catalog has it
 *     PROMISE with an ABORT       nothing                        compared: nobody knows what
 *                                                                  the refusal left there
 *     PROMISE, policies have      as below                       compared
 *       a word in it
 *     PROMISE before the last     nothing: it was flushed        owed again
 *       RENAME of a directory       before that was promised
 *     that RENAME                 if the directory is still      owed: both trees are
 *                                   at its old name                compared
 *     PUT                         its bytes, or its stage,       owed again, as the file
 *                                   once more                      is by then
 *     RENAME of a file            its bytes or its stage at      owed: both are compared
 *                                   the new name, the old one
 *                                   removed
 *     any other PROMISE           once more                      owed again
 *     NOTED                       nothing                        no longer owed
 *     any, and no catalog         as above                       the whole tree is compared
 *
 * A start is over when all that was done again is flushed and a checkpoint is
 * made; so a crash during recovery is just another start.
 */

#include "actors/recovery_internal.h"

#include "base/memory.h"

#include <inttypes.h>

/* A flag of attempts: a record behind this one may have taken away what it changes. */
#define MAY_FIND_NOTHING (UINT64_C(1) << 62)

#define STAGE_DIRECTORY "/.knarr-stage"

struct again {         /* a change found in the journal */
    UT_hash_handle hh; /* by seq */
    uint64_t seq;
    struct op *op;
    char *ids; /* of its targets */
    size_t ids_length;
    char *compared_ids;
    size_t compared_ids_length;
    bool is_aborted;
};

struct noted {
    uint32_t backup; /* stable id */
    uint64_t seq;
};

/* ---- reading -------------------------------------------------------------------- */

static struct op *
op_of_promise(const struct message_promise *m, uint64_t seq, struct view body)
{
    struct op *op = memory_new(sizeof *op);

    op->seq = seq;
    op->kind = (enum change_kind) m->kind;
    op->path = view_dup(m->path);
    op->to = m->to.length > 0 ? view_dup(m->to) : NULL;
    op->stage = m->stage.length > 0 ? view_dup(m->stage) : NULL;
    op->size = m->size;
    op->mode = (uint32_t) m->mode;
    op->mtime_ns = m->mtime_ns;
    op->inode = m->inode;
    body_copy(&op->body, body);
    return op;
}

static struct again *
find(struct redo *redo, uint64_t seq)
{
    struct again *again;

    HASH_FIND(hh, redo->found, &seq, sizeof seq, again);
    return again;
}

static void
forget(struct redo *redo, struct again *again)
{
    HASH_DEL(redo->found, again);
    op_free(&again->op);
    free(again->ids);
    free(again->compared_ids);
    free(again);
}

static enum outcome
read_promise(struct journal *self, const struct wal_record *record, const struct message *m,
    struct view body, struct report *report)
{
    struct redo *redo = self->redo;
    struct again *again;

    if (m->promise.kind >= CHANGE_KINDS || path_flaw(m->promise.path) ||
        (m->promise.to.length > 0 && path_flaw(m->promise.to)))
        return report_set(report, REFUSED, CAUSE_DAMAGED,
            "journal: record %" PRIu64 " in segment %" PRIx64 " makes no sense", record->seq,
            record->segment);
    if (record->seq <= self->checkpoint_seq)
        return DONE;
    again = memory_new(sizeof *again);
    again->op = op_of_promise(&m->promise, record->seq, body);
    again->seq = record->seq;
    again->ids_length = m->promise.targets.length;
    again->ids = memory_copy(m->promise.targets.at, again->ids_length);
    again->compared_ids_length = m->promise.compared.length;
    again->compared_ids = memory_copy(m->promise.compared.at, again->compared_ids_length);
    HASH_ADD(hh, redo->found, seq, sizeof again->seq, again);
    return DONE;
}

static void
read_noted(struct redo *redo, const struct message_noted *m)
{
    if (redo->noted_count == redo->noted_room) {
        redo->noted_room = redo->noted_room ? 2 * redo->noted_room : 256;
        redo->noted = memory_resize(redo->noted, redo->noted_room * sizeof *redo->noted);
    }
    redo->noted[redo->noted_count++] = (struct noted){ (uint32_t) m->backup, m->seq };
}

enum outcome
recovery_read(void *context, const struct wal_record *record, struct report *report)
{
    struct journal *self = context;
    struct view data = record->data;
    struct message message;
    struct again *again;

    if (!message_next(&data, &message))
        return report_set(report, REFUSED, CAUSE_DAMAGED,
            "journal: record %" PRIu64 " in segment %" PRIx64
            " is of a kind this version does not know",
            record->seq, record->segment);
    switch ((enum record_type) record->type) {
    case RECORD_PROMISE: return read_promise(self, record, &message, data, report);
    case RECORD_ABORT:
        again = find(self->redo, message.abort.seq);
        if (again)
            again->is_aborted = true;
        return DONE;
    case RECORD_NOTED: read_noted(self->redo, &message.noted); return DONE;
    }
    return DONE;
}

/* ---- what backups are owed --------------------------------------------------------- */

static void
owe_again(struct journal *self, const struct again *again)
{
    uint64_t targets = journal_targets(self, (struct view){ again->ids, again->ids_length });
    uint64_t compared =
        journal_targets(self, (struct view){ again->compared_ids, again->compared_ids_length });
    const struct op *op = again->op;
    struct promise p = {
        .seq = op->seq,
        .kind = op->kind,
        .path = op->path,
        .to = op->to,
        .mode = op->mode,
        .size = op->size,
        .mtime_ns = op->mtime_ns,
        .is_directory = op->inode != 0,
    };

    for (unsigned b = 0; b < self->backup_count; b++) {
        uint64_t backup = UINT64_C(1) << b;

        if (self->backups[b].is_fresh || !self->backups[b].receives ||
            !((targets | compared) & backup))
            continue;
        if (again->is_aborted || (compared & backup))
            ledger_compare(self->ledger, b, &p, NULL);
        else
            ledger_promise_again(self->ledger, b, &p);
    }
}

static void
believe_noted(struct journal *self, const struct noted *noted)
{
    struct again *again = find(self->redo, noted->seq);

    if (!again || again->op->kind == RENAME)
        return;
    for (unsigned b = 0; b < self->backup_count; b++)
        if (self->ids[b] == noted->backup && !self->backups[b].is_fresh)
            ledger_was_applied(self->ledger, b, again->op->path, noted->seq);
}

/* The mark and the number are kept by the same checkpoint, which fails if one cannot be. */
static void
owe_whole(struct journal *self, unsigned b)
{
    struct report report;

    ledger_resync(self->ledger, b, "/", self->next_seq);
    recovery_set_whole(self, b, true, &report);
}

static void
owe_all_again(struct journal *self)
{
    struct redo *redo = self->redo;

    for (struct again *again = redo->found; again; again = again->hh.next) {
        if (!again->is_aborted)
            version_note(self, again->op);
        owe_again(self, again);
    }
    for (size_t i = 0; i < redo->noted_count; i++)
        believe_noted(self, &redo->noted[i]);
    for (unsigned b = 0; b < self->backup_count; b++)
        if ((self->backups[b].is_fresh && self->backups[b].refills) ||
            ((redo->forgot || redo->returned[b]) && self->backups[b].receives))
            owe_whole(self, b);
}

/* ---- the primary -------------------------------------------------------------------- */

struct looking {
    struct lookup lookup; /* first: the backend hands back a pointer to it */
    bool is_there;
};

static void
on_looked(struct lookup *lookup, enum outcome outcome, const struct report *report)
{
    (void) report;
    ((struct looking *) lookup)->is_there = outcome == DONE;
}

/* Is the directory that a RENAME names still at its old name? */
static enum outcome
is_unmoved(struct journal *self, const struct op *op, bool *unmoved, struct report *report)
{
    struct looking looking = { .lookup = { .path = op->path, .ended = on_looked } };
    struct backend_args args = self->primary;
    struct backend *primary;
    enum outcome outcome;

    args.is_reader = true;
    outcome = self->primary_kind->open(&primary, &args, report);
    if (outcome != DONE)
        return outcome;
    self->primary_kind->lookup(primary, &looking.lookup);
    *unmoved = looking.is_there && looking.lookup.entry.is_directory &&
        looking.lookup.entry.version == op->inode;
    self->primary_kind->close(&primary);
    return DONE;
}

/* Recovery begins with the last RENAME of a directory: all before it was flushed. */
static enum outcome
find_begin(struct journal *self, struct report *report)
{
    struct redo *redo = self->redo;
    struct again *rename = NULL;
    enum outcome outcome = DONE;
    bool unmoved = false;

    for (struct again *again = redo->found; again; again = again->hh.next)
        if (again->op->kind == RENAME && again->op->inode != 0 && !again->is_aborted)
            rename = again;
    if (!rename)
        return DONE;
    outcome = is_unmoved(self, rename->op, &unmoved, report);
    redo->begin_seq = unmoved ? rename->seq : rename->seq + 1;
    return outcome;
}

static void
apply_again(struct journal *self, struct op *op)
{
    uint64_t attempt = op->seq;

    if (op->stage)
        journal_keep_stage(self, op->seq, op->stage);
    self->redo->left++;
    if (op->kind == CHMOD || op->kind == RENAME)
        attempt |= MAY_FIND_NOTHING;
    if (op->kind == RENAME && op->inode == 0) {
        self->redo->left++;
        journal_own_change(self, REMOVE, op->path);
        op->kind = PUT; /* its content is here, wherever the file is by now */
        free(op->path);
        op->path = op->to;
        op->to = NULL;
    }
    journal_apply(self, op, attempt);
}

static void
apply_all_again(struct journal *self)
{
    struct redo *redo = self->redo;
    struct again *again, *next;

    for (again = redo->found; again; again = again->hh.next)
        if (again->seq >= redo->begin_seq && !again->is_aborted)
            apply_again(self, again->op);
    redo->redone = redo->left;
    HASH_ITER(hh, redo->found, again, next)
    {
        forget(redo, again);
    }
    if (redo->left == 0)
        checkpoint_begin(self);
}

enum outcome
recovery_begin(struct journal *self, struct report *report)
{
    enum outcome outcome = find_begin(self, report);

    if (outcome != DONE)
        return outcome;
    owe_all_again(self);
    apply_all_again(self);
    return DONE;
}

/* What is not there any more was taken away by a record behind this one. */
static bool
is_settled(const struct message_applied *m)
{
    return m->outcome == DONE || (m->cause == CAUSE_NOT_FOUND && (m->attempt & MAY_FIND_NOTHING));
}

void
recovery_applied(struct journal *self, const struct message_applied *m)
{
    struct redo *redo = self->redo;
    struct report report = { .cause = m->cause };

    redo->left--;
    if (!is_settled(m) && !redo->is_stopped) {
        redo->is_stopped = true;
        report_set(&report, m->outcome, m->cause,
            "cannot apply change %" PRIu64 " to the primary again, so nothing is served "
            "(nothing is lost: mend this and start again): %.*s",
            m->attempt & ~(OWN_ATTEMPT | MAY_FIND_NOTHING), VIEW(m->reason));
        journal_break(self, &report);
    }
    if (redo->left == 0 && !redo->is_stopped)
        checkpoint_begin(self);
}

void
recovery_checkpointed(struct journal *self)
{
    uint64_t pending = 0;

    /* Stages that no record names were never promised, or are published and durable. */
    journal_own_change(self, REMOVE_TREE, STAGE_DIRECTORY);
    for (unsigned b = 0; b < self->backup_count; b++) {
        struct ledger_state state;

        ledger_state(self->ledger, b, &state);
        pending += state.pending;
    }
    host_post(self->host, "supervisor",
        &(struct message){
            .tag = SERVING,
            .serving = { .seq = self->next_seq - 1,
                .redone = self->redo->redone,
                .pending = pending },
        },
        NULL);
    recovery_close(self);
}

void
recovery_close(struct journal *self)
{
    struct again *again, *next;

    if (!self->redo)
        return;
    HASH_ITER(hh, self->redo->found, again, next)
    {
        forget(self->redo, again);
    }
    free(self->redo->noted);
    free(self->redo);
    self->redo = NULL;
}

/*
 * recovery - what a start finds in the journal and does about it.
 *
 *     record                      on the primary                 for the backups it names
 *     ------------------------    ---------------------------    ------------------------
 *     PROMISE up to checkpoint    nothing                        nothing: the catalog has it
 *     PROMISE with an ABORT       nothing                        compared: nobody knows what
 *                                                                  the refusal left there
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

#include "actors/journal_internal.h"

#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <utlist.h>

/* A flag of attempts: a record behind this one may have taken away what it changes. */
#define MAY_FIND_NOTHING (UINT64_C(1) << 62)

#define STAGE_DIRECTORY "/.knarr-stage"

struct again {         /* a change found in the journal */
    UT_hash_handle hh; /* by seq */
    uint64_t seq;
    struct op *op;
    char *ids; /* of its targets */
    size_t ids_length;
    bool is_aborted;
};

struct noted {
    uint32_t backup; /* stable id */
    uint64_t seq;
};

struct redo {
    struct again *found; /* in seq order, as they were read */
    struct noted *noted;
    size_t noted_count, noted_room;
    uint64_t begin_seq; /* the first to be done again on the primary */
    uint64_t left;      /* applies not yet answered */
    uint64_t redone;
    bool returned[BACKUPS_MAX]; /* backups that were left out of the configuration for a while */
    bool forgot;                /* the catalog is new, and the journal is not */
    bool is_stopped;            /* one of them failed: the program ends */
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

static enum outcome
read_record(void *context, const struct wal_record *record, struct report *report)
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

    for (unsigned b = 0; b < self->backup_count; b++)
        if ((targets & (UINT64_C(1) << b)) && !self->backups[b].is_fresh)
            (again->is_aborted ? ledger_compare : ledger_promise_again)(self->ledger, b, &p);
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
            ledger_resync(self->ledger, b, "/", self->next_seq);
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

/* ---- opening ------------------------------------------------------------------------ */

static enum outcome
know_backup(struct journal *self, unsigned b, struct report *report)
{
    struct catalog_backup row = { 0 };

    if (!catalog_backup_find(self->catalog, self->backups[b].name, &row)) {
        snprintf(row.name, sizeof row.name, "%s", self->backups[b].name);
        snprintf(row.place_id, sizeof row.place_id, "%s", self->backups[b].place_id);
        if (catalog_backup_add(self->catalog, &row, report) != DONE)
            return REFUSED;
    }
    if (row.retired) { /* what was written meanwhile was never owed to it */
        row.retired = false;
        self->redo->returned[b] = true;
        if (catalog_backup_update(self->catalog, &row, report) != DONE)
            return REFUSED;
    }
    self->ids[b] = row.id;
    if (self->backups[b].is_fresh)
        catalog_lag_delete_all(self->catalog, row.id);
    ledger_add(self->ledger, row.id, row.name);
    return DONE;
}

struct leaving {
    struct journal *journal;
    struct catalog_backup rows[BACKUPS_MAX];
    unsigned count;
};

static void
find_leaving(void *context, const struct catalog_backup *row)
{
    struct leaving *leaving = context;
    const struct journal *self = leaving->journal;

    for (unsigned b = 0; b < self->backup_count; b++)
        if (self->ids[b] == row->id)
            return;
    if (!row->retired && leaving->count < BACKUPS_MAX)
        leaving->rows[leaving->count++] = *row;
}

/* Backups that are no longer configured are owed nothing, and a whole tree if they return. */
static enum outcome
retire_left_out(struct journal *self, struct report *report)
{
    struct leaving leaving = { .journal = self };
    enum outcome outcome = DONE;

    catalog_backups(self->catalog, find_leaving, &leaving);
    for (unsigned i = 0; i < leaving.count && outcome == DONE; i++) {
        leaving.rows[i].retired = true;
        catalog_lag_delete_all(self->catalog, leaving.rows[i].id);
        outcome = catalog_backup_update(self->catalog, &leaving.rows[i], report);
        LOG(WARN, "backup_left_out", "backup=%s", leaving.rows[i].name);
    }
    return outcome;
}

/*
 * Every start has a number of its own, higher than any before, and kept before
 * anything is done under it.  The catalog has it, and the journal as well, in
 * case the catalog was set aside.
 */
static enum outcome
begin_epoch(struct journal *self, uint64_t *epoch, struct report *report)
{
    struct wal_found found = { 0 };
    enum outcome outcome = wal_check(self->directory_fd, &found, report);

    if (outcome != DONE)
        return outcome;
    *epoch = catalog_number(self->catalog, "epoch");
    self->redo->forgot = *epoch == 0 && found.last_epoch > 0;
    *epoch = 1 + (*epoch > found.last_epoch ? *epoch : found.last_epoch);
    self->checkpoint_seq = catalog_checkpoint_seq(self->catalog);
    outcome = catalog_set_number(self->catalog, "epoch", *epoch, report);
    if (outcome == DONE)
        outcome = catalog_checkpoint(self->catalog, self->checkpoint_seq, report);
    return outcome;
}

static void
open_ledger(struct journal *self, uint64_t epoch)
{
    const struct conf *conf = self->conf;

    self->ledger = ledger_new(&(struct ledger_args){
        .catalog = self->catalog,
        .window_items = conf->settings.backup_window_items,
        .window_bytes = conf->settings.backup_window_bytes,
        .in_flight = conf->settings.backup_in_flight,
        .retry_interval_ms = conf->retry_interval_ms,
        .backoff_base_ms = conf->retry_backoff_base_ms,
        .retries_per_round = conf->retry_max_retries_per_round,
        .quarantine_after = conf->retry_quarantine_after_failures,
        .breaker_max_ms = conf->settings.breaker_max_ms,
        .quarantine_ms = conf->settings.quarantine_ms,
        .first_attempt = epoch << 32 | 1,
        .seed = clock_ns() ^ epoch,
    });
}

static enum outcome
open_directory(struct journal *self, const char *directory, struct report *report)
{
    char *path = memory_print("%s/journal", directory);
    enum outcome outcome = DONE;
    int parent;

    if (disk->mkdirat(AT_FDCWD, path, 0700) == 0) {
        parent = disk->openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        if (parent < 0 || disk->sync(parent) != 0)
            outcome = report_errno(report, errno, "cannot sync %s", directory);
        if (parent >= 0)
            disk->close(parent);
    } else if (errno != EEXIST) {
        outcome = report_errno(report, errno, "cannot make %s", path);
    }
    if (outcome == DONE) {
        self->directory_fd = disk->openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        if (self->directory_fd < 0)
            outcome = report_errno(report, errno, "cannot open %s", path);
    }
    free(path);
    return outcome;
}

static enum outcome
read_journal(struct journal *self, uint64_t epoch, struct report *report)
{
    struct wal_found found;
    enum outcome outcome = wal_open(&self->wal,
        &(struct wal_args){
            .directory = self->directory_fd,
            .segment_bytes = self->conf->settings.journal_segment_bytes,
            .epoch = (uint32_t) epoch,
            .is_careless = self->conf->durability == DURABILITY_PROCESS,
        },
        read_record, self, &found, report);

    if (outcome != DONE)
        return outcome;
    self->next_seq =
        1 + (found.last_seq > self->checkpoint_seq ? found.last_seq : self->checkpoint_seq);
    LOG(INFO, "journal_read",
        "records=%" PRIu64 " last_seq=%" PRIu64 " checkpoint=%" PRIu64 " torn_bytes=%" PRIu64,
        found.records, self->next_seq - 1, self->checkpoint_seq, found.torn_bytes);
    return DONE;
}

enum outcome
recovery_open(struct journal *self, const char *directory, struct report *report)
{
    enum outcome outcome = catalog_open(&self->catalog, directory, report);
    uint64_t epoch;

    self->directory_fd = -1;
    self->redo = memory_new(sizeof *self->redo);
    if (outcome == DONE)
        outcome = open_directory(self, directory, report);
    if (outcome == DONE)
        outcome = begin_epoch(self, &epoch, report);
    if (outcome != DONE)
        return outcome;
    open_ledger(self, epoch);
    self->next_own = epoch << 32;
    for (unsigned b = 0; b < self->backup_count && outcome == DONE; b++)
        outcome = know_backup(self, b, report);
    if (outcome == DONE)
        outcome = retire_left_out(self, report);
    if (outcome == DONE)
        outcome = read_journal(self, epoch, report);
    if (outcome == DONE)
        outcome = find_begin(self, report);
    if (outcome != DONE)
        return outcome;
    owe_all_again(self);
    apply_all_again(self);
    return DONE;
}

#include "actors/journal_internal.h"

#include "actors/store.h"
#include "base/clock.h"
#include "base/disk.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/memory.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

enum {
    NOTED_DELAY_MS = 200, /* losing a note repeats a harmless apply, so it may wait */
    HEADER_ROOM = 16384,  /* bytes of a packed PROMISE: three paths and some */
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

static void
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
    char ids[4 * BACKUPS_MAX], header[HEADER_ROOM];
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

    if (wal_append(self->wal, type, self->next_seq - 1, (struct view){ header, length },
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
journal_break(struct journal *self, const struct report *report)
{
    if (self->is_broken)
        return;
    self->is_broken = true;
    LOG(ERROR, "journal_broken", "reason=%s", log_quote(report->text));
    host_post(self->host, "supervisor",
        &(struct message){ .tag = FATAL, .fatal = { .reason = view_of(report->text) } }, NULL);
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
ask_flush(struct journal *self, uint64_t store, enum ticket ticket)
{
    char name[STORE_NAME_BYTES];

    store_name(name, store);
    host_post(self->host, name, &(struct message){ .tag = FLUSH, .flush = { .ticket = ticket } },
        NULL);
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

static void
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

/* Only behind the APPLYs of all that was promised before it does a FLUSH make that durable. */
static void
ask_rename(struct journal *self)
{
    if (!self->rename_asks)
        return;
    self->rename_asks = false;
    ask_flush(self, 0, TICKET_RENAME);
}

/* All before the rename of a directory is durable: it may be promised now. */
static void
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

static void
on_flushed(void *arg, struct envelope *envelope)
{
    const struct message_flushed *m = &envelope_message(envelope)->flushed;
    struct journal *self = arg;

    if (m->ticket == TICKET_RENAME)
        rename_flushed(self, m);
    else
        checkpoint_flushed(self, m);
}

void
journal_apply(struct journal *self, const struct op *op, uint64_t attempt)
{
    bool publishes = op->kind == PUT && op->stage;
    struct message message = {
        .tag = APPLY,
        .apply = {
            .attempt = attempt,
            .seq = op->seq,
            .kind = publishes ? LINK : op->kind,
            .path = view_of(publishes ? op->stage : op->path),
            .to = view_of(publishes ? op->path : op->to ? op->to : ""),
            .size = op->size,
            .mode = op->mode,
            .mtime_ns = op->mtime_ns,
            .inlined = !publishes,
        },
    };
    struct body body;

    body_share(&body, &op->body);
    host_post(self->host, "store/0", &message, &body);
}

void
journal_own_change(struct journal *self, enum change_kind kind, const char *path)
{
    host_post(self->host, "store/0",
        &(struct message){
            .tag = APPLY,
            .apply = { .attempt = OWN_ATTEMPT | self->next_own++,
                .kind = kind,
                .path = view_of(path),
                .inlined = true },
        },
        NULL);
}

void
journal_keep_stage(struct journal *self, uint64_t seq, const char *path)
{
    size_t length = strlen(path);
    struct stage_left *left = memory_new(sizeof *left + length + 1);

    left->seq = seq;
    memcpy(left->path, path, length);
    LL_APPEND(self->stages, left);
}

/* ---- the primary's answers ------------------------------------------------------ */

static void
owe(struct journal *self, const struct op *op, struct wait *wait)
{
    struct promise p = {
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

    for (unsigned b = 0; b < self->backup_count; b++)
        if (op->targets & (UINT64_C(1) << b))
            ledger_promise(self->ledger, b, &p, wait);
}

static uint64_t
acks_wanted(const struct op *op)
{
    uint64_t eligible = (uint64_t) __builtin_popcountll(op->targets);

    return op->acks < eligible ? op->acks : eligible;
}

/* The primary has it: the backups are owed it, and the client hears or waits. */
static void
primary_done(struct journal *self, struct op *op)
{
    uint64_t required = acks_wanted(op);
    struct wait *wait = NULL;
    struct body copies;

    if (required > 0) {
        wait = wait_new(self->backup_count, op->request, op->seq, op->targets);
        wait->required = required;
        if (op->timeout_ms > 0)
            wait->deadline_ms = clock_ms() + op->timeout_ms;
        DL_APPEND(self->waits, wait);
    }
    version_note(self, op);
    owe(self, op, wait);
    body_init(&copies);
    if (!wait)
        pack_pending(self, op->targets, &copies);
    tell_committed(self, op->request,
        &(struct message_committed){ .outcome = DONE,
            .seq = op->seq,
            .is_final = !wait,
            .required = required },
        &copies);
}

/* Nobody knows what the primary has now: every backup is made as it is. */
static void
owe_comparison(struct journal *self, const struct op *op)
{
    struct promise p = {
        .seq = op->seq,
        .kind = op->kind,
        .path = op->path,
        .to = op->to,
        .is_directory = renames_directory(op),
        .mode = op->mode,
        .size = op->size,
    };

    for (unsigned b = 0; b < self->backup_count; b++)
        if (op->targets & (UINT64_C(1) << b))
            ledger_compare(self->ledger, b, &p);
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

static void
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

static void
backup_applied(struct journal *self, const struct message_applied *m)
{
    unsigned backup = (unsigned) m->store - 1;
    uint64_t seq;

    if (m->outcome != DONE) {
        char *reason = view_dup(m->reason);

        LOG(WARN, "apply_failed", "backup=%s outcome=%s reason=%s", self->backups[backup].name,
            outcome_name(m->outcome), log_quote(reason));
        free(reason);
    }
    seq = ledger_ended(self->ledger, backup, m->attempt, m->outcome, m->cause, m->reason);
    if (seq > 0)
        journal_append_noted(self, backup, seq);
}

static void
on_applied(void *arg, struct envelope *envelope)
{
    const struct message_applied *m = &envelope_message(envelope)->applied;
    struct journal *self = arg;

    if (m->store > self->backup_count)
        return;
    if (m->store > 0)
        backup_applied(self, m);
    else if (self->redo)
        recovery_applied(self, m);
    else
        primary_applied(self, m);
}

static void
on_walked(void *arg, struct envelope *envelope)
{
    const struct message_walked *m = &envelope_message(envelope)->walked;
    struct view body = body_view(envelope_body(envelope));
    unsigned backup = (unsigned) (m->ticket % BACKUPS_MAX);
    struct journal *self = arg;
    struct message place;

    if (backup >= self->backup_count ||
        ledger_walk_number(self->ledger, backup) != m->ticket / BACKUPS_MAX)
        return;
    if (m->outcome != DONE) {
        ledger_walk_failed(self->ledger, backup, m->outcome, m->reason);
        return;
    }
    while (message_next(&body, &place) && place.tag == PLACE) {
        char *path = view_dup(place.place.path);

        ledger_walk_found(self->ledger, backup, path, place.place.size);
        free(path);
    }
    ledger_walk_paged(self->ledger, backup, m->more, m->next);
}

/* ---- once for many ---------------------------------------------------------------- */

static void
group_failed(struct journal *self, const struct report *report)
{
    struct op *op, *next;

    journal_break(self, report);
    DL_FOREACH_SAFE(self->group, op, next)
    {
        DL_DELETE(self->group, op);
        HASH_DEL(self->ops, op);
        tell_refused(self, op, RETRY, report);
        op_free(&op);
    }
    DL_FOREACH_SAFE(self->aborted, op, next)
    {
        DL_DELETE(self->aborted, op);
        tell_refused(self, op, RETRY, report);
        op_free(&op);
    }
}

static void
commit_group(struct journal *self)
{
    bool notes_are_due = self->noted_ms > 0 && clock_ms() - self->noted_ms >= NOTED_DELAY_MS;
    struct op *op, *next;
    struct report report;

    if (self->is_broken || (!self->group && !self->aborted && !notes_are_due))
        return;
    if (wal_commit(self->wal, &report) != DONE) {
        group_failed(self, &report);
        return;
    }
    fault_point("committed");
    self->noted_ms = 0;
    DL_FOREACH_SAFE(self->group, op, next)
    {
        DL_DELETE(self->group, op);
        journal_apply(self, op, op->seq);
    }
    DL_FOREACH_SAFE(self->aborted, op, next)
    {
        DL_DELETE(self->aborted, op);
        tell_refused(self, op, op->outcome, &op->report);
        op_free(&op);
    }
}

static void
tell_apply(struct journal *self, unsigned backup, const struct order *order)
{
    char name[STORE_NAME_BYTES];
    struct message message = {
        .tag = APPLY,
        .apply = {
            .attempt = order->attempt,
            .seq = order->seq,
            .kind = order->kind == LAG_PRUNE ? APPLY_PRUNE
                : order->kind == LAG_PATH    ? PUT
                                             : order->kind,
            .path = view_of(order->path),
            .to = view_of(order->to ? order->to : ""),
            .size = order->size,
            .mode = order->mode,
            .mtime_ns = order->mtime_ns,
            .inlined = order->kind != LAG_PATH &&
                (order->body || order->kind != PUT || order->size == 0),
            .barrier = order->is_barrier,
        },
    };
    struct body body;

    body_init(&body);
    if (order->body)
        body_share(&body, order->body);
    store_name(name, backup + 1);
    host_post(self->host, name, &message, &body);
}

static void
send_to(struct journal *self, unsigned backup)
{
    const char *path, *after;
    struct order order;

    while (ledger_next(self->ledger, backup, &order))
        tell_apply(self, backup, &order);
    if (ledger_walk(self->ledger, backup, &path, &after))
        host_post(self->host, "reader",
            &(struct message){
                .tag = WALK,
                .walk = { .ticket = ledger_walk_number(self->ledger, backup) * BACKUPS_MAX + backup,
                    .path = view_of(path),
                    .after = view_of(after),
                    .limit = UINT64_MAX },
            },
            NULL);
}

static uint64_t
answer_waits(struct journal *self)
{
    uint64_t now = clock_ms(), due = UINT64_MAX;
    struct wait *wait, *next;

    DL_FOREACH_SAFE(self->waits, wait, next)
    {
        bool is_late = now >= wait->deadline_ms;

        if (!wait->is_answered && (wait_is_met(wait) || is_late))
            tell_waited(self, wait, !wait_is_met(wait));
        if (!wait->is_answered && wait->deadline_ms < due)
            due = wait->deadline_ms;
        if (!wait->is_answered || wait->links > 0)
            continue;
        DL_DELETE(self->waits, wait);
        wait_free(wait);
    }
    return due;
}

static void
journal_settled(void *arg)
{
    struct journal *self = arg;
    uint64_t due, ledger_due;

    commit_group(self);
    ask_rename(self);
    for (unsigned b = 0; b < self->backup_count && !self->redo; b++)
        send_to(self, b);
    due = answer_waits(self);
    checkpoint_consider(self);
    ledger_due = self->redo ? UINT64_MAX : ledger_due_ms(self->ledger);
    due = ledger_due < due ? ledger_due : due;
    if (self->noted_ms > 0 && self->noted_ms + NOTED_DELAY_MS < due)
        due = self->noted_ms + NOTED_DELAY_MS;
    if (due != UINT64_MAX)
        host_wake_at(self->host, due);
}

/* ---- the actor -------------------------------------------------------------------- */

static void
free_ops(struct op **list)
{
    struct op *op, *next;

    DL_FOREACH_SAFE(*list, op, next)
    {
        DL_DELETE(*list, op);
        op_free(&op);
    }
}

static void
journal_close(void *arg)
{
    struct journal *self = arg;
    struct op *op, *next_op;
    struct wait *wait, *next;
    struct report report;

    HASH_ITER(hh, self->ops, op, next_op)
    {
        HASH_DEL(self->ops, op);
        op_free(&op);
    }
    free_ops(&self->aborted);
    free_ops(&self->deferred);
    op_free(&self->renaming);
    ledger_free(&self->ledger);
    DL_FOREACH_SAFE(self->waits, wait, next)
    {
        DL_DELETE(self->waits, wait);
        wait_free(wait);
    }
    while (self->stages) {
        struct stage_left *left = self->stages;

        self->stages = left->next;
        free(left);
    }
    recovery_close(self);
    if (self->wal && !self->is_broken)
        wal_commit(self->wal, &report); /* notes; losing them costs a repetition */
    wal_close(&self->wal);
    if (self->directory_fd >= 0)
        disk->close(self->directory_fd);
    catalog_close(&self->catalog);
}

static enum outcome
journal_open(void *arg, struct host *host, const void *args, struct report *report)
{
    const struct journal_args *a = args;
    struct journal *self = arg;

    self->host = host;
    self->conf = a->conf;
    self->primary_kind = a->primary_kind;
    self->primary = a->primary;
    self->backup_count = a->backup_count;
    memcpy(self->backups, a->backups, sizeof self->backups);
    if (recovery_open(self, a->directory, report) == DONE)
        return DONE;
    journal_close(self);
    return REFUSED;
}

static const struct handler handlers[] = {
    { COMMIT, on_commit },
    { APPLIED, on_applied },
    { FLUSHED, on_flushed },
    { WALKED, on_walked },
    { AWAIT, on_await },
    { REVIVE, on_revive },
    { SURVEY, on_survey },
};

const struct actor_kind journal_actor = {
    .name = "journal",
    .size = sizeof(struct journal),
    .open = journal_open,
    .close = journal_close,
    .settled = journal_settled,
    HANDLERS(handlers),
};

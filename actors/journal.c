/*
 * The journal - changes are promised in batches, and applied once they are durable.
 *
 * Handlers append; settling makes all that was appended durable at once, hands
 * it to the primary, and then sends each backup what it is owed and can take.
 */

#include "actors/journal_internal.h"

#include "actors/plan.h"
#include "actors/store.h"
#include "base/clock.h"
#include "base/disk.h"
#include "base/fault.h"
#include "base/log.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

enum {
    NOTED_DELAY_MS = 200,  /* losing a note repeats a harmless apply, so it may wait */
    FAILURE_LOG_MS = 1000, /* between two lines about one backup */
};

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

/* ---- the primary and the backups ------------------------------------------------- */

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

/* A backup that has a bad time fails thousands of times; one line a second says so. */
static void
log_failure(struct journal *self, unsigned backup, const struct message_applied *m)
{
    struct failure_log *log = &self->failures[backup];
    uint64_t now = clock_ms();
    char *reason;

    log->untold++;
    if (now < log->quiet_until_ms)
        return;
    reason = view_dup(m->reason);
    LOG(WARN, "apply_failed", "backup=%s outcome=%s times=%" PRIu64 " reason=%s",
        self->backups[backup].name, outcome_name(m->outcome), log->untold, log_quote(reason));
    free(reason);
    log->untold = 0;
    log->quiet_until_ms = now + FAILURE_LOG_MS;
}

static void
backup_applied(struct journal *self, const struct message_applied *m)
{
    unsigned backup = (unsigned) m->store - 1;
    uint64_t seq;

    if (m->outcome != DONE)
        log_failure(self, backup, m);
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
on_flushed(void *arg, struct envelope *envelope)
{
    const struct message_flushed *m = &envelope_message(envelope)->flushed;
    struct journal *self = arg;

    if (m->ticket == TICKET_RENAME)
        rename_flushed(self, m);
    else
        checkpoint_flushed(self, m);
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

        if (place.place.is_directory || !plan_rule(self->conf, backup, path, place.place.size))
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
            .awaited = order->is_awaited,
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
        if (!wait_is_met(wait) && now < wait->deadline_ms) {
            due = wait->deadline_ms < due ? wait->deadline_ms : due;
            continue;
        }
        tell_waited(self, wait, !wait_is_met(wait));
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
    ledger_primary_is_at(self->ledger, self->next_seq - 1,
        self->ops ? self->ops->seq - 1 : self->next_seq - 1);
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
    { GIVE_UP, on_give_up },
    { FINISH, on_finish },
    { REVIVE, on_revive },
    { SURVEY, on_survey },
    { ROUTE, on_route },
};

const struct actor_kind journal_actor = {
    .name = "journal",
    .size = sizeof(struct journal),
    .open = journal_open,
    .close = journal_close,
    .settled = journal_settled,
    HANDLERS(handlers),
};

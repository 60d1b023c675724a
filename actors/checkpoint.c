/*
 * checkpoint - when records of the journal may go.
 *
 *     rotate, FLUSH ──▶ primary ──FLUSHED──▶ save the ledger, commit the catalog,
 *                                            release the segments before
 *
 * Everything posted to the primary before the FLUSH is applied before it, so
 * all changes up to the last one promised by then are durable on the primary
 * when FLUSHED comes.  What backups still lack of them goes to the catalog in
 * the transaction that names the checkpoint.  A crash before the commit leaves
 * the old checkpoint and all records after it.
 *
 * When the router has ended there is a last one, behind all that it sent.
 */

#include "actors/journal_internal.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"

#include <inttypes.h>

enum { CHECKPOINT_CHANGES = 32768 }; /* so many changes at most are redone by a start */

static bool
is_due(const struct journal *self)
{
    uint64_t changes = self->next_seq - 1 - self->checkpoint_seq;

    if (self->dirty_ms == 0 || self->pending_seq > 0 || self->redo || self->renaming)
        return false;
    return self->is_finishing || changes >= CHECKPOINT_CHANGES ||
        wal_segment(self->wal) > self->pending_segment + 1 ||
        clock_ms() >= self->dirty_ms + self->conf->settings.checkpoint_interval_ms;
}

static void
tell_finished(struct journal *self)
{
    self->is_finishing = false;
    host_post(self->host, "supervisor",
        &(struct message){ .tag = FINISHED, .finished = { self->next_seq - 1 } }, NULL);
}

void
on_finish(void *arg, struct envelope *envelope)
{
    struct journal *self = arg;

    (void) envelope;
    self->is_finishing = true;
}

void
checkpoint_consider(struct journal *self)
{
    bool is_clean = self->dirty_ms == 0 && self->pending_seq == 0 && !self->redo && !self->renaming;

    if (self->is_finishing && (is_clean || self->is_broken))
        tell_finished(self);
    if (self->is_broken)
        return;
    if (is_due(self))
        checkpoint_begin(self);
    else if (self->dirty_ms > 0 && self->pending_seq == 0 && !self->redo)
        host_wake_at(self->host, self->dirty_ms + self->conf->settings.checkpoint_interval_ms);
}

void
checkpoint_begin(struct journal *self)
{
    struct report report;

    if (wal_rotate(self->wal, &report) != DONE) {
        journal_break(self, &report);
        return;
    }
    self->pending_segment = wal_segment(self->wal);
    self->pending_seq = self->next_seq - 1;
    self->dirty_ms = 0;
    host_post(self->host, "store/0",
        &(struct message){ .tag = FLUSH, .flush = { .ticket = TICKET_CHECKPOINT } }, NULL);
}

static void
drop_stages(struct journal *self)
{
    while (self->stages && self->stages->seq <= self->checkpoint_seq) {
        struct stage_left *left = self->stages;

        self->stages = left->next;
        journal_own_change(self, REMOVE, left->path);
        free(left);
    }
}

static enum outcome
complete(struct journal *self, struct report *report)
{
    enum outcome outcome = ledger_save(self->ledger, SIZE_MAX, report);

    if (outcome == DONE)
        outcome = catalog_checkpoint(self->catalog, self->pending_seq, report);
    if (outcome != DONE)
        return outcome;
    fault_point("checkpointed");
    self->checkpoint_seq = self->pending_seq;
    return wal_release(self->wal, self->pending_segment, report);
}

void
checkpoint_flushed(struct journal *self, const struct message_flushed *m)
{
    struct report report = { .cause = m->cause };
    enum outcome outcome = m->outcome;

    if (self->pending_seq == 0 && !self->redo)
        return;
    snprintf(report.text, sizeof report.text, "%.*s", VIEW(m->reason));
    if (outcome == DONE)
        outcome = complete(self, &report);
    self->pending_seq = 0;
    if (outcome != DONE) {
        /* What was not flushed is in the journal: a start applies it again. */
        journal_break(self, &report);
        return;
    }
    drop_stages(self);
    if (self->redo)
        recovery_checkpointed(self);
}

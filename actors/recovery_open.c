/*
 * What a start opens before it recovers: the catalog, the journal's directory,
 * a number of its own, the ledger with the backups that there are, and the
 * journal, which is read while it is opened.
 */

#include "actors/recovery_internal.h"

#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

enum { WHOLE_NAME_BYTES = 32 };

static void
whole_name(uint32_t id, char name[WHOLE_NAME_BYTES])
{
    snprintf(name, WHOLE_NAME_BYTES, "whole/%" PRIu32, id);
}

enum outcome
recovery_set_whole(struct journal *self, unsigned b, bool is_whole, struct report *report)
{
    char name[WHOLE_NAME_BYTES];

    whole_name(self->ids[b], name);
    return catalog_set_number(self->catalog, name, is_whole, report);
}

/*
 * What a backup had before anything was owed to it may be anything.  One that
 * serves reads is made whole before it does; that is remembered as long as it
 * receives all.
 */
static enum outcome
know_whole(struct journal *self, unsigned b, bool was_retired, struct report *report)
{
    const struct journal_backup *backup = &self->backups[b];
    char name[WHOLE_NAME_BYTES];

    if (was_retired || !backup->receives)
        return recovery_set_whole(self, b, false, report);
    whole_name(self->ids[b], name);
    if (backup->serves_reads && !backup->is_fresh && catalog_number(self->catalog, name) == 0)
        self->redo->returned[b] = true;
    return DONE;
}

static enum outcome
know_backup(struct journal *self, unsigned b, struct report *report)
{
    struct catalog_backup row = { 0 };
    bool was_retired;

    if (!catalog_backup_find(self->catalog, self->backups[b].name, &row)) {
        snprintf(row.name, sizeof row.name, "%s", self->backups[b].name);
        snprintf(row.place_id, sizeof row.place_id, "%s", self->backups[b].place_id);
        if (catalog_backup_add(self->catalog, &row, report) != DONE)
            return REFUSED;
    }
    self->ids[b] = row.id;
    was_retired = row.retired;
    if (know_whole(self, b, was_retired, report) != DONE)
        return REFUSED;
    if (was_retired) { /* what was written meanwhile was never owed to it */
        row.retired = false;
        self->redo->returned[b] = true;
        if (catalog_backup_update(self->catalog, &row, report) != DONE)
            return REFUSED;
    }
    if (self->backups[b].is_fresh || !self->backups[b].receives)
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

/* Of one backup: if it were of all, one that is slow would hold up the others. */
static uint64_t
in_flight(const struct conf *conf)
{
    uint64_t most = conf->settings.backup_in_flight;

    return conf->write_concurrency > 0 && conf->write_concurrency < most ? conf->write_concurrency
                                                                         : most;
}

static void
open_ledger(struct journal *self, uint64_t epoch)
{
    const struct conf *conf = self->conf;

    self->ledger = ledger_new(&(struct ledger_args){
        .catalog = self->catalog,
        .window_items = conf->settings.backup_window_items,
        .window_bytes = conf->settings.backup_window_bytes,
        .in_flight = in_flight(conf),
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
        recovery_read, self, &found, report);

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
        outcome = recovery_begin(self, report);
    return outcome;
}

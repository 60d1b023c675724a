/*
 * survey - what operators and waiters are told.
 */

#include "actors/journal_internal.h"

#include "actors/plan.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/uri.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

enum {
    PACKED_MAX = 512 << 10,
    TARGETS_MAX = 1000,
    COPY_BYTES_MAX = 1024, /* a name, a state and a report, packed */
};

/* Messages packed one behind the other. */
struct packing {
    struct journal *journal;
    char *at;
    size_t used, room;
    uint64_t count;
    const char *backup; /* the TARGETs' */
    struct view reads;  /* READS */
    char last[PATH_BYTES_MAX + 1];
};

static bool
pack(struct packing *p, const struct message *message)
{
    size_t length = message_pack(message, p->at + p->used, p->room - p->used);

    p->used += length;
    p->count += length > 0;
    return length > 0;
}

/* ---- waits ------------------------------------------------------------------------ */

static const char *
copy_state(const struct wait *wait, unsigned backup)
{
    if (wait->excluded & (UINT64_C(1) << backup))
        return "excluded";
    if (!(wait->pending & (UINT64_C(1) << backup)))
        return "acked";
    return wait->backup[backup].reason ? "failed" : "pending";
}

/* Of the last failure, or the rule; "" if there is none. */
static const char *
copy_reason(const struct wait *wait, unsigned backup)
{
    const struct wait_backup *b = &wait->backup[backup];

    return b->rule ? b->rule : b->reason ? b->reason : "";
}

void
pack_copies(struct journal *self, const struct wait *wait, struct body *body)
{
    struct packing p = { .room = COPY_BYTES_MAX * (size_t) self->backup_count };
    uint64_t concerned = wait->targets | wait->excluded;

    body_init(body);
    if (concerned == 0)
        return;
    p.at = memory_resize(NULL, p.room);
    for (unsigned b = 0; b < self->backup_count; b++) {
        if (!(concerned & (UINT64_C(1) << b)))
            continue;
        pack(&p,
            &(struct message){
                .tag = COPY,
                .copy = { .backup = view_of(self->backups[b].name),
                    .state = view_of(copy_state(wait, b)),
                    .cause = wait->backup[b].cause,
                    .reason = view_of(copy_reason(wait, b)) },
            });
    }
    body_copy(body, (struct view){ p.at, p.used });
    free(p.at);
}

/* "a: acked; b: pending; c: failed (no space)" */
static void
describe(struct journal *self, const struct wait *wait, struct report *report)
{
    size_t used = (size_t) snprintf(report->text, sizeof report->text,
        "sync write quorum failed: %" PRIu64 "/%d backups succeeded (required %" PRIu64 ")",
        wait_acked(wait), __builtin_popcountll(wait->targets), wait->required);

    if (wait->seq > 0 && used < sizeof report->text)
        used += (size_t) snprintf(report->text + used, sizeof report->text - used,
            "; the primary has the change as seq %" PRIu64, wait->seq);

    for (unsigned b = 0; b < self->backup_count && used < sizeof report->text; b++) {
        const char *reason = copy_reason(wait, b);

        if ((wait->targets | wait->excluded) & (UINT64_C(1) << b))
            used +=
                (size_t) snprintf(report->text + used, sizeof report->text - used, "; %s: %s%s%s",
                    self->backups[b].name, copy_state(wait, b), *reason ? ": " : "", reason);
    }
}

void
tell_waited(struct journal *self, struct wait *wait, bool is_late)
{
    struct report report = { CAUSE_NONE, "" };
    struct body body;

    pack_copies(self, wait, &body);
    if (is_late) {
        report.cause = CAUSE_QUORUM;
        describe(self, wait, &report);
    }
    host_post(self->host, "router",
        &(struct message){
            .tag = COMMITTED,
            .committed = { .request = wait->request,
                .outcome = is_late ? RETRY : DONE,
                .cause = report.cause,
                .reason = view_of(report.text),
                .seq = wait->seq,
                .is_final = true,
                .required = wait->required,
                .acked = wait_acked(wait) },
        },
        &body);
}

static void
refuse(struct journal *self, uint64_t request, const struct report *report)
{
    host_post(self->host, "router",
        &(struct message){
            .tag = COMMITTED,
            .committed = { .request = request,
                .outcome = REFUSED,
                .cause = report->cause,
                .reason = view_of(report->text),
                .is_final = true },
        },
        NULL);
}

/* The set of backups a name stands for; 0 for an unknown one. */
static uint64_t
named(const struct journal *self, struct view name)
{
    uint64_t set = 0;

    for (unsigned b = 0; b < self->backup_count; b++)
        if (self->backups[b].receives && (name.length == 0 || view_is(name, self->backups[b].name)))
            set |= UINT64_C(1) << b;
    return set;
}

void
on_await(void *arg, struct envelope *envelope)
{
    const struct message_await *m = &envelope_message(envelope)->await;
    struct journal *self = arg;
    uint64_t set = named(self, m->backup);
    struct report report;
    struct wait *wait;
    char *path;

    if (m->backup.length > 0 && set == 0) {
        report_set(&report, REFUSED, CAUSE_INVALID_ARGUMENT, "there is no backup '%.*s'",
            VIEW(m->backup));
        refuse(self, m->request, &report);
        return;
    }
    if (m->seq >= self->next_seq) {
        report_set(&report, REFUSED, CAUSE_NOT_FOUND,
            "there is no change %" PRIu64 " yet; the last one is %" PRIu64, m->seq,
            self->next_seq - 1);
        refuse(self, m->request, &report);
        return;
    }
    wait = wait_new(self->backup_count, m->request, m->seq, set);
    wait->required = (uint64_t) __builtin_popcountll(set);
    if (m->timeout_ms > 0)
        wait->deadline_ms = clock_ms() + m->timeout_ms;
    path = view_dup(m->path);
    for (unsigned b = 0; b < self->backup_count; b++)
        if (set & (UINT64_C(1) << b))
            ledger_await(self->ledger, b, m->seq, path, wait);
    free(path);
    DL_APPEND(self->waits, wait);
}

/* Its deadline is now. */
void
on_give_up(void *arg, struct envelope *envelope)
{
    const struct message_give_up *m = &envelope_message(envelope)->give_up;
    struct journal *self = arg;
    struct wait *wait;

    DL_SEARCH_SCALAR(self->waits, wait, request, m->request);
    if (wait)
        wait->deadline_ms = 0;
}

void
on_revive(void *arg, struct envelope *envelope)
{
    const struct message_revive *m = &envelope_message(envelope)->revive;
    struct journal *self = arg;
    char *path = view_dup(m->path);
    uint64_t revived = ledger_revive(self->ledger, path);

    free(path);
    host_post(self->host, "router",
        &(struct message){
            .tag = COMMITTED,
            .committed = { .request = m->request, .is_final = true, .acked = revived },
        },
        NULL);
}

/* ---- status ----------------------------------------------------------------------- */

static const char *
uri_or_path(const char *path, char uri[URI_BYTES_MAX + 1])
{
    return path_to_uri(view_of(path), uri) ? uri : path;
}

static struct message_reads
reads_of(struct view reads, unsigned backup)
{
    struct message message;

    while (message_next(&reads, &message))
        if (message.tag == READS && message.reads.backup == backup)
            return message.reads;
    return (struct message_reads){ 0 };
}

static void
pack_lag(struct packing *p, unsigned b)
{
    const struct message_reads reads = reads_of(p->reads, b);
    struct journal *self = p->journal;
    char uri[URI_BYTES_MAX + 1] = "";
    struct ledger_state state;

    ledger_state(self->ledger, b, &state);
    pack(p,
        &(struct message){
            .tag = LAG,
            .lag = {
                .backup = view_of(self->backups[b].name),
                .kind = view_of(self->backups[b].kind->name),
                .state = view_of(state.state),
                .pending = state.pending,
                .pending_bytes = state.pending_bytes,
                .lag_ms = state.lag_ms,
                .oldest_uri =
                    view_of(state.oldest_path ? uri_or_path(state.oldest_path, uri) : ""),
                .reason = view_of(state.reason),
                .quarantined = state.quarantined,
                .dead = state.dead,
                .applied = state.applied,
                .superseded = state.superseded,
                .failures = state.failures,
                .excluded = self->excluded[b],
                .probe_ms = state.probe_ms,
                .promised = state.promised + self->excluded[b],
                .read_hits = reads.hits,
                .read_misses = reads.misses,
                .read_failures = reads.failures,
                .read_stale = reads.stale,
            },
        });
}

static const char *
kind_name(unsigned kind)
{
    switch (kind) {
    case LAG_TREE: return "tree";
    case LAG_PRUNE: return "prune";
    case LAG_PATH: return "path";
    default: return change_name((enum change_kind) kind);
    }
}

/* One path on one backup, and the rule that excludes it or ""; false: no room. */
static bool
pack_target(struct packing *p, const char *backup, const struct target *t, bool is_in_sync,
    const char *rule)
{
    char uri[URI_BYTES_MAX + 1] = "";

    return pack(p,
        &(struct message){
            .tag = TARGET,
            .target = {
                .uri = view_of(uri_or_path(t->path, uri)),
                .path = view_of(t->path),
                .latest_seq = t->seq,
                .op = view_of(kind_name(t->kind)),
                .size = t->size,
                .backup = view_of(backup),
                .acked_seq = is_in_sync ? t->seq : 0,
                .failures = t->failures,
                .quarantined = t->is_quarantined,
                .in_sync = is_in_sync,
                .reason = view_of(t->reason),
                .excluded = view_of(rule),
            },
        });
}

/* The rule that keeps a path from a backup, or "". */
static const char *
rule_of(const struct journal *self, unsigned backup, const struct catalog_version *version)
{
    const char *rule =
        version->kind == MKDIR ? NULL : plan_rule(self->conf, backup, version->path, version->size);

    return rule ? rule : "";
}

/* A path that the primary has, as every backup has it; false: no room. */
static bool
pack_path(struct packing *p, const struct catalog_version *version)
{
    struct journal *self = p->journal;
    size_t used = p->used;
    uint64_t count = p->count;

    for (unsigned b = 0; b < self->backup_count; b++) {
        struct target lacking,
            is = {
                .path = version->path,
                .seq = version->seq,
                .kind = version->kind,
                .size = version->size,
                .reason = "",
            };
        bool lacks = ledger_target(self->ledger, b, version->path, &lacking);

        if (!self->backups[b].receives ||
            pack_target(p, self->backups[b].name, lacks ? &lacking : &is, !lacks,
                rule_of(self, b, version)))
            continue;
        p->used = used; /* all backups of a path, or none */
        p->count = count;
        return false;
    }
    return true;
}

/* Rows are kept apart while they are looked up elsewhere. */
struct version_row {
    struct version_row *next;
    struct catalog_version version;
    char path[];
};

struct version_rows {
    struct version_row *first;
    size_t count;
};

static void
keep_version(void *context, const struct catalog_version *version)
{
    struct version_rows *rows = context;
    size_t length = strlen(version->path);
    struct version_row *row = memory_new(sizeof *row + length + 1);

    memcpy(row->path, version->path, length);
    row->version = *version;
    row->version.path = row->path;
    LL_APPEND(rows->first, row);
    rows->count++;
}

/* In path order from behind `after`; true if there are more. */
static bool
pack_paths(struct packing *p, const char *path, const char *after, size_t limit)
{
    struct version_rows rows = { NULL, 0 };
    bool has_room = true;

    catalog_versions(p->journal->catalog, path, after, limit, keep_version, &rows);
    while (rows.first) {
        struct version_row *row = rows.first;

        has_room = has_room && pack_path(p, &row->version);
        if (has_room)
            snprintf(p->last, sizeof p->last, "%s", row->path);
        rows.first = row->next;
        free(row);
    }
    return !has_room || rows.count == limit;
}

/* What a backup lacks and the primary has no more, or has as part of a tree. */
static void
pack_gone(void *context, const struct target *target)
{
    struct packing *p = context;
    struct catalog_version version;

    if (!catalog_version_get(p->journal->catalog, target->path, &version))
        pack_target(p, p->backup, target, false, "");
}

static bool
pack_targets(struct packing *p, const struct message_survey *m)
{
    size_t limit = m->limit < TARGETS_MAX ? (size_t) m->limit : TARGETS_MAX;
    char *path = view_dup(m->path), *after = view_dup(m->after);
    bool has_more;

    for (unsigned b = 0; b < p->journal->backup_count && m->after.length == 0; b++) {
        p->backup = p->journal->backups[b].name;
        ledger_targets(p->journal->ledger, b, path, "", limit, pack_gone, p);
    }
    has_more = limit > 0 && pack_paths(p, path, after, limit);
    free(path);
    free(after);
    return has_more && p->last[0];
}

void
on_survey(void *arg, struct envelope *envelope)
{
    const struct message_survey *m = &envelope_message(envelope)->survey;
    struct journal *self = arg;
    struct packing p = { .journal = self,
        .at = memory_new(PACKED_MAX),
        .room = PACKED_MAX,
        .reads = body_view(envelope_body(envelope)) };
    bool has_more = false;
    struct body body;

    if (m->after.length == 0)
        for (unsigned b = 0; b < self->backup_count; b++)
            pack_lag(&p, b);
    if (m->path.length > 0)
        has_more = pack_targets(&p, m);
    body_copy(&body, (struct view){ p.at, p.used });
    free(p.at);
    host_post(self->host, "router",
        &(struct message){
            .tag = SURVEYED,
            .surveyed = { .request = m->request,
                .count = p.count,
                .more = has_more,
                .next = view_of(has_more ? p.last : "") },
        },
        &body);
}

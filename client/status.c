/*
 * How the backups are: a LAG for each, then what they have of each path.
 */

#include "client/pages.h"

struct observer {
    bool (*lag)(void *context, const struct knarr_lag *);
    bool (*target)(void *context, const struct knarr_target *);
    void *context;
};

static bool
tell_lag(const struct observer *observer, const struct message_lag *m)
{
    struct texts texts = { .count = 0 };
    struct knarr_lag lag = {
        .backup = texts_add(&texts, m->backup),
        .kind = texts_add(&texts, m->kind),
        .state = texts_add(&texts, m->state),
        .oldest_uri = texts_add(&texts, m->oldest_uri),
        .reason = texts_add(&texts, m->reason),
        .pending = m->pending,
        .pending_bytes = m->pending_bytes,
        .lag_ms = m->lag_ms,
        .quarantined = m->quarantined,
        .dead = m->dead,
        .applied = m->applied,
        .superseded = m->superseded,
        .failures = m->failures,
        .probe_ms = m->probe_ms,
        .excluded = m->excluded,
        .promised = m->promised,
        .read_hits = m->read_hits,
        .read_misses = m->read_misses,
        .read_failures = m->read_failures,
        .read_stale = m->read_stale,
    };
    bool is_wanted = !observer->lag || observer->lag(observer->context, &lag);

    texts_free(&texts);
    return is_wanted;
}

static bool
tell_target(const struct observer *observer, const struct message_target *m)
{
    struct texts texts = { .count = 0 };
    struct knarr_target target = {
        .uri = texts_add(&texts, m->uri),
        .path = texts_add(&texts, m->path),
        .op = texts_add(&texts, m->op),
        .backup = texts_add(&texts, m->backup),
        .reason = texts_add(&texts, m->reason),
        .excluded = texts_add(&texts, m->excluded),
        .latest_seq = m->latest_seq,
        .size = m->size,
        .acked_seq = m->acked_seq,
        .failures = m->failures,
        .quarantined = m->quarantined,
        .in_sync = m->in_sync,
    };
    bool is_wanted = !observer->target || observer->target(observer->context, &target);

    texts_free(&texts);
    return is_wanted;
}

static enum reading
on_status(void *context, const struct message *message)
{
    bool is_wanted;

    if (message->tag == LAG)
        is_wanted = tell_lag(context, &message->lag);
    else if (message->tag == TARGET)
        is_wanted = tell_target(context, &message->target);
    else
        return READ_GARBLED;
    return is_wanted ? READ_ON : READ_NO_MORE;
}

enum knarr_outcome
knarr_status(struct knarr *session, const char *uri,
    bool (*lag)(void *context, const struct knarr_lag *),
    bool (*target)(void *context, const struct knarr_target *), void *context,
    struct knarr_result *result)
{
    struct observer observer = { lag, target, context };
    struct pages pages = {
        .session = session,
        .request = {
            .tag = STATUS,
            .status = { .uri = view_of(uri ? uri : ""), .limit = PAGE_ENTRIES },
        },
        .id = &pages.request.status.id,
        .after = &pages.request.status.after,
        .each = on_status,
        .context = &observer,
    };

    return pages_read(&pages, result);
}

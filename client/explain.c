/*
 * What the policies say of a path: one EXPLAINED, then a FATE for each backup.
 */

#include "client/pages.h"

struct asker {
    bool (*explained)(void *context, const struct knarr_explained *);
    bool (*fate)(void *context, const struct knarr_fate *);
    void *context;
};

static bool
tell_explained(const struct asker *asker, const struct message_explained *m)
{
    struct texts texts = { .count = 0 };
    struct knarr_explained explained = {
        .uri = texts_add(&texts, m->uri),
        .path = texts_add(&texts, m->path),
        .read = texts_add(&texts, m->read),
        .exists = m->exists,
        .is_directory = m->is_directory,
        .size = m->size,
        .required = m->required,
        .timeout_ms = m->timeout_ms,
    };
    bool is_wanted = asker->explained(asker->context, &explained);

    texts_free(&texts);
    return is_wanted;
}

static bool
tell_fate(const struct asker *asker, const struct message_fate *m)
{
    struct texts texts = { .count = 0 };
    struct knarr_fate fate = {
        .backup = texts_add(&texts, m->backup),
        .rule = texts_add(&texts, m->rule),
        .gets = m->gets,
    };
    bool is_wanted = asker->fate(asker->context, &fate);

    texts_free(&texts);
    return is_wanted;
}

static enum reading
on_explanation(void *context, const struct message *message)
{
    bool is_wanted;

    if (message->tag == EXPLAINED)
        is_wanted = tell_explained(context, &message->explained);
    else if (message->tag == FATE)
        is_wanted = tell_fate(context, &message->fate);
    else
        return READ_GARBLED;
    return is_wanted ? READ_ON : READ_NO_MORE;
}

enum knarr_outcome
knarr_explain(struct knarr *session, const char *uri, uint64_t size,
    bool (*explained)(void *context, const struct knarr_explained *),
    bool (*fate)(void *context, const struct knarr_fate *), void *context,
    struct knarr_result *result)
{
    struct asker asker = { explained, fate, context };
    struct pages pages = {
        .session = session,
        .request = {
            .tag = EXPLAIN,
            .explain = { .uri = view_of(uri), .size = size },
        },
        .id = &pages.request.explain.id,
        .each = on_explanation,
        .context = &asker,
    };

    return pages_read(&pages, result);
}

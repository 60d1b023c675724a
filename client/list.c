/*
 * What there is: stat, list, glob and grep.
 */

#include "client/pages.h"

struct finder {
    knarr_found *found;
    void *context;
};

static enum reading
on_entry(void *context, const struct message *message)
{
    const struct finder *finder = context;
    struct knarr_entry entry;
    struct texts texts = { .count = 0 };
    bool is_wanted;

    if (message->tag != ENTRY)
        return READ_GARBLED;
    entry = (struct knarr_entry){
        .uri = texts_add(&texts, message->entry.uri),
        .is_directory = message->entry.is_directory,
        .mode = (uint32_t) message->entry.mode & 07777,
        .size = message->entry.size,
        .mtime_ns = message->entry.mtime_ns,
    };
    is_wanted = finder->found(finder->context, &entry);
    texts_free(&texts);
    return is_wanted ? READ_ON : READ_NO_MORE;
}

enum knarr_outcome
knarr_stat(struct knarr *session, const char *uri, knarr_found *found, void *context,
    struct knarr_result *result)
{
    struct finder finder = { found, context };
    struct pages pages = {
        .session = session,
        .request = { .tag = STAT, .stat = { .uri = view_of(uri) } },
        .id = &pages.request.stat.id,
        .each = on_entry,
        .context = &finder,
    };

    return pages_read(&pages, result);
}

enum knarr_outcome
knarr_list(struct knarr *session, const char *uri, uint64_t depth, bool hidden, knarr_found *found,
    void *context, struct knarr_result *result)
{
    struct finder finder = { found, context };
    struct pages pages = {
        .session = session,
        .request = {
            .tag = LIST,
            .list = {
                .uri = view_of(uri),
                .limit = PAGE_ENTRIES,
                .depth = depth,
                .hidden = hidden,
            },
        },
        .id = &pages.request.list.id,
        .after = &pages.request.list.after,
        .each = on_entry,
        .context = &finder,
    };

    return pages_read(&pages, result);
}

enum knarr_outcome
knarr_glob(struct knarr *session, const char *uri, const char *pattern, knarr_found *found,
    void *context, struct knarr_result *result)
{
    struct finder finder = { found, context };
    struct pages pages = {
        .session = session,
        .request = {
            .tag = GLOB,
            .glob = {
                .uri = view_of(uri),
                .pattern = view_of(pattern),
                .limit = PAGE_ENTRIES,
            },
        },
        .id = &pages.request.glob.id,
        .after = &pages.request.glob.after,
        .each = on_entry,
        .context = &finder,
    };

    return pages_read(&pages, result);
}

struct grepper {
    bool (*found)(void *context, const char *uri, uint64_t line, const char *text);
    void *context;
    uint64_t left; /* matches still wanted */
};

static enum reading
on_match(void *context, const struct message *message)
{
    struct grepper *grepper = context;
    const struct message_match *match = &message->match;
    struct texts texts = { .count = 0 };
    bool is_wanted;

    if (message->tag != MATCH)
        return READ_GARBLED;
    is_wanted = grepper->found(grepper->context, texts_add(&texts, match->uri), match->line,
        texts_add(&texts, match->text));
    texts_free(&texts);
    grepper->left--;
    return is_wanted && grepper->left > 0 ? READ_ON : READ_NO_MORE;
}

enum knarr_outcome
knarr_grep(struct knarr *session, const char *uri, const char *pattern, bool ignore_case,
    uint64_t limit, uint64_t depth,
    bool (*found)(void *context, const char *uri, uint64_t line, const char *text), void *context,
    struct knarr_result *result)
{
    struct grepper grepper = { found, context, limit > 0 ? limit : UINT64_MAX };
    struct pages pages = {
        .session = session,
        .request = {
            .tag = GREP,
            .grep = {
                .uri = view_of(uri),
                .pattern = view_of(pattern),
                .ignore_case = ignore_case,
                .limit = grepper.left < PAGE_ENTRIES ? grepper.left : PAGE_ENTRIES,
                .depth = depth,
            },
        },
        .id = &pages.request.grep.id,
        .after = &pages.request.grep.after,
        .each = on_match,
        .context = &grepper,
    };

    return pages_read(&pages, result);
}

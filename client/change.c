/*
 * Requests that are one message and end in one ANSWER.
 */

#include "client/change.h"

/* Defaults of a wish, so that nobody else has to ask whether there is one. */
struct knarr_wish
wish_of(const struct knarr_wish *wish)
{
    static const struct knarr_wish nothing_special = { .acks = KNARR_ACKS_CONFIGURED };

    return wish ? *wish : nothing_special;
}

enum outcome
change_ended(struct knarr *self, struct envelope *envelope, struct ending *ending)
{
    if (envelope_message(envelope)->tag != ANSWER)
        return session_garbled(self, "a change was not answered", &ending->report);
    ending->is_told = true;
    return result_answer(ending->result, self, envelope, &ending->report);
}

/* `id` is where the request keeps its number. */
static enum knarr_outcome
request(struct knarr *self, struct message *message, uint64_t *id, struct knarr_result *result)
{
    struct ending ending = { .result = result };
    struct envelope *envelope = NULL;
    enum outcome outcome;

    result_init(result);
    outcome = session_open(self, &ending.report);
    if (outcome == DONE) {
        *id = session_id(self);
        outcome = session_say(self, message, NULL, &ending.report);
    }
    if (outcome == DONE)
        outcome = session_hear(self, (struct span){ *id, *id }, &envelope, &ending.report);
    if (outcome == DONE)
        outcome = change_ended(self, envelope, &ending);
    envelope_close(&envelope);
    return result_end(&ending, outcome);
}

enum knarr_outcome
knarr_ping(struct knarr *self, struct knarr_result *result)
{
    struct message message = { .tag = PING };

    return request(self, &message, &message.ping.id, result);
}

enum knarr_outcome
knarr_truncate(struct knarr *self, const char *uri, uint64_t size, const struct knarr_wish *wished,
    struct knarr_result *result)
{
    struct knarr_wish wish = wish_of(wished);
    struct message message = {
        .tag = TRUNCATE,
        .truncate = {
            .uri = view_of(uri),
            .size = size,
            .acks = wish.acks,
            .wait = wish.wait,
            .timeout_ms = wish.timeout_ms,
        },
    };

    return request(self, &message, &message.truncate.id, result);
}

enum knarr_outcome
knarr_remove(struct knarr *self, const char *uri, bool recursive, const struct knarr_wish *wished,
    struct knarr_result *result)
{
    struct knarr_wish wish = wish_of(wished);
    struct message message = {
        .tag = DELETE,
        .delete = {
            .uri = view_of(uri),
            .recursive = recursive,
            .acks = wish.acks,
            .wait = wish.wait,
            .timeout_ms = wish.timeout_ms,
        },
    };

    return request(self, &message, &message.delete.id, result);
}

enum knarr_outcome
knarr_mkdir(struct knarr *self, const char *uri, const struct knarr_wish *wished,
    struct knarr_result *result)
{
    struct knarr_wish wish = wish_of(wished);
    struct message message = {
        .tag = MAKE,
        .make = {
            .uri = view_of(uri),
            .mode = wish.mode,
            .acks = wish.acks,
            .wait = wish.wait,
            .timeout_ms = wish.timeout_ms,
        },
    };

    return request(self, &message, &message.make.id, result);
}

enum knarr_outcome
knarr_move(struct knarr *self, const char *uri, const char *to, const struct knarr_wish *wished,
    struct knarr_result *result)
{
    struct knarr_wish wish = wish_of(wished);
    struct message message = {
        .tag = MOVE,
        .move = {
            .uri = view_of(uri),
            .to = view_of(to),
            .acks = wish.acks,
            .wait = wish.wait,
            .timeout_ms = wish.timeout_ms,
        },
    };

    return request(self, &message, &message.move.id, result);
}

enum knarr_outcome
knarr_chmod(struct knarr *self, const char *uri, uint32_t mode, const struct knarr_wish *wished,
    struct knarr_result *result)
{
    struct knarr_wish wish = wish_of(wished);
    struct message message = {
        .tag = MODE,
        .mode = {
            .uri = view_of(uri),
            .mode = mode,
            .acks = wish.acks,
            .wait = wish.wait,
            .timeout_ms = wish.timeout_ms,
        },
    };

    return request(self, &message, &message.mode.id, result);
}

enum knarr_outcome
knarr_sync_retry(struct knarr *self, const char *uri, struct knarr_result *result)
{
    struct message message = {
        .tag = RETRY_SYNC,
        .retry_sync = { .uri = view_of(uri ? uri : "") },
    };

    return request(self, &message, &message.retry_sync.id, result);
}

enum knarr_outcome
knarr_sync_wait(struct knarr *self, uint64_t seq, const char *uri, const char *backup,
    uint64_t timeout_ms, struct knarr_result *result)
{
    struct message message = {
        .tag = WAIT_SYNC,
        .wait_sync = {
            .seq = seq,
            .uri = view_of(uri ? uri : ""),
            .backup = view_of(backup ? backup : ""),
            .timeout_ms = timeout_ms,
        },
    };

    return request(self, &message, &message.wait_sync.id, result);
}

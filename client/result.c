#include "client/result.h"

#include "base/memory.h"

#include <stdio.h>

static const enum knarr_outcome outcomes[] = {
    [DONE] = KNARR_DONE,
    [RETRY] = KNARR_RETRY,
    [REFUSED] = KNARR_REFUSED,
};

void
result_init(struct knarr_result *result)
{
    memset(result, 0, sizeof *result);
}

void
knarr_result_clear(struct knarr_result *result)
{
    for (size_t i = 0; i < result->copy_count; i++) {
        free(result->copies[i].backup);
        free(result->copies[i].state);
        free(result->copies[i].cause);
        free(result->copies[i].reason);
    }
    free(result->copies);
    result->copies = NULL;
    result->copy_count = 0;
}

static void
set_cause(struct knarr_result *result, enum outcome outcome, enum cause cause)
{
    result->outcome = outcomes[outcome];
    snprintf(result->cause, sizeof result->cause, "%s", cause_name(cause));
    snprintf(result->code, sizeof result->code, "%s", cause_code(cause));
}

enum knarr_outcome
result_report(struct knarr_result *result, enum outcome outcome, const struct report *report)
{
    set_cause(result, outcome, outcome == DONE ? CAUSE_NONE : report->cause);
    if (outcome != DONE)
        snprintf(result->reason, sizeof result->reason, "%s", report->text);
    return result->outcome;
}

static void
add_copy(struct knarr_result *result, const struct message_copy *copy)
{
    result->copies[result->copy_count++] = (struct knarr_copy){
        .backup = view_dup(copy->backup),
        .state = view_dup(copy->state),
        .cause = view_dup(view_of(cause_name(copy->cause))),
        .reason = view_dup(copy->reason),
    };
}

static bool
add_copies(struct knarr_result *result, struct view body)
{
    struct message message;

    knarr_result_clear(result);
    if (body.length > 0)
        result->copies = memory_new(COPIES_MAX * sizeof *result->copies);
    while (body.length > 0) {
        if (result->copy_count == COPIES_MAX || !message_next(&body, &message) ||
            message.tag != COPY)
            return false;
        add_copy(result, &message.copy);
    }
    return true;
}

enum outcome
result_answer(struct knarr_result *result, struct knarr *knarr, struct envelope *envelope,
    struct report *report)
{
    const struct message_answer *answer = &envelope_message(envelope)->answer;

    set_cause(result, answer->outcome, answer->cause);
    snprintf(result->reason, sizeof result->reason, "%.*s", VIEW(answer->reason));
    snprintf(result->hash, sizeof result->hash, "%.*s", VIEW(answer->hash));
    result->seq = answer->seq;
    result->size = answer->size;
    result->required = answer->required;
    result->acked = answer->acked;
    if (!add_copies(result, body_view(envelope_body(envelope))))
        return session_garbled(knarr, "what it says about the backups has no known form", report);
    return DONE;
}

enum knarr_outcome
result_end(const struct ending *ending, enum outcome outcome)
{
    if (outcome == DONE && ending->is_told)
        return ending->result->outcome;
    return result_report(ending->result, outcome, &ending->report);
}

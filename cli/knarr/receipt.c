#include "cli/knarr/receipt.h"

#include "cli/knarr/json.h"
#include "cli/knarr/options.h"
#include "cli/knarr/text.h"

#include <inttypes.h>

static const char *
outcome_text(enum knarr_outcome outcome)
{
    switch (outcome) {
    case KNARR_DONE: return "done";
    case KNARR_RETRY: return "retry";
    case KNARR_REFUSED: return "refused";
    }
    return "?";
}

static void
print_copies_json(struct json *json, const struct knarr_result *result)
{
    json_open(json, "backups", '[');
    for (size_t i = 0; i < result->copy_count; i++) {
        const struct knarr_copy *copy = &result->copies[i];

        json_open(json, NULL, '{');
        json_text(json, "name", copy->backup);
        json_text(json, "state", copy->state);
        if (*copy->reason) {
            json_text(json, "cause", copy->cause);
            json_text(json, "reason", copy->reason);
        }
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void
print_json(const char *uri, const struct knarr_result *result)
{
    struct json json = { stdout, false };

    json_open(&json, NULL, '{');
    json_text(&json, "uri", uri);
    json_text(&json, "outcome", outcome_text(result->outcome));
    if (result->outcome != KNARR_DONE) {
        json_text(&json, "code", result->code);
        json_text(&json, "reason", result->reason);
    }
    json_number(&json, "seq", result->seq);
    json_number(&json, "size", result->size);
    json_text(&json, "hash", result->hash);
    json_number(&json, "required", result->required);
    json_number(&json, "acked", result->acked);
    print_copies_json(&json, result);
    json_close(&json, '}');
    json_end(&json);
}

static void
print_plain(const struct knarr_result *result)
{
    printf("seq       %" PRIu64 "\n", result->seq);
    if (*result->hash) /* there is a file */
        printf("size      %" PRIu64 "\nhash      %s\n", result->size, result->hash);
    if (result->required > 0)
        printf("required  %" PRIu64 "\n", result->required);
    for (size_t i = 0; i < result->copy_count; i++) {
        printf("backup    ");
        text_print(stdout, result->copies[i].backup);
        printf("  ");
        text_print(stdout, result->copies[i].state);
        if (*result->copies[i].reason) {
            printf(", ");
            text_print(stdout, result->copies[i].reason);
        }
        printf("\n");
    }
}

/* A change that the primary has was given a number, even if backups lack it. */
static bool
has_receipt(const struct knarr_result *result)
{
    return result->outcome == KNARR_DONE || result->seq > 0;
}

enum exit_code
receipt_end(const char *uri, struct knarr_result *result)
{
    enum exit_code code = EXIT_DONE;

    if (options.json)
        print_json(uri, result);
    else if (options.receipt && has_receipt(result))
        print_plain(result);
    if (result->outcome != KNARR_DONE)
        code = call_refused(result);
    knarr_result_clear(result);
    return code;
}

/*
 * explain: what the policies say of a path, as a text or as JSON:
 *
 *     {"uri":..., "path":..., "exists":..., "is_directory":..., "size":..., "read":...,
 *      "sync":{"required":..., "timeout_ms":...},
 *      "backups":[{"name":..., "gets":..., "rule":...}, ...]}
 */

#include "cli/knarr/json.h"
#include "cli/knarr/options.h"
#include "cli/knarr/text.h"

#include <inttypes.h>

static bool
print_explained(void *context, const struct knarr_explained *explained)
{
    char size[TEXT_SIZE_BYTES];

    (void) context;
    text_print(stdout, explained->uri);
    if (explained->is_directory)
        puts("  a directory: no policy is for it");
    else
        printf("  %s of %s\n", explained->exists ? "a file" : "a file, not there yet,",
            text_size(explained->size, size));
    printf("read      ");
    text_print(stdout, explained->read);
    if (explained->required == 0)
        printf("\nwrite     waits for no backup\n");
    else if (explained->required == UINT64_MAX)
        printf("\nwrite     waits for all, and no backup gets it: it fails\n");
    else
        printf("\nwrite     waits for %" PRIu64 "\n", explained->required);
    return true;
}

static bool
print_fate(void *context, const struct knarr_fate *fate)
{
    (void) context;
    printf("backup    ");
    text_print(stdout, fate->backup);
    printf("  %s", fate->gets ? "gets it" : *fate->rule ? "excluded by " : "receives no writes");
    text_print(stdout, fate->rule);
    putchar('\n');
    return true;
}

static bool
print_explained_json(void *context, const struct knarr_explained *explained)
{
    struct json *json = context;

    json_open(json, NULL, '{');
    json_text(json, "uri", explained->uri);
    json_text(json, "path", explained->path);
    json_flag(json, "exists", explained->exists);
    json_flag(json, "is_directory", explained->is_directory);
    json_number(json, "size", explained->size);
    json_text(json, "read", explained->read);
    json_open(json, "sync", '{');
    json_number(json, "required", explained->required);
    json_number(json, "timeout_ms", explained->timeout_ms);
    json_close(json, '}');
    json_open(json, "backups", '[');
    return true;
}

static bool
print_fate_json(void *context, const struct knarr_fate *fate)
{
    struct json *json = context;

    json_open(json, NULL, '{');
    json_text(json, "name", fate->backup);
    json_flag(json, "gets", fate->gets);
    if (*fate->rule)
        json_text(json, "rule", fate->rule);
    json_close(json, '}');
    return true;
}

static enum exit_code
run_explain(struct call *call)
{
    struct json json = { stdout, false };
    enum exit_code code = EXIT_DONE;
    struct knarr_result result;
    uint64_t size;

    if (!option_number(call, "--size", options.size, UINT64_MAX, &size))
        return EXIT_USAGE;
    if (!call_connect(call))
        return call->status;
    knarr_explain(call->knarr, call->arguments[0], size,
        options.json ? print_explained_json : print_explained,
        options.json ? print_fate_json : print_fate, &json, &result);
    if (result.outcome != KNARR_DONE) {
        code = call_refused(&result);
    } else if (options.json) {
        json_close(&json, ']');
        json_close(&json, '}');
        json_end(&json);
    }
    knarr_result_clear(&result);
    return code;
}

static const struct poptOption explain_options[] = {
    { "size", 0, POPT_ARG_STRING, &options.size, 0, "of the file; else as it is", "BYTES" },
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) json_option, 0, NULL, NULL },
    POPT_TABLEEND,
};

const struct command policy_commands[] = {
    { "explain", "URI", "Print which backups get a file, and which rule keeps it from the others.",
        explain_options, 1, 1, run_explain },
    { NULL, NULL, NULL, NULL, 0, 0, NULL },
};

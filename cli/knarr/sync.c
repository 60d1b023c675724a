/*
 * sync status, sync retry, sync wait: what backups have, and waiting for it.
 */

#include "base/uri.h"
#include "cli/knarr/options.h"
#include "cli/knarr/receipt.h"
#include "cli/knarr/status.h"
#include "cli/knarr/text.h"

#include <inttypes.h>
#include <string.h>

enum { LOOK_AGAIN_MS = 500 };

static const char *
first_argument(const struct call *call)
{
    return call->count > 0 ? call->arguments[0] : NULL;
}

/* Where the URI is on the backends; "" where that cannot be told. */
static void
find_path(const char *uri, char path[PATH_BYTES_MAX + 1])
{
    struct report nobody_asks;

    path[0] = '\0';
    if (uri &&
        uri_to_path(view_of(uri), view_of(options.account ? options.account : "default"),
            view_of(options.user ? options.user : "default"), path, &nobody_asks) != DONE)
        path[0] = '\0';
}

static enum exit_code
run_status(struct call *call)
{
    const char *uri = first_argument(call);
    enum exit_code code = EXIT_DONE;
    struct knarr_result result;
    char path[PATH_BYTES_MAX + 1];
    struct status status = { .uri = uri, .path = path, .json = { stdout, false } };

    if (!call_connect(call))
        return call->status;
    find_path(uri, path);
    knarr_status(call->knarr, uri, options.json ? status_lag_json : status_lag,
        options.json ? status_target_json : status_target, &status, &result);
    if (options.json)
        status_end_json(&status, result.outcome == KNARR_DONE);
    else
        status_end(&status, result.outcome == KNARR_DONE);
    if (result.outcome != KNARR_DONE)
        code = call_refused(&result);
    knarr_result_clear(&result);
    return code;
}

static bool
add_pending(void *context, const struct knarr_lag *lag)
{
    uint64_t *pending = context;

    *pending += lag->pending;
    return true;
}

static void
show_pending(struct knarr *knarr)
{
    struct knarr_result result;
    uint64_t pending = 0;

    if (!text_is_terminal(stderr))
        return;
    if (knarr_status(knarr, NULL, add_pending, NULL, &pending, &result) == KNARR_DONE)
        fprintf(stderr, "\r%" PRIu64 " still to be done\033[K", pending);
    knarr_result_clear(&result);
}

/* Until the backups have it, with a look at how far they are in between. */
static void
wait_and_show(struct knarr *knarr, const char *uri, struct knarr_result *result)
{
    knarr_sync_wait(knarr, 0, uri, NULL, LOOK_AGAIN_MS, result);
    while (strcmp(result->cause, "timeout") == 0) {
        knarr_result_clear(result);
        show_pending(knarr);
        knarr_sync_wait(knarr, 0, uri, NULL, LOOK_AGAIN_MS, result);
    }
    if (text_is_terminal(stderr))
        fputs("\r\033[K", stderr);
}

static void
print_retried(const struct call *call, uint64_t count)
{
    struct json json = { stdout, false };
    char path[PATH_BYTES_MAX + 1];

    if (!options.json) {
        printf("%" PRIu64 " %s tried again\n", count, count == 1 ? "path is" : "paths are");
        return;
    }
    find_path(first_argument(call), path);
    json_open(&json, NULL, '{');
    json_text(&json, "path", path);
    json_number(&json, "retried", count);
    json_close(&json, '}');
    json_end(&json);
}

static enum exit_code
run_retry(struct call *call)
{
    enum exit_code code = EXIT_DONE;
    struct knarr_result result;

    if (!call_connect(call))
        return call->status;
    if (knarr_sync_retry(call->knarr, first_argument(call), &result) == KNARR_DONE) {
        print_retried(call, result.acked);
        fflush(stdout);
        if (options.wait) {
            knarr_result_clear(&result);
            wait_and_show(call->knarr, first_argument(call), &result);
        }
    }
    if (result.outcome != KNARR_DONE)
        code = call_refused(&result);
    knarr_result_clear(&result);
    return code;
}

static enum exit_code
run_wait(struct call *call)
{
    const char *what = first_argument(call);
    bool is_seq = what && *what && strspn(what, "0123456789") == strlen(what);
    uint64_t seq = 0, timeout_ms;
    struct knarr_result result;

    if ((is_seq && !option_number(call, "SEQ", what, 0, &seq)) ||
        !option_seconds(call, options.timeout, &timeout_ms))
        return EXIT_USAGE;
    if (is_seq && seq == 0)
        return call_usage(call, "no change has the number 0");
    if (what && !is_seq && strncmp(what, "viking://", strlen("viking://")) != 0)
        return call_usage(call, "'%s' is neither the number of a change nor a URI", what);
    if (!call_connect(call))
        return call->status;
    knarr_sync_wait(call->knarr, seq, is_seq ? NULL : what, options.on, timeout_ms, &result);
    return receipt_end(what ? what : "", &result);
}

static const struct poptOption retry_options[] = {
    { "wait", 0, POPT_ARG_NONE, &options.wait, 0, "return when the backups have it", NULL },
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) json_option, 0, NULL, NULL },
    POPT_TABLEEND,
};

static const struct poptOption wait_options[] = {
    { "on", 0, POPT_ARG_STRING, &options.on, 0, "one backup; else all that policy names", "NAME" },
    { "timeout", 0, POPT_ARG_STRING, &options.timeout, 0, "else for ever", "SECONDS" },
    { "receipt", 0, POPT_ARG_NONE, &options.receipt, 0, "print what each backup has", NULL },
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) json_option, 0, NULL, NULL },
    POPT_TABLEEND,
};

const struct command sync_commands[] = {
    { "sync status", "[URI]", "Print how the backups are, and what they have of each path.",
        json_option, 0, 1, run_status },
    { "sync retry", "[URI]", "Try again now what failed or is quarantined.", retry_options, 0, 1,
        run_retry },
    { "sync wait", "[SEQ|URI]", "Return when the backups have a change, or all so far.",
        wait_options, 0, 1, run_wait },
    { "system backend sync-status", "URI", "The same as sync status.", json_option, 1, 1,
        run_status },
    { "system backend sync-retry", "URI", "The same as sync retry.", retry_options, 1, 1,
        run_retry },
    { NULL, NULL, NULL, NULL, 0, 0, NULL },
};

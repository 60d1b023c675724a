/*
 * mkdir, rm, mv, chmod: names and what they lead to.
 */

#include "cli/knarr/options.h"
#include "cli/knarr/receipt.h"

#include <string.h>

static enum exit_code
run_mkdir(struct call *call)
{
    const char *uri = call->arguments[0];
    struct knarr_result result;
    struct knarr_wish wish;

    if (!option_wish(call, &wish) || (options.mode && !option_mode(call, options.mode, &wish.mode)))
        return EXIT_USAGE;
    if (!call_connect(call))
        return call->status;
    knarr_mkdir(call->knarr, uri, &wish, &result);
    if (options.parents && strcmp(result.cause, "already_exists") == 0) {
        knarr_result_clear(&result);
        return EXIT_DONE;
    }
    return receipt_end(uri, &result);
}

static enum exit_code
run_rm(struct call *call)
{
    struct knarr_result result;
    struct knarr_wish wish;

    if (!option_wish(call, &wish))
        return EXIT_USAGE;
    if (!call_connect(call))
        return call->status;
    knarr_remove(call->knarr, call->arguments[0], options.recursive, &wish, &result);
    return receipt_end(call->arguments[0], &result);
}

static enum exit_code
run_mv(struct call *call)
{
    struct knarr_result result;
    struct knarr_wish wish;

    if (!option_wish(call, &wish))
        return EXIT_USAGE;
    if (!call_connect(call))
        return call->status;
    knarr_move(call->knarr, call->arguments[0], call->arguments[1], &wish, &result);
    return receipt_end(call->arguments[1], &result);
}

/* Both orders are known: "chmod 600 URI" from the shell, "chmod URI 600" from the other commands. */
static enum exit_code
run_chmod(struct call *call)
{
    bool has_uri_first = strchr(call->arguments[0], '/');
    const char *uri = call->arguments[has_uri_first ? 0 : 1];
    struct knarr_result result;
    struct knarr_wish wish;
    uint32_t mode;

    if (!option_mode(call, call->arguments[has_uri_first ? 1 : 0], &mode) ||
        !option_wish(call, &wish))
        return EXIT_USAGE;
    if (!call_connect(call))
        return call->status;
    knarr_chmod(call->knarr, uri, mode, &wish, &result);
    return receipt_end(uri, &result);
}

static const struct poptOption mkdir_options[] = {
    { "parents", 'p', POPT_ARG_NONE, &options.parents, 0, "be content if it is there", NULL },
    { "mode", 'm', POPT_ARG_STRING, &options.mode, 0, "permission bits, in octal", "MODE" },
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) change_options, 0, NULL, NULL },
    POPT_TABLEEND,
};

static const struct poptOption rm_options[] = {
    { "recursive", 'r', POPT_ARG_NONE, &options.recursive, 0, "also a directory and all below it",
        NULL },
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) change_options, 0, NULL, NULL },
    POPT_TABLEEND,
};

const struct command tree_commands[] = {
    { "mkdir", "URI", "Make a directory, with its parents.", mkdir_options, 1, 1, run_mkdir },
    { "rm", "URI", "Remove a file or a directory; nothing there is well, too.", rm_options, 1, 1,
        run_rm },
    { "mv", "URI NEW-URI", "Give a file or a directory another name.", change_options, 2, 2,
        run_mv },
    { "chmod", "MODE URI", "Change the permission bits.", change_options, 2, 2, run_chmod },
    { NULL, NULL, NULL, NULL, 0, 0, NULL },
};

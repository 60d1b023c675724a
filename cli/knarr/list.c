/*
 * ls, tree, stat: what there is.
 */

#include "base/memory.h"
#include "cli/knarr/entry.h"
#include "cli/knarr/local.h"
#include "cli/knarr/options.h"
#include "cli/knarr/text.h"

#include <stdlib.h>
#include <string.h>

#define ROOT "viking://"

struct listing {
    struct json json;
    char *base; /* names are printed relative to it; NULL: the last part only */
};

static bool
print_entry(void *context, const struct knarr_entry *entry)
{
    struct listing *listing = context;

    if (options.json)
        entry_json(&listing->json, NULL, entry);
    else if (options.is_long)
        entry_line(entry, listing->base);
    else
        entry_name(entry, listing->base);
    return true;
}

static bool
keep_uri(void *context, const struct knarr_entry *entry)
{
    char **uri = context;

    *uri = memory_copy(entry->uri, strlen(entry->uri));
    return false;
}

static enum exit_code
end_listing(const struct listing *listing, struct knarr_result *result)
{
    enum exit_code code = result->outcome == KNARR_DONE ? EXIT_DONE : call_refused(result);

    free(listing->base);
    knarr_result_clear(result);
    return code;
}

static void
list(struct call *call, const char *uri, struct listing *listing, struct knarr_result *result)
{
    knarr_list(call->knarr, uri, options.recursive ? 0 : 1, options.all, print_entry, listing,
        result);
    if (strcmp(result->cause, "not_a_directory") == 0)
        knarr_stat(call->knarr, uri, print_entry, listing, result);
}

static enum exit_code
run_ls(struct call *call)
{
    const char *uri = call->count > 0 ? call->arguments[0] : ROOT;
    struct listing listing = { .json = { stdout, false } };
    struct knarr_result result;

    if (!call_connect(call))
        return call->status;
    /* The server's spelling of the URI is what its entries begin with. */
    if (options.recursive &&
        knarr_stat(call->knarr, uri, keep_uri, &listing.base, &result) != KNARR_DONE)
        return end_listing(&listing, &result);
    if (options.json)
        json_open(&listing.json, NULL, '[');
    list(call, uri, &listing, &result);
    if (options.json) {
        json_close(&listing.json, ']');
        json_end(&listing.json);
    }
    return end_listing(&listing, &result);
}

static bool
print_stat(void *context, const struct knarr_entry *entry)
{
    struct json json = { stdout, false };

    (void) context;
    if (options.json) {
        entry_json(&json, NULL, entry);
        json_end(&json);
    } else {
        entry_sheet(entry);
    }
    return true;
}

static enum exit_code
run_stat(struct call *call)
{
    struct listing none = { .base = NULL };
    struct knarr_result result;

    if (!call_connect(call))
        return call->status;
    knarr_stat(call->knarr, call->arguments[0], print_stat, NULL, &result);
    return end_listing(&none, &result);
}

static enum exit_code
run_tree(struct call *call)
{
    const char *uri = call->count > 0 ? call->arguments[0] : ROOT;
    struct listing listing = { .json = { stdout, false } };
    struct branches branches = { .count = 0 };
    struct knarr_result result;
    uint64_t depth;

    if (!option_number(call, "--depth", options.depth, 0, &depth))
        return EXIT_USAGE;
    if (!call_connect(call))
        return call->status;
    if (knarr_stat(call->knarr, uri, keep_uri, &listing.base, &result) != KNARR_DONE)
        return end_listing(&listing, &result);
    branches.base = listing.base;
    knarr_list(call->knarr, uri, depth, options.all, branches_add, &branches, &result);
    branches_print(&branches, options.json);
    branches_free(&branches);
    return end_listing(&listing, &result);
}

static const struct poptOption ls_options[] = {
    { "long", 'l', POPT_ARG_NONE, &options.is_long, 0, "mode, size and time too", NULL },
    { "all", 'a', POPT_ARG_NONE, &options.all, 0, "also names that begin with a dot", NULL },
    { "recursive", 'r', POPT_ARG_NONE, &options.recursive, 0, "all that is below, too", NULL },
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) json_option, 0, NULL, NULL },
    POPT_TABLEEND,
};

static const struct poptOption tree_options[] = {
    { "all", 'a', POPT_ARG_NONE, &options.all, 0, "also names that begin with a dot", NULL },
    { "depth", 'L', POPT_ARG_STRING, &options.depth, 0, "levels at most", "COUNT" },
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) json_option, 0, NULL, NULL },
    POPT_TABLEEND,
};

const struct command list_commands[] = {
    { "ls", "[URI]", "Print what is in a directory.", ls_options, 0, 1, run_ls },
    { "tree", "[URI]", "Print what is below a directory, level by level.", tree_options, 0, 1,
        run_tree },
    { "stat", "URI", "Print what is known of a file or a directory.", json_option, 1, 1, run_stat },
    { NULL, NULL, NULL, NULL, 0, 0, NULL },
};

/*
 * glob and grep: paths and lines that match.
 */

#include "cli/knarr/json.h"
#include "cli/knarr/options.h"
#include "cli/knarr/text.h"

#include <inttypes.h>

#define ROOT "viking://"

struct search {
    struct json json;
    uint64_t count, limit;
};

static struct search
search_begin(uint64_t limit, const char *key)
{
    struct search search = { .json = { stdout, false }, .limit = limit ? limit : UINT64_MAX };

    if (options.json) {
        json_open(&search.json, NULL, '{');
        json_open(&search.json, key, '[');
    }
    return search;
}

static enum exit_code
search_end(struct search *search, struct knarr_result *result)
{
    enum exit_code code = EXIT_DONE;

    if (options.json) {
        json_close(&search->json, ']');
        json_number(&search->json, "count", search->count);
        json_close(&search->json, '}');
        json_end(&search->json);
    }
    if (result->outcome != KNARR_DONE)
        code = call_refused(result);
    knarr_result_clear(result);
    return code;
}

static bool
print_path(void *context, const struct knarr_entry *entry)
{
    struct search *search = context;

    if (options.json) {
        json_text(&search->json, NULL, entry->uri);
    } else {
        text_print(stdout, entry->uri);
        putchar('\n');
    }
    search->count++;
    return search->count < search->limit;
}

static bool
print_match(void *context, const char *uri, uint64_t line, const char *text)
{
    struct search *search = context;

    search->count++;
    if (options.json) {
        json_open(&search->json, NULL, '{');
        json_text(&search->json, "uri", uri);
        json_number(&search->json, "line", line);
        json_text(&search->json, "content", text);
        json_close(&search->json, '}');
        return true;
    }
    text_print(stdout, uri);
    printf(":%" PRIu64 ":", line);
    text_print(stdout, text);
    putchar('\n');
    return true;
}

static enum exit_code
run_glob(struct call *call)
{
    struct knarr_result result;
    struct search search;
    uint64_t limit;

    if (!option_number(call, "--limit", options.limit, 0, &limit))
        return EXIT_USAGE;
    if (!call_connect(call))
        return call->status;
    search = search_begin(limit, "matches");
    knarr_glob(call->knarr, options.uri ? options.uri : ROOT, call->arguments[0], print_path,
        &search, &result);
    return search_end(&search, &result);
}

static enum exit_code
run_grep(struct call *call)
{
    struct knarr_result result;
    struct search search;
    uint64_t limit, depth;

    if (!option_number(call, "--limit", options.limit, 0, &limit) ||
        !option_number(call, "--depth", options.depth, 0, &depth))
        return EXIT_USAGE;
    if (!call_connect(call))
        return call->status;
    search = search_begin(limit, "matches");
    knarr_grep(call->knarr, options.uri ? options.uri : ROOT, call->arguments[0],
        options.ignore_case, limit, depth, print_match, &search, &result);
    return search_end(&search, &result);
}

static const struct poptOption glob_options[] = {
    { "uri", 'u', POPT_ARG_STRING, &options.uri, 0, "where to begin", "URI" },
    { "limit", 'n', POPT_ARG_STRING, &options.limit, 0, "paths at most", "COUNT" },
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) json_option, 0, NULL, NULL },
    POPT_TABLEEND,
};

static const struct poptOption grep_options[] = {
    { "uri", 'u', POPT_ARG_STRING, &options.uri, 0, "a file, or where to begin", "URI" },
    { "ignore-case", 'i', POPT_ARG_NONE, &options.ignore_case, 0, "letters match in either case",
        NULL },
    { "limit", 'n', POPT_ARG_STRING, &options.limit, 0, "matches at most", "COUNT" },
    { "depth", 'L', POPT_ARG_STRING, &options.depth, 0, "levels below the URI", "COUNT" },
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) json_option, 0, NULL, NULL },
    POPT_TABLEEND,
};

const struct command search_commands[] = {
    { "glob", "PATTERN [-u URI]", "Print the paths that match.", glob_options, 1, 1, run_glob },
    { "grep", "PATTERN [-u URI]", "Print the lines that match a Perl-compatible expression.",
        grep_options, 1, 1, run_grep },
    { NULL, NULL, NULL, NULL, 0, 0, NULL },
};

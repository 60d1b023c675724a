/*
 * put and get: whole files, and with -r whole directories.
 */

#include "cli/knarr/folder.h"
#include "cli/knarr/local.h"
#include "cli/knarr/options.h"
#include "cli/knarr/receipt.h"
#include "cli/knarr/source.h"
#include "cli/knarr/target.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool
is_directory(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* "viking://dir/" and "file" make "viking://dir/file"; other URIs say it all. */
static char *
uri_for(const char *uri, const char *file)
{
    bool is_open = *uri && uri[strlen(uri) - 1] == '/' && strcmp(file, "-") != 0;

    return memory_print("%s%s", uri, is_open ? local_name(file) : "");
}

static enum exit_code
put_file(struct call *call, const char *file, const char *uri, struct knarr_wish *wish)
{
    struct knarr_result result;
    struct source source;

    if (!source_open(&source, file))
        return errno == EISDIR ? call_failed("%s is a directory; put it with -r", file)
                               : call_failed("%s cannot be read: %s", file, strerror(errno));
    if (!call_connect(call)) {
        source_close(&source);
        return call->status;
    }
    wish->mode = source.mode;
    source_put(&source, call->knarr, uri, wish, &result);
    source_close(&source);
    return receipt_end(uri, &result);
}

static enum exit_code
run_put(struct call *call)
{
    const char *file = call->arguments[0];
    struct knarr_wish wish;
    enum exit_code code;
    char *uri;

    if (!option_wish(call, &wish))
        return EXIT_USAGE;
    uri = uri_for(call->arguments[1], file);
    if (!options.recursive || !is_directory(file))
        code = put_file(call, file, uri, &wish);
    else
        code = call_connect(call) ? folder_put(call->knarr, file, uri, &wish) : call->status;
    free(uri);
    return code;
}

struct found {
    struct knarr_entry entry;
    char *uri;
};

static bool
keep_entry(void *context, const struct knarr_entry *entry)
{
    struct found *found = context;

    found->uri = memory_copy(entry->uri, strlen(entry->uri));
    found->entry = *entry;
    found->entry.uri = found->uri;
    return false;
}

static enum exit_code
get_file(struct call *call, const struct knarr_entry *entry, const char *file)
{
    char *target = is_directory(file) ? memory_print("%s/%s", file, local_name(entry->uri))
                                      : memory_copy(file, strlen(file));
    struct knarr_result result;
    enum exit_code code = EXIT_DONE;

    if (target_get(call->knarr, entry, target, &result) != KNARR_DONE)
        code = call_refused(&result);
    knarr_result_clear(&result);
    free(target);
    return code;
}

static enum exit_code
get_found(struct call *call, const struct found *found)
{
    const char *file = call->arguments[1];

    if (!found->uri)
        return call_failed("%s: the server told nothing of it", call->arguments[0]);
    if (!found->entry.is_directory)
        return get_file(call, &found->entry, file);
    if (!options.recursive)
        return call_failed("%s is a directory; get it with -r", found->uri);
    return folder_get(call->knarr, found->uri, file);
}

static enum exit_code
run_get(struct call *call)
{
    struct found found = { .uri = NULL };
    struct knarr_result result;
    enum exit_code code;

    if (!call_connect(call))
        return call->status;
    if (knarr_stat(call->knarr, call->arguments[0], keep_entry, &found, &result) == KNARR_DONE)
        code = get_found(call, &found);
    else
        code = call_refused(&result);
    knarr_result_clear(&result);
    free(found.uri);
    return code;
}

static const struct poptOption put_options[] = {
    { "recursive", 'r', POPT_ARG_NONE, &options.recursive, 0, "a directory and all below it",
        NULL },
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) change_options, 0, NULL, NULL },
    POPT_TABLEEND,
};

static const struct poptOption get_options[] = {
    { "recursive", 'r', POPT_ARG_NONE, &options.recursive, 0, "a directory and all below it",
        NULL },
    POPT_TABLEEND,
};

const struct command transfer_commands[] = {
    { "put", "FILE|- URI", "Send a file of any size, or a directory.", put_options, 2, 2, run_put },
    { "get", "URI FILE|-", "Fetch a file of any size, or a directory.", get_options, 2, 2,
        run_get },
    { NULL, NULL, NULL, NULL, 0, 0, NULL },
};

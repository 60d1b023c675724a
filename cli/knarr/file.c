/*
 * write, read, truncate: the content of one file.
 */

#include "cli/knarr/options.h"
#include "cli/knarr/receipt.h"
#include "cli/knarr/source.h"
#include "cli/knarr/target.h"

#include <errno.h>
#include <string.h>

/* How the bytes go in, from --mode, --append and --offset, of which one is enough. */
static bool
read_how(const struct call *call, struct knarr_wish *wish)
{
    static const char *const names[] = {
        [KNARR_REPLACE] = "replace",
        [KNARR_APPEND] = "append",
        [KNARR_CREATE] = "create",
    };
    const char *mode = options.append ? "append" : options.mode;

    if (!!options.append + !!options.mode + !!options.offset > 1) {
        call_usage(call, "only one of --append, --mode and --offset makes sense");
        return false;
    }
    wish->how = options.offset ? KNARR_AT_OFFSET : KNARR_REPLACE;
    if (!mode)
        return option_number(call, "--offset", options.offset, 0, &wish->offset);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(mode, names[i]) == 0) {
            wish->how = (enum knarr_how) i;
            return true;
        }
    call_usage(call, "--mode: '%s' is none of create, replace and append", mode);
    return false;
}

/* Where the bytes come from: --content, or a file.  False: said what is wrong. */
static bool
find_source(struct call *call, const char **file)
{
    *file = options.from_file ? options.from_file : call->arguments[1];
    if (call->count > 1 && strcmp(call->arguments[1], "-") != 0) {
        call_usage(call,
            "'%s': the bytes come from --content, --from-file, or - for standard input",
            call->arguments[1]);
        return false;
    }
    if (!!options.content + !!options.from_file + (call->count > 1) == 1)
        return true;
    call_usage(call, "one of --content, --from-file and - must say what to write");
    return false;
}

static enum exit_code
run_write(struct call *call)
{
    const char *uri = call->arguments[0], *file;
    struct source source = { .fd = 0 };
    struct knarr_result result;
    struct knarr_wish wish;

    if (!option_wish(call, &wish) || !read_how(call, &wish) || !find_source(call, &file))
        return EXIT_USAGE;
    if (!options.content && !source_open(&source, file))
        return call_failed("%s cannot be read: %s", file, strerror(errno));
    if (!call_connect(call))
        return call->status;
    if (options.content)
        knarr_write(call->knarr, uri, options.content, strlen(options.content), &wish, &result);
    else
        source_put(&source, call->knarr, uri, &wish, &result);
    source_close(&source);
    return receipt_end(uri, &result);
}

static enum exit_code
run_read(struct call *call)
{
    enum exit_code code = EXIT_DONE;
    struct knarr_result result;
    uint64_t offset, length;

    if (!option_number(call, "--offset", options.offset, 0, &offset) ||
        !option_number(call, "--limit", options.limit, UINT64_MAX, &length))
        return EXIT_USAGE;
    if (!call_connect(call))
        return call->status;
    if (target_print(call->knarr, call->arguments[0], offset, length, &result) == KNARR_DONE)
        target_print_end();
    else
        code = call_refused(&result);
    knarr_result_clear(&result);
    return code;
}

static enum exit_code
run_truncate(struct call *call)
{
    const char *text = options.size ? options.size : call->arguments[1];
    struct knarr_result result;
    struct knarr_wish wish;
    uint64_t size;

    if (!text)
        return call_usage(call, "which size?");
    if (!option_number(call, "SIZE", text, 0, &size) || !option_wish(call, &wish))
        return EXIT_USAGE;
    if (!call_connect(call))
        return call->status;
    knarr_truncate(call->knarr, call->arguments[0], size, &wish, &result);
    return receipt_end(call->arguments[0], &result);
}

static const struct poptOption write_options[] = {
    { "content", 0, POPT_ARG_STRING, &options.content, 0, "the bytes", "TEXT" },
    { "from-file", 0, POPT_ARG_STRING, &options.from_file, 0, "take the bytes from a file",
        "FILE" },
    { "append", 0, POPT_ARG_NONE, &options.append, 0, "behind what is there", NULL },
    { "mode", 0, POPT_ARG_STRING, &options.mode, 0,
        "create (only if nothing is there), replace "
        "(the default) or append",
        "MODE" },
    { "offset", 0, POPT_ARG_STRING, &options.offset, 0, "over what is there, from this byte on",
        "BYTES" },
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) change_options, 0, NULL, NULL },
    POPT_TABLEEND,
};

static const struct poptOption read_options[] = {
    { "offset", 0, POPT_ARG_STRING, &options.offset, 0, "begin here", "BYTES" },
    { "limit", 0, POPT_ARG_STRING, &options.limit, 0, "print at most so many", "BYTES" },
    POPT_TABLEEND,
};

static const struct poptOption truncate_options[] = {
    { "size", 's', POPT_ARG_STRING, &options.size, 0, "the size it shall have", "BYTES" },
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) change_options, 0, NULL, NULL },
    POPT_TABLEEND,
};

const struct command file_commands[] = {
    { "write", "URI --content TEXT | --from-file FILE | -", "Make or change a file.", write_options,
        1, 2, run_write },
    { "read", "URI", "Print a file, or bytes of it.", read_options, 1, 1, run_read },
    { "truncate", "URI SIZE", "Cut a file, or extend it with zeros.", truncate_options, 1, 2,
        run_truncate },
    { NULL, NULL, NULL, NULL, 0, 0, NULL },
};

/*
 * knarr - the command line.
 *
 *     knarr [global options] COMMAND [options] [arguments]
 *
 * The global options may also follow the command.  Which command is meant is
 * found first, then its own table reads the rest.
 */

#include "base/memory.h"
#include "cli/knarr/options.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *title;
    const struct command *commands;
} groups[] = {
    { "Files", file_commands },
    { "Transfers", transfer_commands },
    { "What there is", list_commands },
    { "Names", tree_commands },
    { "Searching", search_commands },
    { "Replication", sync_commands },
    { "Policies", policy_commands },
    { "The server", server_commands },
};

static const struct poptOption own_options[] = {
    { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) global_options, 0, NULL, NULL },
    { "version", 0, POPT_ARG_NONE, &options.version, 0, "print the version", NULL },
    POPT_TABLEEND,
};

/* How many of the words the command's name is, or 0. */
static int
name_words(const char *name, const char **words)
{
    int count = 0;

    while (words && words[count]) {
        size_t length = strlen(words[count]);

        if (strncmp(name, words[count], length) != 0 || (name[length] && name[length] != ' '))
            return 0;
        count++;
        if (!name[length])
            return count;
        name += length + 1;
    }
    return 0;
}

static const struct command *
find_command(const char **words, int *count)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        for (const struct command *command = groups[i].commands; command->name; command++) {
            *count = name_words(command->name, words);
            if (*count > 0)
                return command;
        }
    return NULL;
}

/* "sync": there are three that begin so. */
static enum exit_code
no_command(const struct call *call, const char *word)
{
    char begun[256] = "";
    size_t length = strlen(word), used = 0;

    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        for (const struct command *command = groups[i].commands; command->name; command++)
            if (strncmp(command->name, word, length) == 0 && command->name[length] == ' ' &&
                used < sizeof begun)
                used += (size_t) snprintf(begun + used, sizeof begun - used, "%sknarr %s",
                    used > 0 ? ", " : "", command->name);
    if (used > 0)
        return call_usage(call, "'%s' is the beginning of: %s", word, begun);
    return call_usage(call, "'%s' is no command; see knarr --help", word);
}

static void
print_commands(void)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        printf("\n%s:\n", groups[i].title);
        for (const struct command *command = groups[i].commands; command->name; command++)
            printf("  %s %s\n      %s\n", command->name, command->arguments, command->summary);
    }
    puts("\n'knarr COMMAND --help' tells a command's options; knarr(1) tells all.");
}

/* Read options up to the end, or up to the first word if the context is told so. */
static bool
read_options(poptContext context, const struct call *call)
{
    int got = poptGetNextOpt(context);

    if (got >= -1)
        return true;
    call_usage(call, "%s: %s", poptBadOption(context, 0), poptStrerror(got));
    return false;
}

static int
count_words(const char **words)
{
    int count = 0;

    while (words && words[count])
        count++;
    return count;
}

static enum exit_code
print_help(poptContext context, const struct command *command)
{
    puts(command->summary);
    fflush(stdout);
    poptPrintHelp(context, stdout, 0);
    return EXIT_DONE;
}

static enum exit_code
run_with_options(struct call *call)
{
    const struct command *command = call->command;

    if (call->count < command->least)
        return call_usage(call, "something is missing");
    if (call->count > command->most)
        return call_usage(call, "'%s' is too much", call->arguments[command->most]);
    return command->run(call);
}

/* The command's own options are read from the words behind its name. */
static enum exit_code
run_command(struct call *call, const char **words)
{
    static const char *const none[] = { NULL };
    const struct poptOption table[] = {
        { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) call->command->options, 0,
            "Options:", NULL },
        { NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *) (uintptr_t) global_options, 0,
            "Options of every command:", NULL },
        POPT_TABLEEND,
    };
    char *name = memory_print("knarr %s", call->command->name);
    int count = count_words(words);
    const char **line = memory_new(((size_t) count + 2) * sizeof *line);
    enum exit_code code = EXIT_USAGE;
    poptContext context;

    line[0] = name;
    memcpy(line + 1, words, (size_t) count * sizeof *line);
    context = poptGetContext(NULL, count + 1, line, table, 0);
    poptSetOtherOptionHelp(context, call->command->arguments);
    if (read_options(context, call)) {
        const char **arguments = poptGetArgs(context);

        call->arguments = arguments ? arguments : (const char **) (uintptr_t) none;
        call->count = count_words(arguments);
        code = options.help ? print_help(context, call->command) : run_with_options(call);
    }
    poptFreeContext(context);
    free(line);
    free(name);
    return code;
}

static enum exit_code
run(poptContext context)
{
    struct call call = { .command = NULL };
    const char **words = poptGetArgs(context);
    enum exit_code code;
    int named = 0;

    if (options.version) {
        puts("knarr " KNARR_VERSION);
        return EXIT_DONE;
    }
    if (words && strcmp(words[0], "help") == 0) {
        options.help = 1;
        words++;
    }
    call.command = find_command(words, &named);
    if (!call.command && options.help && (!words || !words[0])) {
        poptPrintHelp(context, stdout, 0);
        print_commands();
        return EXIT_DONE;
    }
    if (!call.command && (!words || !words[0]))
        return call_usage(&call, "which command? See knarr --help");
    if (!call.command)
        return no_command(&call, words[0]);
    call.arguments = words + named;
    call.count = count_words(call.arguments);
    code = call.command->most < 0 ? call.command->run(&call) : run_command(&call, words + named);
    knarr_close(&call.knarr);
    return code;
}

int
main(int argc, char **argv)
{
    poptContext context =
        poptGetContext(NULL, argc, (const char **) argv, own_options, POPT_CONTEXT_POSIXMEHARDER);
    const struct call no_call = { .command = NULL };
    enum exit_code code = EXIT_USAGE;

    poptSetOtherOptionHelp(context, "[OPTION...] COMMAND [ARGUMENT...]");
    if (read_options(context, &no_call))
        code = run(context);
    poptFreeContext(context);
    if (fflush(stdout) && code == EXIT_DONE)
        code = call_failed("standard output cannot be written");
    return (int) code;
}

/*
 * knarrd - the server, also called openviking-server.
 *
 *     knarrd [--config FILE]                    serve, in the foreground
 *     knarrd doctor [--config FILE] [--json]    check everything, change nothing
 *     knarrd backup rename OLD NEW              a backup has a new name
 *     knarrd backup accept NAME                 a backup begins anew at its place
 *
 * Exit status: 0 done, 1 refused or failed, 2 usage or configuration.
 */

#include "base/fault.h"
#include "base/log.h"
#include "cli/knarrd/doctor.h"
#include "cli/knarrd/identity.h"
#include "cli/knarrd/serve.h"
#include "cli/knarrd/workspace.h"

#include <popt.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct options {
    char *config;
    int wants_version, wants_json;
};

static bool
load(const struct options *options, struct conf **conf)
{
    struct conf_problems problems = { 0 };
    enum outcome outcome = conf_load(conf, options->config, &problems);

    for (size_t i = 0; i < problems.count; i++) {
        char *line = conf_problem_line(&problems.at[i], problems.file);

        fprintf(stderr, "%s\n", line);
        free(line);
    }
    conf_problems_free(&problems);
    return outcome == DONE;
}

static int
finish(enum outcome outcome, const struct report *report)
{
    if (outcome == DONE)
        return EXIT_DONE;
    fprintf(stderr, "knarrd: %s\n", report->text);
    return EXIT_FAILED;
}

static int
do_serve(const struct conf *conf, poptContext words)
{
    struct report report = { CAUSE_NONE, "" };

    (void) words;
    return finish(serve(conf, &report), &report);
}

static int
do_backup(const struct conf *conf, poptContext words)
{
    const char *verb = poptGetArg(words), *name = poptGetArg(words), *to = poptGetArg(words);
    struct report report = { CAUSE_NONE, "" };
    struct workspace workspace = { .lock = -1 };
    enum outcome outcome;

    if (!verb || !name || (strcmp(verb, "rename") == 0) != (to != NULL) ||
        (strcmp(verb, "rename") != 0 && strcmp(verb, "accept") != 0)) {
        fprintf(stderr, "usage: knarrd backup rename OLD NEW | backup accept NAME\n");
        return EXIT_USAGE;
    }
    outcome = workspace_open(&workspace, conf, &report);
    if (outcome == DONE && to)
        outcome = identity_rename(conf, workspace.directory, name, to, &report);
    else if (outcome == DONE)
        outcome = identity_accept(conf, workspace.directory, name, &report);
    workspace_close(&workspace);
    return finish(outcome, &report);
}

/* Alone in reading the configuration itself: what is wrong with it is a finding. */
static int
do_doctor(const struct options *options, poptContext words)
{
    const char *word = poptGetArg(words);

    if (word) {
        fprintf(stderr, "knarrd: doctor takes no '%s'; see knarrd --help\n", word);
        return EXIT_USAGE;
    }
    return doctor(options->config, options->wants_json) ? EXIT_DONE : EXIT_FAILED;
}

static const struct {
    const char *word; /* or NULL: no command given */
    int (*run)(const struct conf *, poptContext);
    int (*run_unread)(const struct options *, poptContext); /* instead: reads it itself */
} commands[] = {
    { NULL, do_serve, NULL },
    { "backup", do_backup, NULL },
    { "doctor", NULL, do_doctor },
};

static int
run_command(const struct options *options, const char *word, poptContext words)
{
    struct conf *conf = NULL;
    int status = EXIT_USAGE;

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if ((word == NULL) != (commands[i].word == NULL) ||
            (word && strcmp(word, commands[i].word) != 0))
            continue;
        if (commands[i].run_unread)
            return commands[i].run_unread(options, words);
        if (!load(options, &conf))
            return EXIT_USAGE;
        log_setup((enum log_level) conf->log_level, conf->log_json);
        status = commands[i].run(conf, words);
        conf_free(&conf);
        return status;
    }
    fprintf(stderr, "knarrd: there is no command '%s'; see knarrd --help\n", word);
    return status;
}

/* Every backup takes a few dozen; what the shell allows by habit is soon too few. */
static void
raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* if not, doctor tells */
}

int
main(int argc, const char **argv)
{
    struct options options = { 0 };
    struct poptOption table[] = {
        { "config", 'c', POPT_ARG_STRING, &options.config, 0, "the configuration file", "FILE" },
        { "json", 0, POPT_ARG_NONE, &options.wants_json, 0, "answer in JSON (doctor)", NULL },
        { "version", 0, POPT_ARG_NONE, &options.wants_version, 0, "print the version", NULL },
        POPT_AUTOHELP POPT_TABLEEND,
    };
    poptContext words = poptGetContext(NULL, argc, argv, table, 0);
    int problem, status;

    poptSetOtherOptionHelp(words,
        "[OPTION...] [doctor | backup rename OLD NEW | backup accept NAME]");
    problem = poptGetNextOpt(words); /* --help ends here */
    fault_install();
    raise_descriptor_limit();
    if (problem < -1) {
        fprintf(stderr, "knarrd: %s: %s\n", poptBadOption(words, 0), poptStrerror(problem));
        status = EXIT_USAGE;
    } else if (options.wants_version) {
        printf("knarrd %s\n", KNARR_VERSION);
        status = EXIT_DONE;
    } else {
        status = run_command(&options, poptGetArg(words), words);
    }
    poptFreeContext(words);
    free(options.config);
    return status;
}

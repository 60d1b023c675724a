#include "cli/knarr/options.h"
#include "cli/knarr/text.h"
#include "conf/conf.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCE_BYTES = 4096 };

static void
say(const char *format, va_list args)
{
    char sentence[SENTENCE_BYTES];

    vsnprintf(sentence, sizeof sentence, format, args);
    fflush(stdout);
    fputs("knarr: ", stderr);
    text_print(stderr, sentence);
    fputc('\n', stderr);
}

enum exit_code
call_usage(const struct call *call, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    if (call->command)
        fprintf(stderr, "Usage: knarr %s %s\n", call->command->name, call->command->arguments);
    return EXIT_USAGE;
}

enum exit_code
call_failed(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    return EXIT_FAILED;
}

enum exit_code
call_refused(const struct knarr_result *result)
{
    call_failed("%s (%s)", *result->reason ? result->reason : "no reason was given", result->code);
    for (size_t i = 0; i < result->copy_count; i++) {
        fputs("  ", stderr);
        text_print(stderr, result->copies[i].backup);
        fprintf(stderr, ": ");
        text_print(stderr, result->copies[i].state);
        if (*result->copies[i].reason) {
            fputs(", ", stderr);
            text_print(stderr, result->copies[i].reason);
        }
        fputc('\n', stderr);
    }
    return EXIT_FAILED;
}

static void
print_problems(const struct conf_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        char *line = conf_problem_line(&problems->at[i], problems->file);

        call_failed("%s", line);
        free(line);
    }
}

/* The endpoint that the server with the same configuration listens at. */
static char *
configured_endpoint(void)
{
    struct conf_problems problems = { 0 };
    struct conf *conf = NULL;
    char *endpoint = NULL;

    if (conf_load(&conf, options.config, &problems) == DONE) {
        endpoint = strdup(conf->endpoint);
        if (!options.account)
            options.account = strdup(conf->default_account);
        if (!options.user)
            options.user = strdup(conf->default_user);
    } else {
        print_problems(&problems);
    }
    conf_problems_free(&problems);
    conf_free(&conf);
    return endpoint;
}

bool
call_connect(struct call *call)
{
    struct knarr_identity identity = { .client = "knarr " KNARR_VERSION };
    struct knarr_result result;

    if (!options.endpoint)
        options.endpoint = configured_endpoint();
    if (!options.endpoint) {
        call->status = EXIT_USAGE;
        return false;
    }
    identity.account = options.account;
    identity.user = options.user;
    call->knarr = knarr_open(options.endpoint, &identity, &result);
    if (!call->knarr)
        call->status = call_refused(&result);
    return call->knarr;
}

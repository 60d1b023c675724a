/*
 * health, ping, doctor: is everything well?
 */

#include "base/clock.h"
#include "base/memory.h"
#include "cli/knarr/json.h"
#include "cli/knarr/options.h"
#include "cli/knarr/text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVER "knarrd"

static void
print_health(const struct knarr *knarr, uint64_t spent_ns)
{
    struct json json = { stdout, false };

    if (options.json) {
        json_open(&json, NULL, '{');
        json_text(&json, "status", "ok");
        json_flag(&json, "healthy", true);
        json_text(&json, "version", knarr_server(knarr));
        json_text(&json, "endpoint", options.endpoint);
        json_number(&json, "round_trip_us", spent_ns / 1000);
        json_close(&json, '}');
        json_end(&json);
        return;
    }
    text_print(stdout, knarr_server(knarr));
    printf(" at ");
    text_print(stdout, options.endpoint);
    printf(" answers in %.3f ms\n", (double) spent_ns / 1e6);
}

static enum exit_code
run_health(struct call *call)
{
    enum exit_code code = EXIT_DONE;
    struct knarr_result result;
    uint64_t began_ns;

    if (!call_connect(call))
        return call->status;
    began_ns = clock_ns();
    if (knarr_ping(call->knarr, &result) == KNARR_DONE)
        print_health(call->knarr, clock_ns() - began_ns);
    else
        code = call_refused(&result);
    knarr_result_clear(&result);
    return code;
}

/* The server is installed beside its client; else the shell's search path finds it. */
static char *
find_server(void)
{
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    char *slash, *path;

    if (length > 0) {
        own[length] = '\0';
        slash = strrchr(own, '/');
        path = memory_print("%.*s/" SERVER, (int) (slash - own), own);
        if (access(path, X_OK) == 0)
            return path;
        free(path);
    }
    return memory_copy(SERVER, strlen(SERVER));
}

/* Only the server's program can look into its backends: become it. */
static enum exit_code
run_doctor(struct call *call)
{
    char **arguments = memory_new(((size_t) call->count + 5) * sizeof *arguments);
    char *server = find_server(), word[] = "doctor", option[] = "--config";
    size_t count = 0;

    arguments[count++] = server;
    arguments[count++] = word;
    if (options.config) {
        arguments[count++] = option;
        arguments[count++] = options.config;
    }
    for (int i = 0; i < call->count; i++)
        arguments[count++] = (char *) (uintptr_t) call->arguments[i];
    execvp(server, arguments);
    call_failed("%s cannot be started: %s", server, strerror(errno));
    free(server);
    free(arguments);
    return EXIT_FAILED;
}

static const struct poptOption no_options[] = { POPT_TABLEEND };

const struct command server_commands[] = {
    { "health", "", "Ask the server whether it is there.", json_option, 0, 0, run_health },
    { "ping", "", "The same as health.", json_option, 0, 0, run_health },
    { "doctor", "[--json]", "Check the configuration and every backend, for real.", no_options, 0,
        -1, run_doctor },
    { NULL, NULL, NULL, NULL, 0, 0, NULL },
};

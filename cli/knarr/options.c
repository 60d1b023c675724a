#include "cli/knarr/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct options options;

const struct poptOption global_options[] = {
    { "endpoint", 0, POPT_ARG_STRING, &options.endpoint, 0,
        "where the server listens; else as the configuration says", "ENDPOINT" },
    { "config", 0, POPT_ARG_STRING, &options.config, 0, "the configuration to find the server by",
        "FILE" },
    { "account", 0, POPT_ARG_STRING, &options.account, 0, "whose files", "NAME" },
    { "user", 0, POPT_ARG_STRING, &options.user, 0, "what ~ means in viking://~", "NAME" },
    { "help", 'h', POPT_ARG_NONE, &options.help, 0, "say what there is", NULL },
    POPT_TABLEEND,
};

const struct poptOption json_option[] = {
    { "json", 0, POPT_ARG_NONE, &options.json, 0, "print JSON", NULL },
    POPT_TABLEEND,
};

const struct poptOption change_options[] = {
    { "wait", 0, POPT_ARG_NONE, &options.wait, 0,
        "return when every backup that policy names has it", NULL },
    { "timeout", 0, POPT_ARG_STRING, &options.timeout, 0,
        "for --wait and --acks; else as configured", "SECONDS" },
    { "acks", 0, POPT_ARG_STRING, &options.acks, 0, "backups that must have it; else as configured",
        "COUNT" },
    { "receipt", 0, POPT_ARG_NONE, &options.receipt, 0,
        "print its number, size, hash, and what each backup has", NULL },
    { "json", 0, POPT_ARG_NONE, &options.json, 0, "print the receipt as JSON", NULL },
    POPT_TABLEEND,
};

static bool
parse(const char *text, int base, uint64_t *value)
{
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, base);
    *value = number;
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}

bool
option_number(const struct call *call, const char *name, const char *text, uint64_t otherwise,
    uint64_t *value)
{
    *value = otherwise;
    if (!text || parse(text, 10, value))
        return true;
    call_usage(call, "%s: '%s' is not a number", name, text);
    return false;
}

bool
option_seconds(const struct call *call, const char *text, uint64_t *value_ms)
{
    const double most = 1e9; /* thirty years */
    double seconds;
    char *end;

    *value_ms = 0;
    if (!text)
        return true;
    seconds = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || !(seconds > 0 && seconds <= most)) {
        call_usage(call, "--timeout: '%s' is not a number of seconds above 0", text);
        return false;
    }
    *value_ms = (uint64_t) (seconds * 1000 + 0.999); /* never 0 */
    return true;
}

bool
option_mode(const struct call *call, const char *text, uint32_t *mode)
{
    uint64_t value;

    if (!parse(text, 8, &value) || value > 0777) {
        call_usage(call, "'%s' is not a mode in octal, such as 644", text);
        return false;
    }
    *mode = (uint32_t) value;
    return true;
}

bool
option_wish(const struct call *call, struct knarr_wish *wish)
{
    *wish = (struct knarr_wish){ .wait = options.wait };
    return option_number(call, "--acks", options.acks, KNARR_ACKS_CONFIGURED, &wish->acks) &&
        option_seconds(call, options.timeout, &wish->timeout_ms);
}

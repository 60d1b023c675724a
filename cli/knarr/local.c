#include "cli/knarr/local.h"

#include "base/outcome.h"

#include <stdio.h>
#include <string.h>

enum knarr_outcome
local_failed(struct knarr_result *result, const char *file, const char *act, int error)
{
    struct report report;

    result->outcome = report_errno(&report, error, "%s cannot be %s", file, act) == RETRY
        ? KNARR_RETRY
        : KNARR_REFUSED;
    snprintf(result->cause, sizeof result->cause, "%s", cause_name(report.cause));
    snprintf(result->code, sizeof result->code, "%s", cause_code(report.cause));
    snprintf(result->reason, sizeof result->reason, "%s", report.text);
    return result->outcome;
}

const char *
local_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

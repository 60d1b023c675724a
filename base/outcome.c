#include "base/outcome.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *code;
    int status;
} causes[] = {
#define CAUSE(NAME, name, code, status) [CAUSE_##NAME] = { #name, #code, status },
#include "base/causes.def"
};

const char *
outcome_name(enum outcome outcome)
{
    switch (outcome) {
    case DONE: return "done";
    case RETRY: return "retry";
    case REFUSED: return "refused";
    }
    return "?";
}

const char *
cause_name(enum cause cause)
{
    return cause < CAUSES ? causes[cause].name : "?";
}

const char *
cause_code(enum cause cause)
{
    return cause < CAUSES ? causes[cause].code : "UNKNOWN";
}

int
cause_status(enum cause cause)
{
    return cause < CAUSES ? causes[cause].status : 500;
}

bool
cause_find(const char *name, enum cause *found)
{
    for (enum cause cause = 0; cause < CAUSES; cause++)
        if (strcmp(causes[cause].name, name) == 0) {
            *found = cause;
            return true;
        }
    return false;
}

enum outcome
report_set(struct report *report, enum outcome outcome, enum cause cause, const char *format, ...)
{
    va_list args;

    report->cause = cause;
    va_start(args, format);
    vsnprintf(report->text, sizeof report->text, format, args);
    va_end(args);
    return outcome;
}

/* What a failed system call means to the one who asked for it. */
static const struct {
    int error;
    enum outcome outcome;
    enum cause cause;
} errors[] = {
    { ENOENT, REFUSED, CAUSE_NOT_FOUND },
    { EEXIST, REFUSED, CAUSE_ALREADY_EXISTS },
    { ENOTDIR, REFUSED, CAUSE_NOT_A_DIRECTORY },
    { EISDIR, REFUSED, CAUSE_IS_A_DIRECTORY },
    { ENOTEMPTY, REFUSED, CAUSE_DIRECTORY_NOT_EMPTY },
    { EACCES, REFUSED, CAUSE_PERMISSION_DENIED },
    { EPERM, REFUSED, CAUSE_PERMISSION_DENIED },
    { ENAMETOOLONG, REFUSED, CAUSE_INVALID_PATH },
    { ELOOP, REFUSED, CAUSE_INVALID_PATH },
    { EXDEV, REFUSED, CAUSE_INVALID_PATH },
    { EINVAL, REFUSED, CAUSE_INVALID_ARGUMENT },
    { EFBIG, REFUSED, CAUSE_TOO_LARGE },
    { ENOSPC, RETRY, CAUSE_NO_SPACE },
    { EDQUOT, RETRY, CAUSE_NO_SPACE },
    { EMFILE, RETRY, CAUSE_BUSY },
    { ENFILE, RETRY, CAUSE_BUSY },
};

enum outcome
report_errno(struct report *report, int error, const char *format, ...)
{
    enum outcome outcome = RETRY;
    size_t used;
    va_list args;

    report->cause = CAUSE_IO;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].error == error) {
            outcome = errors[i].outcome;
            report->cause = errors[i].cause;
        }
    va_start(args, format);
    vsnprintf(report->text, sizeof report->text, format, args);
    va_end(args);
    used = strlen(report->text);
    snprintf(report->text + used, sizeof report->text - used, ": %s", strerror(error));
    return outcome;
}

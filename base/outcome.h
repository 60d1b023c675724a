#ifndef BASE_OUTCOME_H
#define BASE_OUTCOME_H

/*
 * outcome - how an operation ended, said as what the caller should do next.
 *
 * An outcome other than DONE comes with a report: a cause, which programs
 * compare, and one sentence, which people read.  The callee writes both once,
 * where the cause is known; callers pass them on and never reword them.
 */

#include <stdbool.h>

enum outcome {
    DONE,    /* it is so; forget it */
    RETRY,   /* not now; the same request may succeed later */
    REFUSED, /* never; somebody must change something first */
};

/* Every cause, its name in messages, and the API code and status it maps to. */
enum cause {
#define CAUSE(NAME, name, code, status) CAUSE_##NAME,
#include "base/causes.def"
    CAUSES
};

enum { REPORT_TEXT_BYTES = 512 };

struct report {
    enum cause cause;
    char text[REPORT_TEXT_BYTES];
};

const char *outcome_name(enum outcome);

const char *cause_name(enum cause);              /* "not_found" */
const char *cause_code(enum cause);              /* "NOT_FOUND" */
int cause_status(enum cause);                    /* 404 */
bool cause_find(const char *name, enum cause *); /* by cause_name */

/* Write the report and return the outcome, so that failing is one statement. */
enum outcome report_set(struct report *, enum outcome, enum cause, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * The same for a failed system call: the cause and the outcome follow from
 * errno (ENOENT: not_found, REFUSED; ENOSPC, EIO, EMFILE, ...: RETRY), and the
 * sentence ends with what strerror says.  `what` names the act and its object.
 */
enum outcome report_errno(struct report *, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

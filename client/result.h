#ifndef CLIENT_RESULT_H
#define CLIENT_RESULT_H

/*
 * result - reports and answers, turned into what the caller is given.
 */

#include "client/session.h"

/* Every call begins with this. */
void result_init(struct knarr_result *);

/* The outcome and, unless DONE, the report. */
enum knarr_outcome result_report(struct knarr_result *, enum outcome, const struct report *);

/* What an ANSWER says, with its COPYs.  DONE, or the session was garbled. */
enum outcome result_answer(struct knarr_result *, struct knarr *, struct envelope *,
    struct report *);

/* Room for a report, and a place to put the request's end. */
struct ending {
    struct knarr_result *result;
    struct report report;
    bool is_told; /* an ANSWER filled in the result; the report is not needed */
};

/* The last statement of every call. */
enum knarr_outcome result_end(const struct ending *, enum outcome);

#endif

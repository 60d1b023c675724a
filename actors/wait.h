#ifndef ACTORS_WAIT_H
#define ACTORS_WAIT_H

/*
 * wait - somebody who wants to hear when backups have something.
 *
 * A wait is held by every mark that must be applied first, through a link that
 * travels with the mark when it is replaced by a newer one.  Of each backup it
 * counts its links; at zero that backup has acknowledged.  A wait that is over
 * takes its links along, so that those who gave up cost nothing.
 */

#include "base/outcome.h"
#include "base/view.h"

#include <stdbool.h>
#include <stdint.h>

enum { WAIT_BACKUPS_MAX = 64 };

struct wait_link {                   /* one mark's hold on a wait */
    struct wait_link *next, **place; /* in the mark's list: behind it; what points to it */
    struct wait_link *wait_prev, *wait_next;
    struct wait *wait;
};

struct wait_backup {
    uint32_t links;   /* marks still to be applied */
    enum cause cause; /* of the last failure */
    char *reason;
    const char *rule; /* that excludes it, or NULL; not the wait's own */
};

struct wait {
    uint64_t request; /* the router's number */
    uint64_t seq;
    uint64_t targets;         /* set of backups concerned */
    uint64_t excluded;        /* and of those that do not get it */
    uint64_t pending;         /* those that have not acknowledged */
    uint64_t required;        /* acknowledgements wanted */
    uint64_t deadline_ms;     /* UINT64_MAX: none */
    struct wait *prev, *next; /* among the journal's */
    struct wait_link *links;
    struct wait_backup backup[];
};

struct wait *wait_new(unsigned backups, uint64_t request, uint64_t seq, uint64_t targets);
void wait_free(struct wait *);

uint64_t wait_acked(const struct wait *); /* how many backups have it */
bool wait_is_met(const struct wait *);

/* One more link, in front of those of a mark. */
void wait_hold(struct wait *, unsigned backup, struct wait_link **links);
/* The links let go: applied. */
void wait_release(struct wait_link **, unsigned backup);
/* They fail, for now: the reason is kept for the answer. */
void wait_blame(struct wait_link *, unsigned backup, enum cause, struct view reason);
/* The links of `from` in front of those of `to`; a list moves by no other means. */
void wait_pass_on(struct wait_link **from, struct wait_link **to);

#endif

#ifndef CLIENT_CHANGE_H
#define CLIENT_CHANGE_H

/*
 * change - what all changes have in common: what the caller wishes, and how
 * they end.
 */

#include "client/result.h"

struct knarr_wish wish_of(const struct knarr_wish *);

/* The ANSWER to a change goes into the result; anything else is garbled. */
enum outcome change_ended(struct knarr *, struct envelope *, struct ending *);

#endif

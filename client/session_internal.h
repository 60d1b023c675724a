#ifndef CLIENT_SESSION_INTERNAL_H
#define CLIENT_SESSION_INTERNAL_H

/*
 * What connecting (connect.c) and speaking (session.c) have in common.
 */

#include "client/session.h"

enum { SESSION_FRAMES = 32 }; /* received and not yet looked at, or looked at in one go */

uint64_t session_sooner(uint64_t a_ms, uint64_t b_ms);

/* Read what the monitor has to tell: is_connected, is_lost. */
void session_look(struct knarr *);

/* Somebody is there, and there is room for a message. */
bool session_can_say(struct knarr *);

/* Sleep until the socket can do what is asked, the connection is lost, or it is time. */
enum outcome session_sleep(struct knarr *, short events, uint64_t at_ms, struct report *);

/* Close, and report that the server "does not answer". */
enum outcome session_lost(struct knarr *, const char *how, struct report *);

#endif

#ifndef CLI_KNARRD_SERVE_H
#define CLI_KNARRD_SERVE_H

/*
 * serve - the server, from its configuration to its end.
 *
 *     lock ──▶ places ──▶ stores ──▶ reader ──▶ journal ──SERVING──▶ router ──▶ ready
 *
 * Actors start in this order and stop in the reverse one: nobody is ever told
 * anything by one that has not heard all that it was to hear.
 */

#include "conf/conf.h"

/* Returns when told to stop (DONE), or why it could not start or go on. */
enum outcome serve(const struct conf *, struct report *);

#endif

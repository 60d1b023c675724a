#ifndef CONF_ENDPOINT_H
#define CONF_ENDPOINT_H

/*
 * endpoint - where clients find the server: "ipc:///path" or
 * "tcp://127.0.0.1:1934".
 *
 * A socket's path has at most 107 bytes.  tcp is for the loopback only: other
 * addresses need CURVE, which is not there yet.
 */

#include "conf/problems.h"

/* What was given, or the default below the workspace (given NULL); NULL after a complaint. */
char *endpoint_settle(struct reader *, const struct spot *, const char *given,
    const char *workspace);

#endif

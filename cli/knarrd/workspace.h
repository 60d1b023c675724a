#ifndef CLI_KNARRD_WORKSPACE_H
#define CLI_KNARRD_WORKSPACE_H

/*
 * workspace - the directory {workspace}/.knarr, held by one process.
 *
 *     lock       held by flock while a server (or a command that changes the
 *                catalog) runs; holds its pid, for people
 *     journal/   catalog.db   knarr.sock
 */

#include "conf/conf.h"

struct workspace {
    char *directory; /* {workspace}/.knarr */
    int lock;
    uint64_t run; /* different at every opening */
};

/* Creates what is missing.  REFUSED if another process holds it. */
enum outcome workspace_open(struct workspace *, const struct conf *, struct report *);
void workspace_close(struct workspace *);

#endif

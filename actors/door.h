#ifndef ACTORS_DOOR_H
#define ACTORS_DOOR_H

/*
 * door - how many may be connected to a socket at once.
 *
 * libzmq counts no connections, keeps one that never says a word for ever, and
 * on an ipc endpoint aborts the program when accept(2) finds no descriptor
 * free.  So a thread of its own follows what the socket's monitor tells and
 * shuts down each connection that is one too many; the peer's library tries
 * again, and gets in when others have gone.
 */

#include <stddef.h>

struct door;

/* For a ZeroMQ socket of the caller's thread, before it is bound. */
struct door *door_open(void *socket, size_t connections_max);

/* Before the socket is closed. */
void door_close(struct door **);

#endif

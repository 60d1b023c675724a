#ifndef CLIENT_CONTEXT_H
#define CLIENT_CONTEXT_H

/*
 * context - the ZeroMQ context that the connections of a process share.
 *
 * A context has an I/O thread of its own.  If every connection had one, 32 busy
 * connections would wake 32 threads for what one thread does in a few turns.
 */

struct context;

struct context *context_take(void); /* NULL: errno says why */
void *context_zmq(const struct context *);
void context_return(struct context **); /* ends with the last that is returned */

#endif

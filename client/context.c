#include "client/context.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

enum { SOCKETS_MAX = 16384 }; /* three for each connection */

struct context {
    void *zmq;
    unsigned users;
    pid_t pid; /* a child that was forked has no thread of it, and needs its own */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct context *shared;

static struct context *
context_new(void)
{
    void *zmq = zmq_ctx_new();
    struct context *context;

    if (!zmq)
        return NULL;
    zmq_ctx_set(zmq, ZMQ_MAX_SOCKETS, SOCKETS_MAX);
    context = memory_new(sizeof *context);
    context->zmq = zmq;
    context->pid = getpid();
    return context;
}

struct context *
context_take(void)
{
    struct context *context;

    pthread_mutex_lock(&lock);
    if (!shared || shared->pid != getpid())
        shared = context_new();
    context = shared;
    if (context)
        context->users++;
    pthread_mutex_unlock(&lock);
    return context;
}

void *
context_zmq(const struct context *context)
{
    return context->zmq;
}

void
context_return(struct context **context)
{
    struct context *self = *context;
    bool is_last;

    *context = NULL;
    if (!self)
        return;
    pthread_mutex_lock(&lock);
    is_last = --self->users == 0;
    if (is_last && shared == self)
        shared = NULL;
    pthread_mutex_unlock(&lock);
    if (!is_last)
        return;
    zmq_ctx_term(self->zmq); /* waits for what still has to leave */
    free(self);
}

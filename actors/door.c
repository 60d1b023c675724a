#include "actors/door.h"

#include "base/log.h"
#include "base/memory.h"

#include <assert.h>
#include <czmq.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ENDPOINT_BYTES = 64 };

struct door {
    void *socket; /* not ours */
    zsock_t *ear; /* the thread's: where the monitor tells */
    pthread_t thread;
    size_t count, most;
    bool is_full; /* and the log has said so */
};

/* A number, the descriptor as it was then; a second frame names the endpoint. */
struct event {
    uint16_t number;
    int descriptor;
};

static bool
hear(struct door *self, struct event *event)
{
    zframe_t *frame, *endpoint = NULL;
    int32_t value = -1;
    bool is_heard = zsock_recv(self->ear, "ff", &frame, &endpoint) == 0;

    if (!is_heard)
        return false;
    is_heard = frame && zframe_size(frame) == sizeof event->number + sizeof value;
    if (is_heard) {
        memcpy(&event->number, zframe_data(frame), sizeof event->number);
        memcpy(&value, zframe_data(frame) + sizeof event->number, sizeof value);
        event->descriptor = value;
    }
    zframe_destroy(&frame);
    zframe_destroy(&endpoint);
    return is_heard;
}

/*
 * The descriptor may be another's by now, if the peer has hung up meanwhile: then
 * either a file's, which cannot be shut down, or that of a connection that was
 * accepted after this one, and is one too many instead of it.
 */
static void
on_accepted(struct door *self, int descriptor)
{
    if (++self->count <= self->most)
        return;
    shutdown(descriptor, SHUT_RDWR);
    if (!self->is_full)
        LOG(WARN, "connections_refused", "most=%zu", self->most);
    self->is_full = true;
}

static void
on_disconnected(struct door *self)
{
    if (self->count > 0)
        self->count--;
    if (self->count < self->most)
        self->is_full = false;
}

static void *
thread_main(void *arg)
{
    struct door *self = arg;
    struct event event;

    while (hear(self, &event) && event.number != ZMQ_EVENT_MONITOR_STOPPED) {
        if (event.number == ZMQ_EVENT_ACCEPTED)
            on_accepted(self, event.descriptor);
        else if (event.number == ZMQ_EVENT_DISCONNECTED)
            on_disconnected(self);
    }
    return NULL;
}

struct door *
door_open(void *socket, size_t connections_max)
{
    struct door *self = memory_new(sizeof *self);
    char endpoint[ENDPOINT_BYTES];
    int failed;

    self->socket = socket;
    self->most = connections_max;
    snprintf(endpoint, sizeof endpoint, "inproc://knarr-door/%p", (void *) self);
    failed = zmq_socket_monitor(socket, endpoint,
        ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_MONITOR_STOPPED);
    assert(!failed);
    self->ear = zsock_new(ZMQ_PAIR);
    assert(self->ear);
    zsock_set_rcvhwm(self->ear, 0);
    failed = zsock_connect(self->ear, "%s", endpoint) ||
        pthread_create(&self->thread, NULL, thread_main, self);
    assert(!failed);
    return self;
}

void
door_close(struct door **door)
{
    struct door *self = *door;

    *door = NULL;
    if (!self)
        return;
    zmq_socket_monitor(self->socket, NULL, 0);
    pthread_join(self->thread, NULL);
    zsock_destroy(&self->ear);
    free(self);
}

#ifndef TESTS_CLIENT_SUPPORT_FAKE_H
#define TESTS_CLIENT_SUPPORT_FAKE_H

/*
 * fake - a server that says what a test wants it to say.
 *
 * It listens on a socket file of its own, in a thread of its own, returns the
 * greeting, answers PINGs, and gives every other message to the test's `hear`,
 * which runs in that thread.
 */

#include "transport/message.h"

#include <pthread.h>
#include <stdatomic.h>

struct fake {
    /* Set before fake_start. */
    void (*hear)(struct fake *, const struct message *, struct view body);
    uint64_t chunk_bytes, credit_bytes; /* of the WELCOME; 0: 64 KiB and 256 KiB */
    bool is_mute;                       /* returns no greeting and answers no PING */
    bool hears_greeting;                /* gives that to `hear`, too */
    void *data;

    /* The test may look at these while it waits for nothing. */
    char directory[32], endpoint[64];
    atomic_uint heard; /* messages given to `hear` */
    atomic_uint pings;

    atomic_bool is_over;
    void *context, *socket;
    pthread_t thread;
    char peer[256];
    size_t peer_length;
};

void fake_start(struct fake *);
/* The same place again, after fake_stop. */
void fake_start_again(struct fake *);
void fake_stop(struct fake *);
void fake_end(struct fake *); /* stop, and remove the socket file */

/* For `hear`: to the client that was heard last. */
void fake_say(struct fake *, const struct message *, struct view body);
void fake_say_frames(struct fake *, struct view header, struct view body);
void fake_answer(struct fake *, uint64_t id, enum outcome, enum cause, const char *reason);
/* Hang up, as a server that is killed does; nothing is heard any more. */
void fake_hang_up(struct fake *);

/* Messages packed one behind the other. */
struct packed {
    char bytes[65536];
    size_t length;
};

void packed_add(struct packed *, const struct message *);
struct view packed_view(const struct packed *);

#endif

#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

/*
 * session - one connection to a server: made, kept alive, noticed when lost.
 *
 *     closed ──session_open──▶ open ──lost, silent or garbled──▶ closed
 *              GREET WELCOME    │
 *                               └─ say, hear, say, hear, ...
 *
 * Whoever waits for an answer waits in session_hear.  After two seconds without
 * a sign of life it sends a PING; a server that is busy with the request
 * answers that, so a request may take as long as it takes.  Only messages that
 * were asked for count as signs of life.
 *
 * Nothing a server sends is believed: a message that is malformed, or that does
 * not answer what was asked, ends the session through session_garbled.
 */

#include "client/knarr.h"
#include "transport/message.h"

enum {
    CHUNK_BYTES_MAX = 4 << 20, /* of a body; also what libzmq may allocate for a frame */
    COPIES_MAX = 64,           /* backups in an answer */
};

struct knarr {
    char *endpoint, *account, *user, *client;
    uint64_t timeout_ms;
    struct context *context;
    void *socket;  /* a DEALER, or NULL while closed */
    void *monitor; /* tells when the connection is made and lost */
    bool is_connected, is_lost;
    uint64_t last_id;
    uint64_t last_ping;
    uint64_t chunk_bytes, credit_bytes; /* as the server's WELCOME said, within bounds */
    char server[128];
};

/* A consecutive run of requests whose answers somebody waits for. */
struct span {
    uint64_t first, last;
};

/* Connect and greet, unless that is done. */
enum outcome session_open(struct knarr *, struct report *);
void session_close(struct knarr *);

/* A number for the next request; never one that was used before. */
uint64_t session_id(struct knarr *);

enum outcome session_say(struct knarr *, const struct message *, struct body *take_body,
    struct report *);

/* Wait for the next message that belongs to one of the requests. */
enum outcome session_hear(struct knarr *, struct span, struct envelope **, struct report *);

/* The same without waiting: DONE and NULL when there is nothing. */
enum outcome session_peek(struct knarr *, struct span, struct envelope **, struct report *);

/* The server said something that cannot be right: close, and report what. */
enum outcome session_garbled(struct knarr *, const char *what, struct report *);

#endif

#ifndef ACTORS_ACTOR_H
#define ACTORS_ACTOR_H

/*
 * actor - a thread that owns its state and speaks only in messages.
 *
 *        mailbox ──▶ on_x(self, message)  ─┐
 *     many at once   on_y(self, message)   ├─▶ outbox ──▶ other mailboxes
 *        then once   settled(self)        ─┘
 *         or late    woken(self)
 *
 * Every actor in the program runs on this one loop.  What differs is its
 * struct actor_kind: how its state is opened and closed, and the table of
 * messages it understands.  Read an actor's handlers[] first; it is the
 * actor's whole vocabulary.
 *
 * A handler changes its own state and posts messages, nothing else: it never
 * waits, and it sees no socket.  The loop drains the mailbox (up to a bound),
 * then calls settled() once: the place to do for many what need not be done
 * for each, such as one fsync.
 */

#include "base/outcome.h"
#include "transport/message.h"

struct actor; /* a running actor, as its owner sees it */
struct host;  /* the loop, as the actor sees it */

struct handler {
    enum message_tag tag;
    void (*handle)(void *self, struct envelope *);
};

struct actor_kind {
    const char *name; /* as in messages.def, in lower case */
    size_t size;      /* of the state, zeroed before open */
    enum outcome (*open)(void *self, struct host *, const void *args, struct report *);
    void (*close)(void *self);
    void (*settled)(void *self); /* NULL, or after each batch */
    void (*woken)(void *self);   /* NULL, or when the time asked for has come */
    const struct handler *handlers;
    size_t handler_count;
};

#define HANDLERS(table) .handlers = (table), .handler_count = sizeof(table) / sizeof *(table)

/* Put a message, and the body if not NULL (taken), into the mailbox called `to`. */
void host_post(struct host *, const char *to, const struct message *, struct body *take_body);

/*
 * Answer a stranger, by the peer of the envelope it sent.  What is not sent is
 * dropped: LATER says that the peer has 48 messages to read first, NEVER that
 * it is gone.
 */
enum reply { REPLY_SENT, REPLY_LATER, REPLY_NEVER };
enum reply host_reply(struct host *, struct view peer, const struct message *,
    struct body *take_body);

/* Call woken() at this clock_ms() at the latest; one time is kept, the earliest asked for. */
void host_wake_at(struct host *, uint64_t ms);

/*
 * The owner has asked it to finish.  For those who would rather drop what is in
 * their mailbox than work through it.
 */
bool host_is_stopping(const struct host *);

/*
 * Bind a socket for strangers, now; they are heard through the same handlers.  No
 * more than `connections_max` are connected at once, whether they say something or not.
 */
enum outcome host_listen(struct host *, const char *endpoint, size_t connections_max,
    struct report *);

/*
 * Start an actor whose mailbox is called `name`; returns when it is ready, or
 * NULL and why not.  `args` need only live until then.
 */
struct actor *actor_start(const struct actor_kind *, const char *name, const void *args,
    struct report *);

/*
 * Ask it to finish, wait until it has, and clear the caller's pointer.  It
 * hears what is in its mailbox by then, but no stranger, and is woken no more.
 */
void actor_stop(struct actor **);

/*
 * An actor that has not finished by this clock_ms() ends the program, as a
 * power cut would: what was promised is in the journal.  Without a call, never.
 */
void actors_stop_by(uint64_t ms);

/*
 * The supervisor is no actor but has a mailbox: wait for one message in it, at
 * most so long; NULL when none came.
 */
struct inbox;
struct inbox *inbox_open(const char *name);
struct envelope *inbox_wait(struct inbox *, int also_readable_fd, int timeout_ms);
void inbox_close(struct inbox **);

#endif

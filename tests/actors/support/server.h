#ifndef TESTS_ACTORS_SUPPORT_SERVER_H
#define TESTS_ACTORS_SUPPORT_SERVER_H

/*
 * server - the actors of a server in this process, over a directory of its own,
 * and clients that speak the wire protocol themselves.
 *
 *     server_begin("\"clients_max\": 4");
 *     void *client = client_greeted();
 *     client_say(client, (struct message){ .tag = PING, .ping = { 7 } });
 *     check(client_hear(client)->tag == ANSWER);
 *     server_end();
 *
 * The primary is a local one, without backups.  One server at a time: mailboxes
 * have fixed names.
 */

#include "actors/actor.h"

extern char server_place[64]; /* the directory; the primary's is viking/ in it */

void server_begin(const char *settings); /* keys of storage.agfs.knarr, or "" */
void server_end(void);                   /* the clients, too */

/* A DEALER; closed by server_end. */
void *client_dial(void);
/* One that said GREET and heard WELCOME. */
void *client_greeted(void);

void client_say(void *client, struct message);
void client_say_with(void *client, struct message, const void *bytes, size_t length);
/* `count` frames as they are; those that are NULL are empty. */
void client_say_raw(void *client, const struct view *frames, size_t count);

/* The next message, good until the next call; it must come. */
const struct message *client_hear(void *client);
struct view client_body(void);
/* Nothing has come for so long. */
bool client_hears_nothing(void *client, int ms);

/* Its ANSWER, behind the GOs of other requests: how it ended. */
const struct message_answer *client_asks(void *client, struct message);
/* The answer says this cause; prints what it says if not. */
bool client_is_refused(void *client, struct message, enum cause);

/* A small file, written; it must end well. */
void client_writes(void *client, const char *uri, const char *text);
/* The whole of a small file is this. */
bool client_reads(void *client, const char *uri, const char *text);

#endif

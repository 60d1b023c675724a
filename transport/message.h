#ifndef TRANSPORT_MESSAGE_H
#define TRANSPORT_MESSAGE_H

/*
 * message - what actors and clients say to each other, packed and unpacked.
 *
 *     frame 0   msgpack array ["TAG", field, field, ...]     the header
 *     frame 1   file bytes, or nothing                       the body, optional
 *
 * A struct message holds views: its texts and bytes point into the envelope it
 * was opened from, and die with it.  Keep what you need by copying it.
 */

#include "base/outcome.h"
#include "base/view.h"
#include "transport/body.h"

#include <stdint.h>

enum { HEADER_BYTES_MAX = 65536, FIELDS_MAX = 24 };

typedef uint64_t field_U64;
typedef bool field_FLAG;
typedef struct view field_TEXT;
typedef struct view field_BYTES;
typedef enum outcome field_OUTCOME;
typedef enum cause field_CAUSE;

/* clang-format off */
#define MESSAGE(TAG, name, from, to, doc) struct message_##name {
#define FIELD(TYPE, name, doc)                field_##TYPE name;
#define END                               };
#include "transport/messages.def"

enum message_tag {
#define MESSAGE(TAG, name, from, to, doc) TAG,
#define FIELD(TYPE, name, doc)
#define END
#include "transport/messages.def"
    MESSAGE_TAGS
};

struct message {
    enum message_tag tag;
    union {
#define MESSAGE(TAG, name, from, to, doc) struct message_##name name;
#define FIELD(TYPE, name, doc)
#define END
#include "transport/messages.def"
    };
};

/* clang-format on */

const char *message_name(enum message_tag);
const char *message_speaker(enum message_tag); /* "CLIENT": who may say it */
const char *message_hearer(enum message_tag);  /* "ROUTER": which kind of actor */

/* One message packed into `into`; returns its bytes, or 0 if it did not fit. */
size_t message_pack(const struct message *, void *into, size_t room);

/*
 * Open the message at the start of `bytes` and step over it, or return false
 * and leave `bytes` alone.  Views point into the bytes.  Allocates nothing.
 */
bool message_next(struct view *bytes, struct message *);

/* A message as it arrived: who sent it, its header, its body. */
struct envelope;

/* Takes the body.  `header` is copied.  NULL if it is not one whole message. */
struct envelope *envelope_open(struct view header, struct view peer, struct body *take_body);
const struct message *envelope_message(const struct envelope *);
struct view envelope_peer(const struct envelope *); /* empty: from within */
struct body *envelope_body(struct envelope *);      /* empty if there was none; may be moved out */
void envelope_close(struct envelope **);

/* Raw libzmq sockets; `peer` is sent first if not empty.  False: errno says why. */
bool message_send(void *socket, struct view peer, const struct message *, struct body *take_body);
/*
 * Receive without waiting.  Returns 1 and an envelope; 0 when there is nothing;
 * -1 when a malformed message was read and dropped.
 */
int message_receive(void *socket, bool has_peer, struct envelope **);
/* The same without a peer, waiting as long as the socket's ZMQ_RCVTIMEO says. */
int message_await(void *socket, struct envelope **);

#endif

#ifndef TESTS_TRANSPORT_SUPPORT_EVERY_H
#define TESTS_TRANSPORT_SUPPORT_EVERY_H

/*
 * every - a message of each row of the table, its fields filled in by a number.
 *
 * From the same number come the same fields: small, large and extreme ones,
 * texts of every length a header encodes differently.
 */

#include "transport/message.h"

struct message every_message(enum message_tag, uint64_t number);
bool every_equal(const struct message *, const struct message *);
size_t every_fields(enum message_tag);

#endif

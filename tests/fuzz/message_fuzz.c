/*
 * Any bytes as messages, one behind the other: each is refused, or understood
 * and the same when it is packed and opened again.
 *
 * The corpus begins with a message of each row of the table, which
 * tests/transport/message_test.c writes.
 */

#include "transport/flat.h"
#include "transport/message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool so)
{
    if (!so)
        abort();
}

static void
check_same_again(const struct message *message)
{
    static char first[HEADER_BYTES_MAX], again[HEADER_BYTES_MAX];
    struct view bytes = { first, message_pack(message, first, sizeof first) };
    size_t length = bytes.length;
    struct message back;

    must(length > 0 && message_next(&bytes, &back) && bytes.length == 0);
    must(back.tag == message->tag);
    must(message_pack(&back, again, sizeof again) == length);
    must(memcmp(first, again, length) == 0);
}

static void
check_envelope(struct view header, bool is_message)
{
    struct envelope *envelope = envelope_open(header, view_of("peer"), NULL);

    must((envelope != NULL) == is_message);
    envelope_close(&envelope);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = { (const char *) data, size };
    struct message message;
    bool is_first = true;

    while (message_next(&bytes, &message)) {
        check_same_again(&message);
        if (is_first)
            check_envelope((struct view){ (const char *) data, size }, bytes.length == 0);
        is_first = false;
    }
    if (is_first)
        check_envelope((struct view){ (const char *) data, size }, false);
    must(flat_size(bytes, FIELDS_MAX) <= bytes.length);
    return 0;
}

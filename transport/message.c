/*
 * message - one walk over the protocol table, two walkers.
 *
 * For each message the table expands to a function that visits its fields in
 * order and stops at the first that fails.  What a visit does depends on the
 * walker: the packer appends the field, the unpacker reads it.  There is no
 * per-message code, so a message added to messages.def is sent, received and
 * checked without touching this file.
 */

#include "transport/message.h"

#include "base/memory.h"
#include "transport/flat.h"

#include <assert.h>
#include <msgpack.h>
#include <string.h>

struct walker {
    msgpack_packer *packer;     /* packing, or NULL */
    const msgpack_object *next; /* unpacking: the next element */
};

static bool
walk_U64(struct walker *w, field_U64 *value)
{
    if (w->packer)
        return msgpack_pack_uint64(w->packer, *value) == 0;
    if (w->next->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return false;
    *value = w->next++->via.u64;
    return true;
}

static bool
walk_FLAG(struct walker *w, field_FLAG *flag)
{
    uint64_t number = w->packer ? *flag : 0;

    if (!walk_U64(w, &number) || number > 1)
        return false;
    *flag = number == 1;
    return true;
}

static bool
walk_TEXT(struct walker *w, field_TEXT *text)
{
    if (w->packer)
        return msgpack_pack_str(w->packer, text->length) == 0 &&
            msgpack_pack_str_body(w->packer, text->at, text->length) == 0;
    if (w->next->type != MSGPACK_OBJECT_STR)
        return false;
    *text = (struct view){ w->next->via.str.ptr, w->next->via.str.size };
    w->next++;
    return true;
}

static bool
walk_BYTES(struct walker *w, field_BYTES *bytes)
{
    if (w->packer)
        return msgpack_pack_bin(w->packer, bytes->length) == 0 &&
            msgpack_pack_bin_body(w->packer, bytes->at, bytes->length) == 0;
    if (w->next->type != MSGPACK_OBJECT_BIN)
        return false;
    *bytes = (struct view){ w->next->via.bin.ptr, w->next->via.bin.size };
    w->next++;
    return true;
}

static bool
walk_OUTCOME(struct walker *w, field_OUTCOME *outcome)
{
    uint64_t number = w->packer ? (uint64_t) *outcome : 0;

    if (!walk_U64(w, &number) || number > REFUSED)
        return false;
    *outcome = (enum outcome) number;
    return true;
}

static bool
walk_CAUSE(struct walker *w, field_CAUSE *cause)
{
    struct view name = { NULL, 0 };
    char text[32];

    if (w->packer)
        name = view_of(cause_name(*cause));
    if (!walk_TEXT(w, &name) || name.length >= sizeof text)
        return false;
    memcpy(text, name.at, name.length);
    text[name.length] = '\0';
    return strlen(text) == name.length && cause_find(text, cause);
}

/* clang-format off */
#define MESSAGE(TAG, name, from, to, doc)                               \
    static bool walk_##name(struct walker *w, struct message_##name *m) \
    {                                                                   \
        return true
#define FIELD(TYPE, name, doc) && walk_##TYPE(w, &m->name)
#define END ; }
#include "transport/messages.def"

static const struct {
    const char *name;
    const char *speaker;
    const char *hearer;
    uint32_t    fields;
} table[] = {
#define MESSAGE(TAG, name, from, to, doc) [TAG] = { #TAG, #from, #to, 0
#define FIELD(TYPE, name, doc) + 1
#define END },
#include "transport/messages.def"
};

/* clang-format on */

static bool
walk(struct walker *w, struct message *m)
{
    switch (m->tag) {
#define MESSAGE(TAG, name, from, to, doc) \
    case TAG:                             \
        return walk_##name(w, &m->name);
#define FIELD(TYPE, name, doc)
#define END
#include "transport/messages.def"
    case MESSAGE_TAGS: break;
    }
    return false;
}

const char *
message_name(enum message_tag tag)
{
    return tag < MESSAGE_TAGS ? table[tag].name : "?";
}

const char *
message_speaker(enum message_tag tag)
{
    return tag < MESSAGE_TAGS ? table[tag].speaker : "?";
}

const char *
message_hearer(enum message_tag tag)
{
    return tag < MESSAGE_TAGS ? table[tag].hearer : "?";
}

struct room {
    char *at;
    size_t used, size;
};

static int
write_to_room(void *arg, const char *bytes, size_t length)
{
    struct room *room = arg;

    if (length > room->size - room->used)
        return -1;
    if (length > 0)
        memcpy(room->at + room->used, bytes, length);
    room->used += length;
    return 0;
}

size_t
message_pack(const struct message *message, void *into, size_t size)
{
    struct room room = { into, 0, size };
    msgpack_packer packer = { &room, write_to_room };
    struct walker w = { .packer = &packer };
    struct message copy = *message; /* walkers take non-const fields */
    struct view tag;

    assert(message->tag < MESSAGE_TAGS);
    tag = view_of(table[message->tag].name);
    if (msgpack_pack_array(&packer, 1 + table[message->tag].fields) != 0 || !walk_TEXT(&w, &tag) ||
        !walk(&w, &copy))
        return 0;
    return room.used;
}

/* Find the tag whose name and field count match, or MESSAGE_TAGS. */
static enum message_tag
find_tag(struct view name, uint32_t fields)
{
    enum message_tag tag;

    for (tag = 0; tag < MESSAGE_TAGS; tag++)
        if (table[tag].fields == fields && view_is(name, table[tag].name))
            break;
    return tag;
}

static bool
unpack(struct view header, msgpack_zone *zone, struct message *message)
{
    struct walker w = { 0 };
    msgpack_object root;
    struct view name;

    if (msgpack_unpack(header.at, header.length, NULL, zone, &root) != MSGPACK_UNPACK_SUCCESS ||
        root.via.array.size < 1)
        return false;
    w.next = root.via.array.ptr;
    if (!walk_TEXT(&w, &name))
        return false;
    message->tag = find_tag(name, root.via.array.size - 1);
    return message->tag < MESSAGE_TAGS && walk(&w, message);
}

bool
message_next(struct view *bytes, struct message *message)
{
    struct view header = { bytes->at, flat_size(*bytes, 1 + FIELDS_MAX) };
    msgpack_zone zone;
    bool is_known;

    if (header.length == 0 || header.length > HEADER_BYTES_MAX || !msgpack_zone_init(&zone, 1024))
        return false;
    is_known = unpack(header, &zone, message); /* views point into the header, not the zone */
    msgpack_zone_destroy(&zone);
    if (!is_known)
        return false;
    bytes->at += header.length;
    bytes->length -= header.length;
    return true;
}

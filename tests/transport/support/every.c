#include "tests/transport/support/every.h"

static char letters[1024];

/* A number of its own for each field. */
static uint64_t
mix(uint64_t *number)
{
    uint64_t x = *number += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Every width there is on the wire, and both its ends. */
static void
fill_U64(field_U64 *value, uint64_t *number)
{
    static const uint64_t ends[] = { 0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, UINT32_MAX,
        UINT64_C(0x100000000), INT64_MAX, UINT64_C(1) << 63, UINT64_MAX };
    uint64_t chance = mix(number);

    *value = chance % 2 ? ends[chance / 2 % (sizeof ends / sizeof *ends)] : mix(number);
}

static void
fill_FLAG(field_FLAG *flag, uint64_t *number)
{
    *flag = mix(number) % 2;
}

static void
fill_TEXT(field_TEXT *text, uint64_t *number)
{
    static const size_t ends[] = { 0, 1, 31, 32, 255, 256, 1000 };

    for (size_t i = 0; i < sizeof letters; i++)
        letters[i] = (char) i;
    *text = (struct view){ letters + mix(number) % 24,
        ends[mix(number) % (sizeof ends / sizeof *ends)] };
}

static void
fill_BYTES(field_BYTES *bytes, uint64_t *number)
{
    fill_TEXT(bytes, number);
}

static void
fill_OUTCOME(field_OUTCOME *outcome, uint64_t *number)
{
    *outcome = (enum outcome)(mix(number) % 3);
}

static void
fill_CAUSE(field_CAUSE *cause, uint64_t *number)
{
    *cause = (enum cause)(mix(number) % CAUSES);
}

static bool
equal_U64(uint64_t a, uint64_t b)
{
    return a == b;
}

static bool
equal_FLAG(bool a, bool b)
{
    return a == b;
}

static bool
equal_TEXT(struct view a, struct view b)
{
    return view_equal(a, b);
}

static bool
equal_BYTES(struct view a, struct view b)
{
    return view_equal(a, b);
}

static bool
equal_OUTCOME(enum outcome a, enum outcome b)
{
    return a == b;
}

static bool
equal_CAUSE(enum cause a, enum cause b)
{
    return a == b;
}

/* clang-format off */
#define MESSAGE(TAG, name, from, to, doc)                        \
    static void fill_##name(struct message_##name *m, uint64_t *number) \
    {
#define FIELD(TYPE, name, doc) fill_##TYPE(&m->name, number);
#define END }
#include "transport/messages.def"

#define MESSAGE(TAG, name, from, to, doc)                        \
    static bool equal_##name(const struct message_##name *a, const struct message_##name *b) \
    {                                                            \
        return true
#define FIELD(TYPE, name, doc) && equal_##TYPE(a->name, b->name)
#define END ; }
#include "transport/messages.def"
/* clang-format on */

struct message
every_message(enum message_tag tag, uint64_t number)
{
    struct message message = { .tag = tag };

    switch (tag) {
#define MESSAGE(TAG, name, from, to, doc)    \
    case TAG:                                \
        fill_##name(&message.name, &number); \
        break;
#define FIELD(TYPE, name, doc)
#define END
#include "transport/messages.def"
    case MESSAGE_TAGS: break;
    }
    return message;
}

bool
every_equal(const struct message *a, const struct message *b)
{
    if (a->tag != b->tag)
        return false;
    switch (a->tag) {
#define MESSAGE(TAG, name, from, to, doc) \
    case TAG:                             \
        return equal_##name(&a->name, &b->name);
#define FIELD(TYPE, name, doc)
#define END
#include "transport/messages.def"
    case MESSAGE_TAGS: break;
    }
    return false;
}

size_t
every_fields(enum message_tag tag)
{
    static const size_t fields[] = {
#define MESSAGE(TAG, name, from, to, doc) [TAG] = 0
#define FIELD(TYPE, name, doc) +1
#define END ,
#include "transport/messages.def"
    };

    return fields[tag];
}

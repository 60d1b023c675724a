/* Every message of the table there and back, and what is none of them. */

#include "tests/check.h"
#include "tests/transport/support/every.h"

enum { ROUNDS = 200 };

static char packed[HEADER_BYTES_MAX + 1];

/* ---- messages ------------------------------------------------------------------------------- */

static void
every_message_comes_back_as_it_was(void)
{
    for (enum message_tag tag = 0; tag < MESSAGE_TAGS; tag++)
        for (uint64_t number = 0; number < ROUNDS; number++) {
            struct message message = every_message(tag, number), back;
            struct view bytes = { packed, message_pack(&message, packed, HEADER_BYTES_MAX) };

            check(bytes.length > 0);
            check(message_next(&bytes, &back));
            check(bytes.length == 0 && every_equal(&message, &back));
        }
}

static void
messages_behind_each_other_are_told_apart(void)
{
    struct view bytes = { packed, 0 };
    struct message back;

    for (enum message_tag tag = 0; tag < 8; tag++) {
        struct message message = every_message(tag, tag);

        bytes.length += message_pack(&message, packed + bytes.length, sizeof packed - bytes.length);
    }
    for (enum message_tag tag = 0; tag < 8; tag++) {
        struct message message = every_message(tag, tag);

        check(message_next(&bytes, &back) && every_equal(&message, &back));
    }
    check(bytes.length == 0 && !message_next(&bytes, &back));
}

/* In a block of exactly that size, so that a read past its end is seen. */
static bool
is_message(const char *bytes, size_t length)
{
    char *exact = malloc(length > 0 ? length : 1);
    struct view view = { exact, length };
    struct message message;
    bool is;

    check(exact);
    if (length > 0)
        memcpy(exact, bytes, length);
    is = message_next(&view, &message) && view.length == 0;
    check(is || view.at != exact + length || length == 0);
    free(exact);
    return is;
}

static void
a_part_of_a_message_is_none(void)
{
    for (enum message_tag tag = 0; tag < MESSAGE_TAGS; tag++) {
        struct message message = every_message(tag, tag);
        size_t length = message_pack(&message, packed, HEADER_BYTES_MAX);

        check(is_message(packed, length));
        for (size_t cut = 0; cut < length; cut++)
            check(!is_message(packed, cut));
    }
}

static void
no_changed_byte_makes_the_reader_stumble(void)
{
    size_t understood = 0, refused = 0;

    for (enum message_tag tag = 0; tag < MESSAGE_TAGS; tag++) {
        struct message message = every_message(tag, 1);
        size_t length = message_pack(&message, packed, HEADER_BYTES_MAX);

        for (size_t at = 0; at < length && at < 200; at++)
            for (int bit = 0; bit < 8; bit++) {
                packed[at] = (char) (packed[at] ^ 1 << bit);
                is_message(packed, length) ? understood++ : refused++;
                packed[at] = (char) (packed[at] ^ 1 << bit);
            }
    }
    check(understood > 1000 && refused > 1000);
}

static void
what_does_not_fit_is_not_packed(void)
{
    for (enum message_tag tag = 0; tag < MESSAGE_TAGS; tag++) {
        struct message message = every_message(tag, 3);
        size_t length = message_pack(&message, packed, HEADER_BYTES_MAX);

        for (size_t room = 0; room < length; room++) {
            char *exact = malloc(room > 0 ? room : 1);

            check(exact && message_pack(&message, exact, room) == 0);
            free(exact);
        }
        check(message_pack(&message, packed, length) == length);
    }
}

static void
a_header_has_64_kib_and_no_more(void)
{
    static char text[HEADER_BYTES_MAX];
    struct message message = { .tag = FATAL };

    /* An array of two, the tag, a text with three bytes in front. */
    message.fatal.reason = (struct view){ text, HEADER_BYTES_MAX - 1 - 6 - 3 };
    check(message_pack(&message, packed, HEADER_BYTES_MAX) == HEADER_BYTES_MAX);
    check(is_message(packed, HEADER_BYTES_MAX));
    message.fatal.reason.length++;
    check(message_pack(&message, packed, HEADER_BYTES_MAX) == 0);
    check(message_pack(&message, packed, sizeof packed) == HEADER_BYTES_MAX + 1);
    check(!is_message(packed, HEADER_BYTES_MAX + 1));
}

/* ---- what is none -------------------------------------------------------------------------- */

#define ROW(why, bytes)               \
    {                                 \
        why, bytes, sizeof(bytes) - 1 \
    }

static const struct {
    const char *why;
    const char *bytes;
    size_t length;
} junk[] = {
    ROW("nothing", ""),
    ROW("a number", "\x01"),
    ROW("a text", "\xa4PING"),
    ROW("an empty array", "\x90"),
    ROW("a tag that is no text", "\x92\x01\x01"),
    ROW("a tag that is bytes", "\x92\xc4\x04PING\x01"),
    ROW("an unknown tag", "\x92\xa4PONG\x01"),
    ROW("an empty tag", "\x92\xa0\x01"),
    ROW("a tag in lower case", "\x92\xa4ping\x01"),
    ROW("a tag with a NUL behind it", "\x92\xa5PING\0\x01"),
    ROW("half a tag", "\x92\xa3PIN\x01"),
    ROW("no field", "\x91\xa4PING"),
    ROW("a field too many", "\x93\xa4PING\x01\x01"),
    ROW("a byte behind the last field", "\x92\xa4PING\x01\x00"),
    ROW("a second message behind it", "\x92\xa4PING\x01\x92\xa4PING\x01"),
    ROW("a text for a number",
        "\x92\xa4PING\xa1"
        "1"),
    ROW("bytes for a number",
        "\x92\xa4PING\xc4\x01"
        "1"),
    ROW("a negative number of one byte", "\x92\xa4PING\xff"),
    ROW("a negative number of two bytes", "\x92\xa4PING\xd0\xff"),
    ROW("a signed number of three bytes", "\x92\xa4PING\xd1\x00\x01"),
    ROW("a signed number of five bytes", "\x92\xa4PING\xd2\x00\x00\x00\x01"),
    ROW("a signed number of nine bytes", "\x92\xa4PING\xd3\x00\x00\x00\x00\x00\x00\x00\x01"),
    ROW("a float", "\x92\xa4PING\xca\x3f\x80\x00\x00"),
    ROW("a double", "\x92\xa4PING\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"),
    ROW("nil", "\x92\xa4PING\xc0"),
    ROW("the byte that is never used", "\x92\xa4PING\xc1"),
    ROW("true", "\x92\xa4PING\xc3"),
    ROW("an extension of one byte", "\x92\xa4PING\xd4\x01\x00"),
    ROW("an extension of sixteen bytes",
        "\x92\xa4PING\xd8\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        "\x00\x00\x00\x00\x00\x00\x00"),
    ROW("an extension with a length", "\x92\xa4PING\xc7\x01\x01\x00"),
    ROW("an extension of 4 GiB", "\x92\xa4PING\xc9\xff\xff\xff\xff\x01"),
    ROW("a map", "\x82\xa4PING\x01\xa1x\x01"),
    ROW("a map for a field", "\x92\xa4PING\x80"),
    ROW("an array for a field", "\x92\xa4PING\x91\x01"),
    ROW("an array for all", "\x91\x92\xa4PING\x01"),
    ROW("an array of 2^32-1", "\xdd\xff\xff\xff\xff"),
    ROW("an array of 2^32-1 with a tag", "\xdd\xff\xff\xff\xff\xa4PING\x01"),
    ROW("an array of two with four bytes of length", "\xdd\x00\x00\x00\x02\xa4PING\x01"),
    ROW("an array of 65535", "\xdc\xff\xff\xa4PING\x01"),
    ROW("an array of 65535 of which nothing is there", "\xdc\xff\xff"),
    ROW("an array without its length", "\xdc\x00"),
    ROW("a map of 2^32-1", "\xdf\xff\xff\xff\xff"),
    ROW("a text of 4 GiB", "\x92\xdb\xff\xff\xff\xff"),
    ROW("a text of 64 KiB that is not there", "\x92\xda\xff\xffPING\x01"),
    ROW("bytes of 4 GiB", "\x92\xa4PING\xc6\xff\xff\xff\xff"),
    ROW("a number without its bytes", "\x92\xa4PING\xcf\x00\x00\x00"),
    ROW("a flag of two",
        "\x94\xa4"
        "DATA\x01\x00\x02"),
    ROW("a flag that is true",
        "\x94\xa4"
        "DATA\x01\x00\xc3"),
    ROW("an outcome of three",
        "\x96\xa7"
        "FLUSHED\x00\x00\x03\xa4none\xa0"),
    ROW("an outcome of 2^64-1",
        "\x96\xa7"
        "FLUSHED\x00\x00\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa4none\xa0"),
    ROW("an unknown cause",
        "\x96\xa7"
        "FLUSHED\x00\x00\x00\xa4"
        "fate\xa0"),
    ROW("a cause by its code",
        "\x96\xa7"
        "FLUSHED\x00\x00\x00\xa9NOT_FOUND\xa0"),
    ROW("a cause as a number",
        "\x96\xa7"
        "FLUSHED\x00\x00\x00\x01\xa0"),
    ROW("an empty cause",
        "\x96\xa7"
        "FLUSHED\x00\x00\x00\xa0\xa0"),
    ROW("a cause longer than any",
        "\x96\xa7"
        "FLUSHED\x00\x00\x00\xbfnonenonenonenonenonenonenonenon\xa0"),
    ROW("a cause much longer",
        "\x96\xa7"
        "FLUSHED\x00\x00\x00\xd9\x28nonenonenonenonenonenonenonenonenonenone\xa0"),
    ROW("a cause with a NUL behind it",
        "\x96\xa7"
        "FLUSHED\x00\x00\x00\xa5none\0\xa0"),
    ROW("a text that is bytes",
        "\x92\xa5"
        "FATAL\xc4\x01x"),
};

static void
what_is_no_message_is_refused(void)
{
    check(is_message("\x92\xa4PING\x01", 7));
    check(is_message("\x92\xd9\x04PING\x01", 8)); /* wider than need be, and well */
    check(is_message("\xdc\x00\x02\xa4PING\xcf\0\0\0\0\0\0\0\1", 17));
    check(is_message("\x96\xa7"
                     "FLUSHED\x00\x00\x02\xa4none\xa0",
        18));
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++)
        if (is_message(junk[i].bytes, junk[i].length))
            fprintf(stderr, "taken for a message: %s\n", junk[i].why), exit(1);
}

static void
arrays_in_arrays_are_refused_however_deep(void)
{
    memset(packed, '\x91', sizeof packed);
    check(!is_message(packed, HEADER_BYTES_MAX));
    memcpy(packed, "\x92\xa4PING", 6);
    check(!is_message(packed, HEADER_BYTES_MAX));
}

/* ---- the table ------------------------------------------------------------------------------ */

static void
every_message_has_a_name_a_speaker_and_a_hearer(void)
{
    for (enum message_tag tag = 0; tag < MESSAGE_TAGS; tag++) {
        check(message_name(tag)[0] && message_speaker(tag)[0] && message_hearer(tag)[0]);
        check(every_fields(tag) > 0 && every_fields(tag) <= FIELDS_MAX);
        for (enum message_tag other = 0; other < tag; other++)
            check(strcmp(message_name(tag), message_name(other)) != 0);
    }
    check(strcmp(message_name(MESSAGE_TAGS), "?") == 0);
    check(strcmp(message_speaker(MESSAGE_TAGS), "?") == 0);
    check(strcmp(message_hearer(MESSAGE_TAGS), "?") == 0);
}

/* A new row's seed is written with KNARR_SEEDS=1 in the environment. */
static void
every_message_has_a_seed_for_the_fuzzer(void)
{
    static const char here[] = __FILE__;
    int above = (int) (strstr(here, "transport/message_test.c") - here);

    for (enum message_tag tag = 0; tag < MESSAGE_TAGS; tag++) {
        struct message message = every_message(tag, 2);
        size_t length = message_pack(&message, packed, HEADER_BYTES_MAX);
        char path[1024];
        FILE *file;

        snprintf(path, sizeof path, "%.*sfuzz/corpus/message/%s", above, here, message_name(tag));
        file = fopen(path, "rb");
        if (!file && getenv("KNARR_SEEDS")) {
            file = fopen(path, "wb");
            check(file && fwrite(packed, 1, length, file) == length);
        }
        if (!file)
            fprintf(stderr, "no %s: run this with KNARR_SEEDS=1, and commit it\n", path), exit(1);
        fclose(file);
    }
}

static const struct test tests[] = {
    { "every message comes back as it was", every_message_comes_back_as_it_was },
    { "messages behind each other are told apart", messages_behind_each_other_are_told_apart },
    { "a part of a message is none", a_part_of_a_message_is_none },
    { "no changed byte makes the reader stumble", no_changed_byte_makes_the_reader_stumble },
    { "what does not fit is not packed", what_does_not_fit_is_not_packed },
    { "a header has 64 KiB and no more", a_header_has_64_kib_and_no_more },
    { "what is no message is refused", what_is_no_message_is_refused },
    { "arrays in arrays are refused however deep", arrays_in_arrays_are_refused_however_deep },
    { "every message has a name, a speaker and a hearer",
        every_message_has_a_name_a_speaker_and_a_hearer },
    { "every message has a seed for the fuzzer", every_message_has_a_seed_for_the_fuzzer },
};

TEST_MAIN(tests)

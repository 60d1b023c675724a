#include "base/memory.h"
#include "client/knarr.h"
#include "tests/check.h"
#include "tests/client/support/fake.h"

enum { CHUNK_BYTES = 1000, IN_FLIGHT = 4 };

static const char uri[] = "viking://resources/a";

/* A file on the fake server, and how it is told. */
struct file {
    uint64_t size;
    uint64_t end;        /* of what the test asks for */
    uint64_t changes_at; /* from this offset on it is another version; 0: never */
    bool is_shuffled;    /* answers in the order 4 3 2 1 */
    unsigned refuses_at; /* the n-th READ; 0: none */
    unsigned reads;
    struct message_read waiting[IN_FLIGHT];
    unsigned count;
    /* How an answer is garbled. */
    int64_t offset_off, length_off, size_off;
    bool is_doubled, is_answer, is_page;
};

static unsigned char
byte_at(uint64_t offset)
{
    return (unsigned char) (offset * 7 + offset / 256);
}

static void
say_content(struct fake *fake, const struct message_read *read)
{
    const struct file *file = fake->data;
    uint64_t there = file->size > read->offset ? file->size - read->offset : 0;
    size_t length =
        (size_t) ((read->length < there ? read->length : there) + (uint64_t) file->length_off);
    struct message content = {
        .tag = CONTENT,
        .content = {
            .id = read->id,
            .offset = read->offset + (uint64_t) file->offset_off,
            .size = file->size,
            .version = file->changes_at && read->offset >= file->changes_at ? 2 : 1,
        },
    };
    char *bytes = memory_new(length + 1);

    for (size_t i = 0; i < length; i++)
        bytes[i] = (char) byte_at(read->offset + i);
    if (read->offset > 0)
        content.content.size += (uint64_t) file->size_off;
    fake_say(fake, &content, (struct view){ bytes, length });
    if (file->is_doubled)
        fake_say(fake, &content, (struct view){ bytes, length });
    free(bytes);
}

static void
say_shuffled(struct fake *fake, const struct message_read *read)
{
    struct file *file = fake->data;
    bool is_first = file->reads == 1; /* the client waits for this one */
    bool is_last = read->offset + read->length >= file->end;

    file->waiting[file->count++] = *read;
    if (!is_first && !is_last && file->count < IN_FLIGHT)
        return;
    while (file->count > 0)
        say_content(fake, &file->waiting[--file->count]);
}

static void
on_read(struct fake *fake, const struct message *message, struct view body)
{
    const struct message page = { .tag = PAGE, .page = { .id = message->read.id } };
    struct file *file = fake->data;

    (void) body;
    if (message->tag != READ)
        return;
    file->reads++;
    if (file->reads == file->refuses_at)
        fake_answer(fake, message->read.id, RETRY, CAUSE_CONFLICT, "it is another now");
    else if (file->is_answer)
        fake_answer(fake, message->read.id, DONE, CAUSE_NONE, "");
    else if (file->is_page)
        fake_say(fake, &page, view_of(""));
    else if (file->is_shuffled)
        say_shuffled(fake, &message->read);
    else
        say_content(fake, &message->read);
}

struct taken {
    uint64_t at, give_up_at;
    bool is_right;
};

static bool
take(void *context, const void *bytes, size_t length, uint64_t size)
{
    struct taken *taken = context;

    (void) size;
    for (size_t i = 0; i < length; i++)
        if (((const unsigned char *) bytes)[i] != byte_at(taken->at + i))
            taken->is_right = false;
    taken->at += length;
    return taken->give_up_at == 0 || taken->at < taken->give_up_at;
}

static struct knarr_result
get_bytes(struct file *file, struct taken *taken, uint64_t offset, uint64_t length)
{
    struct fake fake = { .hear = on_read, .chunk_bytes = CHUNK_BYTES, .data = file };
    struct knarr_result result;
    struct knarr *knarr;

    file->end = length < file->size - offset ? offset + length : file->size;
    taken->at = offset;
    taken->is_right = true;
    fake_start(&fake);
    knarr = knarr_open(fake.endpoint, NULL, &result);
    check(knarr);
    knarr_get(knarr, uri, offset, length, take, taken, &result);
    knarr_close(&knarr);
    fake_end(&fake);
    return result;
}

static void
whole_and_parts(void)
{
    static const struct {
        uint64_t size, offset, length, end;
        unsigned reads;
    } rows[] = {
        { 0, 0, UINT64_MAX, 0, 1 },
        { 1, 0, UINT64_MAX, 1, 1 },
        { 1000, 0, UINT64_MAX, 1000, 1 },
        { 1001, 0, UINT64_MAX, 1001, 2 },
        { 123456, 0, UINT64_MAX, 123456, 124 },
        { 123456, 500, 10000, 10500, 10 },
        { 123456, 123400, 100, 123456, 1 },
        { 5000, 5000, 10, 5000, 1 },
        { 5000, 6000, UINT64_MAX, 6000, 1 },
        { 5000, 0, 0, 0, 1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int is_shuffled = 0; is_shuffled < 2; is_shuffled++) {
            struct file file = { .size = rows[i].size, .is_shuffled = is_shuffled };
            struct taken taken = { .at = 0 };
            struct knarr_result result = get_bytes(&file, &taken, rows[i].offset, rows[i].length);

            check(result.outcome == KNARR_DONE);
            check(result.size == rows[i].size);
            check(taken.is_right);
            check(taken.at == rows[i].end);
            check(file.reads == rows[i].reads);
        }
}

static void
replaced(void)
{
    struct file other_version = { .size = 20000, .changes_at = 7000 };
    struct file other_size = { .size = 20000, .size_off = 100 };
    struct file refused = { .size = 20000, .refuses_at = 7 };
    struct file *const rows[] = { &other_version, &other_size, &refused };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct taken taken = { .at = 0 };
        struct knarr_result result = get_bytes(rows[i], &taken, 0, UINT64_MAX);

        check(result.outcome == KNARR_RETRY);
        check(strcmp(result.cause, "conflict") == 0);
        check(taken.is_right);
        check(taken.at < 20000);
    }
}

static void
garbled(void)
{
    static const struct {
        const char *why;
        struct file file;
    } rows[] = {
        { "bytes from elsewhere", { .size = 20000, .offset_off = 1 } },
        { "more than was asked for", { .size = 20000, .length_off = 1 } },
        { "fewer, though there are more", { .size = 20000, .length_off = -1 } },
        { "bytes behind the end", { .size = 0, .length_off = 10 } },
        { "the same answer twice", { .size = 20000, .is_doubled = true, .is_shuffled = true } },
        { "done, and no bytes", { .size = 20000, .is_answer = true } },
        { "a page", { .size = 20000, .is_page = true } },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct file file = rows[i].file;
        struct taken taken = { .at = 0 };
        struct knarr_result result = get_bytes(&file, &taken, 0, UINT64_MAX);

        if (result.outcome != KNARR_REFUSED)
            fprintf(stderr, "accepted %s\n", rows[i].why);
        check(result.outcome == KNARR_REFUSED);
        check(strcmp(result.cause, "serialization") == 0);
        check(taken.is_right);
    }
}

static void
gives_up(void)
{
    struct file file = { .size = 100000 };
    struct taken taken = { .give_up_at = 5000 };
    struct knarr_result result = get_bytes(&file, &taken, 0, UINT64_MAX);

    check(result.outcome == KNARR_REFUSED);
    check(taken.at == 5000);
    check(file.reads <= 5 + IN_FLIGHT);
}

static const struct test tests[] = {
    { "any part of any file comes whole and in order", whole_and_parts },
    { "bytes of two versions are never mixed", replaced },
    { "an answer that does not fit what was asked is refused", garbled },
    { "a taker that gives up ends it", gives_up },
};

TEST_MAIN(tests)

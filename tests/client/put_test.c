#include "base/memory.h"
#include "client/knarr.h"
#include "tests/check.h"
#include "tests/client/support/fake.h"

enum { CHUNK_BYTES = 64 << 10, CREDIT_BYTES = 150000, BIG_BYTES = 3000000 };

static const char uri[] = "viking://resources/a";

/* What the fake server saw of one write. */
struct seen {
    uint64_t id, size, how;
    uint64_t bytes;   /* received */
    uint64_t granted; /* in all */
    uint64_t most;    /* under way at once */
    uint64_t grant;   /* returned with each GO; 0: what was received */
    unsigned frames;
    atomic_uint cancels;
    bool is_right; /* every byte and offset so far */
    atomic_bool is_complete;
    uint64_t stop_after; /* refuse the write once so many bytes are there */
    bool refuses_early, answers_early;
};

static unsigned char
byte_at(uint64_t offset)
{
    return (unsigned char) (offset * 31 + offset / 251);
}

/* The test's bytes, `size` of them, in portions that fit no chunk. */
struct bytes {
    uint64_t at, size, fail_at;
};

static ssize_t
more(void *context, void *into, size_t room)
{
    struct bytes *self = context;
    size_t length = room < 9973 ? room : 9973;

    if (self->fail_at > 0 && self->at >= self->fail_at)
        return -1;
    if (length > self->size - self->at)
        length = (size_t) (self->size - self->at);
    for (size_t i = 0; i < length; i++)
        ((unsigned char *) into)[i] = byte_at(self->at + i);
    self->at += length;
    return (ssize_t) length;
}

static void
take_bytes(struct seen *seen, uint64_t offset, struct view body)
{
    seen->is_right = seen->is_right && offset == seen->bytes;
    for (size_t i = 0; i < body.length; i++)
        if ((unsigned char) body.at[i] != byte_at(offset + i))
            seen->is_right = false;
    seen->bytes += body.length;
    seen->frames++;
    if (seen->bytes > seen->granted)
        seen->is_right = false;
}

static void
answer(struct fake *fake, const struct seen *seen)
{
    if (seen->refuses_early)
        fake_answer(fake, seen->id, REFUSED, CAUSE_NO_SPACE, "no room");
    else
        fake_answer(fake, seen->id, DONE, CAUSE_NONE, "");
}

static void
go_on(struct fake *fake, struct seen *seen, size_t length)
{
    const struct message go = {
        .tag = GO,
        .go = { .id = seen->id, .credit = seen->grant ? seen->grant : length },
    };
    bool is_early = (seen->refuses_early || seen->answers_early) && seen->bytes > seen->stop_after;

    if (seen->is_complete || is_early) {
        answer(fake, seen);
        return;
    }
    seen->granted =
        go.go.credit > UINT64_MAX - seen->granted ? UINT64_MAX : seen->granted + go.go.credit;
    fake_say(fake, &go, view_of(""));
}

static void
receive(struct fake *fake, const struct message *message, struct view body)
{
    struct seen *seen = fake->data;

    if (message->tag == WRITE) {
        seen->id = message->write.id;
        seen->size = message->write.size;
        seen->how = message->write.how;
        seen->granted = fake->credit_bytes;
        seen->is_right = view_is(message->write.uri, uri);
        take_bytes(seen, 0, body);
        seen->is_complete = body.length == seen->size;
    } else if (message->tag == DATA && message->data.id == seen->id && !seen->is_complete) {
        take_bytes(seen, message->data.offset, body);
        seen->is_complete = message->data.last;
    } else if (message->tag == CANCEL && message->cancel.id == seen->id) {
        seen->cancels++;
        return;
    } else {
        seen->is_right = false;
    }
    go_on(fake, seen, body.length);
}

/* One write of `size` bytes to a fake server that starts with what `seen` says. */
static struct knarr_result
put_bytes(struct seen *seen, struct bytes *bytes, uint64_t size)
{
    struct fake fake = {
        .hear = receive,
        .chunk_bytes = CHUNK_BYTES,
        .credit_bytes = CREDIT_BYTES,
        .data = seen,
    };
    struct knarr_result result;
    struct knarr *knarr;

    fake_start(&fake);
    knarr = knarr_open(fake.endpoint, NULL, &result);
    check(knarr);
    knarr_put(knarr, uri, size, more, bytes, NULL, &result);
    knarr_close(&knarr);
    for (int i = 0; i < 100 && seen->cancels == 0 && !seen->is_complete; i++)
        zmq_poll(NULL, 0, 5); /* a CANCEL is on its way */
    fake_end(&fake);
    return result;
}

static void
small_files(void)
{
    static const uint64_t sizes[] = { 0, 1, CHUNK_BYTES - 1, CHUNK_BYTES };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct seen seen = { .frames = 0 };
        struct bytes bytes = { .size = sizes[i] };
        struct knarr_result result = put_bytes(&seen, &bytes, sizes[i]);

        check(result.outcome == KNARR_DONE);
        check(seen.is_right && seen.is_complete);
        check(seen.frames == 1);
        check(seen.size == sizes[i]);
    }
}

static void
small_stream(void)
{
    struct seen seen = { .frames = 0 };
    struct bytes bytes = { .size = 1000 };
    struct knarr_result result = put_bytes(&seen, &bytes, KNARR_SIZE_UNKNOWN);

    check(result.outcome == KNARR_DONE);
    check(seen.frames == 1 && seen.is_right);
    check(seen.size == 1000);
}

static void
big_files(void)
{
    static const struct {
        uint64_t size, announced, grant;
    } rows[] = {
        { BIG_BYTES, BIG_BYTES, 0 }, { BIG_BYTES, BIG_BYTES, 1000 }, /* a little at a time */
        { BIG_BYTES, BIG_BYTES, UINT64_MAX },                        /* and more than there is */
        { BIG_BYTES, KNARR_SIZE_UNKNOWN, 0 },                        /* a pipe */
        { (uint64_t) CHUNK_BYTES * 8, KNARR_SIZE_UNKNOWN,
            (uint64_t) CHUNK_BYTES } /* that ends with a chunk */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen seen = { .grant = rows[i].grant };
        struct bytes bytes = { .size = rows[i].size };
        struct knarr_result result = put_bytes(&seen, &bytes, rows[i].announced);

        check(result.outcome == KNARR_DONE);
        check(seen.is_right && seen.is_complete);
        check(seen.bytes == rows[i].size);
        check(seen.size == rows[i].announced);
        check(seen.cancels == 0);
    }
}

static void
early_refusal(void)
{
    struct seen seen = { .refuses_early = true, .stop_after = 500000 };
    struct bytes bytes = { .size = BIG_BYTES };
    struct knarr_result result = put_bytes(&seen, &bytes, BIG_BYTES);

    check(result.outcome == KNARR_REFUSED);
    check(strcmp(result.cause, "no_space") == 0);
    check(strcmp(result.reason, "no room") == 0);
    check(seen.is_right && !seen.is_complete);
    check(bytes.at <= 500000 + CREDIT_BYTES + CHUNK_BYTES);
}

static void
early_done(void)
{
    struct seen seen = { .answers_early = true, .stop_after = 500000 };
    struct bytes bytes = { .size = BIG_BYTES };
    struct knarr_result result = put_bytes(&seen, &bytes, BIG_BYTES);

    check(result.outcome == KNARR_REFUSED);
    check(strcmp(result.cause, "serialization") == 0);
}

static void
gives_up(void)
{
    struct seen seen = { .frames = 0 };
    struct bytes bytes = { .size = BIG_BYTES, .fail_at = 1000000 };
    struct knarr_result result = put_bytes(&seen, &bytes, BIG_BYTES);

    check(result.outcome == KNARR_REFUSED);
    check(seen.is_right && !seen.is_complete);
    check(seen.cancels == 1);
}

static void
gives_up_at_once(void)
{
    struct seen seen = { .frames = 0 };
    struct bytes bytes = { .size = BIG_BYTES, .fail_at = 1 };
    struct knarr_result result = put_bytes(&seen, &bytes, 20000);

    check(result.outcome == KNARR_REFUSED);
    check(seen.frames == 0 && seen.cancels == 0);
}

static void
comes_short(void)
{
    struct seen seen = { .frames = 0 };
    struct bytes bytes = { .size = BIG_BYTES - 1 };
    struct knarr_result result = put_bytes(&seen, &bytes, BIG_BYTES);

    check(result.outcome == KNARR_REFUSED);
    check(strcmp(result.cause, "invalid_argument") == 0);
    check(!seen.is_complete);
    check(seen.cancels == 1);
}

static void
grows_meanwhile(void)
{
    struct seen seen = { .frames = 0 };
    struct bytes bytes = { .size = BIG_BYTES + 12345 };
    struct knarr_result result = put_bytes(&seen, &bytes, BIG_BYTES);

    check(result.outcome == KNARR_DONE);
    check(seen.is_right && seen.is_complete);
    check(seen.bytes == BIG_BYTES);
}

static void
long_uri(void)
{
    struct fake fake = { .hear = NULL };
    char *name = memory_new(HEADER_BYTES_MAX + 1);
    struct knarr_result result;
    struct knarr *knarr;

    memset(name, 'a', HEADER_BYTES_MAX);
    fake_start(&fake);
    knarr = knarr_open(fake.endpoint, NULL, &result);
    check(knarr_write(knarr, name, "x", 1, NULL, &result) == KNARR_REFUSED);
    check(strcmp(result.cause, "too_large") == 0);
    check(knarr_ping(knarr, &result) == KNARR_DONE);
    knarr_close(&knarr);
    fake_end(&fake);
    free(name);
}

static const struct test tests[] = {
    { "a file that fits in a chunk is one message", small_files },
    { "so is a stream that ends within one", small_stream },
    { "a big file never has more under way than its credit", big_files },
    { "an early refusal stops the sending", early_refusal },
    { "a write that is done before it was sent is refused", early_done },
    { "a source that gives up cancels the write", gives_up },
    { "one that gives up at once sends nothing", gives_up_at_once },
    { "a file that became shorter is not written", comes_short },
    { "a file that grows is written as it was announced", grows_meanwhile },
    { "a URI that fits in no message is refused", long_uri },
};

TEST_MAIN(tests)

#include "tests/actors/support/reader_place.h"
#include "tests/check.h"

/* ---- bytes -------------------------------------------------------------------------------- */

static void
a_range_of_a_file_is_read(void)
{
    static const struct {
        uint64_t offset, length;
        const char *expected;
    } rows[] = {
        { 0, 100, "one\ntwo\n" },
        { 0, 3, "one" },
        { 4, 3, "two" },
        { 7, 100, "\n" },
        { 8, 100, "" },
        { 1000, 100, "" },
        { 0, 0, "" },
    };

    begin_reader();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct message_sought *sought =
            seek(bytes("/default/resources/a.txt", rows[i].offset, rows[i].length));

        check(sought->outcome == DONE && sought->size == 8 && sought->offset == rows[i].offset);
        check((sought->mode & 0777) == 0640 && sought->version != 0 && sought->mtime_ns != 0);
        check(view_is(body_view(envelope_body(heard)), rows[i].expected));
    }
    end_reader();
}

static void
a_large_file_comes_in_chunks_of_one_version(void)
{
    enum { SIZE = 3 * CHUNK_BYTES + 1000 };
    char *content = malloc(SIZE), *got = malloc(SIZE);
    struct message_seek what = bytes("/default/resources/large", 0, UINT64_MAX);
    size_t length = 0;

    check(content && got);
    for (size_t i = 0; i < SIZE; i++)
        content[i] = (char) (i * 2654435761u >> 13);
    begin_reader();
    make_file("/default/resources/large", content, SIZE);
    do {
        const struct message_sought *sought = seek(what);
        struct view body = body_view(envelope_body(heard));

        check(sought->outcome == DONE && sought->size == SIZE && body.length <= CHUNK_BYTES);
        memcpy(got + length, body.at, body.length);
        length += body.length;
        what.offset = length;
        what.version = sought->version;
    } while (length < SIZE);
    check(memcmp(content, got, SIZE) == 0);

    run_in_place("cd '%s/default/resources' && echo other >n && mv n large%s", "");
    what.offset = 0;
    check(seek(what)->outcome == RETRY);
    check(envelope_message(heard)->sought.cause == CAUSE_CONFLICT);
    end_reader();
    free(content);
    free(got);
}

static void
what_cannot_be_read_is_told_as_the_backend_said_it(void)
{
    begin_reader();
    check(is_refused(bytes("/default/resources/none", 0, 1), CAUSE_NOT_FOUND));
    check(is_refused(bytes("/default/resources/a", 0, 1), CAUSE_IS_A_DIRECTORY));
    check(is_refused(bytes("/default/resources/.knarr-place", 0, 1), CAUSE_NOT_FOUND));
    check(is_refused(bytes("/default/../x", 0, 1), CAUSE_INVALID_PATH));
    check(is_refused(list("/default/none", 1), CAUSE_NOT_FOUND));
    check(is_refused(list("/default/resources/a.txt", 1), CAUSE_NOT_A_DIRECTORY));
    check(is_refused(list("/default/resources/.knarr-x", 1), CAUSE_NOT_FOUND));
    check(is_refused(grep("/default/none", "x"), CAUSE_NOT_FOUND));
    check(is_refused(glob("/default/none", "x"), CAUSE_NOT_FOUND));
    end_reader();
}

static void
a_store_fetches_into_its_own_mailbox(void)
{
    struct message fetch = { .tag = FETCH,
        .fetch = { .mailbox = view_of("backup-1"),
            .attempt = 42,
            .path = view_of("/default/resources/a.txt"),
            .offset = 4,
            .length = 100 } };
    struct inbox *backup;
    const struct message_chunk *chunk;

    begin_reader();
    backup = inbox_open("backup-1");
    tell_reader(&fetch);
    check(hear(backup)->tag == CHUNK);
    chunk = &envelope_message(heard)->chunk;
    check(chunk->attempt == 42 && chunk->outcome == DONE && chunk->offset == 4);
    check(chunk->size == 8 && chunk->version != 0 && (chunk->mode & 0777) == 0640);
    check(view_is(body_view(envelope_body(heard)), "two\n"));

    fetch.fetch.path = view_of("/default/resources/gone");
    tell_reader(&fetch);
    chunk = &hear(backup)->chunk;
    check(chunk->attempt == 42 && chunk->outcome == REFUSED && chunk->cause == CAUSE_NOT_FOUND);
    check(chunk->reason.length > 0);
    inbox_close(&backup);
    end_reader();
}

/* ---- many at once ------------------------------------------------------------------------------ */

static void
a_long_search_keeps_nobody_waiting(void)
{
    struct message search = { .tag = SEEK, .seek = grep("/default/resources/many", "(x+)+y") };
    struct message read = { .tag = SEEK, .seek = bytes("/default/resources/a.txt", 0, 100) };
    int before = 0;

    begin_reader();
    run_in_place("mkdir '%s/default/resources/many' && cd '%1$s/default/resources/many' && "
                 "seq -f 'line %%g of some file%s' 20000 | split -l 10 -a 5",
        "");
    for (search.seek.request = 1; search.seek.request <= 20; search.seek.request++)
        tell_reader(&search);
    read.seek.request = 99;
    tell_reader(&read);
    while (hear(router_inbox)->sought.request != 99)
        before++;
    check(before == 0); /* each of the others has 2,000 files to look into */
    for (int i = before; i < 20; i++)
        check(hear(router_inbox)->sought.outcome == DONE);
    end_reader();
}

/*
 * A kind of backend that ends every request in a later turn, in any order; it is
 * the local one behind that.
 */
enum { LATE_MAX = 1024 };

static struct {
    bool never;
    size_t count;
    struct {
        struct lookup *lookup;
        struct reading *reading;
        struct listing *listing;
    } asked[LATE_MAX];
} late;

static void
late_lookup(struct backend *self, struct lookup *lookup)
{
    (void) self;
    check(late.count < LATE_MAX);
    late.asked[late.count++].lookup = lookup;
}

static void
late_read(struct backend *self, struct reading *reading)
{
    (void) self;
    check(late.count < LATE_MAX);
    late.asked[late.count++].reading = reading;
}

static void
late_list(struct backend *self, struct listing *listing)
{
    (void) self;
    check(late.count < LATE_MAX);
    late.asked[late.count++].listing = listing;
}

static void
late_turn(struct backend *self)
{
    size_t count = late.count;

    if (late.never)
        return;
    while (count-- > 0) { /* the newest first */
        struct lookup *lookup = late.asked[count].lookup;
        struct reading *reading = late.asked[count].reading;
        struct listing *listing = late.asked[count].listing;

        late.count--;
        memmove(&late.asked[count], &late.asked[count + 1],
            (late.count - count) * sizeof *late.asked);
        memset(&late.asked[late.count], 0, sizeof *late.asked);
        if (lookup)
            backend_kind_find("local")->lookup(self, lookup);
        if (reading)
            backend_kind_find("local")->read(self, reading);
        if (listing)
            backend_kind_find("local")->list(self, listing);
    }
}

static void
begin_late(bool never)
{
    static struct backend_kind kind;

    memset(&late, 0, sizeof late);
    late.never = never;
    kind = *backend_kind_find("local");
    kind.traits &= ~(unsigned) ENDS_AT_ONCE;
    kind.lookup = late_lookup;
    kind.read = late_read;
    kind.list = late_list;
    kind.turn = late_turn;
    strcpy(reader_place, "/tmp/knarr-reader-XXXXXX");
    check(mkdtemp(reader_place));
    make_tree();
    begin_reader_with(&kind);
}

static void
a_backend_that_ends_late_gives_the_same_answers(void)
{
    begin_late(false);
    check(gives(list("/default/resources", 2),
        ".dot/ .dot/in.txt a/ a/b/ a/b.txt a-b.md a.txt z.bin "));
    check(gives(grep("/default/resources", "two"), ".dot/in.txt:1 .dotfile:1 a/b.txt:1 a.txt:2 "));
    check(seek(bytes("/default/resources/a.txt", 4, 3))->outcome == DONE);
    check(view_is(body_view(envelope_body(heard)), "two"));
    check(is_refused(grep("/default/none", "x"), CAUSE_NOT_FOUND));
    end_reader();
}

static void
more_than_it_can_bear_are_told_to_come_again(void)
{
    enum { MANY = 600 };
    struct message message = { .tag = SEEK, .seek = list("/default/resources", 0) };
    struct message read = { .tag = SEEK, .seek = bytes("/default/resources/a.txt", 0, 100) };
    int done = 0, busy = 0;
    bool answered[MANY] = { false };

    begin_late(false);
    for (uint64_t i = 0; i < MANY; i++) {
        message.seek.request = read.seek.request = i;
        tell_reader(i % 2 ? &message : &read);
    }
    for (int i = 0; i < MANY; i++) {
        const struct message_sought *sought = &hear(router_inbox)->sought;

        check(!answered[sought->request]);
        answered[sought->request] = true;
        done += sought->outcome == DONE;
        busy += sought->outcome == RETRY && sought->cause == CAUSE_BUSY;
    }
    check(done + busy == MANY && done >= 256);
    check(seek(message.seek)->outcome == DONE);
    end_reader();
}

static void
it_stops_though_requests_never_end(void)
{
    struct message search = { .tag = SEEK, .seek = grep("/default/resources", "x") };
    struct message read = { .tag = SEEK, .seek = bytes("/default/resources/a.txt", 0, 100) };

    begin_late(true);
    for (int i = 0; i < 300; i++)
        tell_reader(i % 2 ? &search : &read);
    for (int i = 256; i < 300; i++)
        check(hear(router_inbox)->sought.outcome == RETRY);
    check(envelope_message(heard)->sought.cause == CAUSE_BUSY);
    end_reader();
}

static void
a_place_that_cannot_be_opened_is_told(void)
{
    struct reader_args args = { .kind = backend_kind_find("local"),
        .backend = { .name = "primary", .place = "/dev/null/x" } };

    check(!actor_start(&reader_actor, "reader", &args, &reader_report));
    check(strstr(reader_report.text, "reader: ") && strlen(reader_report.text) > 20);
}

static const struct test tests[] = {
    { "a range of a file is read", a_range_of_a_file_is_read },
    { "a large file comes in chunks of one version", a_large_file_comes_in_chunks_of_one_version },
    { "what cannot be read is told as the backend said it",
        what_cannot_be_read_is_told_as_the_backend_said_it },
    { "a store fetches into its own mailbox", a_store_fetches_into_its_own_mailbox },
    { "a long search keeps nobody waiting", a_long_search_keeps_nobody_waiting },
    { "a backend that ends late gives the same answers",
        a_backend_that_ends_late_gives_the_same_answers },
    { "more than it can bear are told to come again",
        more_than_it_can_bear_are_told_to_come_again },
    { "it stops though requests never end", it_stops_though_requests_never_end },
    { "a place that cannot be opened is told", a_place_that_cannot_be_opened_is_told },
};

TEST_MAIN(tests)

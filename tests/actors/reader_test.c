#include "actors/reader.h"
#include "base/memory.h"
#include "base/view.h"
#include "tests/check.h"

#include <czmq.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

static char place[64];
static struct actor *reader;
static struct inbox *router, *journal;
static zsock_t *mouth; /* what is said into it, the reader hears */
static struct report report;
static struct envelope *heard;

/* ---- a place with files --------------------------------------------------------------- */

static void
make_file(const char *path, const void *bytes, size_t length)
{
    char full[4096], command[4200];
    int fd;

    snprintf(full, sizeof full, "%s%s", place, path);
    snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s')\"", full);
    check(access(full, F_OK) == 0 || system(command) == 0);
    fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0640);
    check(fd >= 0 && write(fd, bytes, length) == (ssize_t) length);
    close(fd);
}

static void
make_text(const char *path, const char *text)
{
    make_file(path, text, strlen(text));
}

static void
run(const char *format, const char *what)
{
    char command[512];

    snprintf(command, sizeof command, format, place, what);
    check(system(command) == 0);
}

static void
make_tree(void)
{
    make_text("/default/resources/a.txt", "one\ntwo\n");
    make_text("/default/resources/a/b.txt", "two\nthree\n");
    make_text("/default/resources/a/b/c.txt", "three\n");
    make_text("/default/resources/a-b.md", "TWO\n");
    make_text("/default/resources/.dot/in.txt", "two\n");
    make_text("/default/resources/.dotfile", "two\n");
    make_text("/default/resources/a/.sync_log.json", "two\n");
    make_text("/default/resources/.knarr-place", "two\n");
    make_file("/default/resources/z.bin", "two\0two\n", 8);
    make_text("/default/temp/not-a-scope.txt", "two\n");
    make_text("/default/user/u.txt", "two\n");
}

static void
begin_with(const struct backend_kind *kind)
{
    struct reader_args args = { .kind = kind, .backend = { .name = "primary", .place = place } };

    router = inbox_open("router");
    journal = inbox_open("journal");
    reader = actor_start(&reader_actor, "reader", &args, &report);
    check(reader);
    mouth = zsock_new_push(">inproc://knarr/reader");
    check(mouth);
}

static void
begin(void)
{
    strcpy(place, "/tmp/knarr-reader-XXXXXX");
    check(mkdtemp(place));
    make_tree();
    begin_with(backend_kind_find("local"));
}

static void
end(void)
{
    envelope_close(&heard);
    actor_stop(&reader);
    zsock_destroy(&mouth);
    inbox_close(&router);
    inbox_close(&journal);
    run("rm -rf '%s'%s", "");
}

/* ---- asking ------------------------------------------------------------------------------ */

static void
say(const struct message *message)
{
    check(message_send(zsock_resolve(mouth), view_of(""), message, NULL));
}

static const struct message *
hear(struct inbox *inbox)
{
    envelope_close(&heard);
    heard = inbox_wait(inbox, -1, PATIENCE_MS);
    check(heard);
    return envelope_message(heard);
}

static const struct message_sought *
seek(struct message_seek what)
{
    const struct message message = { .tag = SEEK, .seek = what };

    say(&message);
    check(hear(router)->tag == SOUGHT);
    check(envelope_message(heard)->sought.request == what.request);
    return &envelope_message(heard)->sought;
}

static struct message_seek
list(const char *path, uint64_t depth)
{
    return (struct message_seek){ .kind = SEEK_LIST, .path = view_of(path), .depth = depth };
}

static struct message_seek
glob(const char *path, const char *pattern)
{
    return (struct message_seek){ .kind = SEEK_GLOB,
        .path = view_of(path),
        .pattern = view_of(pattern) };
}

static struct message_seek
grep(const char *path, const char *pattern)
{
    return (struct message_seek){ .kind = SEEK_GREP,
        .path = view_of(path),
        .pattern = view_of(pattern) };
}

static struct message_seek
bytes(const char *path, uint64_t offset, uint64_t length)
{
    return (struct message_seek){ .kind = SEEK_READ,
        .path = view_of(path),
        .offset = offset,
        .limit = length };
}

static char gathered[1 << 20];

/* "viking://resources/" is left out. */
static void
gather(const char *name_format, struct view name)
{
    static const char common[] = "viking://resources/";
    size_t used = strlen(gathered);

    if (name.length >= sizeof common - 1 && memcmp(name.at, common, sizeof common - 1) == 0)
        name = (struct view){ name.at + sizeof common - 1, name.length - (sizeof common - 1) };
    snprintf(gathered + used, sizeof gathered - used, name_format, VIEW(name));
}

/* Every message in the body, as one text; how many there were. */
static uint64_t
gather_body(void)
{
    struct view rest = body_view(envelope_body(heard));
    struct message message;
    uint64_t count = 0;
    char format[64];

    for (; message_next(&rest, &message); count++) {
        switch (message.tag) {
        case ENTRY:
            gather(message.entry.is_directory ? "%.*s/ " : "%.*s ", message.entry.uri);
            break;
        case PLACE:
            gather(message.place.is_directory ? "%.*s/ " : "%.*s ", message.place.path);
            break;
        case MATCH:
            snprintf(format, sizeof format, "%%.*s:%" PRIu64 " ", message.match.line);
            gather(format, message.match.uri);
            break;
        default: check(message.tag == ENTRY);
        }
    }
    check(rest.length == 0);
    return count;
}

/* All pages, each of at most `limit`. */
static const char *
all(struct message_seek what, uint64_t limit)
{
    char *after = memory_print("%s", "");
    const struct message_sought *sought;

    gathered[0] = '\0';
    what.limit = limit;
    do {
        what.after = view_of(after);
        sought = seek(what);
        check(sought->outcome == DONE);
        check(gather_body() == sought->count && (limit == 0 || sought->count <= limit));
        free(after);
        after = view_dup(sought->next);
        check(sought->more == (after[0] != '\0'));
    } while (sought->more);
    free(after);
    return gathered;
}

static bool
gives(struct message_seek what, const char *expected)
{
    for (uint64_t limit = 0; limit < 4; limit++)
        if (strcmp(all(what, limit), expected) != 0) {
            fprintf(stderr, "by %" PRIu64 ": %s\n", limit, gathered);
            return false;
        }
    return true;
}

static bool
is_refused(struct message_seek what, enum cause cause)
{
    const struct message_sought *sought = seek(what);

    return sought->outcome == REFUSED && sought->cause == cause && sought->reason.length > 0;
}

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

    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct message_sought *sought =
            seek(bytes("/default/resources/a.txt", rows[i].offset, rows[i].length));

        check(sought->outcome == DONE && sought->size == 8 && sought->offset == rows[i].offset);
        check((sought->mode & 0777) == 0640 && sought->version != 0 && sought->mtime_ns != 0);
        check(view_is(body_view(envelope_body(heard)), rows[i].expected));
    }
    end();
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
    begin();
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

    run("cd '%s/default/resources' && echo other >n && mv n large%s", "");
    what.offset = 0;
    check(seek(what)->outcome == RETRY);
    check(envelope_message(heard)->sought.cause == CAUSE_CONFLICT);
    end();
    free(content);
    free(got);
}

static void
what_cannot_be_read_is_told_as_the_backend_said_it(void)
{
    begin();
    check(is_refused(bytes("/default/resources/none", 0, 1), CAUSE_NOT_FOUND));
    check(is_refused(bytes("/default/resources/a", 0, 1), CAUSE_IS_A_DIRECTORY));
    check(is_refused(bytes("/default/resources/.knarr-place", 0, 1), CAUSE_NOT_FOUND));
    check(is_refused(bytes("/default/../x", 0, 1), CAUSE_INVALID_PATH));
    check(is_refused(list("/default/none", 1), CAUSE_NOT_FOUND));
    check(is_refused(list("/default/resources/a.txt", 1), CAUSE_NOT_A_DIRECTORY));
    check(is_refused(list("/default/resources/.knarr-x", 1), CAUSE_NOT_FOUND));
    check(is_refused(grep("/default/none", "x"), CAUSE_NOT_FOUND));
    check(is_refused(glob("/default/none", "x"), CAUSE_NOT_FOUND));
    end();
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

    begin();
    backup = inbox_open("backup-1");
    say(&fetch);
    check(hear(backup)->tag == CHUNK);
    chunk = &envelope_message(heard)->chunk;
    check(chunk->attempt == 42 && chunk->outcome == DONE && chunk->offset == 4);
    check(chunk->size == 8 && chunk->version != 0 && (chunk->mode & 0777) == 0640);
    check(view_is(body_view(envelope_body(heard)), "two\n"));

    fetch.fetch.path = view_of("/default/resources/gone");
    say(&fetch);
    chunk = &hear(backup)->chunk;
    check(chunk->attempt == 42 && chunk->outcome == REFUSED && chunk->cause == CAUSE_NOT_FOUND);
    check(chunk->reason.length > 0);
    inbox_close(&backup);
    end();
}

/* ---- trees ---------------------------------------------------------------------------------- */

static void
a_directory_is_listed_in_byte_order(void)
{
    struct message_seek hidden = list("/default/resources", 1);

    begin();
    check(gives(list("/default/resources", 1), ".dot/ a/ a-b.md a.txt z.bin "));
    hidden.hidden = true;
    check(gives(hidden, ".dot/ .dotfile a/ a-b.md a.txt z.bin "));
    check(gives(list("/default/resources/a/b", 1), "a/b/c.txt "));
    end();
}

static void
a_tree_is_listed_to_its_depth(void)
{
    begin();
    check(gives(list("/default/resources", 2),
        ".dot/ .dot/in.txt a/ a/b/ a/b.txt a-b.md a.txt z.bin "));
    check(gives(list("/default/resources", 0),
        ".dot/ .dot/in.txt a/ a/b/ a/b/c.txt a/b.txt a-b.md a.txt z.bin "));
    end();
}

static void
an_account_has_its_scopes_and_nothing_else(void)
{
    begin();
    check(gives(list("/default", 1), "viking://resources/ viking://user/ "));
    end();
}

static void
an_entry_says_what_it_is(void)
{
    struct message message;
    struct view rest;

    begin();
    check(seek(list("/default/resources/a/b", 1))->count == 1);
    rest = body_view(envelope_body(heard));
    check(message_next(&rest, &message) && message.tag == ENTRY);
    check(view_is(message.entry.uri, "viking://resources/a/b/c.txt"));
    check(message.entry.size == 6 && (message.entry.mode & 0777) == 0640);
    check(!message.entry.is_directory && message.entry.mtime_ns != 0);
    end();
}

static void
a_listing_goes_on_where_it_was_though_that_is_gone(void)
{
    struct message_seek what = list("/default/resources", 0);
    char *next;

    begin();
    what.limit = 5; /* up to a/b/c.txt */
    check(seek(what)->more);
    next = view_dup(envelope_message(heard)->sought.next);
    run("rm -r '%s/default/resources/a/b'%s", "");
    what.after = view_of(next);
    what.limit = 0;
    gathered[0] = '\0';
    seek(what);
    gather_body();
    check(strcmp(gathered, "a/b.txt a-b.md a.txt z.bin ") == 0);
    free(next);
    end();
}

static void
a_place_to_go_on_that_was_never_given_is_refused(void)
{
    static const char *const foreign[] = { "a", ">..", ">../../etc", ">a//b", ">/a", "1 2 3 a",
        "x 0 0 a", "0 0 0", "0 0 0 ../../user/u.txt", "\xff" };

    begin();
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        struct message_seek what = list("/default/resources", 0);

        what.after = view_of(foreign[i]);
        check(is_refused(what, CAUSE_INVALID_ARGUMENT));
        what = grep("/default/resources", "x");
        what.after = view_of(foreign[i]);
        if (strcmp(foreign[i], "1 2 3 a") !=
            0) /* might be one, of a file that is a directory now */
            check(is_refused(what, CAUSE_INVALID_ARGUMENT));
        else
            check(seek(what)->outcome == DONE);
    }
    end();
}

static void
paths_are_found_by_pattern(void)
{
    begin();
    check(gives(glob("/default/resources", "*.txt"), "a.txt "));
    check(gives(glob("/default/resources", "**/*.txt"), ".dot/in.txt a/b/c.txt a/b.txt a.txt "));
    check(gives(glob("/default/resources", "a/**"), "a/b/ a/b/c.txt a/b.txt "));
    check(gives(glob("/default/resources", "a{,-b}*"), "a/ a-b.md a.txt "));
    check(gives(glob("/default/resources/a", "*/c.txt"), "a/b/c.txt "));
    check(gives(glob("/default/resources", "**/.sync_log.json"), ""));
    check(gives(glob("/default", "*/*.txt"), "a.txt viking://user/u.txt "));
    check(is_refused(glob("/default/resources", "a[b"), CAUSE_INVALID_ARGUMENT));
    end();
}

static void
lines_are_found_by_expression(void)
{
    struct message_seek what = grep("/default/resources", "two");

    begin();
    check(gives(what, ".dot/in.txt:1 .dotfile:1 a/b.txt:1 a.txt:2 "));
    what.depth = 1;
    check(gives(what, ".dotfile:1 a.txt:2 "));
    what.ignore_case = true;
    check(gives(what, ".dotfile:1 a-b.md:1 a.txt:2 "));
    check(gives(grep("/default/resources", "^t.*e$"), "a/b/c.txt:1 a/b.txt:2 "));
    check(gives(grep("/default/resources/a.txt", "o"), "a.txt:1 a.txt:2 "));
    check(gives(grep("/default/resources", "nowhere"), ""));
    check(is_refused(grep("/default/resources", "a(b"), CAUSE_INVALID_ARGUMENT));
    check(view_is(envelope_message(heard)->sought.reason,
        "the pattern is not valid at byte 3: missing closing parenthesis"));
    end();
}

static void
matches_of_one_large_file_come_in_pages(void)
{
    enum { LINES = 30000 };
    char *content = malloc(LINES * 16), expected[32];
    size_t length = 0, count = 0;

    check(content);
    for (int i = 0; i < LINES; i++)
        length += (size_t) sprintf(content + length, "%s %d\n", i % 10 ? "no" : "yes", i);
    begin();
    make_file("/default/resources/a/lines", content, length);
    all(grep("/default/resources", "yes"), 700);
    for (int i = 0; i < LINES; i += 10, count++) {
        snprintf(expected, sizeof expected, "a/lines:%d ", i + 1);
        check(strstr(gathered, expected));
    }
    check(count == LINES / 10);
    check(strlen(gathered) < count * strlen("a/lines:30000 ") + 1);
    all(grep("/default/resources", "yes"), 0); /* pages end by their bytes, too */
    check(strstr(gathered, "a/lines:29991 "));
    end();
    free(content);
}

static const char *
walk(const char *path, uint64_t limit)
{
    struct message message = { .tag = WALK,
        .walk = { .ticket = 9, .path = view_of(path), .limit = limit } };
    char *after = memory_print("%s", "");
    const struct message_walked *walked;

    gathered[0] = '\0';
    do {
        message.walk.after = view_of(after);
        say(&message);
        check(hear(journal)->tag == WALKED);
        walked = &envelope_message(heard)->walked;
        check(walked->ticket == 9 && walked->outcome == DONE);
        check(gather_body() == walked->count);
        free(after);
        after = view_dup(walked->next);
    } while (walked->more);
    free(after);
    return gathered;
}

static void
the_journal_walks_all_there_is(void)
{
    struct message missing = { .tag = WALK,
        .walk = { .ticket = 3, .path = view_of("/default/none") } };

    begin();
    for (uint64_t limit = 0; limit < 4; limit++) {
        check(strcmp(walk("/default/resources/a", limit),
                  "/default/resources/a/ /default/resources/a/b/ /default/resources/a/b/c.txt "
                  "/default/resources/a/b.txt ") == 0);
        check(strcmp(walk("/default/resources/a.txt", limit), "/default/resources/a.txt ") == 0);
        check(strcmp(walk("/default/temp", limit),
                  "/default/temp/ /default/temp/not-a-scope.txt ") == 0);
    }
    check(strncmp(walk("/", 2), "// /default/ /default/resources/ ", 33) == 0);
    say(&missing);
    check(hear(journal)->tag == WALKED);
    check(envelope_message(heard)->walked.ticket == 3);
    check(envelope_message(heard)->walked.outcome == REFUSED);
    check(envelope_message(heard)->walked.cause == CAUSE_NOT_FOUND);
    end();
}

/* ---- many at once ------------------------------------------------------------------------------ */

static void
a_long_search_keeps_nobody_waiting(void)
{
    struct message search = { .tag = SEEK, .seek = grep("/default/resources/many", "(x+)+y") };
    struct message read = { .tag = SEEK, .seek = bytes("/default/resources/a.txt", 0, 100) };
    int before = 0;

    begin();
    run("mkdir '%s/default/resources/many' && cd '%1$s/default/resources/many' && "
        "seq -f 'line %%g of some file%s' 20000 | split -l 10 -a 5",
        "");
    for (search.seek.request = 1; search.seek.request <= 20; search.seek.request++)
        say(&search);
    read.seek.request = 99;
    say(&read);
    while (hear(router)->sought.request != 99)
        before++;
    check(before == 0); /* each of the others has 2,000 files to look into */
    for (int i = before; i < 20; i++)
        check(hear(router)->sought.outcome == DONE);
    end();
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
    strcpy(place, "/tmp/knarr-reader-XXXXXX");
    check(mkdtemp(place));
    make_tree();
    begin_with(&kind);
}

static void
a_backend_that_ends_late_gives_the_same_answers(void)
{
    begin_late(false);
    check(gives(list("/default/resources", 2),
        ".dot/ .dot/in.txt a/ a/b/ a/b.txt a-b.md a.txt z.bin "));
    check(gives(grep("/default/resources", "two"), ".dot/in.txt:1 .dotfile:1 a/b.txt:1 a.txt:2 "));
    check(strcmp(walk("/default/resources/a.txt", 0), "/default/resources/a.txt ") == 0);
    check(seek(bytes("/default/resources/a.txt", 4, 3))->outcome == DONE);
    check(view_is(body_view(envelope_body(heard)), "two"));
    check(is_refused(grep("/default/none", "x"), CAUSE_NOT_FOUND));
    end();
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
        say(i % 2 ? &message : &read);
    }
    for (int i = 0; i < MANY; i++) {
        const struct message_sought *sought = &hear(router)->sought;

        check(!answered[sought->request]);
        answered[sought->request] = true;
        done += sought->outcome == DONE;
        busy += sought->outcome == RETRY && sought->cause == CAUSE_BUSY;
    }
    check(done + busy == MANY && done >= 256);
    check(seek(message.seek)->outcome == DONE);
    end();
}

static void
it_stops_though_requests_never_end(void)
{
    struct message search = { .tag = SEEK, .seek = grep("/default/resources", "x") };
    struct message read = { .tag = SEEK, .seek = bytes("/default/resources/a.txt", 0, 100) };

    begin_late(true);
    for (int i = 0; i < 300; i++)
        say(i % 2 ? &search : &read);
    for (int i = 256; i < 300; i++)
        check(hear(router)->sought.outcome == RETRY);
    check(envelope_message(heard)->sought.cause == CAUSE_BUSY);
    end();
}

static void
a_place_that_cannot_be_opened_is_told(void)
{
    struct reader_args args = { .kind = backend_kind_find("local"),
        .backend = { .name = "primary", .place = "/dev/null/x" } };

    check(!actor_start(&reader_actor, "reader", &args, &report));
    check(strstr(report.text, "reader: ") && strlen(report.text) > 20);
}

static const struct test tests[] = {
    { "a range of a file is read", a_range_of_a_file_is_read },
    { "a large file comes in chunks of one version", a_large_file_comes_in_chunks_of_one_version },
    { "what cannot be read is told as the backend said it",
        what_cannot_be_read_is_told_as_the_backend_said_it },
    { "a store fetches into its own mailbox", a_store_fetches_into_its_own_mailbox },
    { "a directory is listed in byte order", a_directory_is_listed_in_byte_order },
    { "a tree is listed to its depth", a_tree_is_listed_to_its_depth },
    { "an account has its scopes and nothing else", an_account_has_its_scopes_and_nothing_else },
    { "an entry says what it is", an_entry_says_what_it_is },
    { "a listing goes on where it was, though that is gone",
        a_listing_goes_on_where_it_was_though_that_is_gone },
    { "a place to go on that was never given is refused",
        a_place_to_go_on_that_was_never_given_is_refused },
    { "paths are found by pattern", paths_are_found_by_pattern },
    { "lines are found by expression", lines_are_found_by_expression },
    { "matches of one large file come in pages", matches_of_one_large_file_come_in_pages },
    { "the journal walks all there is", the_journal_walks_all_there_is },
    { "a long search keeps nobody waiting", a_long_search_keeps_nobody_waiting },
    { "a backend that ends late gives the same answers",
        a_backend_that_ends_late_gives_the_same_answers },
    { "more than it can bear are told to come again",
        more_than_it_can_bear_are_told_to_come_again },
    { "it stops though requests never end", it_stops_though_requests_never_end },
    { "a place that cannot be opened is told", a_place_that_cannot_be_opened_is_told },
};

TEST_MAIN(tests)

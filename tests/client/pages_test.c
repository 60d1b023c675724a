#include "client/knarr.h"
#include "tests/check.h"
#include "tests/client/support/fake.h"

static const struct message an_entry = {
    .tag = ENTRY,
    .entry = { .uri = { "viking://resources/a", 20 }, .mode = 0100644, .size = 5 },
};

static const struct message a_match = {
    .tag = MATCH,
    .match = { .uri = { "viking://resources/a", 20 }, .line = 3, .text = { "hello", 5 } },
};

static const struct message a_lag = {
    .tag = LAG,
    .lag = {
        .backup = { "az2", 3 },
        .kind = { "local", 5 },
        .state = { "behind", 6 },
        .oldest_uri = { "", 0 },
        .reason = { "", 0 },
        .pending = 4,
    },
};

static const struct message a_target = {
    .tag = TARGET,
    .target = {
        .uri = { "viking://resources/a", 20 },
        .path = { "/default/resources/a", 20 },
        .op = { "put", 3 },
        .backup = { "az2", 3 },
        .reason = { "", 0 },
        .latest_seq = 9,
    },
};

/* Pages of `each` the same message, `pages` of them, and how they are garbled. */
struct book {
    const struct message *each;
    enum message_tag ask; /* what to ask for, where it is not what `each` answers */
    unsigned per_page, pages, page;
    int count_off;
    const char *next; /* the same on every page; NULL: its number */
    struct view junk; /* behind the messages */
    bool is_go, answers;
};

static void
say_page(struct fake *fake, struct book *book, uint64_t id)
{
    struct packed packed = { .length = 0 };
    struct message page = { .tag = PAGE };
    char next[16];

    book->page++;
    snprintf(next, sizeof next, "%u", book->page);
    for (unsigned i = 0; i < book->per_page; i++)
        packed_add(&packed, book->each);
    if (book->junk.length > 0)
        memcpy(packed.bytes + packed.length, book->junk.at, book->junk.length);
    packed.length += book->junk.length;
    page.page.id = id;
    page.page.count = book->per_page + (uint64_t) book->count_off;
    page.page.more = book->page < book->pages;
    page.page.next = view_of(book->next ? book->next : next);
    fake_say(fake, &page, packed_view(&packed));
}

static void
on_request(struct fake *fake, const struct message *message, struct view body)
{
    struct book *book = fake->data;
    struct message go = { .tag = GO, .go = { .credit = 1 } };
    struct view after = { "", 0 };
    uint64_t id = 0;
    char expected[16];

    (void) body;
    switch (message->tag) {
    case LIST:
        id = message->list.id;
        after = message->list.after;
        break;
    case GREP:
        id = message->grep.id;
        after = message->grep.after;
        break;
    case STATUS:
        id = message->status.id;
        after = message->status.after;
        break;
    case STAT: id = message->stat.id; break;
    default: return;
    }
    snprintf(expected, sizeof expected, "%u", book->page);
    if (book->answers)
        fake_answer(fake, id, REFUSED, CAUSE_NOT_FOUND, "nothing there");
    else if (book->page > 0 && !book->next && !view_is(after, expected))
        fake_answer(fake, id, REFUSED, CAUSE_INTERNAL, "another page was expected");
    else if (book->is_go) {
        go.go.id = id;
        fake_say(fake, &go, view_of(""));
    } else
        say_page(fake, book, id);
}

struct reader {
    struct knarr *knarr;
    unsigned found, lags, targets, stop_at;
    bool asks; /* something else in between */
};

static bool
on_entry(void *context, const struct knarr_entry *entry)
{
    struct reader *reader = context;
    struct knarr_result result;

    check(strcmp(entry->uri, "viking://resources/a") == 0);
    check(entry->mode == 0644);
    if (reader->asks)
        check(knarr_ping(reader->knarr, &result) == KNARR_DONE);
    reader->found++;
    return reader->found != reader->stop_at;
}

static bool
on_match(void *context, const char *uri, uint64_t line, const char *text)
{
    struct reader *reader = context;

    check(strcmp(uri, "viking://resources/a") == 0);
    check(line == 3 && strcmp(text, "hello") == 0);
    reader->found++;
    return true;
}

static bool
on_lag(void *context, const struct knarr_lag *lag)
{
    check(strcmp(lag->state, "behind") == 0 && lag->pending == 4);
    ((struct reader *) context)->lags++;
    return true;
}

static bool
on_target(void *context, const struct knarr_target *target)
{
    check(strcmp(target->path, "/default/resources/a") == 0 && target->latest_seq == 9);
    ((struct reader *) context)->targets++;
    return true;
}

/* Whatever the book holds, asked for in the way that fits it. */
static struct knarr_result
read_book(struct book *book, struct reader *reader, uint64_t limit)
{
    struct fake fake = { .hear = on_request, .data = book };
    struct knarr_result result;

    fake_start(&fake);
    reader->knarr = knarr_open(fake.endpoint, NULL, &result);
    check(reader->knarr);
    switch (book->ask ? book->ask : book->each->tag) {
    case MATCH:
        knarr_grep(reader->knarr, "viking://", "h", false, limit, 0, on_match, reader, &result);
        break;
    case LAG:
    case TARGET:
        knarr_status(reader->knarr, "viking://", on_lag, on_target, reader, &result);
        break;
    default: knarr_list(reader->knarr, "viking://", 1, false, on_entry, reader, &result);
    }
    knarr_close(&reader->knarr);
    fake_end(&fake);
    return result;
}

static void
all_pages(void)
{
    struct book book = { .each = &an_entry, .per_page = 7, .pages = 5 };
    struct reader reader = { .found = 0 };

    check(read_book(&book, &reader, 0).outcome == KNARR_DONE);
    check(reader.found == 35);
}

static void
empty_page(void)
{
    struct book book = { .each = &an_entry, .pages = 1 };
    struct reader reader = { .found = 0 };

    check(read_book(&book, &reader, 0).outcome == KNARR_DONE);
    check(reader.found == 0);
}

static void
stops(void)
{
    struct book book = { .each = &an_entry, .per_page = 7, .pages = 5 };
    struct reader reader = { .stop_at = 10 };

    check(read_book(&book, &reader, 0).outcome == KNARR_DONE);
    check(reader.found == 10 && book.page == 2);
}

static void
asks_in_between(void)
{
    struct book book = { .each = &an_entry, .per_page = 3, .pages = 3 };
    struct reader reader = { .asks = true };

    check(read_book(&book, &reader, 0).outcome == KNARR_DONE);
    check(reader.found == 9);
}

static void
limited(void)
{
    struct book book = { .each = &a_match, .per_page = 4, .pages = 10 };
    struct reader reader = { .found = 0 };

    check(read_book(&book, &reader, 10).outcome == KNARR_DONE);
    check(reader.found == 10 && book.page == 3);
}

static void
status(void)
{
    struct book lags = { .each = &a_lag, .per_page = 3, .pages = 1 };
    struct book targets = { .each = &a_target, .per_page = 3, .pages = 2 };
    struct reader reader = { .found = 0 };

    check(read_book(&lags, &reader, 0).outcome == KNARR_DONE);
    check(read_book(&targets, &reader, 0).outcome == KNARR_DONE);
    check(reader.lags == 3 && reader.targets == 6);
}

static void
refused(void)
{
    struct book book = { .each = &an_entry, .answers = true };
    struct reader reader = { .found = 0 };
    struct knarr_result result = read_book(&book, &reader, 0);

    check(result.outcome == KNARR_REFUSED);
    check(strcmp(result.code, "NOT_FOUND") == 0);
    check(strcmp(result.reason, "nothing there") == 0);
}

static void
garbled(void)
{
    static const struct {
        const char *why;
        struct book book;
    } rows[] = {
        { "fewer than it says", { .each = &an_entry, .per_page = 3, .pages = 1, .count_off = 1 } },
        { "more than it says", { .each = &an_entry, .per_page = 3, .pages = 1, .count_off = -1 } },
        { "matches in a listing", { .each = &a_match, .ask = ENTRY, .per_page = 3, .pages = 1 } },
        { "entries in a status", { .each = &an_entry, .ask = LAG, .per_page = 3, .pages = 1 } },
        { "targets among the matches",
            { .each = &a_target, .ask = MATCH, .per_page = 3, .pages = 1 } },
        { "junk behind the entries",
            { .each = &an_entry, .per_page = 3, .pages = 1, .junk = { "junk", 4 } } },
        { "the same page again", { .each = &an_entry, .per_page = 3, .pages = 9, .next = "x" } },
        { "a next page that is nowhere",
            { .each = &an_entry, .per_page = 3, .pages = 9, .next = "" } },
        { "no page", { .each = &an_entry, .is_go = true } },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct book book = rows[i].book;
        struct reader reader = { .found = 0 };
        struct knarr_result result = read_book(&book, &reader, 0);

        if (result.outcome != KNARR_REFUSED)
            fprintf(stderr, "accepted %s\n", rows[i].why);
        check(result.outcome == KNARR_REFUSED);
        check(strcmp(result.cause, "serialization") == 0);
    }
}

static const struct test tests[] = {
    { "all pages are read", all_pages },
    { "an empty page is an empty answer", empty_page },
    { "a reader that has enough asks for no more pages", stops },
    { "a reader may ask for other things in between", asks_in_between },
    { "no more matches come than were wanted", limited },
    { "a status tells of backups and of paths", status },
    { "a refusal is told in the server's words", refused },
    { "a page that cannot be right is refused", garbled },
};

TEST_MAIN(tests)

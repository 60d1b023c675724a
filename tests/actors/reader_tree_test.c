/* What the reader finds in trees, page by page. */

#include "base/memory.h"
#include "tests/actors/support/reader_place.h"
#include "tests/check.h"

static void
a_directory_is_listed_in_byte_order(void)
{
    struct message_seek hidden = list("/default/resources", 1);

    begin_reader();
    check(gives(list("/default/resources", 1), ".dot/ a/ a-b.md a.txt z.bin "));
    hidden.hidden = true;
    check(gives(hidden, ".dot/ .dotfile a/ a-b.md a.txt z.bin "));
    check(gives(list("/default/resources/a/b", 1), "a/b/c.txt "));
    end_reader();
}

static void
a_tree_is_listed_to_its_depth(void)
{
    begin_reader();
    check(gives(list("/default/resources", 2),
        ".dot/ .dot/in.txt a/ a/b/ a/b.txt a-b.md a.txt z.bin "));
    check(gives(list("/default/resources", 0),
        ".dot/ .dot/in.txt a/ a/b/ a/b/c.txt a/b.txt a-b.md a.txt z.bin "));
    end_reader();
}

static void
an_account_has_its_scopes_and_nothing_else(void)
{
    begin_reader();
    check(gives(list("/default", 1), "viking://resources/ viking://user/ "));
    end_reader();
}

static void
an_entry_says_what_it_is(void)
{
    struct message message;
    struct view rest;

    begin_reader();
    check(seek(list("/default/resources/a/b", 1))->count == 1);
    rest = body_view(envelope_body(heard));
    check(message_next(&rest, &message) && message.tag == ENTRY);
    check(view_is(message.entry.uri, "viking://resources/a/b/c.txt"));
    check(message.entry.size == 6 && (message.entry.mode & 0777) == 0640);
    check(!message.entry.is_directory && message.entry.mtime_ns != 0);
    end_reader();
}

static void
a_listing_goes_on_where_it_was_though_that_is_gone(void)
{
    struct message_seek what = list("/default/resources", 0);
    char *next;

    begin_reader();
    what.limit = 5; /* up to a/b/c.txt */
    check(seek(what)->more);
    next = view_dup(envelope_message(heard)->sought.next);
    run_in_place("rm -r '%s/default/resources/a/b'%s", "");
    what.after = view_of(next);
    what.limit = 0;
    gathered[0] = '\0';
    seek(what);
    gather_body();
    check(strcmp(gathered, "a/b.txt a-b.md a.txt z.bin ") == 0);
    free(next);
    end_reader();
}

static void
a_place_to_go_on_that_was_never_given_is_refused(void)
{
    static const char *const foreign[] = { "a", ">..", ">../../etc", ">a//b", ">/a", "1 2 3 a",
        "x 0 0 a", "0 0 0", "0 0 0 ../../user/u.txt", "\xff" };

    begin_reader();
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
    end_reader();
}

static void
paths_are_found_by_pattern(void)
{
    begin_reader();
    check(gives(glob("/default/resources", "*.txt"), "a.txt "));
    check(gives(glob("/default/resources", "**/*.txt"), ".dot/in.txt a/b/c.txt a/b.txt a.txt "));
    check(gives(glob("/default/resources", "a/**"), "a/b/ a/b/c.txt a/b.txt "));
    check(gives(glob("/default/resources", "a{,-b}*"), "a/ a-b.md a.txt "));
    check(gives(glob("/default/resources/a", "*/c.txt"), "a/b/c.txt "));
    check(gives(glob("/default/resources", "**/.sync_log.json"), ""));
    check(gives(glob("/default", "*/*.txt"), "a.txt viking://user/u.txt "));
    check(is_refused(glob("/default/resources", "a[b"), CAUSE_INVALID_ARGUMENT));
    end_reader();
}

static void
lines_are_found_by_expression(void)
{
    struct message_seek what = grep("/default/resources", "two");

    begin_reader();
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
    end_reader();
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
    begin_reader();
    make_file("/default/resources/a/lines", content, length);
    all_pages(grep("/default/resources", "yes"), 700);
    for (int i = 0; i < LINES; i += 10, count++) {
        snprintf(expected, sizeof expected, "a/lines:%d ", i + 1);
        check(strstr(gathered, expected));
    }
    check(count == LINES / 10);
    check(strlen(gathered) < count * strlen("a/lines:30000 ") + 1);
    all_pages(grep("/default/resources", "yes"), 0); /* pages end by their bytes, too */
    check(strstr(gathered, "a/lines:29991 "));
    end_reader();
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
        tell_reader(&message);
        check(hear(journal_inbox)->tag == WALKED);
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

    begin_reader();
    for (uint64_t limit = 0; limit < 4; limit++) {
        check(strcmp(walk("/default/resources/a", limit),
                  "/default/resources/a/ /default/resources/a/b/ /default/resources/a/b/c.txt "
                  "/default/resources/a/b.txt ") == 0);
        check(strcmp(walk("/default/resources/a.txt", limit), "/default/resources/a.txt ") == 0);
        check(strcmp(walk("/default/temp", limit),
                  "/default/temp/ /default/temp/not-a-scope.txt ") == 0);
    }
    check(strncmp(walk("/", 2), "// /default/ /default/resources/ ", 33) == 0);
    tell_reader(&missing);
    check(hear(journal_inbox)->tag == WALKED);
    check(envelope_message(heard)->walked.ticket == 3);
    check(envelope_message(heard)->walked.outcome == REFUSED);
    check(envelope_message(heard)->walked.cause == CAUSE_NOT_FOUND);
    end_reader();
}

static const struct test tests[] = {
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
};

TEST_MAIN(tests)

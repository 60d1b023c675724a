/* What tests/actors/reader_test.c cannot time: pages that end early. */

#include "actors/search.h"
#include "base/memory.h"
#include "tests/check.h"

#include <inttypes.h>

static char place[64];
static const struct backend_kind *kind;
static struct backend *backend;
static struct report report;
static char gathered[1 << 16];

static void
run(const char *format)
{
    char command[512];

    snprintf(command, sizeof command, format, place);
    check(system(command) == 0);
}

static void
begin(void)
{
    struct backend_args args = { .name = "primary", .place = place };

    strcpy(place, "/tmp/knarr-search-XXXXXX");
    check(mkdtemp(place));
    run("mkdir -p %s/default/resources/a/b/c %1$s/default/resources/d &&"
        "cd %1$s/default/resources && seq 1 300 > a/1.txt && seq 300 > a/b/2.txt &&"
        "echo 17 > a/b/c/3.txt && seq 10 20 > d/4.txt && seq 17 17 > z");
    kind = backend_kind_find("local");
    check(kind->open(&backend, &args, &report) == DONE);
}

static void
end(void)
{
    kind->close(&backend);
    run("rm -r %s");
}

static void
gather(struct page *page)
{
    struct view rest = { page->bytes, page->length };
    struct message message;

    while (message_next(&rest, &message)) {
        size_t used = strlen(gathered);

        if (message.tag == MATCH)
            snprintf(gathered + used, sizeof gathered - used, "%.*s:%" PRIu64 " ",
                VIEW(message.match.uri), message.match.line);
        else
            snprintf(gathered + used, sizeof gathered - used, "%.*s ",
                VIEW(message.tag == ENTRY ? message.entry.uri : message.place.path));
    }
}

/* Everything, page by page, each cut after so many steps; how many pages it took. */
static int
all(struct search_args args, int steps)
{
    char *after = memory_print("%s", "");
    struct search search;
    int pages = 0;
    bool has_more;

    gathered[0] = '\0';
    do {
        enum search_step step = SEARCH_GOES_ON;

        args.after = view_of(after);
        check(search_open(&search, kind, backend, &args, &report) == DONE);
        for (int i = 1; step == SEARCH_GOES_ON; i++) {
            step = search_run(&search);
            if (step == SEARCH_GOES_ON && i >= steps && search_cut(&search))
                step = SEARCH_OVER;
        }
        check(step == SEARCH_OVER && search.outcome == DONE);
        gather(&search.page);
        has_more = search.has_more;
        free(after);
        after = view_dup(view_of(search.next ? search.next : ""));
        check(has_more == (after[0] != '\0'));
        search_close(&search);
        pages++;
    } while (has_more);
    free(after);
    return pages;
}

static void
pages_cut_anywhere_make_the_same_whole(void)
{
    static const struct {
        enum search_kind kind;
        const char *pattern;
        const char *has;
    } rows[] = {
        { SEARCH_LIST, "", "viking://resources/a/b/c/3.txt viking://resources/d " },
        { SEARCH_GLOB, "**/*.txt", "viking://resources/a/b/c/3.txt viking://resources/d/4.txt " },
        { SEARCH_GREP, "17$", "a/1.txt:217 viking://resources/a/b/2.txt:17 " },
        { SEARCH_WALK, "", "/default/resources/d /default/resources/d/4.txt " },
    };

    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct search_args args = { .kind = rows[i].kind,
            .path = view_of("/default/resources"),
            .pattern = view_of(rows[i].pattern) };
        char *whole;

        check(all(args, 1000000) == 1);
        check(strstr(gathered, rows[i].has));
        whole = view_dup(view_of(gathered));
        for (int steps = 1; steps < 8; steps++) {
            check(all(args, steps) > 1);
            if (strcmp(gathered, whole) != 0)
                fprintf(stderr, "cut after %d: %s\n", steps, gathered);
            check(strcmp(gathered, whole) == 0);
        }
        free(whole);
    }
    end();
}

static void
one_file_is_searched_in_pages_too(void)
{
    struct search_args args = { .kind = SEARCH_GREP,
        .path = view_of("/default/resources/a/1.txt"),
        .pattern = view_of("^17") };

    begin();
    for (int steps = 1; steps < 12; steps++) {
        all(args, steps);
        check(strncmp(gathered, "viking://resources/a/1.txt:17 viking://resources/a/1.txt:170 ",
                  61) == 0);
        check(strstr(gathered, ":179 ") && !strstr(gathered, ":180 "));
    }
    end();
}

static void
a_search_too_hard_is_refused(void)
{
    struct search_args args = { .kind = SEARCH_GREP,
        .path = view_of("/default/resources"),
        .pattern = view_of("^(a+)+$") };
    struct search search;

    begin();
    run("printf '%%060d!' 0 | tr 0 a > %s/default/resources/hard");
    check(search_open(&search, kind, backend, &args, &report) == DONE);
    while (search_run(&search) == SEARCH_GOES_ON)
        ;
    check(search.outcome == REFUSED && search.report.cause == CAUSE_INVALID_ARGUMENT);
    check(strstr(search.report.text, "takes too long"));
    search_close(&search);
    end();
}

static const struct test tests[] = {
    { "pages cut anywhere make the same whole", pages_cut_anywhere_make_the_same_whole },
    { "one file is searched in pages, too", one_file_is_searched_in_pages_too },
    { "a search too hard is refused", a_search_too_hard_is_refused },
};

TEST_MAIN(tests)

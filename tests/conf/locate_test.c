#include "conf/locate.h"
#include "tests/check.h"

static const char text[] = "{ \"a\": 1,\n"
                           "  \"b}\\\"]\": \"}]{[,:\\\\\",\n"
                           "\n"
                           "  \"list\": [ 1, [], {},\n"
                           "    [ [ 2 ],\n"
                           "      { \"deep\": null,\n"
                           "        \"next\":\n"
                           "        true } ] ],\n"
                           "  \"\\u006cast\": -1.5e3 }";

static unsigned
line(const struct spot *spot)
{
    return locate_line(view_of(text), spot);
}

static void
every_part_has_its_line(void)
{
    struct spot a = { NULL, "a", 0 }, odd = { NULL, "b}\"]", 0 }, list = { NULL, "list", 0 };
    struct spot second = { &list, NULL, 1 }, fourth = { &list, NULL, 3 };
    struct spot first_in = { &fourth, NULL, 0 }, second_in = { &fourth, NULL, 1 };
    struct spot deep = { &second_in, "deep", 0 }, next = { &second_in, "next", 0 };
    struct spot last = { NULL, "last", 0 };

    check(line(NULL) == 1);
    check(line(&a) == 1);
    check(line(&odd) == 2);
    check(line(&list) == 4);
    check(line(&second) == 4);
    check(line(&fourth) == 5);
    check(line(&first_in) == 5);
    check(line(&second_in) == 6);
    check(line(&deep) == 6);
    check(line(&next) == 7);
    check(line(&last) == 9);
}

static void
what_is_missing_has_the_line_of_what_should_hold_it(void)
{
    struct spot list = { NULL, "list", 0 }, fourth = { &list, NULL, 3 };
    struct spot fifth = { &list, NULL, 4 }, in_fifth = { &fifth, "x", 0 };
    struct spot object = { &fourth, NULL, 1 }, missing = { &object, "missing", 0 };
    struct spot in_number = { &(struct spot){ NULL, "a", 0 }, "x", 0 };

    check(line(&fifth) == 4);
    check(line(&in_fifth) == 4);
    check(line(&missing) == 6);
    check(line(&in_number) == 1);
    check(line(&(struct spot){ NULL, "nowhere", 0 }) == 1);
}

static void
blank_lines_in_front_count(void)
{
    check(locate_line(view_of("\n\r\n\t {\n\"x\":1}"), NULL) == 3);
    check(locate_line(view_of("\n\n{\n\"x\":1}"), &(struct spot){ NULL, "x", 0 }) == 4);
}

static const struct test tests[] = {
    { "every part has its line", every_part_has_its_line },
    { "what is missing has the line of what should hold it",
        what_is_missing_has_the_line_of_what_should_hold_it },
    { "blank lines in front count", blank_lines_in_front_count },
};

TEST_MAIN(tests)

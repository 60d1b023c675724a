/* What marks a place, and what is said of one that cannot be marked. */

#include "actors/place.h"

#include "tests/check.h"

#include <unistd.h>

static char directory[64], flaky_place[256], control[96];
static struct report report;

static void
order(const char *lines)
{
    FILE *file = fopen(control, "w");

    check(file && fputs(lines, file) >= 0 && fclose(file) == 0);
}

static void
set_up(void)
{
    strcpy(directory, "/tmp/knarr-place-XXXXXX");
    check(mkdtemp(directory));
    snprintf(control, sizeof control, "%s/control", directory);
    snprintf(flaky_place, sizeof flaky_place, "local:%s/place?%s", directory, control);
    order("");
}

static void
clean_up(void)
{
    char command[120];

    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    check(system(command) == 0);
}

static enum outcome
mark(struct place *place)
{
    const struct backend_args args = { .name = "b1", .place = flaky_place };

    return place_mark(backend_kind_find("flaky"), &args, place, &report);
}

static void
a_mark_is_kept(void)
{
    struct place first, second;

    set_up();
    check(mark(&first) == DONE && first.id[0] && first.is_empty);
    check(mark(&second) == DONE && strcmp(first.id, second.id) == 0 && second.is_empty);
    clean_up();
}

static void
what_cannot_be_marked_has_no_id(void)
{
    static const char *const failures[] = { "change down", "put fail retry no_space",
        "write fail retry io", "flush fail retry io", "put fail retry io path=backend_meta" };
    struct place place;

    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        set_up();
        order(failures[i]);
        check(mark(&place) == RETRY && place.id[0] == '\0');
        order("");
        check(mark(&place) == DONE && place.id[0]);
        clean_up();
    }
}

static const struct test tests[] = {
    { "a mark is made once and found again", a_mark_is_kept },
    { "a place that cannot be marked has no id until it can", what_cannot_be_marked_has_no_id },
};

TEST_MAIN(tests)

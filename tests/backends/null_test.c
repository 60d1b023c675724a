#include "base/memory.h"
#include "tests/backends/support/scene.h"

static char *
place_new(void)
{
    return memory_print("nowhere");
}

static void
place_remove(const char *place)
{
    (void) place;
}

static const struct subject subject = { "null", place_new, place_remove };

static void
changes_are_accepted(void)
{
    struct scene scene;
    struct act act;

    scene_begin(&scene, &subject);
    check(put(&scene, "/a/f", "text") == DONE);
    check(put(&scene, "/a/f", "") == DONE);
    check(make(&scene, "/d") == DONE && drop(&scene, "/d") == DONE);
    check(move(&scene, "/a", "/b") == DONE && link_file(&scene, "/a", "/b") == DONE);
    check(set_mode(&scene, "/a", 0600) == DONE && drop_tree(&scene, "/a") == DONE);
    act_begin(&act, &scene,
        (struct change){ .kind = PUT, .path = "/f", .size = SIZE_UNKNOWN, .mode = 0644 });
    act_write(&act, "abc", 3);
    check(act.endings == 0 && act.consumed == 3);
    scene.kind->finish(scene.backend, &act.change);
    check(act_wait(&act) == DONE);
    act_begin(&act, &scene, (struct change){ .kind = PUT, .path = "/f", .size = 9 });
    scene.kind->cancel(scene.backend, &act.change);
    check(act.endings == 0 && flush(&scene) == DONE);
    scene_end(&scene);
}

static void
nothing_is_kept(void)
{
    struct scene scene;
    char byte;

    scene_begin(&scene, &subject);
    check(put(&scene, "/f", "text") == DONE);
    check(is_nothing(&scene, "/f"));
    check(read_at(&scene, "/f", 0, &byte, 1, 0) == REFUSED);
    check(scene.report.cause == CAUSE_NOT_FOUND && scene.got == 0);
    check(names_are(&scene, "/", ""));
    scene_end(&scene);
}

static void
illegal_paths_are_refused(void)
{
    struct scene scene;

    scene_begin(&scene, &subject);
    check(put(&scene, "/../f", "text") == REFUSED);
    check(scene.report.cause == CAUSE_INVALID_PATH);
    scene_end(&scene);
}

static const struct test tests[] = {
    { "every change is accepted", changes_are_accepted },
    { "nothing is kept", nothing_is_kept },
    { "an illegal path is refused all the same", illegal_paths_are_refused },
};

TEST_MAIN(tests)

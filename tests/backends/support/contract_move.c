#include "tests/backends/support/contract.h"

void
contract_rename_moves_a_file(const struct subject *subject)
{
    struct scene scene;
    uint64_t mtime_ns;

    scene_begin(&scene, subject);
    check(put_bytes(&scene, "/a/f", "text", 4, 0600) == DONE);
    check(lookup(&scene, "/a/f") == DONE);
    mtime_ns = scene.entry.mtime_ns;
    check(move(&scene, "/a/f", "/b") == DONE);
    check(is_nothing(&scene, "/a/f"));
    check(is_file(&scene, "/b", "text"));
    check(scene.entry.mtime_ns == mtime_ns);
    if (scene.kind->traits & KEEPS_MODE)
        check(scene.entry.mode == 0600);
    scene_end(&scene);
}

void
contract_rename_moves_a_directory(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/b/f", "one") == DONE);
    check(put(&scene, "/a/g", "two") == DONE);
    check(make(&scene, "/a/empty") == DONE);
    check(move(&scene, "/a", "/c") == DONE);
    check(is_nothing(&scene, "/a"));
    check(is_nothing(&scene, "/a/b/f"));
    check(is_file(&scene, "/c/b/f", "one"));
    check(is_file(&scene, "/c/g", "two"));
    check(names_are(&scene, "/c", "b|empty|g|"));
    scene_end(&scene);
}

enum what { NOTHING, FILE_THERE, EMPTY_DIRECTORY, FULL_DIRECTORY, WHATS };

static void
set_up(struct scene *scene, const char *path, enum what what)
{
    char below[64];

    snprintf(below, sizeof below, "%s/below/%s", path, path + 1);
    check(drop_tree(scene, path) == DONE);
    if (what == FILE_THERE)
        check(put(scene, path, path) == DONE);
    if (what == EMPTY_DIRECTORY)
        check(make(scene, path) == DONE);
    if (what == FULL_DIRECTORY)
        check(put(scene, below, path) == DONE);
}

void
contract_rename_replaces(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    for (enum what source = FILE_THERE; source < WHATS; source++)
        for (enum what target = NOTHING; target < WHATS; target++) {
            set_up(&scene, "/source", source);
            set_up(&scene, "/target", target);
            check(move(&scene, "/source", "/target") == DONE);
            check(is_nothing(&scene, "/source"));
            if (source == FILE_THERE)
                check(is_file(&scene, "/target", "/source"));
            if (source == EMPTY_DIRECTORY)
                check(names_are(&scene, "/target", ""));
            if (source == FULL_DIRECTORY)
                check(is_file(&scene, "/target/below/source", "/source"));
            check(is_nothing(&scene, "/target/below/target"));
            check(names_are(&scene, "/", "target|"));
        }
    scene_end(&scene);
}

void
contract_rename_makes_parents(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/f", "text") == DONE);
    check(move(&scene, "/f", "/a/b/g") == DONE);
    check(is_file(&scene, "/a/b/g", "text"));
    check(put(&scene, "/file", "in the way") == DONE);
    check(move(&scene, "/a", "/file/a") == DONE);
    check(is_file(&scene, "/file/a/b/g", "text"));
    check(names_are(&scene, "/", "file|"));
    scene_end(&scene);
}

void
contract_rename_of_nothing(const struct subject *subject)
{
    static const char *const missing[] = { "/none", "/none/none", "/f/none" };
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/f", "text") == DONE);
    check(put(&scene, "/d/g", "text") == DONE);
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        check(move(&scene, missing[i], "/d") == REFUSED);
        check(scene.report.cause == CAUSE_NOT_FOUND);
        check(move(&scene, missing[i], "/new/place") == REFUSED);
        check(scene.report.cause == CAUSE_NOT_FOUND);
    }
    check(is_file(&scene, "/f", "text") && is_file(&scene, "/d/g", "text"));
    check(names_are(&scene, "/", "d|f|"));
    scene_end(&scene);
}

void
contract_rename_to_itself(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/f", "text") == DONE);
    check(move(&scene, "/a/f", "/a/f") == DONE);
    check(move(&scene, "/a", "/a") == DONE);
    check(is_file(&scene, "/a/f", "text"));
    scene_end(&scene);
}

void
contract_rename_into_itself(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/b/f", "text") == DONE);
    check(move(&scene, "/a", "/a/b/c") == REFUSED);
    check(scene.report.cause == CAUSE_INVALID_ARGUMENT);
    check(move(&scene, "/a/b", "/a") == REFUSED);
    check(scene.report.cause == CAUSE_INVALID_ARGUMENT);
    check(move(&scene, "/a/b/f", "/a/b/f/g") == REFUSED);
    check(is_file(&scene, "/a/b/f", "text"));
    check(move(&scene, "/a", "/ab") == DONE); /* a longer name is not below */
    check(is_file(&scene, "/ab/b/f", "text"));
    scene_end(&scene);
}

void
contract_rename_of_links(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/f", "text") == DONE);
    check(link_file(&scene, "/f", "/g") == DONE);
    check(move(&scene, "/f", "/g") == DONE);
    check(names_are(&scene, "/", "g|"));
    check(is_file(&scene, "/g", "text"));
    scene_end(&scene);
}

void
contract_put_after_rename(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    for (int i = 0; i < 20; i++) {
        check(put(&scene, "/a/b/f", "first") == DONE);
        check(move(&scene, "/a", "/c") == DONE);
        check(put(&scene, "/a/b/f", "second") == DONE);
        check(is_file(&scene, "/c/b/f", "first"));
        check(is_file(&scene, "/a/b/f", "second"));
        check(drop_tree(&scene, "/a") == DONE);
        check(put(&scene, "/a/b/f", "third") == DONE);
        check(is_file(&scene, "/a/b/f", "third"));
        check(make_clear(&scene, "/a") == DONE);
    }
    scene_end(&scene);
}

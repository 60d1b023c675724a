#include "tests/backends/support/contract.h"

void
contract_mkdir_makes_a_directory(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    for (int i = 0; i < 2; i++)
        check(
            change(&scene, (struct change){ .kind = MKDIR, .path = "/a/b", .mode = 0750 }) == DONE);
    check(is_directory(&scene, "/a/b"));
    if (scene.kind->traits & KEEPS_MODE)
        check(scene.entry.mode == 0750);
    check(names_are(&scene, "/a/b", ""));
    scene_end(&scene);
}

void
contract_mkdir_keeps_what_is_there(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/f", "stays") == DONE);
    check(change(&scene, (struct change){ .kind = MKDIR, .path = "/a", .mode = 0700 }) == DONE);
    check(is_file(&scene, "/a/f", "stays"));
    check(is_directory(&scene, "/a"));
    if (scene.kind->traits & KEEPS_MODE)
        check(scene.entry.mode == 0700);
    scene_end(&scene);
}

void
contract_mkdir_clear_empties(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/b/f", "goes") == DONE);
    check(put(&scene, "/a/g", "goes") == DONE);
    for (int i = 0; i < 2; i++) {
        check(make_clear(&scene, "/a") == DONE);
        check(is_directory(&scene, "/a"));
        check(names_are(&scene, "/a", ""));
    }
    check(put(&scene, "/a/b/f", "anew") == DONE);
    check(is_file(&scene, "/a/b/f", "anew"));
    check(put(&scene, "/file", "goes") == DONE);
    check(make_clear(&scene, "/file") == DONE);
    check(is_directory(&scene, "/file"));
    scene_end(&scene);
}

void
contract_mkdir_replaces_a_file(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a", "file") == DONE);
    check(make(&scene, "/a") == DONE);
    check(is_directory(&scene, "/a"));
    check(put(&scene, "/b", "file") == DONE);
    check(make(&scene, "/b/c/d") == DONE);
    check(is_directory(&scene, "/b/c/d"));
    scene_end(&scene);
}

void
contract_root_can_be_made(const struct subject *subject)
{
    static const enum change_kind kinds[] = { PUT, REMOVE, REMOVE_TREE, CHMOD };
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/f", "x") == DONE);
    check(make(&scene, "/") == DONE);
    check(is_directory(&scene, "/"));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        check(change(&scene, (struct change){ .kind = kinds[i], .path = "/", .mode = 0700 }) ==
            REFUSED);
        check(scene.report.cause == CAUSE_INVALID_PATH);
    }
    check(move(&scene, "/", "/b") == REFUSED);
    check(move(&scene, "/a", "/") == REFUSED);
    check(link_file(&scene, "/a/f", "/") == REFUSED);
    check(is_file(&scene, "/a/f", "x"));
    check(make_clear(&scene, "/") == DONE);
    check(names_are(&scene, "/", ""));
    check(put(&scene, "/a/f", "y") == DONE);
    scene_end(&scene);
}

void
contract_remove_removes(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/f", "x") == DONE);
    for (int i = 0; i < 2; i++) {
        check(drop(&scene, "/a/f") == DONE);
        check(is_nothing(&scene, "/a/f"));
    }
    check(is_directory(&scene, "/a"));
    for (int i = 0; i < 2; i++) {
        check(drop(&scene, "/a") == DONE);
        check(is_nothing(&scene, "/a"));
    }
    check(put(&scene, "/a/f", "again") == DONE);
    check(is_file(&scene, "/a/f", "again"));
    scene_end(&scene);
}

void
contract_remove_keeps_full_directories(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/f", "x") == DONE);
    check(drop(&scene, "/a") == REFUSED);
    check(scene.report.cause == CAUSE_DIRECTORY_NOT_EMPTY);
    check(is_file(&scene, "/a/f", "x"));
    scene_end(&scene);
}

void
contract_remove_of_nothing_is_done(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/f", "x") == DONE);
    check(drop(&scene, "/none") == DONE);
    check(drop(&scene, "/none/none") == DONE);
    check(drop(&scene, "/f/none") == DONE);
    check(drop_tree(&scene, "/none/none") == DONE);
    check(drop_tree(&scene, "/f/none") == DONE);
    check(is_file(&scene, "/f", "x"));
    scene_end(&scene);
}

void
contract_remove_tree_removes_all(const struct subject *subject)
{
    struct scene scene;
    char path[64];

    scene_begin(&scene, subject);
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof path, "/a/d%d/e%d/f%d", i % 5, i % 3, i);
        check(put(&scene, path, "x") == DONE);
    }
    check(put(&scene, "/ab", "stays") == DONE);
    for (int i = 0; i < 2; i++) {
        check(drop_tree(&scene, "/a") == DONE);
        check(is_nothing(&scene, "/a"));
        check(is_nothing(&scene, "/a/d0/e0/f0"));
    }
    check(drop_tree(&scene, "/ab") == DONE);
    check(names_are(&scene, "/", ""));
    scene_end(&scene);
}

void
contract_remove_tree_goes_deep(const struct subject *subject)
{
    static char path[PATH_BYTES_MAX + 1];
    struct scene scene;

    scene_begin(&scene, subject);
    for (size_t i = 0; i < PATH_BYTES_MAX; i += 2)
        memcpy(path + i, "/d", 2);
    check(put(&scene, path, "bottom") == DONE);
    check(is_file(&scene, path, "bottom"));
    check(put(&scene, "/d/d/f", "x") == DONE);
    check(drop_tree(&scene, "/d") == DONE);
    check(names_are(&scene, "/", ""));
    scene_end(&scene);
}

void
contract_link_makes_a_second_file(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put_bytes(&scene, "/a/f", "text", 4, 0600) == DONE);
    check(link_file(&scene, "/a/f", "/b/c/g") == DONE);
    check(is_file(&scene, "/a/f", "text"));
    check(is_file(&scene, "/b/c/g", "text"));
    if (scene.kind->traits & KEEPS_MODE)
        check(scene.entry.mode == 0600);
    check(names_are(&scene, "/b/c", "g|"));
    scene_end(&scene);
}

void
contract_linked_files_are_two(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put_bytes(&scene, "/f", "text", 4, 0644) == DONE);
    check(link_file(&scene, "/f", "/g") == DONE);
    check(link_file(&scene, "/f", "/h") == DONE);
    check(set_mode(&scene, "/g", 0600) == DONE);
    check(is_file(&scene, "/g", "text"));
    if (scene.kind->traits & KEEPS_MODE)
        check(scene.entry.mode == 0600);
    check(is_file(&scene, "/f", "text"));
    if (scene.kind->traits & KEEPS_MODE)
        check(scene.entry.mode == 0644);
    check(put(&scene, "/f", "new") == DONE);
    check(is_file(&scene, "/g", "text") && is_file(&scene, "/h", "text"));
    check(put(&scene, "/h", "newer") == DONE);
    check(is_file(&scene, "/f", "new") && is_file(&scene, "/g", "text"));
    check(drop(&scene, "/g") == DONE);
    check(is_file(&scene, "/f", "new") && is_file(&scene, "/h", "newer"));
    scene_end(&scene);
}

void
contract_link_replaces(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/f", "text") == DONE);
    check(put(&scene, "/file", "old") == DONE);
    check(put(&scene, "/directory/a/b", "old") == DONE);
    check(link_file(&scene, "/f", "/file") == DONE);
    check(is_file(&scene, "/file", "text"));
    check(link_file(&scene, "/f", "/directory") == DONE);
    check(is_file(&scene, "/directory", "text"));
    check(link_file(&scene, "/f", "/file/below/it") == DONE);
    check(is_file(&scene, "/file/below/it", "text"));
    check(is_file(&scene, "/f", "text"));
    check(names_are(&scene, "/", "directory|f|file|"));
    scene_end(&scene);
}

void
contract_link_of_nothing(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/f", "text") == DONE);
    check(link_file(&scene, "/none", "/a/f") == REFUSED);
    check(scene.report.cause == CAUSE_NOT_FOUND);
    check(link_file(&scene, "/none/none", "/b/f") == REFUSED);
    check(scene.report.cause == CAUSE_NOT_FOUND);
    check(link_file(&scene, "/a", "/b") == REFUSED);
    check(scene.report.cause == CAUSE_IS_A_DIRECTORY);
    check(link_file(&scene, "/a/f", "/a/f/g") == REFUSED);
    check(link_file(&scene, "/a/f", "/a") == REFUSED);
    check(is_file(&scene, "/a/f", "text"));
    check(names_are(&scene, "/", "a|"));
    scene_end(&scene);
}

void
contract_link_twice_is_once(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/f", "text") == DONE);
    for (int i = 0; i < 2; i++)
        check(link_file(&scene, "/f", "/g") == DONE);
    check(link_file(&scene, "/g", "/f") == DONE);
    check(link_file(&scene, "/f", "/f") == DONE);
    check(is_file(&scene, "/f", "text") && is_file(&scene, "/g", "text"));
    check(names_are(&scene, "/", "f|g|"));
    scene_end(&scene);
}

void
contract_chmod_sets_modes(const struct subject *subject)
{
    static const uint32_t modes[] = { 0644, 0600, 0444, 0755, 0777, 0400 };
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/f", "text") == DONE);
    for (size_t i = 0; i < 2 * sizeof modes / sizeof *modes; i++) {
        check(set_mode(&scene, "/a/f", modes[i / 2]) == DONE);
        check(is_file(&scene, "/a/f", "text"));
        if (scene.kind->traits & KEEPS_MODE)
            check(scene.entry.mode == modes[i / 2]);
    }
    check(set_mode(&scene, "/a", 0711) == DONE);
    check(is_directory(&scene, "/a"));
    if (scene.kind->traits & KEEPS_MODE)
        check(scene.entry.mode == 0711);
    check(set_mode(&scene, "/none", 0644) == REFUSED);
    check(scene.report.cause == CAUSE_NOT_FOUND);
    check(set_mode(&scene, "/a/f/none", 0644) == REFUSED);
    check(scene.report.cause == CAUSE_NOT_FOUND);
    scene_end(&scene);
}

#include "tests/backends/support/contract.h"

#include "base/memory.h"

void
contract_names_are_bytes(const struct subject *subject)
{
    static const char *const names[] = { "/new\nline", "/\"quote's\"", "/back\\slash", "/\xff\xfe",
        "/\xc3\x28", "/\x01\x7f", "/ ", "/...", "/-rf", "/*?[", "/%s%n", "/a|b", "/\xc3\xa4" };
    struct scene scene;
    char path[64];

    scene_begin(&scene, subject);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "/d%s%s", names[i], names[i]);
        check(put(&scene, path, names[i]) == DONE);
        check(is_file(&scene, path, names[i]));
        check(move(&scene, path, "/t") == DONE);
        check(link_file(&scene, "/t", path) == DONE);
        check(is_file(&scene, path, names[i]));
        snprintf(path, sizeof path, "/d%s", names[i]);
        check(names_are(&scene, path, strcat(strcpy(path + 32, names[i] + 1), "|")));
        check(drop_tree(&scene, path) == DONE);
    }
    check(names_are(&scene, "/d", ""));
    scene_end(&scene);
}

void
contract_long_names(const struct subject *subject)
{
    static char path[PATH_BYTES_MAX + 1], to[PATH_BYTES_MAX + 1];
    struct scene scene;

    scene_begin(&scene, subject);
    memset(path, 'n', PATH_BYTES_MAX);
    for (size_t i = 0; i < PATH_BYTES_MAX; i += NAME_BYTES_MAX + 1)
        path[i] = '/';
    memcpy(to, path, sizeof to);
    to[PATH_BYTES_MAX - 1] = 'm';
    check(put(&scene, path, "far") == DONE);
    check(is_file(&scene, path, "far"));
    check(link_file(&scene, path, to) == DONE);
    check(drop(&scene, path) == DONE);
    check(move(&scene, to, path) == DONE);
    check(set_mode(&scene, path, 0600) == DONE);
    check(is_file(&scene, path, "far") && is_nothing(&scene, to));
    path[NAME_BYTES_MAX + 1] = '\0';
    check(is_directory(&scene, path));
    check(drop_tree(&scene, path) == DONE);
    check(names_are(&scene, "/", ""));
    scene_end(&scene);
}

void
contract_illegal_paths(const struct subject *subject)
{
    static char long_name[NAME_BYTES_MAX + 3], long_path[PATH_BYTES_MAX + 3];
    const char *const paths[] = { "", "f", "f/g", "//", "/a/", "/a//b", "/.", "/..", "/a/../b",
        "/a/./b", "/a/..", "/../../../../tmp/x", "/.knarr~1", "/a/.knarr~1/b", long_name,
        long_path };
    struct scene scene;
    char byte;

    memset(long_name, 'n', NAME_BYTES_MAX + 2);
    long_name[0] = '/';
    for (size_t i = 0; i < PATH_BYTES_MAX + 2; i += 2)
        memcpy(long_path + i, "/p", 2);
    scene_begin(&scene, subject);
    check(put(&scene, "/f", "x") == DONE);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        for (enum change_kind kind = 0; kind < CHANGE_KINDS; kind++) {
            check(
                change(&scene,
                    (struct change){ .kind = kind, .path = paths[i], .to = "/g", .mode = 0644 }) ==
                REFUSED);
            check(scene.report.cause == CAUSE_INVALID_PATH);
        }
        check(move(&scene, "/f", paths[i]) == REFUSED);
        check(link_file(&scene, "/f", paths[i]) == REFUSED);
        check(lookup(&scene, paths[i]) == REFUSED);
        check(read_at(&scene, paths[i], 0, &byte, 1, 0) == REFUSED);
    }
    check(names_are(&scene, "/", "f|"));
    scene_end(&scene);
}

void
contract_lookup_tells(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/f", "four") == DONE);
    check(lookup(&scene, "/a") == DONE && scene.entry.is_directory);
    check(lookup(&scene, "/a/f") == DONE && !scene.entry.is_directory);
    check(scene.entry.size == 4 && scene.entry.version != 0 && scene.entry.mtime_ns != 0);
    check(is_nothing(&scene, "/none"));
    check(is_nothing(&scene, "/none/none"));
    check(is_nothing(&scene, "/a/f/none"));
    check(strstr(scene.report.text, "/a/f/none"));
    scene_end(&scene);
}

void
contract_version_changes(const struct subject *subject)
{
    struct scene scene;
    uint64_t versions[50];
    char text[16];

    scene_begin(&scene, subject);
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "%03d", i);
        check(put(&scene, "/f", text) == DONE);
        check(lookup(&scene, "/f") == DONE);
        versions[i] = scene.entry.version;
        check(versions[i] != 0);
        check(i == 0 || versions[i] != versions[i - 1]);
        check(is_file(&scene, "/f", text));
        check(scene.entry.version == versions[i]);
    }
    scene_end(&scene);
}

void
contract_read_ranges(const struct subject *subject)
{
    static const struct {
        uint64_t offset;
        size_t length;
        const char *expected;
    } ranges[] = { { 0, 10, "0123456789" }, { 0, 100, "0123456789" }, { 0, 1, "0" },
        { 3, 4, "3456" }, { 9, 1, "9" }, { 9, 5, "9" }, { 10, 5, "" }, { 11, 5, "" },
        { 1000000, 5, "" }, { UINT64_MAX, 5, "" }, { 4, 0, "" } };
    struct scene scene;
    char into[128];

    scene_begin(&scene, subject);
    check(put(&scene, "/f", "0123456789") == DONE);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        check(read_at(&scene, "/f", ranges[i].offset, into, ranges[i].length, 0) == DONE);
        check(scene.got == strlen(ranges[i].expected));
        check(memcmp(into, ranges[i].expected, scene.got) == 0);
        check(scene.entry.size == 10);
    }
    scene_end(&scene);
}

void
contract_read_if_version(const struct subject *subject)
{
    struct scene scene;
    char into[16];
    uint64_t version;

    scene_begin(&scene, subject);
    check(put(&scene, "/f", "before") == DONE);
    check(read_at(&scene, "/f", 0, into, 3, 0) == DONE);
    version = scene.entry.version;
    check(read_at(&scene, "/f", 3, into, 3, version) == DONE);
    check(scene.got == 3 && memcmp(into, "ore", 3) == 0);
    check(put(&scene, "/f", "after, longer") == DONE);
    check(read_at(&scene, "/f", 3, into, 3, version) == RETRY);
    check(scene.report.cause == CAUSE_CONFLICT);
    scene_end(&scene);
}

void
contract_read_refuses(const struct subject *subject)
{
    struct scene scene;
    char into[16];

    scene_begin(&scene, subject);
    check(make(&scene, "/a") == DONE);
    check(read_at(&scene, "/a", 0, into, 1, 0) == REFUSED);
    check(scene.report.cause == CAUSE_IS_A_DIRECTORY);
    check(read_at(&scene, "/none", 0, into, 1, 0) == REFUSED);
    check(scene.report.cause == CAUSE_NOT_FOUND);
    check(scene.got == 0);
    scene_end(&scene);
}

void
contract_list_in_byte_order(const struct subject *subject)
{
    enum { FILES = 500 };
    struct scene scene;
    char path[32], last[NAME_BYTES_MAX + 1] = "";
    size_t count, total = 0;
    bool has_more = true;

    scene_begin(&scene, subject);
    check(put(&scene, "/b", "") == DONE);
    check(make(&scene, "/a") == DONE);
    check(put(&scene, "/B", "") == DONE);
    check(put(&scene, "/\xff", "") == DONE);
    check(put(&scene, "/a!", "") == DONE);
    check(names_are(&scene, "/", "B|a|a!|b|\xff|"));
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "/many/%x", i * 7919 % FILES);
        check(put(&scene, path, "x") == DONE);
    }
    for (; has_more; total += count) {
        char after[NAME_BYTES_MAX + 1];

        strcpy(after, last);
        check(list_page(&scene, "/many", after, 7, &count, &has_more, last) == DONE);
    }
    check(total == FILES);
    scene_end(&scene);
}

void
contract_list_after(const struct subject *subject)
{
    static const struct {
        const char *after, *expected;
    } cases[] = { { "", "b|d|f|" }, { "a", "b|d|f|" }, { "b", "d|f|" }, { "c", "d|f|" },
        { "e", "f|" }, { "f", "" }, { "z", "" }, { "bb", "d|f|" } };
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/b", "") == DONE);
    check(put(&scene, "/d", "") == DONE);
    check(put(&scene, "/f", "") == DONE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t limit = 1; limit < 5; limit++) {
            char *names = names_after(&scene, "/", cases[i].after, limit);

            check(strcmp(names, cases[i].expected) == 0);
            free(names);
        }
    scene_end(&scene);
}

void
contract_list_refuses(const struct subject *subject)
{
    struct scene scene;
    char last[NAME_BYTES_MAX + 1];
    size_t count;
    bool has_more;

    scene_begin(&scene, subject);
    check(put(&scene, "/f", "") == DONE);
    check(list_page(&scene, "/none", "", 5, &count, &has_more, last) == REFUSED);
    check(scene.report.cause == CAUSE_NOT_FOUND && !has_more && count == 0);
    check(list_page(&scene, "/f", "", 5, &count, &has_more, last) == REFUSED);
    check(scene.report.cause == CAUSE_NOT_A_DIRECTORY && !has_more && count == 0);
    scene_end(&scene);
}

void
contract_list_while_changing(const struct subject *subject)
{
    struct scene scene;
    char last[NAME_BYTES_MAX + 1], *names;
    size_t count;
    bool has_more;

    scene_begin(&scene, subject);
    for (const char *name = "abcdefgh"; *name; name++)
        check(put(&scene, (char[]){ '/', *name, '\0' }, "") == DONE);
    check(list_page(&scene, "/", "", 3, &count, &has_more, last) == DONE);
    check(count == 3 && has_more && strcmp(last, "c") == 0);
    check(drop(&scene, "/d") == DONE);
    check(put(&scene, "/ee", "") == DONE);
    check(drop(&scene, "/c") == DONE);
    names = names_after(&scene, "/", "c", 2);
    check(strcmp(names, "e|ee|f|g|h|") == 0);
    free(names);
    scene_end(&scene);
}

void
contract_handles_agree(const struct subject *subject)
{
    struct scene scene;
    struct backend *writer, *reader;

    scene_begin(&scene, subject);
    writer = scene.backend;
    reader = scene_open(&scene, true);
    for (int i = 0; i < 30; i++) {
        char text[16];

        snprintf(text, sizeof text, "%d", i);
        check(put(&scene, "/a/f", text) == DONE);
        scene.backend = reader;
        check(is_file(&scene, "/a/f", text));
        check(names_are(&scene, "/a", "f|"));
        scene.backend = writer;
        check(move(&scene, "/a", "/b") == DONE);
        scene.backend = reader;
        check(is_nothing(&scene, "/a/f") && is_file(&scene, "/b/f", text));
        check(names_are(&scene, "/", "b|"));
        scene.backend = writer;
        check(drop_tree(&scene, "/b") == DONE);
    }
    scene.kind->close(&reader);
    scene_end(&scene);
}

void
contract_flush_ends(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(flush(&scene) == DONE);
    check(put(&scene, "/f", "x") == DONE);
    for (int i = 0; i < 2; i++)
        check(flush(&scene) == DONE);
    check(is_file(&scene, "/f", "x"));
    scene_end(&scene);
}

void
contract_space_is_told(const struct subject *subject)
{
    struct scene scene;
    struct space space = { 0, 0, 0 };

    scene_begin(&scene, subject);
    check(scene.kind->space(scene.backend, &space, &scene.report) == DONE);
    check(space.total_bytes > 0);
    check(space.free_bytes <= space.total_bytes);
    check(space.free_files > 0);
    scene_end(&scene);
}

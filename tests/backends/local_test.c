#include "base/clock.h"
#include "base/memory.h"
#include "tests/backends/support/folder.h"
#include "tests/backends/support/scene.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct subject subject = { "local", folder_new, folder_remove };

static const struct clock_source *real;
static uint64_t ahead_ns;

static uint64_t
ahead_monotonic_ns(void)
{
    return real->monotonic_ns() + ahead_ns;
}

static uint64_t
same_wall_ns(void)
{
    return real->wall_ns();
}

static const struct clock_source ahead = { ahead_monotonic_ns, same_wall_ns };

static char *
in_place(const struct scene *scene, const char *name)
{
    return memory_print("%s/%s", scene->place, name);
}

static void
missing_places_are_made(void)
{
    char *folder = folder_new(), *place = memory_print("%s/a/b//c/", folder);
    struct scene scene = { .kind = backend_kind_find("local"), .place = place, .seq = 1 };

    scene.backend = scene_open(&scene, false);
    check(put(&scene, "/f", "x") == DONE && is_file(&scene, "/f", "x"));
    check(flush(&scene) == DONE);
    scene.kind->close(&scene.backend);
    scene.backend = scene_open(&scene, false);
    check(is_file(&scene, "/f", "x"));
    scene.kind->close(&scene.backend);
    folder_remove(folder);
    free(folder);
    free(place);
}

static void
impossible_places_are_refused(void)
{
    char *folder = folder_new(), *file = memory_print("%s/file", folder);
    char *below = memory_print("%s/below", file);
    const char *const places[] = { "", file, below, "/proc/none/x" };
    const int open_files = folder_open_files();

    close(open(file, O_CREAT | O_WRONLY, 0644));
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const struct backend_args args = { .name = "far", .place = places[i] };
        struct backend *backend = NULL;
        struct report report;

        check(backend_kind_find("local")->open(&backend, &args, &report) == REFUSED);
        check(!backend && strstr(report.text, "far") && strstr(report.text, places[i]));
    }
    check(folder_open_files() == open_files);
    folder_remove(folder);
    free(folder);
    free(file);
    free(below);
}

static void
nothing_stays_open(void)
{
    struct scene scene;
    struct act act;
    char path[64];
    const int open_files = folder_open_files();

    scene_begin(&scene, &subject);
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof path, "/d%d/e/f", i);
        check(put(&scene, path, "x") == DONE && is_file(&scene, path, "x"));
        act_begin(&act, &scene, (struct change){ .kind = PUT, .path = path, .size = 5 });
        act_write(&act, "x", 1);
        scene.kind->cancel(scene.backend, &act.change);
        check(folder_open_files() <= open_files + 20);
    }
    check(make_clear(&scene, "/") == DONE);
    scene.kind->close(&scene.backend);
    check(folder_open_files() == open_files);
    scene_end(&scene);
}

static void
left_temporaries_are_replaced(void)
{
    struct scene scene;
    char *file, *directory;

    scene_begin(&scene, &subject);
    file = in_place(&scene, ".knarr~1");
    directory = in_place(&scene, ".knarr~2");
    close(open(file, O_CREAT | O_WRONLY, 0444));
    check(mkdir(directory, 0755) == 0);
    check(put(&scene, "/f", "one") == DONE && put(&scene, "/f", "two") == DONE);
    check(is_file(&scene, "/f", "two") && folder_temporaries(scene.place) == 0);
    free(file);
    free(directory);
    scene_end(&scene);
}

static void
left_temporaries_are_no_content(void)
{
    struct scene scene;
    char *file, *directory;

    scene_begin(&scene, &subject);
    check(make(&scene, "/d") == DONE && make(&scene, "/d/.knarr-marker") == DONE);
    file = in_place(&scene, "d/.knarr~77");
    directory = in_place(&scene, "d/.knarr~78");
    close(open(file, O_CREAT | O_WRONLY, 0644));
    check(mkdir(directory, 0755) == 0);
    check(drop(&scene, "/d") == REFUSED);
    check(access(file, F_OK) == 0); /* nothing is swept in vain */
    check(drop(&scene, "/d/.knarr-marker") == DONE);
    check(drop(&scene, "/d") == DONE && is_nothing(&scene, "/d"));
    free(file);
    free(directory);
    scene_end(&scene);
}

static void
modes_defy_the_umask(void)
{
    static const uint32_t modes[] = { 0644, 0600, 0666, 0777, 0600, 0444 };
    const mode_t before = umask(077);
    struct scene scene;

    scene_begin(&scene, &subject);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        check(put_bytes(&scene, "/d/f", "x", 1, modes[i]) == DONE);
        check(lookup(&scene, "/d/f") == DONE && scene.entry.mode == modes[i]);
    }
    check(change(&scene, (struct change){ .kind = MKDIR, .path = "/e", .mode = 0775 }) == DONE);
    check(lookup(&scene, "/e") == DONE && scene.entry.mode == 0775);
    check(put_bytes(&scene, "/suid", "x", 1, 04755) == DONE);
    check(lookup(&scene, "/suid") == DONE && scene.entry.mode == 0755);
    umask(before);
    scene_end(&scene);
}

static void
special_files_are_no_files(void)
{
    struct scene scene;
    char *pipe, byte;

    scene_begin(&scene, &subject);
    pipe = in_place(&scene, "pipe");
    check(mkfifo(pipe, 0644) == 0);
    check(lookup(&scene, "/pipe") == REFUSED && scene.report.cause == CAUSE_INVALID_PATH);
    check(read_at(&scene, "/pipe", 0, &byte, 1, 0) == REFUSED);
    check(scene.report.cause == CAUSE_INVALID_PATH);
    check(set_mode(&scene, "/pipe", 0600) == REFUSED);
    check(link_file(&scene, "/pipe", "/l") == REFUSED);
    check(names_are(&scene, "/", ""));
    check(put(&scene, "/pipe", "file") == DONE && is_file(&scene, "/pipe", "file"));
    free(pipe);
    scene_end(&scene);
}

static void
other_mounts_are_not_entered(void)
{
    struct scene scene;
    char *mounted;

    scene_begin(&scene, &subject);
    check(put(&scene, "/f", "x") == DONE && make(&scene, "/d/mounted") == DONE);
    mounted = in_place(&scene, "d/mounted");
    if (!folder_mount(mounted, "1m")) {
        printf("   not run: mounting needs root\n");
    } else {
        check(put(&scene, "/d/mounted/f", "x") == REFUSED);
        check(scene.report.cause == CAUSE_UNSUPPORTED);
        check(strstr(scene.report.text, "/d/mounted/f"));
        check(move(&scene, "/f", "/d/mounted/f") == REFUSED);
        check(scene.report.cause == CAUSE_UNSUPPORTED);
        check(drop_tree(&scene, "/d") == REFUSED && scene.report.cause == CAUSE_UNSUPPORTED);
        check(put(&scene, "/d/mounted", "x") == REFUSED);
        check(is_file(&scene, "/f", "x") && folder_count(mounted) == 0);
        folder_unmount(mounted);
    }
    check(drop_tree(&scene, "/d") == DONE);
    free(mounted);
    scene_end(&scene);
}

/* Deeper than any path, so made by its own directory's descriptor. */
static void
make_deep(const char *place, int levels)
{
    int at = open(place, O_RDONLY | O_DIRECTORY);

    for (int i = 0; i < levels; i++) {
        int below;

        check(mkdirat(at, "deeper", 0755) == 0);
        below = openat(at, "deeper", O_RDONLY | O_DIRECTORY);
        check(below >= 0);
        close(openat(below, "f", O_CREAT | O_WRONLY, 0644));
        close(at);
        at = below;
    }
    close(at);
}

static void
depth_costs_no_files(void)
{
    struct scene scene;
    struct rlimit before, few;

    scene_begin(&scene, &subject);
    make_deep(scene.place, 3000);
    check(getrlimit(RLIMIT_NOFILE, &before) == 0);
    few = before;
    few.rlim_cur = (rlim_t) folder_open_files() + 50;
    check(setrlimit(RLIMIT_NOFILE, &few) == 0);
    check(drop_tree(&scene, "/deeper") == DONE);
    check(setrlimit(RLIMIT_NOFILE, &before) == 0);
    check(folder_count(scene.place) == 0);
    scene_end(&scene);
}

static void
renames_by_others_are_noticed(void)
{
    struct scene scene;
    char *old, *new;

    scene_begin(&scene, &subject);
    real = clock_source;
    clock_source = &ahead;
    old = in_place(&scene, "d");
    new = in_place(&scene, "moved");
    check(put(&scene, "/d/e/one", "x") == DONE);
    check(rename(old, new) == 0);
    ahead_ns += UINT64_C(25000000);
    check(put(&scene, "/d/e/two", "x") == DONE);
    check(is_file(&scene, "/d/e/two", "x") && is_nothing(&scene, "/moved/e/two"));
    folder_remove(old); /* at once: a directory that is open and gone is noticed by itself */
    check(put(&scene, "/d/e/three", "x") == DONE && is_file(&scene, "/d/e/three", "x"));
    folder_remove(old);
    check(make(&scene, "/d/e/four") == DONE && is_directory(&scene, "/d/e/four"));
    clock_source = real;
    free(old);
    free(new);
    scene_end(&scene);
}

static void
large_versions_differ(void)
{
    enum { SIZE = 256 << 10 };
    struct scene scene;
    char *bytes = memory_new(SIZE);
    uint64_t versions[3];

    scene_begin(&scene, &subject);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 3; i++) {
            check(put_bytes(&scene, "/f", bytes, SIZE, 0644) == DONE);
            check(lookup(&scene, "/f") == DONE);
            versions[i] = scene.entry.version;
        }
        check(versions[0] != versions[1] && versions[0] != versions[2]);
    }
    free(bytes);
    scene_end(&scene);
}

static const struct test tests[] = {
    { "a place that is missing is made with its parents", missing_places_are_made },
    { "a place that cannot be is refused by its name", impossible_places_are_refused },
    { "no descriptor stays open behind a change", nothing_stays_open },
    { "what a crash left under a temporary name is replaced", left_temporaries_are_replaced },
    { "a directory with left temporaries only is empty", left_temporaries_are_no_content },
    { "modes are as asked whatever the umask, without set-id bits", modes_defy_the_umask },
    { "a pipe is neither file nor directory, and reading it does not wait",
        special_files_are_no_files },
    { "what is on another file system is refused and not touched", other_mounts_are_not_entered },
    { "a tree deeper than the open files allowed is removed", depth_costs_no_files },
    { "a directory renamed or removed by somebody else is noticed", renames_by_others_are_noticed },
    { "versions of one large size made in a row all differ", large_versions_differ },
};

TEST_MAIN(tests)

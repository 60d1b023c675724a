#include "base/clock.h"
#include "base/memory.h"
#include "tests/backends/support/folder.h"
#include "tests/backends/support/scene.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct subject subject = { "local", folder_new_quick, folder_remove };

/* A place with links in it, and what they lead to: outside/secret, outside/d/secret. */
struct yard {
    struct scene scene;
    char *outside;
};

/* More of it by the environment, as for a release. */
static uint64_t
number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void
write_file(const char *directory, const char *name, const char *text)
{
    char *path = memory_print("%s/%s", directory, name);
    FILE *file = fopen(path, "w");

    check(file && fputs(text, file) >= 0 && fclose(file) == 0);
    free(path);
}

static bool
holds(const char *directory, const char *name, const char *text)
{
    char *path = memory_print("%s/%s", directory, name), found[64] = "";
    FILE *file = fopen(path, "r");

    free(path);
    if (!file)
        return false;
    check(fgets(found, sizeof found, file));
    fclose(file);
    return strcmp(found, text) == 0;
}

static void
add_link(const struct yard *yard, const char *name, const char *target)
{
    char *path = memory_print("%s/%s", yard->scene.place, name);

    folder_remove(path);
    check(symlink(target, path) == 0);
    free(path);
}

static void
yard_begin(struct yard *yard)
{
    char *below;

    scene_begin(&yard->scene, &subject);
    yard->outside = folder_new_quick();
    below = memory_print("%s/d", yard->outside);
    check(mkdir(below, 0755) == 0);
    write_file(yard->outside, "secret", "secret");
    write_file(below, "secret", "secret");
    free(below);
}

static void
check_outside(const struct yard *yard)
{
    char *below = memory_print("%s/d", yard->outside);
    struct stat found;

    check(folder_count(yard->outside) == 2 && folder_count(below) == 1);
    check(holds(yard->outside, "secret", "secret"));
    check(holds(below, "secret", "secret"));
    check(stat(below, &found) == 0 && (found.st_mode & 0777) == 0755);
    free(below);
}

static void
yard_end(struct yard *yard)
{
    check_outside(yard);
    folder_remove(yard->outside);
    free(yard->outside);
    scene_end(&yard->scene);
}

static void
set_links(const struct yard *yard)
{
    char *secret = memory_print("%s/secret", yard->outside);

    add_link(yard, "file", secret);
    add_link(yard, "parent", yard->outside);
    add_link(yard, "dots", "../..");
    free(secret);
}

static void
links_are_nothing_to_readers(void)
{
    static const char *const at[] = { "/file", "/parent", "/dots" };
    static const char *const below[] = { "/parent/secret", "/parent/d/secret", "/dots/etc",
        "/parent/d", "/inside/file" };
    struct yard yard;
    struct scene *scene = &yard.scene;
    char byte, last[NAME_BYTES_MAX + 1];
    size_t count;
    bool has_more;

    yard_begin(&yard);
    set_links(&yard);
    check(put(scene, "/real/file", "mine") == DONE);
    add_link(&yard, "inside", "real");
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        check(lookup(scene, at[i]) == REFUSED && scene->report.cause == CAUSE_INVALID_PATH);
        check(read_at(scene, at[i], 0, &byte, 1, 0) == REFUSED && scene->got == 0);
        check(list_page(scene, at[i], "", 9, &count, &has_more, last) == REFUSED && count == 0);
    }
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        check(lookup(scene, below[i]) == REFUSED);
        check(read_at(scene, below[i], 0, &byte, 1, 0) == REFUSED && scene->got == 0);
        check(list_page(scene, below[i], "", 9, &count, &has_more, last) == REFUSED);
    }
    check(names_are(scene, "/", "real|"));
    yard_end(&yard);
}

static void
changes_replace_links(void)
{
    struct yard yard;
    struct scene *scene = &yard.scene;

    yard_begin(&yard);
    set_links(&yard);
    check(put(scene, "/file", "mine") == DONE && is_file(scene, "/file", "mine"));
    check(put(scene, "/parent/secret", "mine") == DONE);
    check(is_file(scene, "/parent/secret", "mine"));
    set_links(&yard);
    check(put(scene, "/dots", "mine") == DONE && is_file(scene, "/dots", "mine"));
    yard_end(&yard);
}

static void
changes_below_links_stay_inside(void)
{
    struct yard yard;
    struct scene *scene = &yard.scene;

    yard_begin(&yard);
    check(put(scene, "/f", "mine") == DONE);
    set_links(&yard);
    check(drop(scene, "/parent/secret") == DONE);
    check(drop_tree(scene, "/parent/d") == DONE);
    check(set_mode(scene, "/parent/d", 0700) == REFUSED);
    check(set_mode(scene, "/parent", 0700) == REFUSED);
    check(set_mode(scene, "/file", 0600) == REFUSED);
    check(move(scene, "/parent/secret", "/stolen") == REFUSED);
    check(link_file(scene, "/parent/secret", "/stolen") == REFUSED);
    check(link_file(scene, "/file", "/stolen") == REFUSED);
    check(is_nothing(scene, "/stolen"));
    check(move(scene, "/f", "/parent/d/f") == DONE && is_file(scene, "/parent/d/f", "mine"));
    set_links(&yard);
    yard_end(&yard);
}

static void
links_are_removed_as_links(void)
{
    struct yard yard;
    struct scene *scene = &yard.scene;

    yard_begin(&yard);
    set_links(&yard);
    check(drop(scene, "/file") == DONE && is_nothing(scene, "/file"));
    check(drop_tree(scene, "/parent") == DONE && is_nothing(scene, "/parent"));
    check(make_clear(scene, "/dots") == DONE && is_directory(scene, "/dots"));
    check(make(scene, "/tree/a") == DONE);
    add_link(&yard, "tree/a/out", yard.outside);
    check(drop_tree(scene, "/tree") == DONE && is_nothing(scene, "/tree"));
    set_links(&yard);
    check(make(scene, "/parent") == DONE && is_directory(scene, "/parent"));
    check(put(scene, "/parent/f", "mine") == DONE);
    check(make_clear(scene, "/") == DONE && names_are(scene, "/", ""));
    yard_end(&yard);
}

/* Somebody who swaps a directory for a link to the outside, again and again. */
struct racer {
    const struct yard *yard;
    atomic_bool is_over;
    int swaps;
};

static void *
race(void *context)
{
    struct racer *racer = context;
    char *target = memory_print("%s/target", racer->yard->scene.place);
    char *aside = memory_print("%s/aside", racer->yard->scene.place);

    while (!atomic_load(&racer->is_over)) {
        rename(target, aside);
        if (symlink(racer->yard->outside, target) == 0)
            racer->swaps++;
        unlink(target);
        rename(aside, target);
    }
    free(target);
    free(aside);
    return NULL;
}

static void
swapped_links_lead_nowhere(void)
{
    const uint64_t end_ms = clock_ms() + number_of("KNARR_TEST_RACE_MS", 2000);
    struct yard yard;
    struct scene *scene = &yard.scene;
    struct racer racer = { .yard = &yard };
    pthread_t thread;
    int done = 0, i = 0;
    char bytes[8];

    yard_begin(&yard);
    check(make(scene, "/target/d") == DONE);
    check(pthread_create(&thread, NULL, race, &racer) == 0);
    for (; clock_ms() < end_ms; i++) {
        done += put(scene, "/target/secret", "mine") == DONE;
        if (read_at(scene, "/target/secret", 0, bytes, 6, 0) == DONE && scene->got == 6)
            check(memcmp(bytes, "secret", 6) != 0);
        drop(scene, "/target/secret");
        move(scene, "/target/d", "/target/e");
        if (i % 16 == 0)
            drop_tree(scene, "/target/d");
        if (i % 64 == 0) {
            make_clear(scene, "/target");
            make(scene, "/target/d");
        }
        set_mode(scene, "/target/d", 0700);
    }
    atomic_store(&racer.is_over, true);
    pthread_join(thread, NULL);
    check(racer.swaps > 10 && done > 10);
    printf("   %d swaps against %d rounds, %d puts done\n", racer.swaps, i, done);
    yard_end(&yard);
}

static uint32_t
draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t) (*seed >> 33) % below;
}

static void
random_path(char *path, uint64_t *seed)
{
    static const char *const parts[] = { "/..", "/.", "/", "/parent", "/dots", "/secret", "/d",
        "/file", "/a", "/up", "..", "/...", "/.knarr~1", "/\x80", "/here", "/d/../.." };
    const uint32_t count = draw(seed, 6);

    *path = '\0';
    for (uint32_t i = 0; i < count; i++)
        strcat(path, parts[draw(seed, sizeof parts / sizeof *parts)]);
}

static void
no_path_escapes(void)
{
    const int paths = (int) number_of("KNARR_TEST_PATHS", 100000);
    struct yard yard;
    struct scene *scene = &yard.scene;
    char path[128], to[128], bytes[8];
    uint64_t seed = 7;
    int done = 0;

    yard_begin(&yard);
    for (int i = 0; i < paths; i++) {
        const enum change_kind kind = (enum change_kind) draw(&seed, CHANGE_KINDS);

        if (i % 200 == 0) {
            make_clear(scene, "/");
            set_links(&yard);
            add_link(&yard, "up", "..");
            add_link(&yard, "here", ".");
        }
        random_path(path, &seed);
        random_path(to, &seed);
        if (read_at(scene, path, 0, bytes, 6, 0) == DONE && scene->got == 6)
            check(memcmp(bytes, "secret", 6) != 0);
        if (kind == PUT)
            done += put(scene, path, "mine!!") == DONE;
        else
            done +=
                change(scene,
                    (struct change){ .kind = kind, .path = path, .to = to, .mode = 0700 }) == DONE;
        if (i % 1000 == 0)
            check_outside(&yard);
    }
    check(done > paths / 50);
    make_clear(scene, "/");
    yard_end(&yard);
}

static const struct test tests[] = {
    { "a link is neither file nor directory, and nothing is read through it",
        links_are_nothing_to_readers },
    { "a put replaces a link, and a link among its parents", changes_replace_links },
    { "nothing below a link to the outside is changed", changes_below_links_stay_inside },
    { "a link is removed as a link", links_are_removed_as_links },
    { "a directory swapped for a link under our hands changes nothing outside",
        swapped_links_lead_nowhere },
    { "random paths change and read nothing outside", no_path_escapes },
};

TEST_MAIN(tests)

#include "base/clock.h"
#include "base/fault.h"
#include "base/memory.h"
#include "tests/backends/support/folder.h"
#include "tests/backends/support/scene.h"

#include <fcntl.h>
#include <unistd.h>

enum { FILES = 200000, PAGE = 1000 };

static const struct subject subject = { "local", folder_new_quick, folder_remove };

/* Wall time goes ahead of the files', so that their times prove something. */
static const struct clock_source *real;

static uint64_t
same_ns(void)
{
    return real->monotonic_ns();
}

static uint64_t
later_ns(void)
{
    return real->wall_ns() + UINT64_C(1000000000);
}

static const struct clock_source later = { same_ns, later_ns };

/* Files as somebody else would make them. */
static void
begin_with(struct scene *scene, int files, int name_bytes)
{
    scene_begin(scene, &subject);
    for (int i = 0; i < files; i++) {
        char *path = memory_print("%s/%0*x", scene->place, name_bytes, (unsigned) i * 2654435761u);
        const int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);

        check(fd >= 0);
        close(fd);
        free(path);
    }
    real = clock_source;
    clock_source = &later;
    fault_plan("");
}

static void
end(struct scene *scene)
{
    fault_plan(NULL);
    clock_source = real;
    scene_end(scene);
}

/* All pages; `between` is called between them. */
static size_t
count_all(struct scene *scene, void (*between)(struct scene *))
{
    char last[NAME_BYTES_MAX + 1] = "", after[NAME_BYTES_MAX + 1];
    size_t count, total = 0;
    bool has_more = true;

    while (has_more) {
        strcpy(after, last);
        check(list_page(scene, "/", after, PAGE, &count, &has_more, last) == DONE);
        check(count == PAGE || !has_more);
        total += count;
        if (between)
            between(scene);
    }
    return total;
}

static void
large_directories_are_read_once(void)
{
    struct scene scene;

    begin_with(&scene, FILES, 8);
    check(count_all(&scene, NULL) == FILES);
    check(fault_count("list") < FILES + 10);
    end(&scene);
}

static void
put_one(struct scene *scene)
{
    check(put(scene, "/new", "x") == DONE);
    check(drop(scene, "/new") == DONE);
}

static void
changing_directories_are_read_seldom(void)
{
    struct scene scene;

    begin_with(&scene, FILES / 4, 8);
    check(count_all(&scene, put_one) == FILES / 4);
    check(fault_count("list") < FILES / 4 / PAGE * (uint64_t) FILES / 4 / 2);
    check(put(&scene, "/0", "x") == DONE);
    check(count_all(&scene, NULL) == FILES / 4 + 1); /* a first page is never old */
    end(&scene);
}

static void
long_names_do_not_fill_memory(void)
{
    struct scene scene;

    begin_with(&scene, FILES, 250);
    check(count_all(&scene, NULL) == FILES);
    check(fault_count("list") < 8 * FILES);
    end(&scene);
}

static struct scene *vanishing;
static int removed;

static void
remove_some(struct scene *scene)
{
    char last[NAME_BYTES_MAX + 1];
    size_t count;
    bool has_more;
    char path[NAME_BYTES_MAX + 2] = "/";
    struct backend *reader = scene->backend;

    scene->backend = vanishing->backend;
    check(list_page(scene, "/", "8", 1, &count, &has_more, last) == DONE);
    strcat(path, last);
    check(count == 1 && drop(scene, path) == DONE);
    scene->backend = reader;
    removed++;
}

static void
what_vanishes_is_skipped(void)
{
    struct scene scene, other;
    size_t count;

    begin_with(&scene, 20 * PAGE, 8);
    other = scene;
    other.backend = scene_open(&scene, false);
    vanishing = &other;
    count = count_all(&scene, remove_some);
    check(removed >= 15 && count < 20 * PAGE && count >= (size_t) (20 * PAGE - removed));
    scene.kind->close(&other.backend);
    end(&scene);
}

static void
unfinished_listings_cost_nothing_later(void)
{
    struct scene scene;
    char last[NAME_BYTES_MAX + 1];
    size_t count;
    bool has_more;
    const int open_files = folder_open_files();

    begin_with(&scene, 3 * PAGE, 8);
    check(make(&scene, "/other") == DONE);
    check(list_page(&scene, "/", "", PAGE, &count, &has_more, last) == DONE && has_more);
    check(list_page(&scene, "/other", "", PAGE, &count, &has_more, last) == DONE && !has_more);
    check(list_page(&scene, "/", last, PAGE, &count, &has_more, last) == DONE && has_more);
    end(&scene);
    check(folder_open_files() == open_files);
}

static const struct test tests[] = {
    { "200,000 names in pages are read from the disk once", large_directories_are_read_once },
    { "a directory that changes all the time is not read for every page",
        changing_directories_are_read_seldom },
    { "more names than memory is given for are listed in parts", long_names_do_not_fill_memory },
    { "a name that vanishes while it is listed is skipped", what_vanishes_is_skipped },
    { "a listing that nobody ends leaves nothing open", unfinished_listings_cost_nothing_later },
};

TEST_MAIN(tests)

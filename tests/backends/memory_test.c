#include "tests/backends/support/contract.h"

#include "base/memory.h"

#include <pthread.h>

static char *
place_new(void)
{
    return memory_print("store");
}

static void
place_remove(const char *place)
{
    (void) place; /* went with its last handle */
}

static const struct subject subject = { "memory", place_new, place_remove };

#define SENTENCE(name, sentence)   \
    static void name(void)         \
    {                              \
        contract_##name(&subject); \
    }
#include "tests/backends/support/contract.def"

static struct backend *
open_store(const char *place, uint64_t max_bytes)
{
    const struct backend_args args = { .name = "m", .place = place, .max_bytes = max_bytes };
    struct backend *backend = NULL;
    struct report report;

    check(backend_kind_find("memfs")->open(&backend, &args, &report) == DONE);
    return backend;
}

static struct scene
limited(uint64_t max_bytes)
{
    return (struct scene){ .subject = &subject,
        .kind = backend_kind_find("memory"),
        .backend = open_store("limited", max_bytes),
        .seq = 1 };
}

static void
stores_are_found_by_name(void)
{
    struct scene scene = limited(0);
    struct backend *first = scene.backend, *same = open_store("limited", 0),
                   *other = open_store("other", 0);

    check(put(&scene, "/f", "x") == DONE);
    scene.backend = same;
    check(is_file(&scene, "/f", "x"));
    scene.backend = other;
    check(is_nothing(&scene, "/f"));
    scene.kind->close(&first);
    scene.backend = same;
    check(is_file(&scene, "/f", "x"));
    scene.kind->close(&same);
    scene.kind->close(&other);
    scene.backend = open_store("limited", 0);
    check(is_nothing(&scene, "/f"));
    scene.kind->close(&scene.backend);
}

static void
least_recently_used_leave(void)
{
    struct scene scene = limited(10000);
    char bytes[2000] = { 0 };

    check(put_bytes(&scene, "/d/a", bytes, sizeof bytes, 0644) == DONE);
    check(put_bytes(&scene, "/d/b", bytes, sizeof bytes, 0644) == DONE);
    check(put_bytes(&scene, "/d/c", bytes, sizeof bytes, 0644) == DONE);
    check(put_bytes(&scene, "/d/d", bytes, sizeof bytes, 0644) == DONE);
    check(names_are(&scene, "/d", "a|b|c|d|"));
    check(read_at(&scene, "/d/a", 0, bytes, 1, 0) == DONE);
    check(put_bytes(&scene, "/d/e", bytes, sizeof bytes, 0644) == DONE);
    check(names_are(&scene, "/d", "a|c|d|e|"));
    check(put_bytes(&scene, "/d/big", bytes, 2000, 0644) == DONE);
    check(names_are(&scene, "/d", "a|big|d|e|"));
    check(is_directory(&scene, "/d"));
    scene.kind->close(&scene.backend);
}

static void
empty_files_count_too(void)
{
    struct scene scene = limited(100000);
    char path[32];
    size_t count;
    bool has_more;
    char last[NAME_BYTES_MAX + 1];

    for (int i = 0; i < 5000; i++) {
        snprintf(path, sizeof path, "/d/%d", i);
        check(put(&scene, path, "") == DONE);
    }
    check(is_file(&scene, "/d/4999", ""));
    check(list_page(&scene, "/d", "", 5000, &count, &has_more, last) == DONE);
    check(count > 100 && count < 1000);
    scene.kind->close(&scene.backend);
}

static void
too_large_is_refused(void)
{
    struct scene scene = limited(1000);
    char bytes[2000] = { 0 };
    struct act act;

    check(put(&scene, "/kept", "x") == DONE);
    check(put_bytes(&scene, "/f", bytes, sizeof bytes, 0644) == REFUSED);
    check(scene.report.cause == CAUSE_TOO_LARGE);
    check(is_file(&scene, "/kept", "x"));
    act_begin(&act, &scene,
        (struct change){ .kind = PUT, .path = "/f", .size = SIZE_UNKNOWN, .mode = 0644 });
    act_write(&act, bytes, sizeof bytes);
    check(act_wait(&act) == REFUSED && act.report.cause == CAUSE_TOO_LARGE);
    check(is_file(&scene, "/kept", "x"));
    scene.kind->close(&scene.backend);
}

static void
unfinished_puts_count(void)
{
    struct scene scene = limited(3000);
    char bytes[2000] = { 0 };
    struct act first, second;
    const struct change change = { .kind = PUT, .path = "/f", .size = 2000, .mode = 0644 };

    act_begin(&first, &scene, change);
    act_begin(&second, &scene, change);
    act_write(&first, bytes, 1999);
    act_write(&second, bytes, 1999);
    check(act_wait(&second) == RETRY && second.report.cause == CAUSE_NO_SPACE);
    scene.kind->cancel(scene.backend, &first.change);
    check(put_bytes(&scene, "/g", bytes, sizeof bytes, 0644) == DONE);
    scene.kind->close(&scene.backend);
}

struct worker {
    int number;
    int mistakes;
};

static void *
work(void *context)
{
    struct worker *worker = context;
    struct scene scene = limited(0);
    char path[32], text[32];

    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof path, "/w%d/f%d", worker->number, i % 10);
        snprintf(text, sizeof text, "%d of %d", i, worker->number);
        worker->mistakes += put(&scene, path, text) != DONE || !is_file(&scene, path, text);
        worker->mistakes += put(&scene, "/all/f", text) != DONE;
        worker->mistakes += lookup(&scene, "/all/f") != DONE;
        free(names_after(&scene, "/all", "", 3));
    }
    scene.kind->close(&scene.backend);
    return NULL;
}

static void
threads_share_a_store(void)
{
    struct scene scene = limited(0);
    struct worker workers[4];
    pthread_t threads[4];

    for (int i = 0; i < 4; i++) {
        workers[i] = (struct worker){ .number = i };
        check(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    }
    for (int i = 0; i < 4; i++) {
        check(pthread_join(threads[i], NULL) == 0);
        check(workers[i].mistakes == 0);
    }
    check(names_are(&scene, "/", "all|w0|w1|w2|w3|"));
    scene.kind->close(&scene.backend);
}

static const struct test tests[] = {
#define SENTENCE(name, sentence) { sentence, name },
#include "tests/backends/support/contract.def"
    { "stores are found by their name and go with their last handle", stores_are_found_by_name },
    { "the least recently used files leave a full store", least_recently_used_leave },
    { "empty files cannot fill a store without end", empty_files_count_too },
    { "a file larger than the store is refused and costs no other file", too_large_is_refused },
    { "threads with a handle each share one store", threads_share_a_store },
    { "puts that are not finished take room and give it back", unfinished_puts_count },
};

TEST_MAIN(tests)

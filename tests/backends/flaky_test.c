#include "base/clock.h"
#include "base/memory.h"
#include "tests/backends/support/contract.h"
#include "tests/backends/support/folder.h"

static char *control;

static char *
place_new(void)
{
    return memory_print("memory:store?%s", control ? control : "");
}

static void
place_remove(const char *place)
{
    (void) place;
}

static const struct subject subject = { "flaky", place_new, place_remove };

#define SENTENCE(name, sentence)   \
    static void name(void)         \
    {                              \
        contract_##name(&subject); \
    }
#include "tests/backends/support/contract.def"

static char *folder;

static void
begin(struct scene *scene)
{
    folder = folder_new();
    control = memory_print("%s/control", folder);
    scene_begin(scene, &subject);
}

static void
end(struct scene *scene)
{
    scene_end(scene);
    folder_remove(folder);
    free(folder);
    free(control);
    control = NULL;
}

static void
tell(const char *text)
{
    FILE *file = fopen(control, "w");

    check(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void
fails_as_told(void)
{
    struct scene scene;

    begin(&scene);
    check(put(&scene, "/f", "old") == DONE);
    tell("put fail retry no_space\nlookup fail refused permission_denied path=/secret\n");
    check(put(&scene, "/f", "new") == RETRY && scene.report.cause == CAUSE_NO_SPACE);
    check(is_file(&scene, "/f", "old"));
    check(lookup(&scene, "/secret/f") == REFUSED);
    check(scene.report.cause == CAUSE_PERMISSION_DENIED);
    check(make(&scene, "/d") == DONE);
    tell("write fail retry io\nflush fail retry io\n");
    check(put(&scene, "/f", "new") == RETRY && scene.report.cause == CAUSE_IO);
    check(flush(&scene) == RETRY && is_file(&scene, "/f", "old"));
    tell("");
    check(put(&scene, "/f", "new") == DONE && is_file(&scene, "/f", "new"));
    check(flush(&scene) == DONE);
    end(&scene);
}

static void
down_is_everything(void)
{
    struct scene scene;
    struct backend *second = NULL;

    begin(&scene);
    tell("all down\n");
    check(put(&scene, "/f", "x") == RETRY && scene.report.cause == CAUSE_NETWORK);
    check(lookup(&scene, "/") == RETRY && flush(&scene) == RETRY);
    check(scene.kind->open(&second, &(struct backend_args){ .name = "x", .place = scene.place },
              &scene.report) == RETRY);
    tell("");
    check(put(&scene, "/f", "x") == DONE);
    end(&scene);
}

static void
a_lost_answer_was_done(void)
{
    struct scene scene;

    begin(&scene);
    tell("change lose retry timeout\n");
    check(put(&scene, "/f", "x") == RETRY && scene.report.cause == CAUSE_TIMEOUT);
    check(is_file(&scene, "/f", "x"));
    check(drop(&scene, "/f") == RETRY && is_nothing(&scene, "/f"));
    end(&scene);
}

static void
slow_takes_its_time(void)
{
    struct scene scene;
    uint64_t begun_ms;

    begin(&scene);
    tell("read slow 50\n");
    check(put(&scene, "/f", "x") == DONE);
    begun_ms = clock_ms();
    check(is_file(&scene, "/f", "x"));
    check(clock_ms() - begun_ms >= 50);
    end(&scene);
}

static void
places_are_checked(void)
{
    static const char *const places[] = { "", "memory", "nothing:x", ":x" };
    const struct backend_kind *kind = backend_kind_find("flaky");

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct backend *backend = NULL;
        struct report report;

        check(kind->open(&backend, &(struct backend_args){ .name = "x", .place = places[i] },
                  &report) == REFUSED);
        check(!backend && report.cause == CAUSE_CONFIG);
    }
}

static const struct test tests[] = {
#define SENTENCE(name, sentence) { sentence, name },
#include "tests/backends/support/contract.def"
    { "a call fails with the outcome and the cause it was told", fails_as_told },
    { "a backend that is down fails everything, opening too", down_is_everything },
    { "a change whose answer is lost was made", a_lost_answer_was_done },
    { "a slow call takes the time it was told", slow_takes_its_time },
    { "a place that names no kind is refused", places_are_checked },
};

TEST_MAIN(tests)

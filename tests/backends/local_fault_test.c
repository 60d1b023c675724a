#include "base/fault.h"
#include "base/memory.h"
#include "tests/backends/support/folder.h"
#include "tests/backends/support/scene.h"

#include <sys/stat.h>
#include <unistd.h>

static const struct subject subject = { "local", folder_new_quick, folder_remove };

/* Something that a disk may refuse in the middle. */
static const struct deed {
    const char *name;
    struct change change;
    const char *afterwards; /* what is a file then, with the text "text"; or NULL */
    const char *gone;       /* what is nothing then; or NULL */
} deeds[] = {
    { "put", { .kind = PUT, .path = "/new/a/f", .size = 4, .mode = 0606 }, "/new/a/f", NULL },
    { "put over a file", { .kind = PUT, .path = "/file", .size = 4 }, "/file", NULL },
    { "put over a directory", { .kind = PUT, .path = "/tree", .size = 4 }, "/tree", "/tree/a/b" },
    { "put below a file", { .kind = PUT, .path = "/file/f", .size = 4 }, "/file/f", NULL },
    { "put with a time", { .kind = PUT, .path = "/f", .size = 4, .mtime_ns = 5 }, "/f", NULL },
    { "put a large one", { .kind = PUT, .path = "/f", .size = 9 << 20 }, NULL, NULL },
    { "mkdir", { .kind = MKDIR, .path = "/new/d", .mode = 0707 }, NULL, NULL },
    { "clear", { .kind = MKDIR, .path = "/tree", .mode = 0755, .clear = true }, NULL, "/tree/a/b" },
    { "remove", { .kind = REMOVE, .path = "/file" }, NULL, "/file" },
    { "remove a directory", { .kind = REMOVE, .path = "/empty" }, NULL, "/empty" },
    { "remove a tree", { .kind = REMOVE_TREE, .path = "/tree" }, NULL, "/tree" },
    { "link", { .kind = LINK, .path = "/source", .to = "/new/l" }, "/new/l", NULL },
    { "link over a tree", { .kind = LINK, .path = "/source", .to = "/tree" }, "/tree", NULL },
    { "chmod", { .kind = CHMOD, .path = "/source", .mode = 0606 }, "/source", NULL },
    { "chmod of a link", { .kind = CHMOD, .path = "/twin", .mode = 0606 }, "/twin", NULL },
    { "rename", { .kind = RENAME, .path = "/source", .to = "/new/r" }, "/new/r", "/source" },
    { "rename over a tree", { .kind = RENAME, .path = "/source", .to = "/tree" }, "/tree",
        "/source" },
};

static const char *const errors[] = { "EIO", "ENOSPC", "EMFILE" };
static int points;

static void
set_up(struct scene *scene)
{
    scene_begin(scene, &subject);
    check(put(scene, "/file", "old") == DONE);
    check(put(scene, "/source", "text") == DONE);
    check(put(scene, "/one", "text") == DONE);
    check(link_file(scene, "/one", "/twin") == DONE);
    check(put(scene, "/tree/a/b", "old") == DONE);
    check(put(scene, "/tree/c", "old") == DONE);
    check(make(scene, "/empty") == DONE);
    /* As after a pause: nothing is open that a fault would not meet. */
    scene->kind->close(&scene->backend);
    scene->backend = scene_open(scene, false);
}

static enum outcome
perform(struct scene *scene, const struct deed *deed)
{
    static char large[9 << 20];
    struct change what = deed->change;
    struct act act;

    if (what.mode == 0)
        what.mode = 0644;
    act_begin(&act, scene, what);
    if (act.endings == 0)
        act_write(&act, deed->change.size == 4 ? "text" : large, deed->change.size);
    return act_wait(&act);
}

/* Fail the n-th call; false if there was none. */
static bool
fail_once(const struct deed *deed, const char *error, int n)
{
    struct scene scene;
    char rules[160];
    enum outcome outcome;
    bool has_fired;
    int open_files;

    set_up(&scene);
    open_files = folder_open_files();
    snprintf(rules, sizeof rules,
        "call=open,create,write,copy,allocate,stat,mkdir,rename,link,unlink,chmod,utimens,list "
        "when=%d do=%s",
        n, error);
    fault_plan(rules);
    outcome = perform(&scene, deed);
    has_fired = fault_count("fired") > 0;
    fault_plan(NULL);
    if (outcome != DONE) {
        check(strstr(scene.report.text, scene.place));
        check(strstr(scene.report.text, deed->change.path) ||
            strstr(scene.report.text, deed->change.to));
        check(outcome == RETRY);
        check(folder_temporaries(scene.place) == 0);
    }
    check(is_file(&scene, "/tree/a/b", "old") == is_file(&scene, "/tree/c", "old"));
    scene.kind->close(&scene.backend);
    scene.backend = scene_open(&scene, false); /* which deletes what was only set aside */
    check(folder_temporaries(scene.place) == 0);
    if (outcome != DONE && deed->change.kind == PUT && strcmp(deed->change.path, "/file") == 0)
        check(is_file(&scene, "/file", "old"));
    outcome = perform(&scene, deed);
    check(outcome == DONE || deed->change.kind == RENAME); /* RENAME may have happened */
    if (deed->afterwards)
        check(is_file(&scene, deed->afterwards, "text"));
    if (deed->gone)
        check(is_nothing(&scene, deed->gone));
    if (deed->change.kind == CHMOD || deed->change.mode == 0606)
        check(lookup(&scene, deed->change.path) == DONE && scene.entry.mode == 0606);
    check(is_file(&scene, "/one", "text") && scene.entry.mode == 0644);
    scene.kind->close(&scene.backend);
    check(folder_open_files() <= open_files - 1);
    scene_end(&scene);
    return has_fired;
}

static void
every_call_may_fail(void)
{
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        for (size_t k = 0; k < sizeof errors / sizeof *errors; k++) {
            int n = 1;

            while (fail_once(&deeds[i], errors[k], n))
                n++;
            check(n > 1);
            points += n - 1;
        }
    printf("   %d fault points\n", points);
}

static void
no_tree_is_ever_half(void)
{
    struct scene scene;
    int removed = 0, kept = 0, n = 0;
    bool has_fired = true;

    while (has_fired) {
        char rules[80];
        enum outcome outcome;

        set_up(&scene);
        snprintf(rules, sizeof rules, "call=open,rename,unlink,list when=%d+ do=EIO", ++n);
        fault_plan(rules);
        outcome = drop_tree(&scene, "/tree");
        has_fired = fault_count("fired") > 0;
        fault_plan(NULL);
        check(is_nothing(&scene, "/tree") == (outcome == DONE));
        if (outcome != DONE)
            check(is_file(&scene, "/tree/a/b", "old") && is_file(&scene, "/tree/c", "old"));
        check(names_are(&scene, "/",
            outcome == DONE ? "empty|file|one|source|twin|" : "empty|file|one|source|tree|twin|"));
        removed += outcome == DONE;
        kept += outcome != DONE;
        scene_end(&scene);
    }
    check(removed > 2 && kept > 2);
}

static void
occupants_come_back(void)
{
    struct scene scene;

    for (int renames = 0; renames <= 1; renames++) {
        set_up(&scene);
        check(make(&scene, "/other/tree") == DONE);
        /* The first is refused by the occupant, the second sets it aside. */
        fault_plan("call=rename when=3 do=EIO");
        check((renames ? move(&scene, "/other", "/tree") : put(&scene, "/tree", "new")) == RETRY);
        check(fault_count("fired") == 1);
        fault_plan(NULL);
        check(is_file(&scene, "/tree/a/b", "old") && is_file(&scene, "/tree/c", "old"));
        check(folder_temporaries(scene.place) == 0);
        scene_end(&scene);
    }
}

static void
open_and_close(struct scene *scene, bool is_reader)
{
    struct backend *backend = scene_open(scene, is_reader);

    scene->kind->close(&backend);
}

static void
leftovers_go_sooner_or_later(void)
{
    struct scene scene;

    set_up(&scene);
    fault_plan("call=unlink when=4+ do=EIO");
    check(drop_tree(&scene, "/tree") == DONE);
    fault_plan(NULL);
    check(folder_temporaries(scene.place) == 1);
    check(put(&scene, "/t/f", "x") == DONE && drop_tree(&scene, "/t") == DONE);
    check(folder_temporaries(scene.place) == 1); /* this handle's own: for the next one */
    open_and_close(&scene, true);
    check(folder_temporaries(scene.place) == 1); /* a reader changes nothing */
    open_and_close(&scene, false);
    check(folder_temporaries(scene.place) == 0);
    scene_end(&scene);
}

static void
long_puts_outlive_a_flush(void)
{
    struct scene scene;
    struct act act;

    scene_begin(&scene, &subject);
    check(flush(&scene) == DONE);
    fault_plan("");
    act_begin(&act, &scene, (struct change){ .kind = PUT, .path = "/f", .size = 4, .mode = 0644 });
    act_write(&act, "te", 2);
    check(put(&scene, "/g", "x") == DONE && flush(&scene) == DONE);
    check(fault_count("syncfs") == 1);
    act_write(&act, "xt", 2);
    check(act_wait(&act) == DONE && flush(&scene) == DONE);
    check(fault_count("syncfs") == 2);
    act_begin(&act, &scene,
        (struct change){ .kind = PUT, .path = "/f", .size = SIZE_UNKNOWN, .mode = 0644 });
    act_write(&act, "text", 4);
    check(flush(&scene) == DONE && fault_count("syncfs") == 3);
    scene.kind->finish(scene.backend, &act.change);
    check(act_wait(&act) == DONE && flush(&scene) == DONE);
    check(fault_count("syncfs") == 4);
    fault_plan(NULL);
    scene_end(&scene);
}

static void
failed_flush_is_remembered(void)
{
    struct scene scene;

    scene_begin(&scene, &subject);
    check(put(&scene, "/f", "x") == DONE);
    fault_plan("call=syncfs when=1 do=EIO");
    check(flush(&scene) == RETRY && scene.report.cause == CAUSE_IO);
    check(strstr(scene.report.text, scene.place));
    check(flush(&scene) == RETRY && scene.report.cause == CAUSE_IO);
    check(fault_count("syncfs") == 1);
    check(put(&scene, "/g", "x") == DONE); /* which says nothing of /f */
    check(flush(&scene) == RETRY && scene.report.cause == CAUSE_IO);
    check(fault_count("syncfs") == 1);
    scene.kind->close(&scene.backend);
    scene.backend = scene_open(&scene, false);
    check(put(&scene, "/f", "x") == DONE && put(&scene, "/g", "x") == DONE);
    check(flush(&scene) == DONE && flush(&scene) == DONE);
    check(fault_count("syncfs") == 2);
    fault_plan(NULL);
    scene_end(&scene);
}

static void
flush_syncs_only_changes(void)
{
    struct scene scene;

    scene_begin(&scene, &subject);
    check(flush(&scene) == DONE);
    fault_plan("");
    check(lookup(&scene, "/") == DONE && flush(&scene) == DONE);
    check(fault_count("syncfs") == 0);
    check(put(&scene, "/f", "x") == DONE && flush(&scene) == DONE);
    check(fault_count("syncfs") == 1);
    check(drop(&scene, "/f") == DONE && flush(&scene) == DONE);
    check(fault_count("syncfs") == 2);
    fault_plan(NULL);
    scene_end(&scene);
}

static void
careless_never_syncs(void)
{
    struct scene scene;
    const struct backend_args args = { .name = "c", .place = NULL, .is_careless = true };
    struct backend_args here = args;

    scene_begin(&scene, &subject);
    here.place = scene.place;
    scene.kind->close(&scene.backend);
    check(scene.kind->open(&scene.backend, &here, &scene.report) == DONE);
    fault_plan("");
    check(put(&scene, "/f", "x") == DONE && flush(&scene) == DONE);
    check(fault_count("syncfs") == 0);
    fault_plan(NULL);
    scene_end(&scene);
}

static void
what_was_flushed_is_replaced_by_what_is_on_the_disk(void)
{
    struct scene scene;
    struct backend_args here = { .name = "c", .keeps_flushed = true };

    scene_begin(&scene, &subject);
    here.place = scene.place;
    scene.kind->close(&scene.backend);
    check(scene.kind->open(&scene.backend, &here, &scene.report) == DONE);
    fault_plan("");
    check(put(&scene, "/f", "x") == DONE && put(&scene, "/g", "y") == DONE);
    check(fault_count("datasync") == 0);
    check(put(&scene, "/f", "z") == DONE && fault_count("datasync") == 1);
    check(move(&scene, "/f", "/h") == DONE && fault_count("datasync") == 1);
    check(move(&scene, "/h", "/g") == DONE && fault_count("datasync") == 2);
    fault_plan("call=datasync when=1 do=EIO");
    check(put(&scene, "/g", "lost") == RETRY && is_file(&scene, "/g", "z"));
    fault_plan(NULL);
    scene_end(&scene);
}

static void
small_put_is_four_calls(void)
{
    static const char *const others[] = { "read", "copy", "truncate", "allocate", "datasync",
        "sync", "syncfs", "stat", "mkdir", "link", "unlink", "chmod", "utimens", "space", "lock",
        "list" };
    struct scene scene;
    char kib[1024] = { 0 };
    uint64_t calls = 0;

    scene_begin(&scene, &subject);
    check(put_bytes(&scene, "/a/b/first", kib, sizeof kib, 0644) == DONE);
    fault_plan("");
    check(put_bytes(&scene, "/a/b/second", kib, sizeof kib, 0644) == DONE);
    check(fault_count("create") == 1 && fault_count("write") == 1);
    check(fault_count("rename") == 1 && fault_count("close") == 1);
    check(fault_count("open") == 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        calls += fault_count(others[i]);
    check(calls == 0);
    fault_plan(NULL);
    scene_end(&scene);
}

static void
full_disk_is_survived(void)
{
    enum { BYTES = 3 << 20 };
    struct scene scene;
    char *bytes = memory_new(BYTES), *place = folder_new();
    const struct backend_args args = { .name = "small", .place = place };

    if (!folder_mount(place, "2m")) {
        printf("   not run: mounting needs root\n");
        free(bytes);
        folder_remove(place);
        free(place);
        return;
    }
    scene = (struct scene){ .kind = backend_kind_find("local"), .place = place, .seq = 1 };
    check(scene.kind->open(&scene.backend, &args, &scene.report) == DONE);
    check(put(&scene, "/kept", "old") == DONE);
    for (int i = 0; i < 3; i++) {
        check(put_bytes(&scene, "/kept", bytes, BYTES, 0644) == RETRY);
        check(scene.report.cause == CAUSE_NO_SPACE);
        check(strstr(scene.report.text, "/kept") && strstr(scene.report.text, place));
        check(is_file(&scene, "/kept", "old"));
        check(folder_count(place) == 1);
    }
    check(put_bytes(&scene, "/fits", bytes, 1 << 20, 0644) == DONE);
    scene.kind->close(&scene.backend);
    folder_unmount(place);
    folder_remove(place);
    free(place);
    free(bytes);
}

static const struct test tests[] = {
    { "a put of 1 KiB into a known directory is open, write, close, rename",
        small_put_is_four_calls },
    { "a flush syncs once after changes and not at all without", flush_syncs_only_changes },
    { "a put that outlives another change's flush is synced by its own",
        long_puts_outlive_a_flush },
    { "a failed flush stays failed until the place is opened anew", failed_flush_is_remembered },
    { "a tree whose removal fails is whole or gone", no_tree_is_ever_half },
    { "what stands in the way of a change that fails comes back", occupants_come_back },
    { "a tree that was set aside and not deleted goes when the place is opened",
        leftovers_go_sooner_or_later },
    { "what was flushed is replaced by what is on the disk, where that is asked for",
        what_was_flushed_is_replaced_by_what_is_on_the_disk },
    { "a careless place is never synced", careless_never_syncs },
    { "a full disk is told, leaves the old content and no temporary", full_disk_is_survived },
    { "after any failed call nothing is half there and a repeat succeeds", every_call_may_fail },
};

TEST_MAIN(tests)

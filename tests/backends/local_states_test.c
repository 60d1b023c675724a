/*
 * Every state that a power cut may leave of a place, for all workloads of two
 * changes and some of three: cut before each sync and after each change, with
 * every subset of what was not synced on the disk.  Then a start does what
 * actors/recovery.c does with the journal, and the place looks as if nothing had
 * happened.  Its recovery is cut once, too.
 *
 * All of three: KNARR_TEST_STEPS=3.
 */

#include "base/log.h"
#include "tests/backends/support/scene.h"
#include "tests/base/support/simdisk.h"

#include <errno.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { HAS_TIME = 0 };
#else
enum { HAS_TIME = 1 };
#endif
enum { STEPS = 2, STEPS_MAX = 4, SUBSETS_BITS = 14, CONTENT_MAX = 1024 };

#define LONG_TEXT                                                                                 \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890" \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890" \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890" \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890" \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890" \
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789 and more"

enum step_kind { IS_CHANGE, IS_FLUSH, IS_CHECKPOINT };

static const struct step {
    enum step_kind kind;
    struct change change;
    const char *content;
} steps[] = {
    { IS_CHANGE, { .kind = PUT, .path = "/a", .mode = 0644 }, "new" },
    { IS_CHANGE, { .kind = PUT, .path = "/a", .mode = 0600 }, LONG_TEXT },
    { IS_CHANGE, { .kind = PUT, .path = "/d", .mode = 0644 }, "over a directory" },
    { IS_CHANGE, { .kind = PUT, .path = "/d/f", .mode = 0644 }, "in a directory" },
    { IS_CHANGE, { .kind = PUT, .path = "/n/f", .mode = 0644 }, "in a new directory" },
    { IS_CHANGE, { .kind = MKDIR, .path = "/d", .mode = 0755 }, NULL },
    { IS_CHANGE, { .kind = MKDIR, .path = "/d", .mode = 0700, .clear = true }, NULL },
    { IS_CHANGE, { .kind = REMOVE, .path = "/a" }, NULL },
    { IS_CHANGE, { .kind = REMOVE_TREE, .path = "/d" }, NULL },
    { IS_CHANGE, { .kind = RENAME, .path = "/a", .to = "/d/f" }, NULL },
    { IS_CHANGE, { .kind = RENAME, .path = "/d", .to = "/e" }, NULL },
    { IS_CHANGE, { .kind = LINK, .path = "/stage", .to = "/a" }, NULL },
    { IS_CHANGE, { .kind = CHMOD, .path = "/a", .mode = 0604 }, NULL },
    { IS_FLUSH, { .kind = 0 }, NULL },
    { IS_CHECKPOINT, { .kind = 0 }, NULL },
};
enum { STEP_KINDS = sizeof steps / sizeof *steps };

static struct {
    const char *path;
    bool is_there; /* as a file, when the journal was empty last */
} flushed[] = { { "/a", false }, { "/d/f", false } };
static const char *const whole_texts[] = { "old", "new", LONG_TEXT, "in a directory", "staged" };

/* What the journal has, and what the place looks like when all of it is done. */
static struct promise {
    struct change change;
    uint64_t directory; /* the version of the one that RENAME moves */
    char content[CONTENT_MAX];
} promises[STEPS_MAX];
static size_t promise_count;
static uint64_t wanted, looks_after[STEPS_MAX + 1];

static bool is_backup; /* keeps what was flushed until something whole replaces it */
static struct scene scene;
static unsigned long long states, different, impossible, flushed_seen, samples;

static void
open_place(struct scene *opened)
{
    const struct backend_args args = { .name = "place",
        .place = "/place",
        .keeps_flushed = is_backup };

    *opened = (struct scene){ .kind = backend_kind_find("local"), .seq = 1 };
    check(opened->kind->open(&opened->backend, &args, &opened->report) == DONE);
}

static enum outcome
perform(struct scene *on, const struct change *what, const char *content)
{
    struct change change = *what;
    struct act act;

    change.size = change.kind == PUT ? strlen(content) : 0;
    act_begin(&act, on, change);
    if (act.endings == 0)
        act_write(&act, content, change.size);
    return act_wait(&act);
}

/* ---- a start ------------------------------------------------------------------------- */

/* Is the file at this path, or a directory it is in, removed or moved by a promise? */
static bool
is_taken_away(const char *path)
{
    for (size_t i = 0; i < promise_count; i++) {
        const struct change *const change = &promises[i].change;
        const size_t length = strlen(change->path);
        const bool is_of_path = strncmp(path, change->path, length) == 0;

        if (!is_of_path || change->kind == CHMOD || change->kind == LINK)
            continue;
        if (change->kind == PUT || change->kind == MKDIR ? path[length] == '/' : true)
            return true;
    }
    return false;
}

static bool
is_whole(struct scene *on, const char *path)
{
    for (size_t i = 0; i < sizeof whole_texts / sizeof *whole_texts; i++)
        if (is_file(on, path, whole_texts[i]))
            return true;
    return false;
}

/*
 * A file that was flushed, and only replaced since, is whole in some version.
 * One that was removed and made anew is a new file, which a cut may tear.
 */
static void
check_flushed(struct scene *again)
{
    for (size_t i = 0; i < sizeof flushed / sizeof *flushed; i++)
        if (flushed[i].is_there && !is_taken_away(flushed[i].path)) {
            check(is_whole(again, flushed[i].path));
            flushed_seen++;
        }
}

static void
note_flushed(void)
{
    for (size_t i = 0; i < sizeof flushed / sizeof *flushed; i++)
        flushed[i].is_there = is_whole(&scene, flushed[i].path);
}

/* All before the last rename of a directory was flushed; it may have happened, too. */
static size_t
first_to_redo(struct scene *again)
{
    for (size_t i = promise_count; i > 0; i--) {
        const struct promise *const p = &promises[i - 1];

        if (p->directory == 0)
            continue;
        if (lookup(again, p->change.path) == DONE && again->entry.version == p->directory)
            return i - 1;
        return i;
    }
    return 0;
}

static void
redo(struct scene *again, const struct promise *p)
{
    struct change change = p->change;
    enum outcome outcome;

    if (change.kind == RENAME && p->directory == 0) {
        check(drop(again, change.path) == DONE);
        change.kind = PUT;
        change.path = change.to;
        change.to = NULL;
    }
    outcome = perform(again, &change, p->content);
    check(outcome == DONE || (change.kind == CHMOD && again->report.cause == CAUSE_NOT_FOUND));
}

static void
start_again(void)
{
    struct scene again;

    open_place(&again);
    if (is_backup)
        check_flushed(&again);
    for (size_t i = first_to_redo(&again); i < promise_count; i++)
        redo(&again, &promises[i]);
    check(flush(&again) == DONE);
    check(sim_pending() == 0);
    check(sim_looks() == wanted);
    again.kind->close(&again.backend);
}

/* Of what recovery did, every second change is on the disk. */
static void
cut_recovery(void)
{
    struct sim *const saved = sim_save();

    sim_before_sync(NULL);
    states++;
    if (sim_cut(UINT64_C(0x5555555555555555)))
        start_again();
    sim_back(saved);
    sim_before_sync(cut_recovery);
    free(saved);
}

static uint64_t
next_chance(void)
{
    static uint64_t chance;

    chance = chance * 6364136223846793005 + 1442695040888963407;
    return chance >> 20;
}

/* Every subset, or so many by chance where all would be too many: after three changes. */
static void
cut_here(void)
{
    struct sim *const saved = sim_save();
    const bool is_large = sim_pending() > SUBSETS_BITS;
    const uint64_t subsets = UINT64_C(1) << (is_large ? SUBSETS_BITS : sim_pending());

    sim_before_sync(cut_recovery);
    sim_forget();
    samples += is_large;
    for (uint64_t i = 0; i < subsets; i++) {
        if (!sim_cut(is_large ? next_chance() : i)) {
            impossible++;
            continue;
        }
        states++;
        if (sim_is_new()) {
            different++;
            start_again();
        }
        sim_back(saved);
    }
    sim_before_sync(cut_here);
    free(saved);
}

/* ---- workloads ------------------------------------------------------------------------ */

/* What the router would have refused is no change: nothing to rename, nothing with a mode. */
static bool
is_refused(const struct change *change)
{
    return (change->kind == RENAME || change->kind == CHMOD) &&
        lookup(&scene, change->path) != DONE;
}

/* The journal has the content of a file that is renamed, and its mode. */
static void
promise(const struct step *step, unsigned number)
{
    struct promise *const p = &promises[promise_count];

    *p = (struct promise){ .change = step->change };
    p->change.seq = 100 + number;
    if (step->content)
        strcpy(p->content, step->content);
    if (step->change.kind == RENAME) {
        check(lookup(&scene, step->change.path) == DONE);
        if (scene.entry.is_directory) {
            p->directory = scene.entry.version;
            check(flush(&scene) == DONE);
        } else {
            p->change.mode = scene.entry.mode;
            check(read_at(&scene, step->change.path, 0, p->content, CONTENT_MAX, 0) == DONE);
        }
    }
    promise_count++;
}

static void
take_step(const struct step *step, unsigned number)
{
    if (step->kind == IS_CHANGE && !is_refused(&step->change)) {
        promise(step, number);
        wanted = looks_after[number];
        check(perform(&scene, &promises[promise_count - 1].change, step->content) == DONE);
    } else if (step->kind != IS_CHANGE) {
        check(flush(&scene) == DONE);
    }
    if (step->kind == IS_CHECKPOINT) {
        promise_count = 0;
        note_flushed();
    }
    wanted = looks_after[number] = sim_looks();
}

static void
begin(void)
{
    sim_before_sync(NULL);
    sim_new();
    open_place(&scene);
    check(put(&scene, "/a", "old") == DONE);
    check(put(&scene, "/d/f", "old") == DONE);
    check(put(&scene, "/stage", "staged") == DONE);
    check(flush(&scene) == DONE);
    promise_count = 0;
    note_flushed();
    wanted = looks_after[0] = sim_looks();
}

static void
run(const unsigned *chosen, unsigned count)
{
    begin();
    for (unsigned i = 0; i < count; i++)
        take_step(&steps[chosen[i]], i + 1);
    scene.kind->close(&scene.backend);
}

/* Once to see what it should look like, once with cuts in the last step. */
static void
run_and_cut(const unsigned *chosen, unsigned count)
{
    run(chosen, count);
    begin();
    for (unsigned i = 0; i < count; i++) {
        sim_before_sync(i + 1 == count ? cut_here : NULL);
        take_step(&steps[chosen[i]], i + 1);
    }
    cut_here();
    sim_before_sync(NULL);
    scene.kind->close(&scene.backend);
}

static void
run_all(unsigned *chosen, unsigned count, unsigned most)
{
    if (count > 0)
        run_and_cut(chosen, count);
    for (unsigned kind = 0; count < most && kind < STEP_KINDS; kind++) {
        chosen[count] = kind;
        run_all(chosen, count + 1, most);
    }
}

/* A change, another, and the first again: of all workloads of three what is worth its time. */
static void
run_repeats(void)
{
    for (unsigned kind = 0; kind < STEP_KINDS * STEP_KINDS; kind++) {
        const unsigned first = kind / STEP_KINDS, between = kind % STEP_KINDS;

        run_and_cut((unsigned[]){ first, between, first }, 3);
    }
}

static void
run_everything(void)
{
    const char *const told = getenv("KNARR_TEST_STEPS");
    const unsigned most = told ? (unsigned) strtoul(told, NULL, 10) : STEPS;
    unsigned chosen[STEPS_MAX];

    check(most <= STEPS_MAX);
    log_setup((enum log_level)(LEVEL_ERROR + 1), 0);
    disk = &disk_sim;
    states = different = impossible = flushed_seen = samples = 0;
    run_all(chosen, 0, most);
    check(most > STEPS || samples == 0);
    if (most == STEPS && HAS_TIME)
        run_repeats();
    disk = &disk_real;
    printf(
        "   %llu states, %llu of them different; %llu that no disk leaves; %llu cuts by sample\n",
        states, different, impossible, samples);
}

static void
the_primary_is_whole_after_any_cut(void)
{
    is_backup = false;
    run_everything();
}

static void
so_is_a_backup_and_keeps_what_was_flushed(void)
{
    is_backup = true;
    run_everything();
    check(flushed_seen > 0);
}

static const struct test tests[] = {
    { "after any cut a start makes the primary as if there had been none",
        the_primary_is_whole_after_any_cut },
    { "so it does with a backup, whose flushed files were never torn",
        so_is_a_backup_and_keeps_what_was_flushed },
};

TEST_MAIN(tests)

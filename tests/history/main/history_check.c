/*
 * history_check - were the promises kept?
 *
 *     history_check [--counters FILE] HISTORY [PRIMARY [BACKUP...]]
 *
 * Replays a history (tests/history/history.h) in the order of its seqs beside
 * every snapshot the history names, and at its end beside PRIMARY and BACKUPs,
 * which are snapshots or directories and must be at rest and equal.  Prints one
 * line for each broken promise (tests/history/verdict.h) and one with the
 * counts; exits 1 if there was any, 2 if it could not read something.
 *
 * What it proves, and what not:
 *  - All that was answered with a seq happened, in the order of the seqs; that
 *    order agrees with real time; the result is exact, byte by byte.
 *  - What had no answer may have happened anywhere between its beginning and
 *    the end of its server.  Each path then has a set of possible values, and
 *    what is seen must be one of them.  A value remembers which unanswered
 *    operations it takes for granted, so one that is half there (a rename with
 *    both names or neither, a tree half removed) is found when what was seen
 *    leaves no doubt on each of two paths.  Contradictions that need more than
 *    two paths at once, or more than ASSUMPTIONS_MAX unanswered operations on one
 *    path since the last snapshot, can be missed; false alarms cannot arise from it.
 *  - An operation without an answer may be taken to act twice on a path if
 *    something else wrote there in between; that can hide an error, not invent one.
 *  - Refusals are not judged: that "not found" was right, nobody checks here.
 *    Reads are not judged either.
 *  - A backup that is not at rest is judged path by path: it shows a version
 *    the primary had, never an older one than before.  A version may be shown
 *    by chance as another one with the same content.
 *  - Modes and times of files are compared between primary and backup only (modes)
 *    or not at all (times).
 *  - A snapshot must be taken while no client has anything under way.
 */

#include "base/memory.h"
#include "tests/history/counters.h"
#include "tests/history/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool
load(struct snapshot *into, const char *from, const char *beside)
{
    const char *slash = strrchr(beside, '/');
    char *path = *from == '/' || !slash
        ? memory_copy(from, strlen(from))
        : memory_print("%.*s/%s", (int) (slash - beside), beside, from);
    struct stat status;
    const bool is_directory = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    const bool is_good = is_directory ? snapshot_take(into, path) : snapshot_read(into, path);

    free(path);
    return is_good;
}

/* Backups that were seen at the same time count together. */
static size_t
sightings_together(const struct history *history, size_t from)
{
    size_t count = 0;

    while (from + count < history->sighting_count && count < BACKUPS_MAX &&
        strcmp(history->sightings[from + count].who, "primary") != 0 &&
        history->sightings[from + count].at_ns == history->sightings[from].at_ns)
        count++;
    return count;
}

static bool
see(struct replay *replay, const struct history *history, const char *file, size_t *next)
{
    const struct sighting *sighting = &history->sightings[*next];
    const size_t count = sightings_together(history, *next);
    struct snapshot snapshots[BACKUPS_MAX] = { { 0 } };
    bool is_good = true;

    *next += count > 0 ? count : 1;
    for (size_t i = 0; i < (count > 0 ? count : 1) && is_good; i++)
        is_good = load(&snapshots[i], sighting[i].file, file);
    if (is_good && count == 0)
        replay_see_primary(replay, sighting->at_ns, &snapshots[0]);
    if (is_good && count > 0)
        replay_see_backups(replay, sighting, count, snapshots);
    for (size_t i = 0; i < BACKUPS_MAX; i++)
        snapshot_free(&snapshots[i]);
    return is_good;
}

static bool
see_end(struct replay *replay, char **places, int count)
{
    struct snapshot primary = { 0 };
    bool is_good = true;

    if (count == 0)
        return true;
    is_good = load(&primary, places[0], "");
    if (is_good)
        replay_see_primary(replay, UINT64_MAX, &primary);
    for (int i = 1; i < count && is_good; i++) {
        struct snapshot copy = { 0 };
        is_good = load(&copy, places[i], "");
        if (is_good)
            replay_compare(replay, &primary, places[i], &copy);
        snapshot_free(&copy);
    }
    snapshot_free(&primary);
    return is_good;
}

static bool
check_counters(const char *path, struct verdict *verdict)
{
    FILE *file = fopen(path, "re");
    char line[1024];
    bool is_good = file;

    while (is_good && fgets(line, sizeof line, file))
        is_good = counters_check(line, verdict);
    if (file)
        fclose(file);
    if (!is_good)
        fprintf(stderr, "%s: cannot be read as counters\n", path);
    return is_good;
}

static bool
check(const char *file, char **places, int count, struct verdict *verdict)
{
    struct history *history = history_new();
    struct replay replay;
    bool is_good = history_read(history, file);

    history_seal(history);
    replay_start(&replay, history, verdict);
    for (size_t next = 0; is_good && next < history->sighting_count;)
        is_good = see(&replay, history, file, &next);
    is_good = is_good && see_end(&replay, places, count);
    printf("operations %zu applied %zu unknown %zu undecided %zu deaths %zu snapshots %zu "
           "violations %zu lost %zu\n",
        history->count, replay.order.count, replay.unknown_count, replay_undecided(&replay),
        history->death_count, history->sighting_count, verdict->total, verdict->counts[RULE_LOST]);
    replay_finish(&replay);
    history_free(&history);
    return is_good;
}

int
main(int argc, char **argv)
{
    struct verdict verdict = { .out = stdout };
    int first = 1;

    if (argc > 3 && strcmp(argv[1], "--counters") == 0) {
        if (!check_counters(argv[2], &verdict))
            return 2;
        first = 3;
    }
    if (argc <= first) {
        fprintf(stderr, "usage: history_check [--counters FILE] HISTORY [PRIMARY [BACKUP...]]\n");
        return 2;
    }
    if (!check(argv[first], argv + first + 1, argc - first - 1, &verdict))
        return 2;
    return verdict.total > 0;
}

/*
 * The ledger against a model: a primary and a backup, both in memory, random
 * changes, a backup that fails, applies and then fails, reorders what may be
 * reordered, and a server that restarts from its last checkpoint.  However it
 * went, what it does not lack is as the primary has it, and once faults end the
 * backup becomes equal to the primary, but for the files that it excludes.
 *
 *     ledger_model_test [SEED [ROUNDS]]     one seed again
 */

#include "actors/ledger.h"
#include "actors/plan.h"
#include "actors/wait.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/path.h"
#include "tests/actors/support/model_change.h"
#include "tests/actors/support/model_gone.h"
#include "tests/actors/support/model_place.h"
#include "tests/check.h"

#include <inttypes.h>
#include <unistd.h>

enum {
    SEEDS = 400,
    STEPS = 400,
    SENT_MAX = 64,
    PROMISES_MAX = STEPS + 1,
    IDLE_STEPS = 20000,
};

/* ---- a clock that only moves when told ------------------------------------------- */

static uint64_t now_ns = UINT64_C(1000000000000);

static uint64_t
fake_now(void)
{
    return now_ns;
}

static const struct clock_source fake_clock = { fake_now, fake_now };

/* ---- the world ------------------------------------------------------------------- */

struct promised { /* what the journal would have in its records */
    struct promise promise;
    char *path, *to;
    struct body body;
    struct model_gone *gone; /* of a REMOVE_TREE */
    bool was_noted, is_refused, is_compared, gets_it;
};

struct order_copy {
    struct order order;
    char *path, *to;
    struct body body;
    bool has_body;
};

struct world {
    struct backend *primary, *backup;
    struct conf_backend conf_backup; /* which excludes something, or nothing */
    struct conf conf;
    char directory[64];
    struct catalog *catalog;
    struct ledger *ledger;
    uint64_t epoch, next_seq, checkpoint_seq;
    struct promised promised[PROMISES_MAX];
    size_t promised_count, answered; /* of them; the ledger knows no others */
    struct order_copy sent[SENT_MAX];
    size_t sent_count;
    unsigned failing;  /* percent of applies that fail */
    struct wait *wait; /* of one RENAME or REMOVE_TREE, or NULL */
    const struct promised *waited;
};

static void
open_ledger(struct world *w)
{
    struct report report;

    check(catalog_open(&w->catalog, w->directory, &report) == DONE);
    w->checkpoint_seq = catalog_checkpoint_seq(w->catalog);
    w->ledger = ledger_new(&(struct ledger_args){
        .catalog = w->catalog,
        .window_items = 4 + model_draw(64),
        .window_bytes = model_draw(2) ? 1 << 20 : 20 << 10,
        .in_flight = 1 + model_draw(SENT_MAX - 1),
        .retry_interval_ms = 1000,
        .backoff_base_ms = 10,
        .retries_per_round = 3,
        .quarantine_after = 3,
        .breaker_max_ms = 1000,
        .quarantine_ms = 5000,
        .first_attempt = ++w->epoch << 32 | 1,
        .seed = model_draw(UINT32_MAX),
    });
    ledger_add(w->ledger, 7, "backup");
}

static void
drop_sent(struct world *w, size_t i)
{
    struct order_copy *copy = &w->sent[i];

    free(copy->path);
    free(copy->to);
    body_clear(&copy->body);
    memmove(copy, copy + 1, (--w->sent_count - i) * sizeof *copy);
}

static void
close_ledger(struct world *w)
{
    ledger_free(&w->ledger);
    if (w->wait)
        wait_free(w->wait);
    w->wait = NULL;
    catalog_close(&w->catalog);
    while (w->sent_count > 0)
        drop_sent(w, 0); /* lost with the process; what was not begun never will be */
}

static void answer(struct world *);

/* Behind a flush of the primary, which is behind all that was promised. */
static void
checkpoint(struct world *w)
{
    struct report report;

    while (w->answered < w->promised_count)
        answer(w);
    check(ledger_save(w->ledger, SIZE_MAX, &report) == DONE);
    check(catalog_checkpoint(w->catalog, w->next_seq - 1, &report) == DONE);
    w->checkpoint_seq = w->next_seq - 1;
}

static void
restart(struct world *w)
{
    close_ledger(w);
    open_ledger(w);
    w->answered = w->promised_count;
    for (size_t i = 0; i < w->promised_count; i++) {
        if (w->promised[i].promise.seq <= w->checkpoint_seq)
            continue;
        if (w->promised[i].is_refused || w->promised[i].is_compared)
            ledger_compare(w->ledger, 0, &w->promised[i].promise, NULL);
        else
            ledger_promise_again(w->ledger, 0, &w->promised[i].promise);
    }
    for (size_t i = 0; i < w->promised_count; i++)
        if (w->promised[i].promise.seq > w->checkpoint_seq && w->promised[i].was_noted)
            ledger_was_applied(w->ledger, 0, w->promised[i].path, w->promised[i].promise.seq);
}

/* ---- clients --------------------------------------------------------------------- */

/* As the router plans it; false: the backup has nothing to do with it. */
static bool
plan(struct world *w, struct promised *p, const struct entry *old, bool *gets_it)
{
    const struct promise *m = &p->promise;
    struct subject subject = { .kind = m->kind,
        .path = m->path,
        .to = m->to,
        .size = m->kind == PUT ? m->size : old->size,
        .is_directory = old->is_directory };
    struct plan plan = plan_change(&w->conf, 1, &subject);
    char *above = view_dup(path_parent(view_of(m->path)));
    struct entry entry;

    *gets_it = plan.targets;
    p->is_compared = plan.compared &&
        !(m->kind == PUT && old->version == 0 && model_look(w->primary, above, &entry));
    free(above);
    return *gets_it || p->is_compared;
}

static struct wait *
wait_for(struct world *w, const struct promised *promised)
{
    const struct promise *p = &promised->promise;

    if (w->wait || (p->kind != RENAME && p->kind != REMOVE_TREE) || !promised->gets_it)
        return NULL;
    w->waited = promised;
    w->wait = wait_new(1, 1, p->seq, 1);
    return w->wait;
}

/* The primary has done, or refused, the next one: the backup is owed it. */
static void
answer(struct world *w)
{
    struct promised *p = &w->promised[w->answered++];

    if (p->promise.seq == 0)
        return;
    if (p->is_refused || p->is_compared) {
        ledger_compare(w->ledger, 0, &p->promise, p->is_refused ? NULL : wait_for(w, p));
        return;
    }
    if (p->promise.kind == PUT && model_draw(2))
        p->promise.body = &p->body;
    ledger_promise(w->ledger, 0, &p->promise, wait_for(w, p));
    p->promise.body = NULL;
}

/* Changes that touch each other follow each other; a directory is renamed behind all. */
static bool
may_overtake(const struct world *w, const struct change *change, bool is_directory)
{
    for (size_t i = w->answered; i < w->promised_count; i++)
        if (model_touch(w->promised[i].path, w->promised[i].to, change->path, change->to))
            return false;
    return change->kind != RENAME || !is_directory;
}

static void
change_something(struct world *w)
{
    struct promised *p = &w->promised[w->promised_count];
    char path[32], to[32], bytes[MODEL_BYTES];
    struct change change;
    struct entry entry = { 0 };

    if (w->promised_count == PROMISES_MAX || !model_random_change(w->primary, &change, path, to))
        return;
    memset(p, 0, sizeof *p);
    snprintf(bytes, sizeof bytes, "%08" PRIu64 "%07" PRIu64, w->next_seq, w->next_seq);
    change.seq = w->next_seq;
    model_look(w->primary, path, &entry);
    while (w->answered < w->promised_count && !may_overtake(w, &change, entry.is_directory))
        answer(w);
    p->path = memory_copy(path, strlen(path));
    p->to = change.to ? memory_copy(to, strlen(to)) : NULL;
    p->promise = (struct promise){
        .seq = w->next_seq++,
        .kind = change.kind,
        .path = p->path,
        .to = p->to,
        .is_directory = change.kind == RENAME && entry.is_directory,
        .mode = change.kind == RENAME ? entry.mode : change.mode, /* as the router says it */
        .size = change.size,
        .mtime_ns = change.mtime_ns,
    };
    body_copy(&p->body, (struct view){ bytes, (size_t) change.size });
    if (!plan(w, p, &entry, &p->gets_it))
        p->promise.seq = 0; /* no record names this backup */
    p->is_refused = model_draw(12) == 0;
    if (change.kind == REMOVE_TREE)
        p->gone = model_gone_note(w->primary, path);
    check(p->is_refused || model_apply(w->primary, change, bytes, NULL) == DONE);
    w->promised_count++;
}

/* ---- the backup's store ------------------------------------------------------------ */

static void
take_order(struct world *w)
{
    struct order_copy *copy = &w->sent[w->sent_count];
    struct order order;

    if (w->sent_count == SENT_MAX || !ledger_next(w->ledger, 0, &order))
        return;
    *copy = (struct order_copy){ .order = order };
    copy->path = memory_copy(order.path, strlen(order.path));
    copy->to = order.to ? memory_copy(order.to, strlen(order.to)) : NULL;
    copy->has_body = order.body != NULL;
    if (order.body)
        body_share(&copy->body, order.body);
    else
        body_init(&copy->body);
    w->sent_count++;
}

static enum outcome
carry_out(struct world *w, const struct order_copy *copy, enum cause *cause)
{
    struct change change = {
        .kind = (enum change_kind) copy->order.kind,
        .path = copy->path,
        .to = copy->to,
        .seq = copy->order.attempt,
        .size = copy->order.size,
        .mode = copy->order.mode,
        .mtime_ns = copy->order.mtime_ns,
    };
    bool fetches = copy->order.kind == PUT && !copy->has_body && copy->order.size > 0;

    if (copy->order.kind == LAG_PRUNE)
        return model_prune(w->primary, w->backup, copy->path, copy->order.attempt, cause);
    if (copy->order.kind == LAG_PATH || fetches)
        return model_path_by_state(w->primary, w->backup, copy->path, copy->order.attempt, cause);
    return model_apply(w->backup, change, body_view(&copy->body).at, cause);
}

/* What is done by state never takes a file that the backup has as the primary has it. */
static enum outcome
carry_out_and_keep(struct world *w, const struct order_copy *copy, enum cause *cause)
{
    struct model_paths *same = model_note_same(w->primary, w->backup);
    enum outcome outcome = carry_out(w, copy, cause);

    if (copy->order.kind >= LAG_TREE)
        model_check_kept(w->primary, w->backup, same);
    model_paths_free(same);
    return outcome;
}

/* What may begin now: anything in front of the first barrier, or that if it is first. */
static size_t
pick_sent(const struct world *w)
{
    size_t free_to_go = 0;

    if (w->sent[0].order.is_barrier)
        return 0;
    while (free_to_go < w->sent_count && !w->sent[free_to_go].order.is_barrier)
        free_to_go++;
    return model_draw((unsigned) free_to_go);
}

static void
check_acknowledged(struct world *w)
{
    ledger_primary_is_at(w->ledger, w->promised_count, w->answered);
    if (!w->wait || w->wait->links)
        return;
    wait_free(w->wait);
    w->wait = NULL;
    if (w->waited->gone)
        model_gone_check(w->waited->gone, w->backup);
    else if (w->waited->promise.seq == w->next_seq - 1) /* else it may have changed since */
        model_check_all_there(w->primary, w->backup, w->waited->to);
}

static void
end_order(struct world *w)
{
    enum outcome outcome = DONE;
    enum cause cause = CAUSE_NONE;
    struct order_copy *copy;
    uint64_t seq;
    size_t i;

    if (w->sent_count == 0)
        return;
    i = pick_sent(w);
    copy = &w->sent[i];
    if (model_draw(100) >= w->failing)
        outcome = carry_out_and_keep(w, copy, &cause);
    else
        outcome = RETRY, cause = CAUSE_IO;
    if (outcome == DONE && model_draw(100) < w->failing)
        outcome = RETRY, cause = CAUSE_IO; /* it was applied, and nobody knows */
    seq = ledger_ended(w->ledger, 0, copy->order.attempt, outcome, cause,
        view_of("as the test wants"));
    for (size_t p = 0; seq > 0 && p < w->promised_count; p++)
        if (w->promised[p].promise.seq == seq)
            w->promised[p].was_noted = true;
    drop_sent(w, i);
    check_acknowledged(w);
}

static void
walk(struct world *w)
{
    struct model_paths *paths = memory_new(sizeof *paths);
    const char *path, *after;
    struct entry entry;

    if (ledger_walk(w->ledger, 0, &path, &after)) {
        if (!model_look(w->primary, path, &entry)) {
            ledger_walk_failed(w->ledger, 0, REFUSED, view_of("nothing is there"));
        } else {
            paths->at[paths->count++] = memory_copy(path, strlen(path));
            if (entry.is_directory)
                model_collect(w->primary, path, paths);
            for (size_t i = 0; i < paths->count; i++)
                if (model_wants(w->primary, paths->at[i], &entry))
                    ledger_walk_found(w->ledger, 0, paths->at[i], entry.size);
            ledger_walk_paged(w->ledger, 0, false, view_of(""));
        }
    }
    model_paths_free(paths);
}

/* ---- the end --------------------------------------------------------------------- */

/* Every mark ends as one thing, and until then it is pending. */
static void
check_adds_up(struct world *w)
{
    struct ledger_state is;

    ledger_state(w->ledger, 0, &is);
    check(is.promised == is.applied + is.superseded + is.pending);
    check(is.dead + is.quarantined <= is.pending);
}

static void
check_converges(struct world *w)
{
    struct ledger_state is;
    unsigned steps = 0;

    w->failing = 0;
    while (w->answered < w->promised_count)
        answer(w);
    do {
        take_order(w);
        walk(w);
        end_order(w);
        now_ns += 100 * UINT64_C(1000000);
        ledger_state(w->ledger, 0, &is);
        check_adds_up(w);
        check(++steps < IDLE_STEPS);
    } while (is.pending > 0);
    check(strcmp(is.state, "idle") == 0);
    model_check_equal(w->primary, w->backup);
}

static void
run_seed(uint64_t seed)
{
    struct world *w = memory_new(sizeof *w);
    char *remove;

    model_seed(seed);
    printf("seed %" PRIu64 "\r", seed);
    fflush(stdout);
    w->conf = (struct conf){ .backups = &w->conf_backup, .backup_count = 1 };
    if (model_draw(3))
        model_exclude_some(&w->conf_backup.excludes);
    model_excludes = w->conf_backup.excludes;
    w->primary = model_open("primary");
    w->backup = model_open("backup");
    w->next_seq = 1;
    w->failing = model_draw(3) ? model_draw(40) : 0;
    snprintf(w->directory, sizeof w->directory, "/tmp/knarr-ledger-XXXXXX");
    check(mkdtemp(w->directory));
    open_ledger(w);
    for (unsigned step = 0; step < STEPS; step++) {
        if (model_draw(3) == 0)
            change_something(w);
        if (w->answered < w->promised_count && model_draw(2))
            answer(w);
        if (model_draw(2))
            take_order(w);
        if (model_draw(3) == 0)
            walk(w);
        if (model_draw(2))
            end_order(w);
        if (model_draw(30) == 0) {
            checkpoint(w);
            if (model_draw(4) == 0)
                restart(w);
        }
        if (model_draw(150) == 0)
            restart(w);
        check_adds_up(w);
        if (step % 4 == 0 && w->answered == w->promised_count)
            model_check_fresh(w->ledger, w->primary, w->backup);
        now_ns += model_draw(20) * UINT64_C(1000000);
    }
    check_converges(w);
    close_ledger(w);
    model_close(&w->primary);
    model_close(&w->backup);
    for (size_t i = 0; i < w->promised_count; i++) {
        free(w->promised[i].path);
        free(w->promised[i].to);
        model_gone_free(&w->promised[i].gone);
        body_clear(&w->promised[i].body);
    }
    policies_free(&w->conf_backup.excludes);
    remove = memory_print("rm -rf %s", w->directory);
    check(system(remove) == 0);
    free(remove);
    free(w);
}

int
main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : argc > 1 ? 1 : SEEDS;

    clock_source = &fake_clock;
    for (uint64_t seed = first; seed < first + seeds; seed++)
        run_seed(seed);
    printf("ok %" PRIu64 " seeds: a backup becomes equal to the primary\n", seeds);
    return 0;
}

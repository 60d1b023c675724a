/*
 * Histories by chance: of a right server, of which nothing may be said, and of
 * one that forgot, or did half, what it had promised.
 */

#include "tests/check.h"
#include "tests/history/support/model.h"
#include "tests/history/support/trial.h"

#include <inttypes.h>

enum { CLIENTS_MAX = 32, TURNS_MAX = 800, GAMES = 100, FILES = 6 };

/* How many clients, how long, on how many directories, and one turn in how many is a death. */
struct size {
    unsigned clients, turns, tops, life;
};

static const struct size few = { 4, 400, 4, 25 }, crowd = { 24, 800, 2, 100 };

struct client {
    enum { IDLE, BEGUN, APPLIED } state;
    struct step step;
    uint64_t id, seq;
    bool is_done;
};

/* What the server does wrong, once, in the second half. */
enum crime { NO_CRIME, FORGETS_A_PUT, LOSES_A_MOVED_FILE };

struct game {
    struct model model;
    struct plan plan;
    struct client clients[CLIENTS_MAX];
    struct size size;
    uint64_t now, last_id, last_seq;
    enum crime crime;
    struct {
        uint64_t at_ns;
        struct snapshot snapshot;
    } sightings[TURNS_MAX];
    size_t sighting_count;
};

static unsigned
chance(struct game *self, unsigned below)
{
    struct step unused;

    plan_next(&self->plan, &unused);
    return (unsigned) (self->plan.state >> 33) % below;
}

static void
begin(struct game *self, struct client *client, unsigned number)
{
    char line[256], to[PLAN_TO_BYTES];

    do
        plan_next(&self->plan, &client->step);
    while (client->step.is_chmod);
    client->id = ++self->last_id;
    client->state = BEGUN;
    snprintf(line, sizeof line, "b %" PRIu64 " %" PRIu64 " %u %s %" PRIu64 " %s %s", self->now,
        client->id, number, op_names[client->step.kind], client->step.size, client->step.path,
        step_to(&client->step, "", to));
    says(line);
}

/* Of a directory at its new name. */
static bool
lose_a_file(struct game *self, const char *directory)
{
    struct step lost = { .kind = OP_REMOVE };

    for (unsigned i = 0; i < FILES; i++) {
        snprintf(lost.path, sizeof lost.path, "%.32s/f%u", directory, i);
        if (model_apply(&self->model, &lost, 0))
            return true;
    }
    return false;
}

static void
apply(struct game *self, struct client *client)
{
    const struct step *step = &client->step;
    const bool is_time = self->now > self->size.turns / 2;

    client->state = APPLIED;
    if (is_time && self->crime == FORGETS_A_PUT && step->kind == OP_PUT && step->size > 0) {
        self->crime = NO_CRIME;
        client->is_done = true;
    } else {
        client->is_done = model_apply(&self->model, step, client->id);
    }
    if (is_time && self->crime == LOSES_A_MOVED_FILE && client->is_done &&
        step->kind == OP_RENAME && lose_a_file(self, step->to))
        self->crime = NO_CRIME;
    client->seq = client->is_done ? ++self->last_seq : 0;
}

static void
answer(struct game *self, struct client *client)
{
    char line[256];

    client->state = IDLE;
    snprintf(line, sizeof line, "e %" PRIu64 " %" PRIu64 " %s %" PRIu64 " 0 0 none", self->now,
        client->id, client->is_done ? "done" : "refused", client->seq);
    says(line);
}

static void
see(struct game *self)
{
    self->sightings[self->sighting_count].at_ns = self->now;
    model_see(&self->model, &self->sightings[self->sighting_count++].snapshot);
}

static void
die(struct game *self)
{
    char line[64];

    snprintf(line, sizeof line, "m %" PRIu64 " kill", self->now++);
    says(line);
    for (unsigned i = 0; i < self->size.clients; i++)
        self->clients[i].state = IDLE;
    if (chance(self, 3) > 0)
        see(self);
}

static void
take_turn(struct game *self)
{
    const unsigned number = chance(self, self->size.clients);
    struct client *client = &self->clients[number];

    self->now++;
    if (chance(self, self->size.life) == 0)
        die(self);
    else if (client->state == IDLE)
        begin(self, client, number);
    else if (client->state == BEGUN)
        apply(self, client);
    else
        answer(self, client);
}

static void
judge(struct game *self)
{
    trial_replay();
    for (size_t i = 0; i < self->sighting_count; i++) {
        replay_see_primary(&trial.replay, self->sightings[i].at_ns, &self->sightings[i].snapshot);
        snapshot_free(&self->sightings[i].snapshot);
    }
    trial_end();
}

/* Returns whether the crime was done. */
static bool
play(const struct size *size, uint64_t seed, enum crime crime)
{
    static struct game game;

    game = (struct game){ .size = *size, .crime = crime };
    game.plan = (struct plan){ .state = seed * 0x9e3779b97f4a7c15U, .tops = size->tops };
    trial_begin();
    trial.verdict.out = crime == NO_CRIME ? stdout : NULL;
    model_open(&game.model);
    for (unsigned i = 0; i < size->turns; i++)
        take_turn(&game);
    game.now++;
    if (game.crime == NO_CRIME)
        die(&game);
    see(&game);
    judge(&game);
    model_close(&game.model);
    return game.crime != crime;
}

static void
play_fairly(const struct size *size)
{
    for (uint64_t seed = 1; seed <= GAMES; seed++) {
        play(size, seed, NO_CRIME);
        if (trial.verdict.total > 0)
            printf("seed %" PRIu64 "\n", seed);
        check(trial.verdict.total == 0);
    }
}

static void
of_a_right_server_nothing_is_said(void)
{
    play_fairly(&few);
}

static void
of_a_right_server_in_a_crowd_nothing_is_said(void)
{
    play_fairly(&crowd);
}

/* Something later hides what was done wrong in some histories; not in most. */
static bool
is_mostly_found(enum crime crime)
{
    size_t done = 0, found = 0;

    for (uint64_t seed = 1; seed <= GAMES; seed++) {
        done += play(&few, seed, crime);
        found += trial.verdict.total > 0;
    }
    return done > GAMES / 10 && found > done / 2;
}

static void
a_forgotten_write_is_mostly_found(void)
{
    check(is_mostly_found(FORGETS_A_PUT));
}

static void
a_file_lost_on_the_way_of_its_directory_is_mostly_found(void)
{
    check(is_mostly_found(LOSES_A_MOVED_FILE));
}

static const struct test tests[] = {
    { "of a right server nothing is said", of_a_right_server_nothing_is_said },
    { "of a right server in a crowd nothing is said",
        of_a_right_server_in_a_crowd_nothing_is_said },
    { "a forgotten write is mostly found", a_forgotten_write_is_mostly_found },
    { "a file lost on the way of its directory is mostly found",
        a_file_lost_on_the_way_of_its_directory_is_mostly_found },
};

TEST_MAIN(tests)

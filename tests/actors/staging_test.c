/* New versions beside the tree, in the primary's store; told by hand what the router would say. */

#include "actors/staging.h"

#include "actors/store.h"
#include "tests/check.h"

#include <czmq.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 };

static char directory[64], place[96], flaky_place[256], control[96];
static struct actor *store;
static struct inbox *journal, *router;
static zsock_t *mouth;
static struct envelope *heard;

/* ---- a store, and what is said to it ----------------------------------------------------- */

/* For all calls to the place from now on. */
static void
order(const char *line)
{
    FILE *file = fopen(control, "w");

    check(file && fputs(line, file) >= 0 && fclose(file) == 0);
}

static void
begin(const char *kind)
{
    struct store_args args = { .kind = backend_kind_find(kind), .backend = { .name = "primary" } };
    struct report report;

    strcpy(directory, "/tmp/knarr-staging-XXXXXX");
    check(mkdtemp(directory));
    snprintf(place, sizeof place, "%s/place", directory);
    snprintf(control, sizeof control, "%s/control", directory);
    snprintf(flaky_place, sizeof flaky_place, "local:%s?%s", place, control);
    args.backend.place = strcmp(kind, "flaky") == 0 ? flaky_place : place;
    journal = inbox_open("journal");
    router = inbox_open("router");
    store = actor_start(&store_actor, "store/0", &args, &report);
    check(store);
    mouth = zsock_new_push(">inproc://knarr/store/0");
    check(mouth);
}

static void
stop(void)
{
    char command[120];

    actor_stop(&store);
    zsock_destroy(&mouth);
    envelope_close(&heard);
    inbox_close(&journal);
    inbox_close(&router);
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    check(system(command) == 0);
}

static void
say(const struct message *message, const char *content)
{
    struct body body;

    body_init(&body);
    body_copy(&body, view_of(content));
    check(message_send(zsock_resolve(mouth), view_of(""), message, content[0] ? &body : NULL));
    body_clear(&body);
}

static void
put(uint64_t attempt, const char *path, const char *content)
{
    const struct message_apply m = { .attempt = attempt,
        .kind = PUT,
        .path = view_of(path),
        .size = strlen(content),
        .mode = 0644,
        .inlined = true };

    say(&(struct message){ .tag = APPLY, .apply = m }, content);
}

static const struct message_applied *
applied(uint64_t attempt)
{
    envelope_close(&heard);
    heard = inbox_wait(journal, -1, PATIENCE_MS);
    check(heard && envelope_message(heard)->tag == APPLIED);
    check(envelope_message(heard)->applied.attempt == attempt);
    return &envelope_message(heard)->applied;
}

static bool
stands(const char *path)
{
    char full[256];

    snprintf(full, sizeof full, "%s%s", place, path);
    return access(full, F_OK) == 0;
}

enum { SLICE = 1 << 20 };

static void
stage(const char *base, uint64_t head, uint64_t size)
{
    say(
        &(struct message){
            .tag = STAGE,
            .stage = { .request = 7,
                .path = view_of("/.knarr-stage/7"),
                .base = view_of(base),
                .head = head,
                .size = size,
                .mode = 0644 },
        },
        "");
}

static void
stage_data(const char *bytes)
{
    say(&(struct message){ .tag = STAGE_DATA, .stage_data = { .request = 7, .last = true } },
        bytes);
}

static const struct message *
router_hears(void)
{
    envelope_close(&heard);
    heard = inbox_wait(router, -1, PATIENCE_MS);
    check(heard);
    return envelope_message(heard);
}

static bool
router_hears_nothing(void)
{
    envelope_close(&heard);
    heard = inbox_wait(router, -1, 0);
    return !heard;
}

/* A file of zeros, that large. */
static void
make_large(const char *path, off_t size)
{
    char full[256];

    snprintf(full, sizeof full, "%s%s", place, path);
    put(1, path, "x");
    check(applied(1)->outcome == DONE && truncate(full, size) == 0);
}

static void
what_is_before_new_bytes_is_copied_in_steps(void)
{
    begin("flaky");
    make_large("/large", 100 * SLICE);
    order("read slow 20\n");
    stage("/large", 100 * SLICE, 1);
    for (uint64_t attempt = 2; attempt < 5; attempt++) {
        put(attempt, "/small", "meanwhile");
        check(applied(attempt)->outcome == DONE && router_hears_nothing());
    }
    order("");
    check(router_hears()->tag == STAGE_ROOM && envelope_message(heard)->stage_room.bytes == 0);
    stage_data("x");
    check(router_hears()->tag == STAGE_ROOM && envelope_message(heard)->stage_room.bytes == 1);
    check(router_hears()->tag == STAGED && envelope_message(heard)->staged.outcome == DONE);
    check(envelope_message(heard)->staged.size == 100 * SLICE + 1);
    stop();
}

/* It may have become whole meanwhile, or never have come so far. */
static void
a_stage_that_nobody_wants_goes(void)
{
    begin("local");
    for (int is_whole = 0; is_whole < 3; is_whole++) {
        stage("", 0, 4);
        if (is_whole)
            stage_data("text");
        if (is_whole == 2) {
            check(router_hears()->tag == STAGE_ROOM && router_hears()->tag == STAGED);
            check(stands("/.knarr-stage/7"));
        }
        say(
            &(struct message){
                .tag = UNSTAGE,
                .unstage = { .request = 7, .path = view_of("/.knarr-stage/7") },
            },
            "");
        put(1, "/behind", "x");
        check(applied(1)->outcome == DONE && !stands("/.knarr-stage/7"));
        while (!router_hears_nothing())
            ;
    }
    stop();
}

static const struct test tests[] = {
    { "what is before new bytes is copied in steps, and others go on meanwhile",
        what_is_before_new_bytes_is_copied_in_steps },
    { "a stage that nobody wants goes, however far it came", a_stage_that_nobody_wants_goes },
};

TEST_MAIN(tests)

#include "tests/actors/support/store_place.h"

#include "tests/check.h"

#include <czmq.h>
#include <unistd.h>

enum { SOON_MS = 100 };

char place[96];
struct actor *the_store;
struct policies *store_excludes;
struct envelope *last_heard;
struct report store_report;

static char directory[64], flaky_place[256], control[96];
static struct inbox *journal, *reader;
static zsock_t *mouth;

/* ---- a store, and what is said to it ----------------------------------------------------- */

void
order(const char *lines)
{
    char next[120];
    FILE *file;

    snprintf(next, sizeof next, "%s.next", control);
    file = fopen(next, "w");
    check(file && fputs(lines, file) >= 0 && fclose(file) == 0);
    check(rename(next, control) == 0);
}

void
set_up(void)
{
    strcpy(directory, "/tmp/knarr-store-XXXXXX");
    check(mkdtemp(directory));
    snprintf(place, sizeof place, "%s/place", directory);
    snprintf(control, sizeof control, "%s/control", directory);
    snprintf(flaky_place, sizeof flaky_place, "local:%s?%s", place, control);
    order("");
    journal = inbox_open("journal");
    reader = inbox_open("reader");
}

void
start(uint64_t number, const char *kind, uint64_t flush_delay_ms, uint64_t flush_items)
{
    struct store_args args = {
        .number = number,
        .kind = backend_kind_find(kind),
        .backend = { .name = "b1", .place = strcmp(kind, "flaky") == 0 ? flaky_place : place },
        .flush_delay_ms = flush_delay_ms,
        .flush_items = flush_items,
        .excludes = store_excludes,
    };
    char name[STORE_NAME_BYTES];

    store_name(name, number);
    the_store = actor_start(&store_actor, name, &args, &store_report);
    if (!the_store)
        return;
    mouth = zsock_new_push("");
    check(mouth && zsock_connect(mouth, "inproc://knarr/%s", name) == 0);
}

void
stop(void)
{
    char command[120];

    actor_stop(&the_store);
    zsock_destroy(&mouth);
    envelope_close(&last_heard);
    inbox_close(&journal);
    inbox_close(&reader);
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    check(system(command) == 0);
}

void
say(const struct message *message, const char *content)
{
    struct body body;

    body_init(&body);
    if (content[0])
        body_copy(&body, view_of(content));
    check(message_send(zsock_resolve(mouth), view_of(""), message, content[0] ? &body : NULL));
}

void
apply(struct message_apply what, const char *content)
{
    if (what.kind == PUT && what.inlined)
        what.size = strlen(content);
    if (!what.mode)
        what.mode = 0644;
    say(&(struct message){ .tag = APPLY, .apply = what }, content);
}

void
put(uint64_t attempt, const char *path, const char *content)
{
    apply((struct message_apply){ .attempt = attempt,
              .kind = PUT,
              .path = view_of(path),
              .inlined = true },
        content);
}

void
put_by_state(uint64_t attempt, const char *path)
{
    apply((struct message_apply){ .attempt = attempt, .kind = PUT, .path = view_of(path) }, "");
}

void
prune(uint64_t attempt, const char *path)
{
    apply((struct message_apply){ .attempt = attempt, .kind = APPLY_PRUNE, .path = view_of(path) },
        "");
}

/* ---- what it answers ------------------------------------------------------------------------ */

const struct message_applied *
applied(uint64_t attempt)
{
    envelope_close(&last_heard);
    last_heard = inbox_wait(journal, -1, PATIENCE_MS);
    check(last_heard && envelope_message(last_heard)->tag == APPLIED);
    check(envelope_message(last_heard)->applied.attempt == attempt);
    return &envelope_message(last_heard)->applied;
}

bool
is_silent(void)
{
    envelope_close(&last_heard);
    last_heard = inbox_wait(journal, -1, SOON_MS);
    return !last_heard;
}

const struct message_fetch *
fetched_any(void)
{
    envelope_close(&last_heard);
    last_heard = inbox_wait(reader, -1, PATIENCE_MS);
    check(last_heard && envelope_message(last_heard)->tag == FETCH);
    return &envelope_message(last_heard)->fetch;
}

const struct message_fetch *
fetched(uint64_t attempt, const char *path)
{
    const struct message_fetch *fetch = fetched_any();

    check(fetch->attempt == attempt && view_is(fetch->path, path));
    return fetch;
}

void
chunk(uint64_t attempt, uint64_t version, uint64_t offset, uint64_t size, const char *bytes)
{
    say(
        &(struct message){
            .tag = CHUNK,
            .chunk = { .attempt = attempt,
                .version = version,
                .offset = offset,
                .size = size,
                .mode = 0644,
                .outcome = DONE },
        },
        bytes);
}

void
no_chunk(uint64_t attempt, enum outcome outcome, enum cause cause)
{
    say(
        &(struct message){
            .tag = CHUNK,
            .chunk = { .attempt = attempt,
                .mode = 0755,
                .outcome = outcome,
                .cause = cause,
                .reason = view_of("as told") },
        },
        "");
}

bool
holds(const char *path, const char *text)
{
    char full[256], bytes[64] = "";
    FILE *file;
    size_t got;

    snprintf(full, sizeof full, "%s%s", place, path);
    file = fopen(full, "r");
    if (!file)
        return false;
    got = fread(bytes, 1, sizeof bytes - 1, file);
    fclose(file);
    return got == strlen(text) && strcmp(bytes, text) == 0;
}

bool
stands(const char *path)
{
    char full[256];

    snprintf(full, sizeof full, "%s%s", place, path);
    return access(full, F_OK) == 0;
}

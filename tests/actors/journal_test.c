/* What the journal says to the primary, to a backup and to the router, and in which order. */

#include "actors/journal.h"
#include "base/memory.h"
#include "tests/check.h"

#include <czmq.h>

enum { PATIENCE_MS = 20000, PUTS = 200, CONCURRENCY = 3 };

static char place[64];
static struct conf *conf;
static struct inbox *supervisor, *router, *primary, *backup;
static struct actor *journal;
static zsock_t *mouth; /* what is said into it, the journal hears */
static struct envelope *heard;

static const struct message *
hear(struct inbox *inbox)
{
    envelope_close(&heard);
    heard = inbox_wait(inbox, -1, PATIENCE_MS);
    check(heard);
    return envelope_message(heard);
}

static void
say(struct message message)
{
    check(message_send(zsock_resolve(mouth), view_of(""), &message, NULL));
}

static void
configure(void)
{
    struct conf_problems problems = { 0 };
    char *text = memory_print("{\"storage\": {\"workspace\": \"%s\", \"agfs\": {\"backend\": "
                              "\"local\", \"knarr\": {\"journal_segment_bytes\": 1048576}, "
                              "\"backups\": {\"write_concurrency\": %d, \"items\": [{\"name\": "
                              "\"b1\", \"backend\": \"memory\"}]}}}}",
        place, CONCURRENCY);

    check(conf_parse(&conf, text, strlen(text), "ov.conf", &problems) == DONE);
    conf_problems_free(&problems);
    free(text);
}

static void
flushed(uint64_t ticket)
{
    say((struct message){ .tag = FLUSHED, .flushed = { .ticket = ticket } });
}

static void
begin_journal(void)
{
    struct journal_args args = { .directory = place,
        .primary_kind = backend_kind_find("local"),
        .primary = { .name = "primary", .place = place },
        .backups = { { .name = "b1",
            .kind = backend_kind_find("memory"),
            .place_id = "",
            .receives = true } },
        .backup_count = 1 };
    struct report report = { CAUSE_NONE, "" };

    strcpy(place, "/tmp/knarr-journal-XXXXXX");
    check(mkdtemp(place));
    configure();
    args.conf = conf;
    supervisor = inbox_open("supervisor");
    router = inbox_open("router");
    primary = inbox_open("store/0");
    backup = inbox_open("store/1");
    journal = actor_start(&journal_actor, "journal", &args, &report);
    check(journal);
    mouth = zsock_new_push(">inproc://knarr/journal");
    check(hear(primary)->tag == FLUSH); /* the checkpoint that ends recovery */
    flushed(envelope_message(heard)->flush.ticket);
    check(hear(supervisor)->tag == SERVING);
    check(hear(primary)->tag == APPLY); /* stages that nobody promised go */
}

static void
end_journal(void)
{
    char command[128];

    envelope_close(&heard);
    actor_stop(&journal);
    zsock_destroy(&mouth);
    inbox_close(&supervisor);
    inbox_close(&router);
    inbox_close(&primary);
    inbox_close(&backup);
    conf_free(&conf);
    snprintf(command, sizeof command, "rm -rf '%s'", place);
    check(system(command) == 0);
}

static void
commit_mkdirs(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char path[32];

        snprintf(path, sizeof path, "/d%u", i);
        say((struct message){ .tag = COMMIT,
            .commit = { .request = i + 1, .kind = MKDIR, .path = view_of(path), .mode = 0755 } });
    }
}

static void
commit_rename(uint64_t request)
{
    say((struct message){ .tag = COMMIT,
        .commit = { .request = request,
            .kind = RENAME,
            .path = view_of("/a"),
            .to = view_of("/b"),
            .inode = 7 } });
}

/* A start does not redo what came before it: so a flush must have covered all of that. */
static void
a_flush_follows_all_changes_before_the_rename_of_a_directory(void)
{
    uint64_t ticket;

    begin_journal();
    commit_mkdirs(PUTS);
    commit_rename(PUTS + 1);
    for (unsigned i = 0; i < PUTS; i++)
        check(hear(primary)->tag == APPLY);
    check(hear(primary)->tag == FLUSH);
    ticket = envelope_message(heard)->flush.ticket;
    flushed(ticket);
    check(hear(primary)->tag == APPLY);
    check(envelope_message(heard)->apply.kind == RENAME);
    end_journal();
}

static void
what_comes_behind_the_rename_of_a_directory_waits_for_its_flush(void)
{
    begin_journal();
    commit_rename(1);
    commit_mkdirs(PUTS);
    commit_rename(2);
    check(hear(primary)->tag == FLUSH);
    flushed(envelope_message(heard)->flush.ticket);
    check(hear(primary)->tag == APPLY);
    check(envelope_message(heard)->apply.kind == RENAME);
    for (unsigned i = 0; i < PUTS; i++)
        check(hear(primary)->tag == APPLY);
    check(hear(primary)->tag == FLUSH);
    end_journal();
}

static void
applied(uint64_t store)
{
    uint64_t attempt;

    check(hear(store == 0 ? primary : backup)->tag == APPLY);
    attempt = envelope_message(heard)->apply.attempt;
    say((struct message){ .tag = APPLIED, .applied = { .store = store, .attempt = attempt } });
}

static bool
router_hears_the_end_of(uint64_t request, enum cause cause)
{
    const struct message *m = hear(router);

    return m->tag == COMMITTED && m->committed.request == request && m->committed.is_final &&
        m->committed.cause == cause;
}

static void
who_gives_up_is_waited_for_no_longer(void)
{
    begin_journal();
    say((struct message){ .tag = COMMIT,
        .commit = { .request = 1,
            .kind = MKDIR,
            .path = view_of("/d"),
            .targets = 1,
            .acks = UINT64_MAX } });
    applied(0);
    check(hear(router)->tag == COMMITTED && !envelope_message(heard)->committed.is_final);
    for (uint64_t request = 2; request < 4; request++)
        say((struct message){ .tag = AWAIT, .await = { .request = request } });
    say((struct message){ .tag = GIVE_UP, .give_up = { 1 } });
    check(router_hears_the_end_of(1, CAUSE_QUORUM));
    say((struct message){ .tag = GIVE_UP, .give_up = { 3 } });
    check(router_hears_the_end_of(3, CAUSE_QUORUM));
    say((struct message){ .tag = GIVE_UP, .give_up = { 3 } });
    applied(1);
    check(router_hears_the_end_of(2, CAUSE_NONE));
    end_journal();
}

/* What was promised while one was under way needs another. */
static void
a_last_checkpoint_covers_all(void)
{
    uint64_t ticket;

    begin_journal();
    say((struct message){ .tag = FINISH });
    check(hear(supervisor)->tag == FINISHED && envelope_message(heard)->finished.seq == 0);
    commit_mkdirs(1);
    applied(0);
    say((struct message){ .tag = FINISH });
    check(hear(primary)->tag == FLUSH);
    ticket = envelope_message(heard)->flush.ticket;
    commit_mkdirs(1);
    applied(0);
    flushed(ticket);
    check(hear(primary)->tag == FLUSH);
    flushed(ticket);
    check(hear(supervisor)->tag == FINISHED && envelope_message(heard)->finished.seq == 2);
    end_journal();
}

/* What the primary could not make durable is in the journal only: it must stay there. */
static void
a_checkpoint_whose_flush_failed_is_none(void)
{
    begin_journal();
    commit_mkdirs(1);
    applied(0);
    say((struct message){ .tag = FINISH });
    check(hear(primary)->tag == FLUSH);
    say((struct message){ .tag = FLUSHED,
        .flushed = { .ticket = envelope_message(heard)->flush.ticket,
            .outcome = RETRY,
            .cause = CAUSE_IO,
            .reason = view_of("as the test wants") } });
    check(hear(supervisor)->tag == FATAL);
    end_journal();
}

static void
no_more_than_write_concurrency_is_under_way(void)
{
    uint64_t attempts[PUTS];

    begin_journal();
    for (unsigned i = 0; i < PUTS; i++) {
        char path[32];

        snprintf(path, sizeof path, "/d%u", i);
        say((struct message){ .tag = COMMIT,
            .commit = { .request = i + 1, .kind = MKDIR, .path = view_of(path), .targets = 1 } });
        applied(0);
        check(hear(router)->tag == COMMITTED);
    }
    for (unsigned i = 0; i < PUTS; i++) {
        check(hear(backup)->tag == APPLY);
        attempts[i] = envelope_message(heard)->apply.attempt;
        if (i + 1 < CONCURRENCY)
            continue;
        envelope_close(&heard);
        heard = inbox_wait(backup, -1, 1);
        check(!heard);
        say((struct message){ .tag = APPLIED,
            .applied = { .store = 1, .attempt = attempts[i + 1 - CONCURRENCY] } });
    }
    end_journal();
}

static const struct test tests[] = {
    { "no more than write_concurrency is under way to a backup",
        no_more_than_write_concurrency_is_under_way },
    { "a last checkpoint covers all", a_last_checkpoint_covers_all },
    { "a checkpoint whose flush failed is none", a_checkpoint_whose_flush_failed_is_none },
    { "who gives up is waited for no longer", who_gives_up_is_waited_for_no_longer },
    { "a flush follows all changes before the rename of a directory",
        a_flush_follows_all_changes_before_the_rename_of_a_directory },
    { "what comes behind the rename of a directory waits for its flush",
        what_comes_behind_the_rename_of_a_directory_waits_for_its_flush },
};

TEST_MAIN(tests)

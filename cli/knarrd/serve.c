#include "cli/knarrd/serve.h"

#include "actors/journal.h"
#include "actors/reader.h"
#include "actors/replica.h"
#include "actors/router.h"
#include "actors/store.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "cli/knarrd/identity.h"
#include "cli/knarrd/workspace.h"

#include <czmq.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Longest times to finish in, all, and the checkpoint of it; the journal answers for the rest. */
enum { STOP_MS = 8000, FINISH_MS = 4000 };

/* Measured with all directories cached: 29 for each place; and some for clients. */
enum { DESCRIPTORS = 64, DESCRIPTORS_PER_PLACE = 32, CONNECTIONS_LEAST = 16 };

struct server {
    const struct conf *conf;
    struct workspace workspace;
    struct identities identities;
    struct backend_args primary;
    struct inbox *inbox;
    int signals;
    struct actor *stores[1 + BACKUPS_MAX];
    struct actor *replicas[BACKUPS_MAX]; /* NULL: it serves no reads */
    struct actor *reader, *journal, *router;
};

static enum outcome
start_store(struct server *s, size_t number, const struct conf_backend *backend,
    struct report *report)
{
    const struct conf *conf = s->conf;
    bool gathers = conf->sync_type == SYNC_ASYNC && number > 0;
    struct store_args args = {
        .number = number,
        .kind = backend_kind_find(backend->kind),
        .flush_delay_ms = gathers ? conf->settings.backup_flush_delay_ms : 0,
        .flush_items = conf->settings.backup_flush_items,
        .excludes = backend->excludes,
    };
    char name[STORE_NAME_BYTES];

    /* No more may come before these are durable. */
    if (conf->write_concurrency > 0 && conf->write_concurrency < args.flush_items)
        args.flush_items = conf->write_concurrency;
    if (number > 0) {
        args.place_id = s->identities.backups[number - 1].id;
        args.has_replica = backend->serves_reads;
    }
    backend_args_of(conf, backend, &args.backend);
    store_name(name, number);
    s->stores[number] = actor_start(&store_actor, name, &args, report);
    return s->stores[number] ? DONE : REFUSED;
}

/* Before its store, which tells it when the place is open. */
static enum outcome
start_replica(struct server *s, size_t backup, struct report *report)
{
    const struct conf_backend *backend = &s->conf->backups[backup];
    struct replica_args args = {
        .backup = backup,
        .kind = backend_kind_find(backend->kind),
        .place_id = s->identities.backups[backup].id,
    };
    char name[REPLICA_NAME_BYTES];

    if (!backend->serves_reads)
        return DONE;
    backend_args_of(s->conf, backend, &args.backend);
    replica_name(name, backup);
    s->replicas[backup] = actor_start(&replica_actor, name, &args, report);
    return s->replicas[backup] ? DONE : REFUSED;
}

static enum outcome
start_stores(struct server *s, struct report *report)
{
    enum outcome outcome = start_store(s, 0, &s->conf->primary, report);

    for (size_t i = 0; i < s->conf->backup_count && outcome == DONE; i++) {
        outcome = start_replica(s, i, report);
        if (outcome == DONE)
            outcome = start_store(s, i + 1, &s->conf->backups[i], report);
    }
    return outcome;
}

static enum outcome
start_reader(struct server *s, struct report *report)
{
    struct reader_args args = {
        .kind = backend_kind_find(s->conf->primary.kind),
        .backend = s->primary,
    };

    args.backend.is_reader = true;
    s->reader = actor_start(&reader_actor, "reader", &args, report);
    return s->reader ? DONE : REFUSED;
}

static enum outcome
start_journal(struct server *s, struct report *report)
{
    struct journal_args *args = memory_new(sizeof *args);

    args->conf = s->conf;
    args->directory = s->workspace.directory;
    args->primary_kind = backend_kind_find(s->conf->primary.kind);
    args->primary = s->primary;
    args->backup_count = (unsigned) s->conf->backup_count;
    for (unsigned b = 0; b < args->backup_count; b++) {
        const struct conf_backend *backend = &s->conf->backups[b];
        const struct backend_kind *kind = backend_kind_find(backend->kind);
        bool forgets = !(kind->traits & KEEPS_OVER_RESTART);

        args->backups[b].name = backend->name;
        args->backups[b].kind = kind;
        args->backups[b].place_id = s->identities.backups[b].id;
        args->backups[b].receives = backend->receives;
        args->backups[b].serves_reads = backend->serves_reads;
        args->backups[b].is_fresh = forgets;
        args->backups[b].refills =
            forgets && backend->receives && backend->refill == REFILL_BACKGROUND;
    }
    s->journal = actor_start(&journal_actor, "journal", args, report);
    free(args);
    return s->journal ? DONE : REFUSED;
}

static uint64_t
descriptors_needed(const struct conf *conf)
{
    return DESCRIPTORS + DESCRIPTORS_PER_PLACE * (1 + conf->backup_count);
}

/*
 * Clients, and as many that have not greeted yet.  Half of the descriptors that
 * are left is kept free for those that come faster than they are shut out.
 */
static size_t
connections_max(const struct conf *conf)
{
    uint64_t needed = descriptors_needed(conf), most = 2 * conf->settings.clients_max;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < needed + 2 * most)
        most = limit.rlim_cur > needed ? (limit.rlim_cur - needed) / 2 : 0;
    return most > CONNECTIONS_LEAST ? most : CONNECTIONS_LEAST;
}

static enum outcome
start_router(struct server *s, struct report *report)
{
    struct router_args args = {
        .conf = s->conf,
        .endpoint = s->conf->endpoint,
        .primary_kind = backend_kind_find(s->conf->primary.kind),
        .primary = s->primary,
        .connections_max = connections_max(s->conf),
        .run = s->workspace.run,
    };

    for (size_t b = 0; b < s->conf->backup_count; b++)
        if (s->conf->backups[b].receives)
            args.targets |= UINT64_C(1) << b;
    s->router = actor_start(&router_actor, "router", &args, report);
    return s->router ? DONE : REFUSED;
}

/* Wait for one message or a signal; false: a signal asks us to stop. */
static bool
next_word(struct server *s, struct envelope **envelope)
{
    struct signalfd_siginfo info;

    *envelope = inbox_wait(s->inbox, s->signals, -1);
    return *envelope || read(s->signals, &info, sizeof info) != sizeof info;
}

static enum outcome
await_recovery(struct server *s, struct report *report)
{
    enum outcome outcome = REFUSED;
    struct envelope *envelope = NULL;

    report_set(report, REFUSED, CAUSE_INTERNAL, "stopped while recovering");
    while (outcome != DONE && next_word(s, &envelope)) {
        const struct message *m = envelope ? envelope_message(envelope) : NULL;

        if (m && m->tag == FATAL) {
            report_set(report, RETRY, CAUSE_IO, "%.*s", VIEW(m->fatal.reason));
            envelope_close(&envelope);
            return RETRY;
        }
        if (m && m->tag == SERVING) {
            LOG(INFO, "recovered", "seq=%" PRIu64 " redone=%" PRIu64 " pending=%" PRIu64,
                m->serving.seq, m->serving.redone, m->serving.pending);
            outcome = DONE;
        }
        envelope_close(&envelope);
    }
    return outcome;
}

static enum outcome
run(struct server *s, struct report *report)
{
    struct envelope *envelope = NULL;

    printf("knarrd %s is ready at %s (primary %s, %zu backup%s)\n", KNARR_VERSION,
        s->conf->endpoint, s->conf->primary.place, s->conf->backup_count,
        s->conf->backup_count == 1 ? "" : "s");
    fflush(stdout);
    while (next_word(s, &envelope)) {
        const struct message *m = envelope ? envelope_message(envelope) : NULL;

        if (m && m->tag == FATAL) {
            report_set(report, RETRY, CAUSE_IO, "%.*s", VIEW(m->fatal.reason));
            envelope_close(&envelope);
            return RETRY;
        }
        envelope_close(&envelope);
    }
    return DONE;
}

/*
 * Sockets that cannot be made end the program in the middle of something; so
 * what is needed at most is asked for before the first of them.
 */
static enum outcome
check_descriptors(const struct conf *conf, struct report *report)
{
    uint64_t needed = descriptors_needed(conf);
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
        return DONE;
    return report_set(report, REFUSED, CAUSE_CONFIG,
        "%zu backups need %" PRIu64 " file descriptors, and the limit is %" PRIu64
        "; raise it (ulimit -n, or LimitNOFILE= in the unit)",
        conf->backup_count, needed, (uint64_t) limit.rlim_cur);
}

static enum outcome
start(struct server *s, struct report *report)
{
    enum outcome outcome = workspace_open(&s->workspace, s->conf, report);

    if (outcome == DONE)
        outcome = identities_check(s->conf, s->workspace.directory, &s->identities, report);
    if (outcome == DONE)
        outcome = start_stores(s, report);
    if (outcome == DONE)
        outcome = start_reader(s, report);
    if (outcome == DONE)
        outcome = start_journal(s, report);
    if (outcome == DONE)
        outcome = await_recovery(s, report);
    if (outcome == DONE)
        outcome = start_router(s, report);
    return outcome;
}

/* The router's last word to the journal asks for it. */
static void
await_finish(struct server *s)
{
    uint64_t until_ms = clock_ms() + FINISH_MS;
    bool is_over = false;

    while (!is_over) {
        uint64_t now = clock_ms();
        struct envelope *envelope =
            inbox_wait(s->inbox, -1, now < until_ms ? (int) (until_ms - now) : 0);
        enum message_tag tag = envelope ? envelope_message(envelope)->tag : FATAL;

        is_over = tag == FINISHED || tag == FATAL;
        if (!envelope)
            LOG(WARN, "not_finished", "ms=%d", FINISH_MS);
        envelope_close(&envelope);
    }
}

static void
stop(struct server *s)
{
    bool has_served = s->router != NULL;

    actors_stop_by(clock_ms() + STOP_MS);
    actor_stop(&s->router);
    if (has_served)
        await_finish(s);
    actor_stop(&s->journal);
    actor_stop(&s->reader);
    for (size_t i = 1 + s->conf->backup_count; i-- > 0;)
        actor_stop(&s->stores[i]);
    for (size_t i = s->conf->backup_count; i-- > 0;)
        actor_stop(&s->replicas[i]);
    workspace_close(&s->workspace);
}

enum outcome
serve(const struct conf *conf, struct report *report)
{
    enum outcome outcome = check_descriptors(conf, report);
    struct server *s;
    sigset_t set;

    if (outcome != DONE)
        return outcome;
    s = memory_new(sizeof *s);
    s->conf = conf;
    backend_args_of(conf, &conf->primary, &s->primary);
    zsys_handler_set(NULL); /* czmq is not to catch our signals */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* before any thread there is */
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    s->inbox = inbox_open("supervisor");
    outcome = start(s, report);
    if (outcome == DONE)
        outcome = run(s, report);
    stop(s);
    inbox_close(&s->inbox);
    close(s->signals);
    free(s);
    zsys_shutdown();
    return outcome;
}

/*
 * flaky - another kind of backend that fails as it is told.  Test builds only.
 *
 *     place = KIND:PLACE?CONTROL      e.g. local:/tmp/b2?/tmp/b2.control
 *
 * CONTROL is a file that is read again at every call, so that a test can steer a
 * running server by replacing it; missing or empty means healthy.  The first
 * line that fits a call decides:
 *
 *     CALL DEED [path=TEXT]
 *
 *     CALL   all, change, or one of: open put mkdir remove remove_tree rename
 *            link chmod write finish flush lookup read list space
 *     DEED   fail OUTCOME CAUSE   e.g. fail retry io: not done, and reported so
 *            lose OUTCOME CAUSE   done, but reported so (put, other changes, flush)
 *            slow MS              blocks so long, then goes on as usual
 *            down                 fail retry network
 *     path   only where the path has TEXT in it
 *
 * The wrapped kind must be one that ends at once.
 */
#include "backends/backend.h"

#ifdef KNARR_FAULT_POINTS

#include "base/memory.h"

#include <stdio.h>
#include <time.h>

enum { LINE_BYTES = 4096 };

enum deed { PASS, FAIL, LOSE };

struct backend {
    char *name;
    char *control;
    const struct backend_kind *kind;
    struct backend *inner;
};

/* What is to become of a call. */
struct order {
    enum deed deed;
    enum outcome outcome;
    struct report report;
};

/* Between begin and ended; the inner change stands for the outer one. */
struct attempt {
    struct change inner;
    struct change *outer;
    struct order order;
};

static bool
is_change(const char *call)
{
    for (enum change_kind kind = 0; kind < CHANGE_KINDS; kind++)
        if (strcmp(call, change_name(kind)) == 0)
            return true;
    return false;
}

static bool
fits(char *line, const char *call, const char *path)
{
    const char *text = strstr(line, " path=");
    char first[32];

    if (sscanf(line, "%31s", first) != 1)
        return false;
    if (text && (!path || !strstr(path, text + 6)))
        return false;
    return strcmp(first, "all") == 0 || strcmp(first, call) == 0 ||
        (strcmp(first, "change") == 0 && is_change(call));
}

static void
rest_ms(long ms)
{
    const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&time, NULL);
}

static void
fill(struct order *order, const struct backend *self, const char *call, const char *outcome,
    const char *cause)
{
    enum cause found = CAUSE_IO;

    cause_find(cause, &found);
    order->outcome = strcmp(outcome, "refused") == 0 ? REFUSED : RETRY;
    report_set(&order->report, order->outcome, found, "%s: %s was told to fail: %s", self->name,
        call, cause);
}

/* Do what the line says to do first; what remains to be done is the order. */
static void
obey(struct order *order, const struct backend *self, const char *call, const char *line)
{
    char deed[16] = "", outcome[16] = "", cause[64] = "";
    long ms = 0;

    sscanf(line, "%*s %15s %15s %63s", deed, outcome, cause);
    if (strcmp(deed, "slow") == 0 && sscanf(outcome, "%ld", &ms) == 1)
        rest_ms(ms);
    if (strcmp(deed, "down") == 0) {
        order->deed = FAIL;
        fill(order, self, call, "retry", cause_name(CAUSE_NETWORK));
    }
    if (strcmp(deed, "fail") == 0 || strcmp(deed, "lose") == 0) {
        order->deed = deed[0] == 'f' ? FAIL : LOSE;
        fill(order, self, call, outcome, cause);
    }
}

static struct order
order_for(const struct backend *self, const char *call, const char *path)
{
    struct order order = { .deed = PASS };
    char line[LINE_BYTES];
    FILE *control = self->control ? fopen(self->control, "r") : NULL;

    while (control && fgets(line, sizeof line, control)) {
        line[strcspn(line, "\n")] = '\0';
        if (!fits(line, call, path))
            continue;
        obey(&order, self, call, line);
        break;
    }
    if (control)
        fclose(control);
    return order;
}

static void
flaky_close(struct backend **backend)
{
    struct backend *self = *backend;

    if (!self)
        return;
    if (self->inner)
        self->kind->close(&self->inner);
    free(self->name);
    free(self->control);
    free(self);
    *backend = NULL;
}

static enum outcome
open_inner(struct backend *self, const struct backend_args *args, struct report *report)
{
    struct backend_args inner = *args;
    char *place = memory_copy(args->place, strlen(args->place));
    char *colon = strchr(place, ':'), *mark = strrchr(place, '?');
    enum outcome outcome = REFUSED;

    if (mark)
        *mark = '\0';
    if (colon)
        *colon = '\0';
    self->kind = backend_kind_find(place);
    self->control = mark ? memory_copy(mark + 1, strlen(mark + 1)) : NULL;
    if (!colon || !self->kind) {
        report_set(report, REFUSED, CAUSE_CONFIG, "%s: not KIND:PLACE: %s", args->name, place);
    } else {
        const struct order order = order_for(self, "open", NULL);

        inner.place = colon + 1;
        *report = order.report;
        outcome =
            order.deed == FAIL ? order.outcome : self->kind->open(&self->inner, &inner, report);
    }
    free(place);
    return outcome;
}

static enum outcome
flaky_open(struct backend **backend, const struct backend_args *args, struct report *report)
{
    struct backend *self = memory_new(sizeof *self);
    enum outcome outcome;

    self->name = memory_copy(args->name, strlen(args->name));
    outcome = open_inner(self, args, report);
    if (outcome == DONE)
        *backend = self;
    else
        flaky_close(&self);
    return outcome;
}

static void
on_ended(struct change *inner, enum outcome outcome, const struct report *report)
{
    struct attempt *attempt = (struct attempt *) inner;
    struct change *outer = attempt->outer;
    const struct order order = attempt->order;
    const bool is_lost = order.deed == LOSE && outcome == DONE;

    outer->of_backend = NULL;
    free(attempt);
    outer->ended(outer, is_lost ? order.outcome : outcome, is_lost ? &order.report : report);
}

static void
on_consumed(struct change *inner, size_t bytes)
{
    struct change *outer = ((struct attempt *) inner)->outer;

    if (outer->consumed)
        outer->consumed(outer, bytes);
}

static void
flaky_begin(struct backend *self, struct change *change)
{
    const struct order order = order_for(self, change_name(change->kind), change->path);
    struct attempt *attempt;

    if (order.deed == FAIL) {
        change->ended(change, order.outcome, &order.report);
        return;
    }
    attempt = memory_new(sizeof *attempt);
    attempt->inner = *change;
    attempt->inner.ended = on_ended;
    attempt->inner.consumed = on_consumed;
    attempt->outer = change;
    attempt->order = order;
    change->of_backend = attempt;
    self->kind->begin(self->inner, &attempt->inner);
}

static void
flaky_cancel(struct backend *self, struct change *change)
{
    struct attempt *attempt = change->of_backend;

    self->kind->cancel(self->inner, &attempt->inner);
    free(attempt);
    change->of_backend = NULL;
}

/* A write or finish that is to fail; true if it did. */
static bool
has_failed(struct backend *self, struct change *change, const char *call)
{
    const struct order order = order_for(self, call, change->path);

    if (order.deed != FAIL)
        return false;
    flaky_cancel(self, change);
    change->ended(change, order.outcome, &order.report);
    return true;
}

static void
flaky_write(struct backend *self, struct change *change, const void *bytes, size_t length)
{
    struct attempt *attempt = change->of_backend;

    if (!has_failed(self, change, "write"))
        self->kind->write(self->inner, &attempt->inner, bytes, length);
}

static void
flaky_finish(struct backend *self, struct change *change)
{
    struct attempt *attempt = change->of_backend;

    if (!has_failed(self, change, "finish"))
        self->kind->finish(self->inner, &attempt->inner);
}

static void
on_flushed(struct flush *flush, enum outcome outcome, const struct report *report)
{
    (void) flush;
    (void) outcome;
    (void) report;
}

static void
flaky_flush(struct backend *self, struct flush *flush)
{
    const struct order order = order_for(self, "flush", NULL);
    struct flush unheard = { .ended = on_flushed };

    if (order.deed == PASS) {
        self->kind->flush(self->inner, flush);
        return;
    }
    if (order.deed == LOSE)
        self->kind->flush(self->inner, &unheard);
    flush->ended(flush, order.outcome, &order.report);
}

static void
flaky_lookup(struct backend *self, struct lookup *lookup)
{
    const struct order order = order_for(self, "lookup", lookup->path);

    if (order.deed == FAIL)
        lookup->ended(lookup, order.outcome, &order.report);
    else
        self->kind->lookup(self->inner, lookup);
}

static void
flaky_read(struct backend *self, struct reading *reading)
{
    const struct order order = order_for(self, "read", reading->path);

    reading->got = 0;
    if (order.deed == FAIL)
        reading->ended(reading, order.outcome, &order.report);
    else
        self->kind->read(self->inner, reading);
}

static void
flaky_list(struct backend *self, struct listing *listing)
{
    const struct order order = order_for(self, "list", listing->path);

    listing->has_more = false;
    if (order.deed == FAIL)
        listing->ended(listing, order.outcome, &order.report);
    else
        self->kind->list(self->inner, listing);
}

static enum outcome
flaky_space(struct backend *self, struct space *space, struct report *report)
{
    const struct order order = order_for(self, "space", NULL);

    if (order.deed != FAIL)
        return self->kind->space(self->inner, space, report);
    *report = order.report;
    return order.outcome;
}

static int
flaky_directory(struct backend *self)
{
    return self->kind->directory ? self->kind->directory(self->inner) : -1;
}

/* The traits are those of local; wrapped around memory, a restart forgets. */
const struct backend_kind backend_flaky = {
    .name = "flaky",
    .traits = RENAMES_WHOLE | KEEPS_MODE | KEEPS_OVER_RESTART | ENDS_AT_ONCE,
    .open = flaky_open,
    .close = flaky_close,
    .begin = flaky_begin,
    .write = flaky_write,
    .finish = flaky_finish,
    .cancel = flaky_cancel,
    .flush = flaky_flush,
    .lookup = flaky_lookup,
    .read = flaky_read,
    .list = flaky_list,
    .space = flaky_space,
    .directory = flaky_directory,
};

#endif

#include "actors/place.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define MARKER "/.knarr-place"
#define GUARD_NAME "backend_meta.json"
#define GUARD "/" GUARD_NAME

struct answer {
    enum outcome outcome;
    struct report *report;
};

/* Kinds that keep something over a restart and end at once are all there are yet. */
struct changing {
    struct change change; /* first: the backend hands back a pointer to it */
    struct answer answer;
    bool has_ended;
};

static void
note(struct answer *answer, enum outcome outcome, const struct report *report)
{
    answer->outcome = outcome;
    if (outcome != DONE)
        *answer->report = *report;
}

static void
on_changed(struct change *change, enum outcome outcome, const struct report *report)
{
    struct changing *changing = (struct changing *) change;

    changing->has_ended = true;
    note(&changing->answer, outcome, report);
}

static void
on_consumed(struct change *change, size_t bytes)
{
    (void) change;
    (void) bytes;
}

static enum outcome
put(const struct backend_kind *kind, struct backend *backend, const char *path, struct view bytes,
    struct report *report)
{
    struct changing changing = {
        .change = { .kind = PUT,
            .path = path,
            .seq = 1,
            .size = bytes.length,
            .mode = 0600,
            .ended = on_changed,
            .consumed = on_consumed },
        .answer = { .outcome = RETRY, .report = report },
    };

    kind->begin(backend, &changing.change);
    if (!changing.has_ended && bytes.length > 0)
        kind->write(backend, &changing.change, bytes.at, bytes.length);
    return changing.answer.outcome;
}

struct reading_answer {
    struct reading reading; /* first */
    struct answer answer;
};

static void
on_read(struct reading *reading, enum outcome outcome, const struct report *report)
{
    note(&((struct reading_answer *) reading)->answer, outcome, report);
}

/* DONE with *got bytes; a file that is not there has none. */
static enum outcome
get(const struct backend_kind *kind, struct backend *backend, const char *path, char *into,
    size_t room, size_t *got, struct report *report)
{
    struct reading_answer reading = {
        .reading = { .path = path, .into = into, .length = room, .ended = on_read },
        .answer = { .outcome = RETRY, .report = report },
    };

    kind->read(backend, &reading.reading);
    *got = reading.answer.outcome == DONE ? reading.reading.got : 0;
    if (reading.answer.outcome != DONE && report->cause == CAUSE_NOT_FOUND)
        return DONE;
    return reading.answer.outcome;
}

struct listing_answer {
    struct listing listing; /* first */
    struct answer answer;
    bool has_others;
};

static void
on_found(struct listing *listing, const char *name, const struct entry *entry)
{
    (void) entry;
    if (strncmp(name, INTERNAL_PREFIX, strlen(INTERNAL_PREFIX)) != 0 &&
        strcmp(name, GUARD_NAME) != 0)
        ((struct listing_answer *) listing)->has_others = true;
}

static void
on_listed(struct listing *listing, enum outcome outcome, const struct report *report)
{
    note(&((struct listing_answer *) listing)->answer, outcome, report);
}

struct flush_answer {
    struct flush flush; /* first */
    struct answer answer;
};

static void
on_flushed(struct flush *flush, enum outcome outcome, const struct report *report)
{
    note(&((struct flush_answer *) flush)->answer, outcome, report);
}

static enum outcome
look(const struct backend_kind *kind, struct backend *backend, struct place *place,
    struct report *report)
{
    struct listing_answer listing = {
        .listing = { .path = "/", .after = "", .limit = 16, .found = on_found, .ended = on_listed },
        .answer = { .outcome = RETRY, .report = report },
    };
    char magic[6];
    size_t got;
    enum outcome outcome;

    *place = (struct place){ .id = "" };
    outcome = get(kind, backend, MARKER, place->id, sizeof place->id - 1, &got, report);
    place->id[got] = '\0';
    if (outcome != DONE)
        return outcome;
    outcome = get(kind, backend, GUARD, magic, sizeof magic, &got, report);
    if (outcome != DONE)
        return outcome;
    place->is_encrypted = got >= 4 && memcmp(magic, "OVE1", 4) == 0;
    kind->list(backend, &listing.listing);
    place->is_empty = !listing.has_others;
    return listing.answer.outcome;
}

enum outcome
place_look(const struct backend_kind *kind, const struct backend_args *args, struct place *place,
    struct report *report)
{
    struct backend_args reader = *args;
    struct backend *backend;
    enum outcome outcome;

    *place = (struct place){ .id = "", .is_empty = true };
    if (!(kind->traits & KEEPS_OVER_RESTART))
        return DONE;
    reader.is_reader = true;
    outcome = kind->open(&backend, &reader, report);
    if (outcome != DONE)
        return outcome;
    outcome = look(kind, backend, place, report);
    kind->close(&backend);
    return outcome;
}

static enum outcome
make_id(char id[PLACE_ID_BYTES], struct report *report)
{
    unsigned char b[16];

    if (RAND_bytes(b, sizeof b) != 1)
        return report_set(report, RETRY, CAUSE_INTERNAL, "there is no randomness to be had");
    b[6] = (unsigned char) ((b[6] & 0x0f) | 0x40); /* a version 4 uuid */
    b[8] = (unsigned char) ((b[8] & 0x3f) | 0x80);
    snprintf(id, PLACE_ID_BYTES,
        "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
        b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    return DONE;
}

static enum outcome
put_marks(const struct backend_kind *kind, struct backend *backend, const char *id,
    struct report *report)
{
    struct flush_answer flush = {
        .flush = { .ended = on_flushed },
        .answer = { .outcome = RETRY, .report = report },
    };
    enum outcome outcome = put(kind, backend, MARKER, view_of(id), report);
    char probe[1];
    size_t got;

    if (outcome == DONE)
        outcome = get(kind, backend, GUARD, probe, sizeof probe, &got, report);
    if (outcome == DONE && got == 0)
        outcome = put(kind, backend, GUARD, view_of(""), report);
    if (outcome != DONE)
        return outcome;
    kind->flush(backend, &flush.flush);
    return flush.answer.outcome;
}

/* An id that may not be there the next time is none: it would be looked for. */
static enum outcome
mark(const struct backend_kind *kind, struct backend *backend, struct place *place,
    struct report *report)
{
    enum outcome outcome = look(kind, backend, place, report);

    if (outcome != DONE || place->id[0])
        return outcome;
    outcome = make_id(place->id, report);
    if (outcome == DONE)
        outcome = put_marks(kind, backend, place->id, report);
    if (outcome != DONE)
        place->id[0] = '\0';
    return outcome;
}

enum outcome
place_mark(const struct backend_kind *kind, const struct backend_args *args, struct place *place,
    struct report *report)
{
    struct backend *backend;
    enum outcome outcome;

    *place = (struct place){ .id = "", .is_empty = true };
    if (!(kind->traits & KEEPS_OVER_RESTART))
        return DONE;
    outcome = kind->open(&backend, args, report);
    if (outcome != DONE)
        return outcome;
    outcome = mark(kind, backend, place, report);
    kind->close(&backend);
    return outcome;
}

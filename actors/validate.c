/*
 * validate - what may be changed, as the primary is now.
 *
 * The paths are claimed when this is asked, so the answer stays true until the
 * change is applied.  The primary's kinds end their lookups at once.
 */

#include "actors/router_internal.h"

#include "base/path.h"

#include <assert.h>
#include <string.h>

struct looking {
    struct lookup lookup; /* first: the backend hands back a pointer to it */
    enum outcome outcome;
    struct report *report;
    bool has_ended;
};

static void
on_looked(struct lookup *lookup, enum outcome outcome, const struct report *report)
{
    struct looking *looking = (struct looking *) lookup;

    looking->outcome = outcome;
    looking->has_ended = true;
    if (outcome != DONE)
        *looking->report = *report;
}

enum outcome
look(struct router *self, const char *path, struct entry *entry, struct report *report)
{
    struct looking looking = {
        .lookup = { .path = path, .ended = on_looked },
        .report = report,
    };

    self->primary_kind->lookup(self->primary, &looking.lookup);
    assert(looking.has_ended);
    *entry = looking.lookup.entry;
    return looking.outcome;
}

enum outcome
parents_fit(struct router *self, const char *path, struct report *report)
{
    struct view parent = path_parent(view_of(path));
    char above[PATH_BYTES_MAX + 1];
    struct entry entry;
    enum outcome outcome;

    while (parent.length > 1) {
        memcpy(above, parent.at, parent.length);
        above[parent.length] = '\0';
        outcome = look(self, above, &entry, report);
        if (outcome == DONE && !entry.is_directory)
            return word_path(report, CAUSE_NOT_A_DIRECTORY, above);
        if (outcome == DONE)
            return DONE;
        if (report->cause != CAUSE_NOT_FOUND && report->cause != CAUSE_NOT_A_DIRECTORY) {
            word_path(report, report->cause, above);
            return outcome;
        }
        parent = path_parent(parent);
    }
    return DONE;
}

struct whole {
    struct reading reading; /* first */
    enum outcome outcome;
    struct report *report;
};

static void
on_whole(struct reading *reading, enum outcome outcome, const struct report *report)
{
    struct whole *whole = (struct whole *) reading;

    whole->outcome = outcome;
    if (outcome != DONE)
        *whole->report = *report;
}

enum outcome
read_whole(struct router *self, const char *path, uint64_t size, char *into, struct report *report)
{
    struct whole whole = {
        .reading = { .path = path, .into = into, .length = (size_t) size, .ended = on_whole },
        .report = report,
    };

    if (size == 0)
        return DONE;
    self->primary_kind->read(self->primary, &whole.reading);
    return whole.outcome;
}

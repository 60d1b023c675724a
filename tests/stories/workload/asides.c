#include "tests/stories/workload/asides.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { GREP_LIMIT = 20 };

struct aside {
    struct knarr *knarr;
    const char *root, *uri; /* of everything, and of one file or directory */
    uint64_t got, size;     /* of a read */
    const char *wrong;      /* what was wrong with the answer */
};

static bool
take_bytes(void *context, const void *bytes, size_t length, uint64_t size)
{
    struct aside *self = context;

    (void) bytes;
    self->got += length;
    self->size = size;
    return true;
}

static bool
take_entry(void *context, const struct knarr_entry *entry)
{
    struct aside *self = context;

    if (strncmp(entry->uri, self->root, strlen(self->root)) != 0)
        self->wrong = "an entry from elsewhere";
    return true;
}

static bool
take_line(void *context, const char *uri, uint64_t line, const char *text)
{
    struct aside *self = context;

    if (strncmp(uri, self->root, strlen(self->root)) != 0 || line == 0 || !text)
        self->wrong = "a line from elsewhere";
    return true;
}

static bool
take_lag(void *context, const struct knarr_lag *lag)
{
    struct aside *self = context;

    if (!*lag->state || (lag->pending == 0 && lag->quarantined + lag->dead > 0))
        self->wrong = "a backup whose numbers disagree";
    return true;
}

static bool
take_target(void *context, const struct knarr_target *target)
{
    struct aside *self = context;

    if (target->in_sync && target->quarantined)
        self->wrong = "a path in sync and in quarantine";
    return true;
}

static void
ask_whole(struct aside *self, struct knarr_result *result)
{
    if (knarr_get(self->knarr, self->uri, 0, UINT64_MAX, take_bytes, self, result) == KNARR_DONE &&
        self->got != self->size)
        self->wrong = "a read that is not whole";
}

static void
ask_range(struct aside *self, struct knarr_result *result)
{
    knarr_get(self->knarr, self->uri, 100, 1000, take_bytes, self, result);
    if (self->got > 1000)
        self->wrong = "more than was asked for";
}

static void
ask_stat(struct aside *self, struct knarr_result *result)
{
    knarr_stat(self->knarr, self->uri, take_entry, self, result);
}

static void
ask_list(struct aside *self, struct knarr_result *result)
{
    knarr_list(self->knarr, self->root, 1, false, take_entry, self, result);
}

static void
ask_tree(struct aside *self, struct knarr_result *result)
{
    knarr_list(self->knarr, self->root, 0, true, take_entry, self, result);
}

static void
ask_glob(struct aside *self, struct knarr_result *result)
{
    knarr_glob(self->knarr, self->root, "**/f[0-3]", take_entry, self, result);
}

static void
ask_grep(struct aside *self, struct knarr_result *result)
{
    knarr_grep(self->knarr, self->root, "a.?b", true, GREP_LIMIT, 0, take_line, self, result);
}

static void
ask_status(struct aside *self, struct knarr_result *result)
{
    knarr_status(self->knarr, self->uri, take_lag, take_target, self, result);
}

static void
ask_retry(struct aside *self, struct knarr_result *result)
{
    knarr_sync_retry(self->knarr, self->uri, result);
}

static void (*const asides[])(struct aside *, struct knarr_result *) = { ask_whole, ask_whole,
    ask_range, ask_stat, ask_list, ask_tree, ask_glob, ask_grep, ask_status, ask_retry };

/* What a client may be told because of what the others do. */
static bool
may_end_so(const struct knarr_result *result)
{
    static const char *const causes[] = { "not_found", "is_a_directory", "not_a_directory",
        "conflict" };
    bool is_known = result->outcome == KNARR_DONE;

    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        is_known |= strcmp(result->cause, causes[i]) == 0;
    return is_known;
}

bool
aside_ask(struct knarr *knarr, struct plan *plan, const char *uri)
{
    struct aside self = { .knarr = knarr, .root = uri };
    struct knarr_result result;
    struct step step;
    char *file;

    plan_next(plan, &step);
    file = memory_print("%s%s", uri, step.path);
    self.uri = file;
    asides[plan_chance(plan, sizeof asides / sizeof *asides)](&self, &result);
    if (!self.wrong && !may_end_so(&result))
        self.wrong = result.reason;
    if (self.wrong)
        fprintf(stderr, "workload: %s: %s\n", file, self.wrong);
    free(file);
    knarr_result_clear(&result);
    return !self.wrong;
}

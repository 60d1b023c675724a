#include "tests/stories/workload/plan.h"

#include <inttypes.h>

enum { TOPS = 4, SUBS = 2, FILES = 6, KIB = 1024 };

/* xorshift64* (Vigna, 2016) */
uint64_t
plan_chance(struct plan *self, uint64_t below)
{
    self->state ^= self->state >> 12;
    self->state ^= self->state << 25;
    self->state ^= self->state >> 27;
    return (self->state * 0x2545f4914f6cdd1dU >> 32) % below;
}

static unsigned
number(struct plan *self, unsigned below)
{
    return (unsigned) plan_chance(self, below);
}

static unsigned
top(struct plan *self)
{
    return number(self, self->tops ? self->tops : TOPS);
}

static void
pick_directory(struct plan *self, char *path, bool is_deep)
{
    if (is_deep)
        snprintf(path, PLAN_PATH_BYTES, "/t%u/s%u", top(self), number(self, SUBS));
    else
        snprintf(path, PLAN_PATH_BYTES, "/t%u", top(self));
}

static void
pick_file(struct plan *self, char *path)
{
    if (plan_chance(self, 2))
        snprintf(path, PLAN_PATH_BYTES, "/t%u/f%u", top(self), number(self, FILES));
    else
        snprintf(path, PLAN_PATH_BYTES, "/t%u/s%u/f%u", top(self), number(self, SUBS),
            number(self, FILES));
}

static uint64_t
pick_size(struct plan *self)
{
    if (plan_chance(self, 1000) < self->large_per_mille)
        return 200 * KIB + plan_chance(self, 1848 * KIB);
    if (plan_chance(self, 10) == 0)
        return plan_chance(self, 100 * KIB);
    return plan_chance(self, 4 * KIB);
}

static void
pick_two(struct plan *self, struct step *step, bool are_directories)
{
    const bool is_deep = plan_chance(self, 2);

    if (are_directories) {
        pick_directory(self, step->path, is_deep);
        pick_directory(self, step->to, is_deep);
        return;
    }
    pick_file(self, step->path);
    pick_file(self, step->to);
}

static const struct {
    enum op_kind kind;
    unsigned weight;
} weights[] = {
    { OP_PUT, 37 }, { OP_APPEND, 13 }, { OP_WRITE_AT, 7 }, { OP_TRUNCATE, 8 }, { OP_REMOVE, 8 },
    { OP_REMOVE_TREE, 4 }, { OP_RENAME, 15 }, { OP_MKDIR, 5 }, { OP_KINDS, 3 }, /* chmod */
};

static enum op_kind
pick_kind(struct plan *self)
{
    unsigned left = number(self, 100);

    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
        if (left < weights[i].weight)
            return weights[i].kind;
        left -= weights[i].weight;
    }
    return OP_PUT;
}

void
plan_next(struct plan *self, struct step *step)
{
    static const unsigned modes[] = { 0600, 0640, 0644, 0664 };

    *step = (struct step){ .kind = pick_kind(self) };
    step->is_chmod = step->kind == OP_KINDS;
    step->mode = modes[plan_chance(self, 4)];
    switch (step->kind) {
    case OP_RENAME: pick_two(self, step, plan_chance(self, 3) == 0); return;
    case OP_MKDIR: pick_directory(self, step->path, plan_chance(self, 2)); return;
    case OP_REMOVE_TREE: pick_directory(self, step->path, plan_chance(self, 3) != 0); return;
    default: break;
    }
    pick_file(self, step->path);
    step->size = step->kind == OP_TRUNCATE ? plan_chance(self, 6 * KIB) : pick_size(self);
    if (step->kind == OP_WRITE_AT) {
        step->size++; /* of nothing, an offset alone would make a file longer or not */
        step->offset = plan_chance(self, 8 * KIB);
    }
    if (step->kind == OP_REMOVE)
        step->size = 0;
    step->streams = step->kind == OP_PUT && plan_chance(self, 4) == 0;
}

const char *
step_to(const struct step *self, const char *prefix, char to[PLAN_TO_BYTES])
{
    if (self->kind == OP_RENAME)
        snprintf(to, PLAN_TO_BYTES, "%s%s", prefix, self->to);
    else if (self->kind == OP_WRITE_AT)
        snprintf(to, PLAN_TO_BYTES, "%" PRIu64, self->offset);
    else
        snprintf(to, PLAN_TO_BYTES, "-");
    return to;
}

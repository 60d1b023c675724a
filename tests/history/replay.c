#include "tests/history/replay_internal.h"

#include "base/memory.h"
#include "base/path.h"
#include "tests/history/effect.h"

#include <stdlib.h>
#include <string.h>

static int
by_slot(const void *a, const void *b)
{
    const struct op *x = *(struct op *const *) a, *y = *(struct op *const *) b;

    return (x->begin_ns > y->begin_ns) - (x->begin_ns < y->begin_ns);
}

void
replay_start(struct replay *self, const struct history *history, struct verdict *verdict)
{
    *self = (struct replay){ .verdict = verdict };
    self->first_ns = history->count ? history->ops[0]->begin_ns : UINT64_MAX;
    world_init(&self->world);
    order_init(&self->order, history, verdict);
    self->unknown = memory_new((history->count + 1) * sizeof *self->unknown);
    self->active = memory_new((history->count + 1) * sizeof *self->active);
    self->unknown_slots = memory_new((history->count + 1) * sizeof *self->unknown_slots);
    for (size_t i = 0; i < history->count; i++)
        if (history->ops[i]->fate == FATE_UNKNOWN)
            self->unknown[self->unknown_count++] = history->ops[i];
    if (self->unknown_count)
        qsort(self->unknown, self->unknown_count, sizeof *self->unknown, by_slot);
    for (size_t i = 0; i < self->unknown_count; i++)
        self->unknown_slots[i] = order_slot_after(&self->order, self->unknown[i]->begin_ns);
}

void
replay_finish(struct replay *self)
{
    free(self->unknown);
    free(self->unknown_slots);
    free(self->active);
    order_fini(&self->order);
    world_fini(&self->world);
    for (size_t i = 0; i < self->backup_count; i++)
        free(self->backups[i]);
}

static bool
is_in_play(const struct replay *self, size_t count, const struct op *op, const struct op *after)
{
    bool is_one = effect_conflicts(op, after);

    for (size_t i = 0; i < count && !is_one; i++)
        is_one = effect_conflicts(op, self->active[i]);
    return is_one;
}

/* Brings to the front what may act on what `op` left, or on what such a one leaves; how many. */
static size_t
bring_in_play(struct replay *self, const struct op *op)
{
    size_t count = 0;

    for (size_t i = 0; i < self->active_count; i++) {
        struct op *one = self->active[i];
        if (!is_in_play(self, count, one, op))
            continue;
        self->active[i] = self->active[count];
        self->active[count] = one;
        i = count++; /* those passed by may follow this one */
    }
    return count;
}

/* The first `count` on top of each other: as many rounds, for any order of them. */
static void
let_all_happen(struct replay *self, size_t count)
{
    bool is_more = true;

    for (size_t round = 0; round < count && is_more; round++) {
        is_more = false;
        for (size_t i = 0; i < count; i++)
            is_more |= effect_possible(&self->world, self->active[i], false);
    }
}

/* After `op`, whatever may still happen may do so on top of it. */
static void
let_happen(struct replay *self, const struct op *op)
{
    let_all_happen(self, bring_in_play(self, op));
}

/* What becomes possible before slot `slot` and before `ns`. */
static void
activate(struct replay *self, size_t slot, uint64_t ns)
{
    while (self->next_unknown < self->unknown_count &&
        self->unknown_slots[self->next_unknown] <= slot &&
        self->unknown[self->next_unknown]->begin_ns < ns) {
        struct op *op = self->unknown[self->next_unknown++];
        self->active[self->active_count++] = op;
        effect_possible(&self->world, op, true);
        let_happen(self, op);
    }
}

static void
retire(struct replay *self, uint64_t ns)
{
    size_t kept = 0;

    for (size_t i = 0; i < self->active_count; i++)
        if (self->active[i]->deadline_ns >= ns)
            self->active[kept++] = self->active[i];
    self->active_count = kept;
}

void
replay_run_until(struct replay *self, uint64_t ns)
{
    const size_t end = order_slot_after(&self->order, ns);

    for (; self->slot < end; self->slot++) {
        struct op *op = self->order.ops[self->slot];
        activate(self, self->slot, UINT64_MAX);
        retire(self, op->begin_ns);
        effect_applied(&self->world, op, self->verdict);
        let_happen(self, op);
    }
    activate(self, self->slot, ns);
    retire(self, ns);
}

/* One that was answered with an error may have made directories for what it did not make. */
static bool
is_parent_only(const struct op *op, const char *path)
{
    const struct view above = view_of(path);

    return op->end_ns != UINT64_MAX &&
        (path_is_under(view_of(op->path), above) ||
            (op->to && path_is_under(view_of(op->to), above)));
}

static void
prove(struct replay *self, struct op *op, enum proof proof, const char *path)
{
    const bool is_applied = proof == PROOF_APPLIED;

    if (op->proof != PROOF_NONE && op->proof != proof) {
        const char *applied = is_applied ? path : op->proof_path;
        const char *missing = is_applied ? op->proof_path : path;

        if (is_parent_only(op, applied)) {
            op->proof = PROOF_NOT_APPLIED;
            op->proof_path = missing;
            return;
        }
        verdict_add(self->verdict, RULE_HALF, "%s %s (id %llu): applied on %s, and not on %s",
            op_names[op->kind], op->path, (unsigned long long) op->id, applied, missing);
    }
    op->proof = proof;
    op->proof_path = path;
}

/* What all possibilities that agree with what was seen assume of an operation. */
static void
conclude(struct replay *self, const struct node *node, const struct found *found)
{
    const struct possibility *first = NULL;

    if (node->now.is_anything) /* what is not in the set may assume something else */
        return;
    for (size_t i = 0; i < node->now.count && !first; i++)
        if (value_is(node->now.at[i].value, found))
            first = &node->now.at[i];
    for (unsigned a = 0; first && a < first->assumption_count; a++) {
        struct op *op = first->about[a];
        const bool wanted = first->applied >> a & 1;
        const enum proof proof = wanted ? PROOF_APPLIED : PROOF_NOT_APPLIED;
        bool is_sure = true, is_applied = false;
        for (size_t i = 0; i < node->now.count && is_sure; i++)
            if (value_is(node->now.at[i].value, found))
                is_sure =
                    possibility_assumes(&node->now.at[i], op, &is_applied) && is_applied == wanted;
        if (is_sure)
            prove(self, op, proof, node->path);
    }
}

static void
accuse(struct replay *self, const struct node *node, const struct found *found)
{
    const size_t last = node->version_count - 1;
    const struct op *by = node->versions[last].by;
    const char *what = by ? op_names[by->kind] : "what was seen";
    const unsigned long long seq = by ? by->seq : 0, id = by ? by->id : 0;
    const int64_t older = version_find(node, found, (int64_t) last, 0);
    const bool was_gone = node->now.count == 1 && node->now.at[0].value->kind == VALUE_ABSENT;
    enum rule rule = RULE_MIXED;

    if (!found || older >= 0)
        rule = was_gone ? RULE_RESURRECTED : RULE_LOST;
    verdict_add(self->verdict, rule, "%s: there is %s (%llu bytes), after %s (seq %llu, id %llu)%s",
        node->path, found_kind(found), (unsigned long long) (found ? found->size : 0), what, seq,
        id, older >= 0 ? ", as it was before" : "");
}

/*
 * The primary shows last what we thought to have come earlier.  If only one
 * operation ever made it, and nothing carried it there again, it never was there
 * earlier; who showed it has been as far as this.
 */
static void
place_last(struct node *node, const struct value *value)
{
    const uint32_t last = (uint32_t) node->version_count - 1;

    for (uint32_t i = 0; i < last; i++)
        if (node->versions[i].value == value && node->versions[i].by != value->by)
            return;
    for (uint32_t i = 0; i < last && value->by; i++) {
        if (node->versions[i].value != value)
            continue;
        node->versions[i].is_misplaced = true;
        for (size_t backup = 0; backup < BACKUPS_MAX; backup++)
            if (node->seen[backup] == i)
                node->seen[backup] = last;
    }
}

/* In whatever order we thought operations to have come: what the primary shows is the last. */
static void
believe(struct node *node, const struct value *value, const struct found *found)
{
    const int64_t last = (int64_t) node->version_count - 1;
    const bool is_last = version_find(node, found, last, last) >= 0;

    if (!is_last)
        node->now.count = 0;
    node_become_value(node, value, NULL);
    if (!is_last)
        place_last(node, value);
}

static void
see_path(struct replay *self, struct node *node, const struct found *found)
{
    const struct possibilities *now = &node->now;

    for (size_t i = 0; i < now->count; i++)
        if (value_is(now->at[i].value, found)) {
            believe(node, now->at[i].value, found);
            return;
        }
    if (!now->is_anything && self->is_told)
        accuse(self, node, found);
    node_become_value(node,
        !found                    ? &value_absent
            : found->is_directory ? &value_directory
                                  : value_seen(&self->world.values, found),
        NULL);
}

static void
see_foreign(struct replay *self, const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct found *found = &snapshot->at[i];
        if (world_find(&self->world, found->path))
            continue;
        if (self->is_told)
            verdict_add(self->verdict, RULE_FOREIGN, "%s: there is %s", found->path,
                found_kind(found));
        see_path(self, world_node(&self->world, found->path), found);
    }
}

/* What has not ended may still happen, unless it was seen to have happened. */
static void
stay_active(struct replay *self)
{
    size_t kept = 0;

    for (size_t i = 0; i < self->active_count; i++) {
        struct op *op = self->active[i];
        if (op->proof == PROOF_APPLIED)
            continue;
        op->proof = PROOF_NONE;
        self->active[kept++] = op;
    }
    self->active_count = kept;
    let_all_happen(self, kept);
}

void
replay_see_primary(struct replay *self, uint64_t at_ns, const struct snapshot *snapshot)
{
    replay_run_until(self, at_ns);
    if (at_ns >= self->first_ns)
        self->is_told = true; /* else this is how it all began */
    for (struct node *node = self->world.first; node; node = node->next_in_world)
        if (*node->path)
            conclude(self, node, snapshot_find(snapshot, node->path));
    for (struct node *node = self->world.first; node; node = node->next_in_world)
        if (*node->path)
            see_path(self, node, snapshot_find(snapshot, node->path));
    see_foreign(self, snapshot);
    self->is_told = true;
    stay_active(self);
}

size_t
replay_undecided(const struct replay *self)
{
    size_t count = 0;

    for (size_t i = 0; i < self->unknown_count; i++)
        count += self->unknown[i]->proof == PROOF_NONE;
    return count;
}

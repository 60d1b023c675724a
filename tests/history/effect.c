/*
 * An operation is a list of (path, what becomes of it): the path itself, the
 * directories above it, which appear, and for tree operations every path below.
 * They are worked out from how things are before any of them is changed.
 *
 * Of an operation of unknown fate a path gets both: how it is without it, and
 * how it would be with it.  When it cannot have happened before, the first is
 * marked as assuming that it did not; later on, after something else changed
 * the path, nothing is assumed, for its trace may have been overwritten.
 */

#include "tests/history/effect.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum role { SELF, PARENT, BELOW, TAKER };

struct touch {
    struct node *node;
    struct node *source; /* of a TAKER; NULL: it becomes empty */
    enum role role;
    struct possibilities after;
};

struct touches {
    struct touch *at;
    size_t count, room;
};

static void
touch(struct touches *self, struct node *node, enum role role, struct node *source)
{
    if (self->count == self->room) {
        self->room = self->room ? self->room * 2 : 8;
        self->at = memory_resize(self->at, self->room * sizeof *self->at);
    }
    self->at[self->count++] = (struct touch){ .node = node, .source = source, .role = role };
}

static bool
is_at_or_below(const char *path, const char *top)
{
    const size_t length = strlen(top);

    return strncmp(path, top, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static bool
are_related(const char *a, const char *b)
{
    return a && b && (is_at_or_below(a, b) || is_at_or_below(b, a));
}

bool
effect_conflicts(const struct op *a, const struct op *b)
{
    return are_related(a->path, b->path) || are_related(a->path, b->to) ||
        are_related(a->to, b->path) || are_related(a->to, b->to);
}

static void
touch_parents(struct touches *self, const struct node *node)
{
    for (struct node *parent = node->parent; parent; parent = parent->parent)
        touch(self, parent, PARENT, NULL);
}

static struct node *
counterpart(struct world *world, const char *path, const char *from, const char *to)
{
    char *name = memory_print("%s%s", to, path + strlen(from));
    struct node *node = world_node(world, name);

    free(name);
    return node;
}

static void
touch_rename(struct touches *self, struct world *world, const struct op *op)
{
    struct node *from = world_node(world, op->path), *to = world_node(world, op->to);

    if (are_related(op->path, op->to))
        return;
    for (struct node *node = from; node; node = node_next(from, node))
        counterpart(world, node->path, op->path, op->to);
    for (struct node *node = to; node; node = node_next(to, node)) {
        char *name = memory_print("%s%s", op->path, node->path + strlen(op->to));
        touch(self, node, TAKER, world_find(world, name));
        free(name);
    }
    for (struct node *node = from; node; node = node_next(from, node))
        touch(self, node, node == from ? SELF : BELOW, NULL);
    touch_parents(self, to);
}

static void
touch_all(struct touches *self, struct world *world, const struct op *op)
{
    struct node *top = world_node(world, op->path);

    if (op->kind == OP_RENAME) {
        touch_rename(self, world, op);
        return;
    }
    touch(self, top, SELF, NULL);
    if (op->kind == OP_REMOVE_TREE)
        for (struct node *node = node_next(top, top); node; node = node_next(top, node))
            touch(self, node, BELOW, NULL);
    if (op->kind == OP_PUT || op->kind == OP_APPEND || op->kind == OP_WRITE_AT ||
        op->kind == OP_MKDIR)
        touch_parents(self, top);
}

/* What becomes of a path itself; NULL if the operation would be refused. */
static const struct value *
after_self(struct world *world, const struct value *value, struct op *op)
{
    switch (op->kind) {
    case OP_PUT:
    case OP_APPEND:
    case OP_WRITE_AT:
    case OP_TRUNCATE: return value_after(&world->values, value, op);
    case OP_MKDIR: return value->kind == VALUE_FILE ? NULL : &value_directory;
    case OP_RENAME: return value->kind == VALUE_ABSENT ? NULL : &value_absent;
    default: return &value_absent;
    }
}

static const struct value *
after_one(struct world *world, const struct touch *touched, const struct value *value,
    struct op *op)
{
    switch (touched->role) {
    case SELF: return after_self(world, value, op);
    case PARENT: return value->kind == VALUE_FILE ? NULL : &value_directory;
    default: return &value_absent;
    }
}

/* A rename brings what is at the other path, which exists if it is the renamed one. */
static const struct possibilities *
brought(const struct touch *touched)
{
    static struct possibility nothing = { .value = &value_absent };
    static const struct possibilities empty = { .at = &nothing, .count = 1 };

    return touched->source ? &touched->source->now : &empty;
}

static bool
may_bring(const struct op *op, const struct touch *touched, const struct possibility *one)
{
    return one->value->kind != VALUE_ABSENT || strcmp(touched->node->path, op->to) != 0;
}

static void
work_out_applied(struct world *world, struct touch *touched, struct op *op)
{
    const bool is_taker = touched->role == TAKER;
    const struct possibilities *from = is_taker ? brought(touched) : &touched->node->now;

    touched->after.is_anything = from->is_anything && touched->role != PARENT;
    for (size_t i = 0; i < from->count; i++) {
        struct possibility one = from->at[i];
        if (is_taker && !may_bring(op, touched, &one))
            continue;
        if (is_taker)
            possibility_forget(&one, op->begin_ns);
        else
            one.value = after_one(world, touched, one.value, op);
        if (!one.value)
            continue;
        if (!is_taker && !one.value->base) /* nothing of what was before can be seen in it */
            one = (struct possibility){ .value = one.value };
        possibilities_add(&touched->after, &one);
    }
    if (!is_taker && op->kind != OP_APPEND && op->kind != OP_WRITE_AT && op->kind != OP_TRUNCATE)
        touched->after.is_anything = false;
}

/* The possibility that it happens here, beside the one that it does not. */
static void
add_both(struct touch *touched, const struct possibility *without, const struct value *value,
    struct op *op, bool is_first)
{
    struct possibility now = *without, then = *without;
    bool is_applied = false;

    if (value == without->value || !value ||
        (possibility_assumes(without, op, &is_applied) && is_applied)) {
        possibilities_add(&touched->after, without);
        return;
    }
    if (is_first)
        possibility_assume(&now, op, false);
    then.value = value;
    possibility_assume(&then, op, true);
    possibilities_add(&touched->after, &now);
    possibilities_add(&touched->after, &then);
}

static void
work_out_taker(struct touch *touched, struct op *op, bool is_first)
{
    const struct possibilities *from = brought(touched), *now = &touched->node->now;
    const bool is_same = from->count == 1 && now->count == 1 && !from->is_anything &&
        from->at[0].value == now->at[0].value;

    for (size_t i = 0; i < now->count; i++) {
        struct possibility one = now->at[i];
        if (is_first && !is_same)
            possibility_assume(&one, op, false);
        possibilities_add(&touched->after, &one);
    }
    for (size_t i = 0; i < from->count && !is_same; i++) {
        struct possibility one = from->at[i];
        bool is_applied = false;
        if (!may_bring(op, touched, &one) ||
            (possibility_assumes(&one, op, &is_applied) && is_applied))
            continue;
        possibility_forget(&one, op->begin_ns);
        possibility_assume(&one, op, true);
        possibilities_add(&touched->after, &one);
    }
    touched->after.is_anything |= from->is_anything;
}

static void
work_out_possible(struct world *world, struct touch *touched, struct op *op, bool is_first)
{
    const struct possibilities *now = &touched->node->now;

    touched->after.is_anything = now->is_anything;
    if (touched->role == TAKER) {
        work_out_taker(touched, op, is_first);
        return;
    }
    for (size_t i = 0; i < now->count; i++)
        add_both(touched, &now->at[i], after_one(world, touched, now->at[i].value, op), op,
            is_first);
}

static bool
may_be(const struct node *node, int kind)
{
    for (size_t i = 0; i < node->now.count; i++)
        if ((int) node->now.at[i].value->kind == kind)
            return true;
    return node->now.is_anything;
}

/* Whether it can have any effect: one that would be refused has none, also not on parents. */
static bool
can_succeed(struct world *world, const struct op *op)
{
    const struct node *node = world_node(world, op->path);
    const bool is_there = may_be(node, VALUE_FILE) || may_be(node, VALUE_DIRECTORY);

    switch (op->kind) {
    case OP_PUT:
    case OP_APPEND:
    case OP_WRITE_AT: return may_be(node, VALUE_FILE) || may_be(node, VALUE_ABSENT);
    case OP_TRUNCATE: return may_be(node, VALUE_FILE);
    case OP_MKDIR: return may_be(node, VALUE_ABSENT) || may_be(node, VALUE_DIRECTORY);
    case OP_RENAME: return is_there;
    default: return true;
    }
}

static void
note_acks(struct touches *touches, const struct op *op)
{
    const uint64_t acks = op->acked < BACKUPS_MAX ? op->acked : BACKUPS_MAX;

    for (size_t i = 0; i < touches->count; i++) {
        struct node *node = touches->at[i].node;
        const uint32_t version = node_version(node);
        if (version != UINT32_MAX && node->acked[acks] < version)
            node->acked[acks] = version;
    }
}

void
effect_applied(struct world *world, struct op *op, struct verdict *verdict)
{
    struct touches touches = { 0 };

    if (!can_succeed(world, op)) {
        verdict_add(verdict, RULE_IMPOSSIBLE, "%s %s (seq %" PRIu64 ") succeeded",
            op_names[op->kind], op->path, op->seq);
        return;
    }
    touch_all(&touches, world, op);
    for (size_t i = 0; i < touches.count; i++)
        work_out_applied(world, &touches.at[i], op);
    for (size_t i = 0; i < touches.count; i++) {
        struct touch *touched = &touches.at[i];
        if (touched->after.count)
            node_become(touched->node, &touched->after, op);
        possibilities_fini(&touched->after);
    }
    if (op->acked)
        note_acks(&touches, op);
    free(touches.at);
}

bool
effect_possible(struct world *world, struct op *op, bool is_first)
{
    struct touches touches = { 0 };
    bool is_more = false;

    if (!can_succeed(world, op))
        return false;
    touch_all(&touches, world, op);
    for (size_t i = 0; i < touches.count; i++)
        work_out_possible(world, &touches.at[i], op, is_first);
    for (size_t i = 0; i < touches.count; i++) {
        struct touch *touched = &touches.at[i];
        is_more |= touched->after.count > touched->node->now.count;
        node_become(touched->node, &touched->after, op);
    }
    free(touches.at);
    return is_more;
}

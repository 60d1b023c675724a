#include "tests/history/order.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>

/* An end, with the slot behind the last change that had ended by then. */
struct edge {
    uint64_t ns;
    size_t place;
};

static int
by_seq(const void *a, const void *b)
{
    const struct op *x = *(struct op *const *) a, *y = *(struct op *const *) b;

    if (x->seq != y->seq)
        return (x->seq > y->seq) - (x->seq < y->seq);
    return (x->begin_ns > y->begin_ns) - (x->begin_ns < y->begin_ns);
}

static int
by_ns(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    return (x->ns > y->ns) - (x->ns < y->ns);
}

static bool
is_removal(const struct op *op)
{
    return op->kind == OP_REMOVE || op->kind == OP_REMOVE_TREE;
}

static void
collect(struct order *self, const struct history *history, struct verdict *verdict)
{
    for (size_t i = 0; i < history->count; i++) {
        struct op *op = history->ops[i];
        if (op->fate != FATE_APPLIED)
            continue;
        if (op->acknowledged && op->acked < op->required)
            verdict_add(verdict, RULE_ACKS,
                "%s %s (seq %" PRIu64 "): done with %" PRIu64 " of %" PRIu64 " acknowledgements",
                op_names[op->kind], op->path, op->seq, op->acked, op->required);
        if (op->seq > 0)
            self->ops[self->count++] = op;
        else if (!is_removal(op)) /* removing nothing changes nothing */
            verdict_add(verdict, RULE_SEQ_MISSING, "%s %s (id %" PRIu64 ")", op_names[op->kind],
                op->path, op->id);
    }
    if (self->count)
        qsort(self->ops, self->count, sizeof *self->ops, by_seq);
}

static void
check_order(const struct order *self, struct verdict *verdict)
{
    const struct op *latest = NULL;

    for (size_t i = 0; i < self->count; i++) {
        const struct op *op = self->ops[i];
        if (i > 0 && self->ops[i - 1]->seq == op->seq)
            verdict_add(verdict, RULE_SEQ_TWICE, "seq %" PRIu64 ": ids %" PRIu64 " and %" PRIu64,
                op->seq, self->ops[i - 1]->id, op->id);
        if (latest && op->end_ns < latest->begin_ns)
            verdict_add(verdict, RULE_SEQ_ORDER,
                "%s %s (seq %" PRIu64 ") ended before %s %s (seq %" PRIu64 ") began",
                op_names[op->kind], op->path, op->seq, op_names[latest->kind], latest->path,
                latest->seq);
        if (!latest || op->begin_ns > latest->begin_ns)
            latest = op;
    }
}

void
order_init(struct order *self, const struct history *history, struct verdict *verdict)
{
    *self = (struct order){ .ops = memory_new((history->count + 1) * sizeof *self->ops) };
    collect(self, history, verdict);
    check_order(self, verdict);
    self->by_end = memory_new((self->count + 1) * sizeof *self->by_end);
    for (size_t i = 0; i < self->count; i++)
        self->by_end[i] = (struct edge){ self->ops[i]->end_ns, i + 1 };
    if (self->count)
        qsort(self->by_end, self->count, sizeof *self->by_end, by_ns);
    for (size_t i = 1; i < self->count; i++)
        if (self->by_end[i].place < self->by_end[i - 1].place)
            self->by_end[i].place = self->by_end[i - 1].place;
}

void
order_fini(struct order *self)
{
    free(self->ops);
    free(self->by_end);
}

/* How many edges are at or before `ns`. */
static size_t
edges_until(const struct edge *edges, size_t count, uint64_t ns)
{
    size_t low = 0, high = count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (edges[middle].ns <= ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t
order_slot_after(const struct order *self, uint64_t ns)
{
    const size_t ended = ns > 0 ? edges_until(self->by_end, self->count, ns - 1) : 0;

    return ended > 0 ? self->by_end[ended - 1].place : 0;
}

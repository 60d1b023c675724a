#include "tests/history/world.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { BUCKETS_MIN = 1024 };

void
world_init(struct world *self)
{
    *self = (struct world){ .bucket_count = BUCKETS_MIN };
    self->buckets = memory_new(BUCKETS_MIN * sizeof(struct node *));
    world_node(self, "");
    node_become_value(self->first, &value_directory, NULL);
}

void
world_fini(struct world *self)
{
    struct node *next;

    for (struct node *node = self->first; node; node = next) {
        next = node->next_in_world;
        possibilities_fini(&node->now);
        free(node->versions);
        free(node->path);
        free(node);
    }
    free(self->buckets);
    values_free(&self->values);
}

static struct node **
bucket_of(const struct world *self, const char *path)
{
    return &self->buckets[XXH3_64bits(path, strlen(path)) % self->bucket_count];
}

struct node *
world_find(const struct world *self, const char *path)
{
    struct node *node = *bucket_of(self, path);

    while (node && strcmp(node->path, path) != 0)
        node = node->next_in_bucket;
    return node;
}

static void
widen(struct world *self)
{
    free(self->buckets);
    self->bucket_count *= 4;
    self->buckets = memory_new(self->bucket_count * sizeof *self->buckets);
    for (struct node *node = self->first; node; node = node->next_in_world) {
        struct node **bucket = bucket_of(self, node->path);
        node->next_in_bucket = *bucket;
        *bucket = node;
    }
}

static struct node *
node_parent(struct world *self, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *parent;
    struct node *node;

    if (!slash)
        return NULL;
    parent = memory_copy(path, (size_t) (slash - path));
    node = world_node(self, parent);
    free(parent);
    return node;
}

struct node *
world_node(struct world *self, const char *path)
{
    struct node *node = world_find(self, path);
    struct node **bucket;

    if (node)
        return node;
    node = memory_new(sizeof *node);
    node->path = memory_copy(path, strlen(path));
    node->parent = node_parent(self, path);
    if (node->parent) {
        node->next_sibling = node->parent->first_child;
        node->parent->first_child = node;
    }
    bucket = bucket_of(self, path);
    node->next_in_bucket = *bucket;
    *bucket = node;
    node->next_in_world = self->first;
    self->first = node;
    node_become_value(node, &value_absent, NULL);
    if (++self->node_count > self->bucket_count)
        widen(self);
    return node;
}

struct node *
node_next(const struct node *top, const struct node *node)
{
    if (node->first_child)
        return node->first_child;
    while (node != top && !node->next_sibling)
        node = node->parent;
    return node == top ? NULL : node->next_sibling;
}

void
possibilities_fini(struct possibilities *self)
{
    free(self->at);
    *self = (struct possibilities){ 0 };
}

static bool
is_same(const struct possibility *a, const struct possibility *b)
{
    return a->value == b->value && a->assumption_count == b->assumption_count &&
        a->applied == b->applied &&
        memcmp(a->about, b->about, a->assumption_count * sizeof *a->about) == 0;
}

void
possibilities_add(struct possibilities *self, const struct possibility *one)
{
    for (size_t i = 0; i < self->count; i++)
        if (is_same(&self->at[i], one))
            return;
    if (self->count == POSSIBILITIES_MAX) {
        self->is_anything = true;
        return;
    }
    if (self->count == self->room) {
        self->room = self->room ? self->room * 2 : 2;
        self->at = memory_resize(self->at, self->room * sizeof *self->at);
    }
    self->at[self->count++] = *one;
}

bool
possibility_assumes(const struct possibility *self, const struct op *op, bool *is_applied)
{
    for (unsigned i = 0; i < self->assumption_count; i++)
        if (self->about[i] == op) {
            *is_applied = self->applied >> i & 1;
            return true;
        }
    return false;
}

void
possibility_assume(struct possibility *self, struct op *op, bool is_applied)
{
    unsigned i = 0;

    while (i < self->assumption_count && self->about[i] != op)
        i++;
    if (i == ASSUMPTIONS_MAX)
        return;
    if (i == self->assumption_count)
        self->about[self->assumption_count++] = op;
    self->applied &= ~(1u << i);
    self->applied |= (unsigned) is_applied << i;
}

/* Is the same value possible in the same way: with `by`, or whoever made it possible before? */
static bool
is_possible(const struct possibilities *set, const struct possibility *wanted, const struct op *by)
{
    bool is_by, is_applied = false;
    const bool needs_by = by && possibility_assumes(wanted, by, &is_by) && is_by;

    for (size_t i = 0; i < set->count; i++) {
        if (set->at[i].value != wanted->value)
            continue;
        if (!needs_by || (possibility_assumes(&set->at[i], by, &is_applied) && is_applied))
            return true;
    }
    return false;
}

void
possibility_forget(struct possibility *self, uint64_t ns)
{
    struct possibility kept = { .value = self->value };

    for (unsigned i = 0; i < self->assumption_count; i++)
        if (self->applied >> i & 1 || self->about[i]->deadline_ns < ns)
            possibility_assume(&kept, self->about[i], self->applied >> i & 1);
    *self = kept;
}

static void
note(struct node *self, const struct value *value, const struct op *by)
{
    if (self->version_count == self->version_room) {
        self->version_room = self->version_room ? self->version_room * 2 : 2;
        self->versions = memory_resize(self->versions, self->version_room * sizeof *self->versions);
    }
    self->versions[self->version_count++] = (struct version){ .value = value, .by = by };
}

void
node_become(struct node *self, struct possibilities *set, const struct op *by)
{
    struct possibilities old = self->now;

    self->now = *set;
    *set = (struct possibilities){ 0 };
    if (self->now.is_anything && !old.is_anything)
        note(self, &value_anything, by);
    for (size_t i = 0; i < self->now.count; i++)
        if (!is_possible(&old, &self->now.at[i], by))
            note(self, self->now.at[i].value, by);
    possibilities_fini(&old);
}

void
node_become_value(struct node *self, const struct value *value, const struct op *by)
{
    const struct possibility only = { .value = value };
    struct possibilities set = { 0 };

    possibilities_add(&set, &only);
    node_become(self, &set, by);
}

uint32_t
node_version(const struct node *self)
{
    uint32_t least = UINT32_MAX;

    for (size_t i = 0; i < self->now.count; i++) {
        uint32_t version = (uint32_t) self->version_count - 1;
        while (version > 0 && self->versions[version].value != self->now.at[i].value)
            version--;
        if (version < least)
            least = version;
    }
    return least;
}

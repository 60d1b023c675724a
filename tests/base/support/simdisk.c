#include "tests/base/support/simdisk_internal.h"

#include "tests/check.h"

#include <xxhash.h>

enum { KNOWN_MAX = 1 << 17 };

struct sim sim;
char sim_arena[ARENA_BLOCKS][BLOCK];

static void (*before_sync)(void);
static uint64_t known[KNOWN_MAX]; /* hashes, 0: free */

/* ---- worlds ---------------------------------------------------------------------- */

struct name *
world_find(struct world *world, int dir, const char *text)
{
    for (size_t i = 0; i < NAMES; i++)
        if (world->names[i].dir == dir && strcmp(world->names[i].text, text) == 0)
            return &world->names[i];
    return NULL;
}

static void
add(struct world *world, const struct spot *spot, int node)
{
    size_t i = 0;

    while (i < NAMES && world->names[i].dir != NONE)
        i++;
    check(i < NAMES);
    world->names[i].dir = spot->dir;
    world->names[i].node = node;
    snprintf(world->names[i].text, NAME_BYTES, "%s", spot->text);
}

bool
world_is_directory(const struct world *world, int node)
{
    return S_ISDIR(world->nodes[node].mode);
}

/* False where a directory stands that this change says nothing of. */
static bool
clear(struct world *world, const struct spot *spot, const struct pending *p)
{
    struct name *const name = spot->text[0] ? world_find(world, spot->dir, spot->text) : NULL;

    if (!name)
        return true;
    if (world_is_directory(world, name->node) && name->node != p->node && name->node != p->replaced)
        return false;
    name->dir = NONE;
    return true;
}

static bool
apply_name(struct world *world, const struct pending *p)
{
    if (!clear(world, &p->from, p) || !clear(world, &p->to, p))
        return false;
    for (size_t i = 0; i < NAMES && world_is_directory(world, p->node); i++)
        if (world->names[i].dir != NONE && world->names[i].node == p->node)
            world->names[i].dir = NONE;
    if (p->to.text[0])
        add(world, &p->to, p->node);
    return true;
}

static bool
apply(struct world *world, const struct pending *p)
{
    struct node *const node = &world->nodes[p->node];

    switch (p->kind) {
    case IS_BLOCK: node->blocks[p->block] = p->bytes; return true;
    case IS_SIZE: node->size = p->size; return true;
    case IS_MODE: node->mode = p->mode; return true;
    case IS_NAME: return apply_name(world, p);
    }
    return false;
}

void
sim_change(struct pending p)
{
    check(sim.pending_count < CHANGES);
    sim.pending[sim.pending_count++] = p;
    sim.seen.nodes[p.node].changed = ++sim.clock;
    check(apply(&sim.seen, &p));
}

/* ---- syncs and cuts --------------------------------------------------------------- */

static bool
is_covered(const struct pending *p, int node, bool has_mode)
{
    if (p->kind == IS_NAME)
        return has_mode &&
            ((p->from.text[0] && p->from.dir == node) || (p->to.text[0] && p->to.dir == node));
    return p->node == node && (has_mode || p->kind != IS_MODE);
}

int
sim_make_sure(int node, bool has_mode)
{
    unsigned left = 0;

    if (before_sync && sim.pending_count > 0)
        before_sync();
    for (unsigned i = 0; i < sim.pending_count; i++) {
        const struct pending p = sim.pending[i];

        if (node == NONE || is_covered(&p, node, has_mode))
            check(apply(&sim.sure, &p));
        else
            sim.pending[left++] = p;
    }
    sim.pending_count = left;
    return 0;
}

void
sim_before_sync(void (*run)(void))
{
    before_sync = run;
}

unsigned
sim_pending(void)
{
    return sim.pending_count;
}

static void
close_all(void)
{
    for (size_t i = 0; i < FDS; i++)
        sim.fds[i] = NONE;
}

void
sim_new(void)
{
    memset(&sim, 0, sizeof sim);
    sim.seen.nodes[ROOT].mode = S_IFDIR | 0755;
    for (size_t i = 0; i < NAMES; i++)
        sim.seen.names[i].dir = NONE;
    sim.sure = sim.seen;
    sim.node_count = ROOT + 1;
    close_all();
}

bool
sim_cut(uint64_t kept)
{
    struct world left = sim.sure;

    for (unsigned i = 0; i < sim.pending_count; i++)
        if ((kept >> i & 1) && !apply(&left, &sim.pending[i]))
            return false;
    sim.seen = sim.sure = left;
    sim.pending_count = 0;
    close_all();
    return true;
}

struct sim *
sim_save(void)
{
    struct sim *const saved = malloc(sizeof *saved);

    check(saved);
    *saved = sim;
    return saved;
}

void
sim_back(const struct sim *saved)
{
    sim = *saved;
}

/* ---- looks ------------------------------------------------------------------------ */

static uint64_t
look_of_file(const struct node *node)
{
    static const char zeros[BLOCK];
    uint64_t look = XXH3_64bits(&node->size, sizeof node->size) ^ node->mode;

    for (size_t at = 0; at < node->size; at += BLOCK) {
        const char *const bytes = node->blocks[at / BLOCK];
        const size_t left = node->size - at;

        look = XXH3_64bits_withSeed(bytes ? bytes : zeros, left < BLOCK ? left : BLOCK, look);
    }
    return look;
}

/* A sum, because names are in no order. */
static uint64_t
look_of(int node)
{
    const struct world *const world = &sim.seen;
    uint64_t look = world->nodes[node].mode;

    if (!world_is_directory(world, node))
        return look_of_file(&world->nodes[node]);
    for (size_t i = 0; i < NAMES; i++)
        if (world->names[i].dir == node)
            look += XXH3_64bits_withSeed(world->names[i].text, strlen(world->names[i].text),
                look_of(world->names[i].node));
    return XXH3_64bits(&look, sizeof look);
}

uint64_t
sim_looks(void)
{
    return look_of(ROOT);
}

bool
sim_is_new(void)
{
    const uint64_t state = XXH3_64bits(&sim.seen, sizeof sim.seen) | 1;
    size_t at = state >> 1 & (KNOWN_MAX - 1);

    while (known[at] && known[at] != state)
        at = (at + 1) & (KNOWN_MAX - 1);
    if (known[at])
        return false;
    known[at] = state;
    return true;
}

void
sim_forget(void)
{
    memset(known, 0, sizeof known);
}

/*
 * claims - queues of places on the nodes of the tree of paths.
 *
 * A claim on /a/b has a shared place at "/" and at "/a" and an exclusive one at
 * "/a/b".  In a queue a shared place waits for the exclusive ones before it, an
 * exclusive one for all before it; so the granted places of a queue are always
 * its first ones, and what an end can grant begins at the first that waits.
 * Two claims share a queue with an exclusive place in it exactly if they meet;
 * and as all places are taken in one step, every queue has them in the same
 * order, so nobody waits in a circle.
 *
 * A node is found by its parent and its name, so a claim costs the length of
 * its path whatever else is claimed.  It lives while it has places; whoever
 * has one at a node has one at its parent, so parents outlive children.
 */

#include "actors/claims.h"

#include "base/memory.h"
#include "base/path.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <xxhash.h>

#define HASH_FUNCTION(key, bytes, hash) ((hash) = (unsigned) XXH3_64bits((key), (bytes)))
#define uthash_malloc(bytes) memory_new(bytes)
#include <uthash.h>
#include <utlist.h>

struct node {
    struct claim_place *queue;   /* in the order asked */
    struct claim_place *waiting; /* the first not granted, or NULL */
    UT_hash_handle hh;
    size_t key_bytes;
    char key[]; /* the parent's address, then the name */
};

struct claim_place {
    struct claim *claim;
    struct node *node;
    struct claim_place *prev, *next; /* in the node's queue */
    bool is_exclusive;
    bool is_granted;
    /* Of a claim's first place only: granted, and not yet told so. */
    bool is_ready;
    struct claim_place *ready_prev, *ready_next;
};

struct claims {
    struct node *nodes;
    struct claim_place *ready;
    bool is_telling;
};

struct claims *
claims_new(void)
{
    return memory_new(sizeof(struct claims));
}

void
claims_free(struct claims **claims)
{
    if (!*claims)
        return;
    assert(!(*claims)->nodes);
    free(*claims);
    *claims = NULL;
}

size_t
claims_count(const struct claims *claims)
{
    return HASH_COUNT(claims->nodes);
}

bool
claim_is_granted(const struct claim *claim)
{
    return claim->places && claim->waiting == 0;
}

static struct node *
node_at(struct claims *claims, const struct node *parent, struct view name)
{
    char key[sizeof parent + NAME_BYTES_MAX];
    size_t bytes = sizeof parent + name.length;
    struct node *node;

    assert(name.length <= NAME_BYTES_MAX);
    memcpy(key, &parent, sizeof parent);
    if (name.length > 0)
        memcpy(key + sizeof parent, name.at, name.length);
    HASH_FIND(hh, claims->nodes, key, bytes, node);
    if (node)
        return node;
    node = memory_new(sizeof *node + bytes);
    node->key_bytes = bytes;
    memcpy(node->key, key, bytes);
    HASH_ADD(hh, claims->nodes, key, bytes, node);
    return node;
}

static bool
may_go(const struct claim_place *place)
{
    const struct claim_place *first = place->node->queue;

    return place == first || (!place->is_exclusive && !first->is_exclusive);
}

/* Grant what nothing before it in the queue forbids any more. */
static void
advance(struct claims *claims, struct node *node)
{
    while (node->waiting && may_go(node->waiting)) {
        struct claim_place *place = node->waiting, *first = place->claim->places;

        node->waiting = place->next;
        place->is_granted = true;
        if (--place->claim->waiting > 0)
            continue;
        first->is_ready = true;
        DL_APPEND2(claims->ready, first, ready_prev, ready_next);
    }
}

/*
 * granted() may ask and drop in turn; one loop, the outermost, tells them all,
 * so a thousand claims that end at once do not go a thousand calls deep.
 */
static void
tell_granted(struct claims *claims)
{
    if (claims->is_telling)
        return;
    claims->is_telling = true;
    while (claims->ready) {
        struct claim_place *first = claims->ready;
        struct claim *claim = first->claim;

        DL_DELETE2(claims->ready, first, ready_prev, ready_next);
        first->is_ready = false;
        if (claim->granted)
            claim->granted(claim);
    }
    claims->is_telling = false;
}

static size_t
count_parts(struct view path)
{
    struct view part;
    size_t count = 0;

    while (path_next(&path, &part))
        count++;
    return count;
}

static struct claim_place *
add_place(struct claims *claims, struct claim *claim, const struct node *parent, struct view name)
{
    struct claim_place *place = &claim->places[claim->place_count++];

    place->claim = claim;
    place->node = node_at(claims, parent, name);
    return place;
}

/* The number of leading parts two paths have in common. */
static size_t
count_common(struct view a, struct view b)
{
    struct view part_a, part_b;
    size_t count = 0;

    while (path_next(&a, &part_a) && path_next(&b, &part_b) && view_equal(part_a, part_b))
        count++;
    return count;
}

/* Places for the parts of a path but the first `known`, which places[known] stands for. */
static void
add_path(struct claims *claims, struct claim *claim, struct view path, size_t known)
{
    struct claim_place *place = &claim->places[known];
    struct view part;

    for (size_t i = 0; path_next(&path, &part); i++)
        if (i >= known)
            place = add_place(claims, claim, place->node, part);
    place->is_exclusive = true;
}

/* A path at or under the other adds nothing to it. */
static void
merge(struct view *a, struct view *b)
{
    if (b->at && (view_equal(*a, *b) || path_is_under(*b, *a)))
        b->at = NULL;
    if (b->at && path_is_under(*a, *b)) {
        *a = *b;
        b->at = NULL;
    }
}

void
claim_ask(struct claims *claims, struct claim *claim, const char *path, const char *other)
{
    struct view a = view_of(path), b = other ? view_of(other) : (struct view){ NULL, 0 };
    size_t room;

    assert(!claim->places);
    merge(&a, &b);
    room = 1 + count_parts(a) + (b.at ? count_parts(b) : 0);
    claim->places = memory_new(room * sizeof *claim->places);
    claim->place_count = 0;
    add_place(claims, claim, NULL, view_of(""));
    add_path(claims, claim, a, 0);
    if (b.at)
        add_path(claims, claim, b, count_common(a, b));
    claim->waiting = claim->place_count;
    for (size_t i = 0; i < claim->place_count; i++) {
        struct node *node = claim->places[i].node;

        DL_APPEND(node->queue, &claim->places[i]);
        if (!node->waiting)
            node->waiting = &claim->places[i];
        advance(claims, node);
    }
    tell_granted(claims);
}

static void
leave(struct claims *claims, struct claim_place *place)
{
    struct node *node = place->node;

    if (node->waiting == place)
        node->waiting = place->next;
    DL_DELETE(node->queue, place);
    if (node->queue) {
        advance(claims, node);
        return;
    }
    HASH_DEL(claims->nodes, node);
    free(node);
}

void
claim_drop(struct claims *claims, struct claim *claim)
{
    struct claim_place *places = claim->places;

    if (!places)
        return;
    if (places->is_ready)
        DL_DELETE2(claims->ready, places, ready_prev, ready_next);
    for (size_t i = claim->place_count; i-- > 0;)
        leave(claims, &places[i]);
    claim->places = NULL;
    claim->place_count = claim->waiting = 0;
    free(places);
    tell_granted(claims);
}

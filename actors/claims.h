#ifndef ACTORS_CLAIMS_H
#define ACTORS_CLAIMS_H

/*
 * claims - who may change which path now, in the order they asked.
 *
 *     claim_ask ──▶ granted()      at once, or when those before have let go
 *         └────────▶ claim_drop    at any time, granted or not
 *
 * A claim is on one or two whole subtrees (a file is the smallest).  Two
 * claims meet when a path of one equals or lies above a path of the other;
 * those that meet are granted in the order they were asked, all others at
 * once.  Below, an exclusive lock on each path and shared ones on all its
 * ancestors, first come first served at every node; asking takes all places in
 * all queues in one step, so there is no deadlock.  Cost: the length of the path.
 *
 * granted() may ask and drop; it is never called from within another granted(),
 * but right after it.
 */

#include <stdbool.h>
#include <stddef.h>

struct claims;

struct claim { /* embed it, zeroed; private but for granted */
    void (*granted)(struct claim *);
    struct claim_place *places; /* its places in queues */
    size_t place_count;
    size_t waiting; /* places not yet granted */
};

struct claims *claims_new(void);
void claims_free(struct claims **); /* none may be left */

/* Paths are normalised and absolute, "/" allowed; the second may be NULL. */
void claim_ask(struct claims *, struct claim *, const char *path, const char *other);
void claim_drop(struct claims *, struct claim *);
bool claim_is_granted(const struct claim *);
size_t claims_count(const struct claims *); /* nodes in use: 0 when nobody claims */

#endif

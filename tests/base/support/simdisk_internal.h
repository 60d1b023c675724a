#ifndef TESTS_BASE_SUPPORT_SIMDISK_INTERNAL_H
#define TESTS_BASE_SUPPORT_SIMDISK_INTERNAL_H

/*
 * simdisk_internal - what the two files of the simulated disk share.
 *
 *     simdisk.c        what is seen, what is sure, and the changes between
 *     simdisk_calls.c  the system calls that make them
 */

#include "tests/base/support/simdisk.h"

#include <fcntl.h>

enum {
    BLOCK = 512,
    BLOCKS = 32,
    NODES = 64,
    NAMES = 64,
    CHANGES = 64,
    FDS = 32,
    NAME_BYTES = 40,
    ARENA_BLOCKS = 4096,
    ROOT = 0,
    NONE = -1,
};

/* Bytes behind its size are zeros, and a block without bytes is. */
struct node {
    mode_t mode;
    size_t size;
    uint64_t changed; /* counts; stands for its times */
    const char *blocks[BLOCKS];
};

struct name {
    int dir; /* NONE: not used */
    int node;
    char text[NAME_BYTES];
};

struct world {
    struct node nodes[NODES];
    struct name names[NAMES];
};

/* Where a name is or shall be; without text: nowhere. */
struct spot {
    int dir;
    char text[NAME_BYTES];
};

struct pending {
    enum { IS_BLOCK, IS_SIZE, IS_MODE, IS_NAME } kind;
    int node;
    size_t block, size;
    const char *bytes;
    mode_t mode;
    struct spot from, to;
    int replaced; /* what stood at `to` then, or NONE */
};

struct sim {
    struct world seen, sure;
    int node_count;
    struct pending pending[CHANGES];
    unsigned pending_count;
    int fds[FDS]; /* nodes */
    size_t arena_used;
    uint64_t clock;
};

extern struct sim sim;
extern char sim_arena[ARENA_BLOCKS][BLOCK]; /* a block is written once; both worlds point to it */

struct name *world_find(struct world *, int dir, const char *text);
bool world_is_directory(const struct world *, int node);

void sim_change(struct pending);
/* What is pending of this node is on the disk; NONE: of all.  0. */
int sim_make_sure(int node, bool has_mode);

#endif

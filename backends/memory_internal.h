#ifndef BACKENDS_MEMORY_INTERNAL_H
#define BACKENDS_MEMORY_INTERNAL_H

/*
 * memory_internal - the tree of files that a memory store keeps.
 *
 *     memory.c         open, close, flush, space, and the table
 *     memory_put.c     PUT
 *     memory_change.c  the other changes
 *     memory_read.c    lookup, read, list
 *     memory_store.c   the stores of this process, their paths and contents
 *     memory_node.c    the tree
 *
 *     store ─▶ root ─▶ node ─▶ node      children of a directory: a skip list,
 *                        │               so finding one and listing in byte
 *                        ▼               order both cost O(log n)
 *                     content            shared by links, counted once
 *
 * Files are also on a list by latest use.  When the contents are more than
 * max_bytes together, the least recently used files leave.  Content that is
 * still being written counts, but cannot leave.
 *
 * The functions on stores, contents and nodes want the store's lock held.
 */

#include "backends/backend.h"

#include <pthread.h>

enum { HEIGHT_MAX = 16, CONTENT_OVERHEAD = 256 /* bytes a file counts beside its own */ };

struct content {
    unsigned references;
    char *bytes;
    uint64_t size, room;
};

struct node {
    struct node *parent;
    char *name;
    bool is_directory;
    uint32_t mode;
    uint64_t mtime_ns, version;
    struct content *content;    /* of a file */
    struct node *newer, *older; /* files by use */
    struct node **children;     /* of a directory: HEIGHT_MAX heads of the skip list */
    int height;
    struct node *next[];
};

struct store {
    struct store *next; /* of all stores in this process */
    char *name;
    unsigned handles;
    pthread_mutex_t lock;

    uint64_t max_bytes; /* 0: unlimited */
    uint64_t used_bytes;
    uint64_t versions; /* given out */
    uint64_t random;   /* for the heights */
    struct node *root;
    struct node *newest, *oldest;
};

struct store *store_take(const char *name, uint64_t max_bytes); /* one more handle */
void store_give_back(struct store **);

struct content *content_new(struct store *);
void content_release(struct store *, struct content **);
/* Room for more bytes, pushing files out; false if that is not enough. */
bool content_grow(struct store *, struct content *, uint64_t more);

struct node *node_new(struct store *, struct view name, bool is_directory);
/* Out of its directory and freed, with all below it. */
void node_remove(struct store *, struct node *);
/* Put a node without a parent into a directory that has no such name. */
void node_insert(struct node *directory, struct node *);
void node_detach(struct node *); /* without a parent from now on */
struct node *node_find(const struct node *directory, struct view name);
struct node *node_after(const struct node *directory, const char *name);
void node_used(struct store *, struct node *file); /* just now */

/* What is at a path, or NULL. */
struct node *store_find(struct store *, const char *path);
/* The directory a path is in, made if missing; files in its way go. */
struct node *store_make_parent(struct store *, const char *path);

/* The file at a path, new, with this content; what was there goes. */
struct node *store_set_file(struct store *, const char *path, struct content *take_content);

struct backend {
    char *name;
    struct store *store;
};

enum outcome memory_not_found(const struct backend *, const char *path, struct report *);

void memory_begin(struct backend *, struct change *);
void memory_put_begin(struct backend *, struct change *);
void memory_write(struct backend *, struct change *, const void *bytes, size_t length);
void memory_finish(struct backend *, struct change *);
void memory_cancel(struct backend *, struct change *);
void memory_lookup(struct backend *, struct lookup *);
void memory_read(struct backend *, struct reading *);
void memory_list(struct backend *, struct listing *);

#endif

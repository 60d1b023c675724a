#include "backends/memory_internal.h"

#include "base/clock.h"
#include "base/memory.h"

/* Half of the nodes are one link high, a quarter two, ...: xorshift64 decides. */
static int
random_height(struct store *store)
{
    int height = 1;

    store->random ^= store->random << 13;
    store->random ^= store->random >> 7;
    store->random ^= store->random << 17;
    while (height < HEIGHT_MAX && (store->random >> (height + 8) & 1))
        height++;
    return height;
}

struct node *
node_new(struct store *store, struct view name, bool is_directory)
{
    const int height = random_height(store);
    struct node *node = memory_new(sizeof *node + (size_t) height * sizeof *node->next);

    node->name = view_dup(name);
    node->is_directory = is_directory;
    node->height = height;
    node->mtime_ns = clock_wall_ns();
    node->version = ++store->versions;
    if (is_directory)
        node->children = memory_new(HEIGHT_MAX * sizeof *node->children);
    return node;
}

static int
compare(const char *name, struct view with)
{
    const int order = strncmp(name, with.at, with.length);

    return order ? order : name[with.length] != '\0';
}

/* For each level, the link that leads to the first name not before this one. */
static void
seek(const struct node *directory, struct view name, struct node **links[HEIGHT_MAX])
{
    struct node **heads = directory->children;

    for (int level = HEIGHT_MAX - 1; level >= 0; level--) {
        while (heads[level] && compare(heads[level]->name, name) < 0)
            heads = heads[level]->next;
        links[level] = &heads[level];
    }
}

struct node *
node_find(const struct node *directory, struct view name)
{
    struct node **links[HEIGHT_MAX];

    seek(directory, name, links);
    return *links[0] && compare((*links[0])->name, name) == 0 ? *links[0] : NULL;
}

struct node *
node_after(const struct node *directory, const char *name)
{
    struct node **links[HEIGHT_MAX];
    struct node *first;

    seek(directory, view_of(name), links);
    first = *links[0];
    return first && strcmp(first->name, name) == 0 ? first->next[0] : first;
}

void
node_insert(struct node *directory, struct node *node)
{
    struct node **links[HEIGHT_MAX];

    seek(directory, view_of(node->name), links);
    for (int level = 0; level < node->height; level++) {
        node->next[level] = *links[level];
        *links[level] = node;
    }
    node->parent = directory;
    directory->mtime_ns = clock_wall_ns();
}

void
node_detach(struct node *node)
{
    struct node **links[HEIGHT_MAX];

    seek(node->parent, view_of(node->name), links);
    for (int level = 0; level < node->height; level++)
        *links[level] = node->next[level];
    node->parent->mtime_ns = clock_wall_ns();
    node->parent = NULL;
}

static void
unlist(struct store *store, struct node *file)
{
    if (file->newer)
        file->newer->older = file->older;
    else if (store->newest == file)
        store->newest = file->older;
    if (file->older)
        file->older->newer = file->newer;
    else if (store->oldest == file)
        store->oldest = file->newer;
    file->newer = file->older = NULL;
}

void
node_used(struct store *store, struct node *file)
{
    unlist(store, file);
    file->older = store->newest;
    if (store->newest)
        store->newest->newer = file;
    store->newest = file;
    if (!store->oldest)
        store->oldest = file;
}

static void
node_free(struct store *store, struct node *node)
{
    if (!node->is_directory)
        unlist(store, node);
    content_release(store, &node->content);
    free(node->children);
    free(node->name);
    free(node);
}

/* Not recursive: a tree may be deeper than the stack. */
void
node_remove(struct store *store, struct node *top)
{
    struct node *at = top;

    if (top->parent)
        node_detach(top);
    for (;;) {
        struct node *above = at->parent;

        if (at->is_directory && at->children[0]) {
            at = at->children[0];
            continue;
        }
        if (at == top)
            break;
        for (int level = 0; level < at->height; level++)
            above->children[level] = at->next[level]; /* it is the first */
        node_free(store, at);
        at = above;
    }
    node_free(store, top);
}

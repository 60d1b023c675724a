#include "backends/memory_internal.h"

#include "base/memory.h"

static pthread_mutex_t stores_lock = PTHREAD_MUTEX_INITIALIZER;
static struct store *stores;

static void
store_free(struct store *store)
{
    node_remove(store, store->root);
    pthread_mutex_destroy(&store->lock);
    free(store->name);
    free(store);
}

static struct store *
store_new(const char *name, uint64_t max_bytes)
{
    struct store *store = memory_new(sizeof *store);

    store->name = memory_copy(name, strlen(name));
    store->max_bytes = max_bytes;
    store->random = UINT64_C(0x9e3779b97f4a7c15);
    store->root = node_new(store, view_of(""), true);
    store->root->mode = 0755;
    pthread_mutex_init(&store->lock, NULL);
    return store;
}

struct store *
store_take(const char *name, uint64_t max_bytes)
{
    struct store *store;

    pthread_mutex_lock(&stores_lock);
    for (store = stores; store && strcmp(store->name, name) != 0;)
        store = store->next;
    if (!store) {
        store = store_new(name, max_bytes);
        store->next = stores;
        stores = store;
    }
    store->handles++;
    pthread_mutex_unlock(&stores_lock);
    return store;
}

void
store_give_back(struct store **taken)
{
    struct store *store = *taken;
    struct store **link = &stores;

    *taken = NULL;
    pthread_mutex_lock(&stores_lock);
    if (--store->handles == 0) {
        while (*link != store)
            link = &(*link)->next;
        *link = store->next;
        store_free(store);
    }
    pthread_mutex_unlock(&stores_lock);
}

struct node *
store_find(struct store *store, const char *path)
{
    struct view rest = view_of(path), part;
    struct node *at = store->root;

    while (at && path_next(&rest, &part))
        at = at->is_directory ? node_find(at, part) : NULL;
    return at;
}

struct node *
store_make_parent(struct store *store, const char *path)
{
    struct view rest = path_parent(view_of(path)), part;
    struct node *at = store->root;

    while (path_next(&rest, &part)) {
        struct node *below = node_find(at, part);

        if (below && !below->is_directory) {
            node_remove(store, below);
            below = NULL;
        }
        if (!below) {
            below = node_new(store, part, true);
            below->mode = 0755;
            node_insert(at, below);
        }
        at = below;
    }
    return at;
}

struct node *
store_set_file(struct store *store, const char *path, struct content *take_content)
{
    struct node *parent = store_make_parent(store, path);
    struct node *file = node_find(parent, path_name(view_of(path)));

    if (file)
        node_remove(store, file);
    file = node_new(store, path_name(view_of(path)), false);
    file->content = take_content;
    node_insert(parent, file);
    node_used(store, file);
    return file;
}

/* Files leave until what is left fits, or only what is being written is left. */
static bool
fits(struct store *store)
{
    while (store->max_bytes && store->used_bytes > store->max_bytes && store->oldest)
        node_remove(store, store->oldest);
    return !store->max_bytes || store->used_bytes <= store->max_bytes;
}

struct content *
content_new(struct store *store)
{
    struct content *content = memory_new(sizeof *content);

    content->references = 1;
    store->used_bytes += CONTENT_OVERHEAD;
    fits(store);
    return content;
}

void
content_release(struct store *store, struct content **released)
{
    struct content *content = *released;

    *released = NULL;
    if (!content || --content->references > 0)
        return;
    store->used_bytes -= content->size + CONTENT_OVERHEAD;
    free(content->bytes);
    free(content);
}

bool
content_grow(struct store *store, struct content *content, uint64_t more)
{
    const uint64_t size = content->size + more;

    store->used_bytes += more;
    if (!fits(store)) {
        store->used_bytes -= more;
        return false;
    }
    if (size > content->room) {
        content->room = size > 2 * content->room ? size : 2 * content->room;
        content->bytes = memory_resize(content->bytes, content->room);
    }
    content->size = size;
    return true;
}

#include "backends/memory_internal.h"

#include "backends/request.h"
#include "base/memory.h"

static enum outcome
make_directory(struct backend *self, struct change *change, struct report *report)
{
    struct store *store = self->store;
    struct node *at = store_find(store, change->path), *parent;

    (void) report;
    if (at == store->root) {
        while (change->clear && at->children[0])
            node_remove(store, at->children[0]);
        return DONE;
    }
    if (at && (change->clear || !at->is_directory)) {
        node_remove(store, at);
        at = NULL;
    }
    if (!at) {
        parent = store_make_parent(store, change->path);
        at = node_new(store, path_name(view_of(change->path)), true);
        node_insert(parent, at);
    }
    at->mode = change->mode & 0777;
    return DONE;
}

static enum outcome
remove_path(struct backend *self, struct change *change, struct report *report)
{
    struct node *at = store_find(self->store, change->path);

    if (!at)
        return DONE;
    if (change->kind == REMOVE && at->is_directory && at->children[0])
        return report_set(report, REFUSED, CAUSE_DIRECTORY_NOT_EMPTY,
            "%s: the directory %s is not empty", self->name, path_excerpt(change->path).text);
    node_remove(self->store, at);
    return DONE;
}

static enum outcome
rename_path(struct backend *self, struct change *change, struct report *report)
{
    struct store *store = self->store;
    struct node *at = store_find(store, change->path), *occupant, *parent;

    if (!at)
        return memory_not_found(self, change->path, report);
    if (strcmp(change->path, change->to) == 0)
        return DONE;
    occupant = store_find(store, change->to);
    if (occupant)
        node_remove(store, occupant);
    parent = store_make_parent(store, change->to);
    node_detach(at);
    free(at->name);
    at->name = view_dup(path_name(view_of(change->to)));
    node_insert(parent, at);
    return DONE;
}

static enum outcome
link_path(struct backend *self, struct change *change, struct report *report)
{
    struct store *store = self->store;
    struct node *at = store_find(store, change->path), *file;

    if (!at)
        return memory_not_found(self, change->path, report);
    if (at->is_directory)
        return report_set(report, REFUSED, CAUSE_IS_A_DIRECTORY,
            "%s: %s is a directory and cannot be linked", self->name,
            path_excerpt(change->path).text);
    if (strcmp(change->path, change->to) == 0)
        return DONE;
    at->content->references++;
    file = store_set_file(store, change->to, at->content);
    file->mode = at->mode;
    file->mtime_ns = at->mtime_ns;
    return DONE;
}

static enum outcome
change_mode(struct backend *self, struct change *change, struct report *report)
{
    struct node *at = store_find(self->store, change->path);

    if (!at)
        return memory_not_found(self, change->path, report);
    at->mode = change->mode & 0777;
    return DONE;
}

static enum outcome (*const changes[CHANGE_KINDS])(struct backend *, struct change *,
    struct report *) = {
    [MKDIR] = make_directory,
    [REMOVE] = remove_path,
    [REMOVE_TREE] = remove_path,
    [RENAME] = rename_path,
    [LINK] = link_path,
    [CHMOD] = change_mode,
};

void
memory_begin(struct backend *self, struct change *change)
{
    struct report report = { .cause = CAUSE_NONE };
    enum outcome outcome = change_check(self->name, change, &report);

    if (outcome == DONE && change->kind == PUT) {
        memory_put_begin(self, change);
        return;
    }
    if (outcome == DONE) {
        pthread_mutex_lock(&self->store->lock);
        outcome = changes[change->kind](self, change, &report);
        pthread_mutex_unlock(&self->store->lock);
    }
    change->ended(change, outcome, &report);
}

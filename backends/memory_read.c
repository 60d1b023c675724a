#include "backends/memory_internal.h"

#include "backends/request.h"
#include "base/memory.h"

static struct entry
entry_of(const struct node *node)
{
    return (struct entry){
        .is_directory = node->is_directory,
        .mode = node->mode,
        .size = node->content ? node->content->size : 0,
        .mtime_ns = node->mtime_ns,
        .version = node->version,
    };
}

void
memory_lookup(struct backend *self, struct lookup *lookup)
{
    struct report report = { .cause = CAUSE_NONE };
    enum outcome outcome = path_check(self->name, lookup->path, &report);

    if (outcome == DONE) {
        struct node *at;

        pthread_mutex_lock(&self->store->lock);
        at = store_find(self->store, lookup->path);
        if (at)
            lookup->entry = entry_of(at);
        pthread_mutex_unlock(&self->store->lock);
        if (!at)
            outcome = memory_not_found(self, lookup->path, &report);
    }
    lookup->ended(lookup, outcome, &report);
}

static enum outcome
read_file(struct backend *self, struct reading *reading, struct report *report)
{
    struct node *at = store_find(self->store, reading->path);
    uint64_t left;

    if (!at)
        return memory_not_found(self, reading->path, report);
    reading->entry = entry_of(at);
    if (at->is_directory)
        return report_set(report, REFUSED, CAUSE_IS_A_DIRECTORY, "%s: %s is a directory",
            self->name, path_excerpt(reading->path).text);
    if (reading->if_version && reading->if_version != at->version)
        return report_set(report, RETRY, CAUSE_CONFLICT, "%s: %s was replaced while it was read",
            self->name, path_excerpt(reading->path).text);
    node_used(self->store, at);
    if (reading->offset >= at->content->size)
        return DONE;
    left = at->content->size - reading->offset;
    reading->got = reading->length < left ? reading->length : (size_t) left;
    if (reading->got > 0)
        memcpy(reading->into, at->content->bytes + reading->offset, reading->got);
    return DONE;
}

void
memory_read(struct backend *self, struct reading *reading)
{
    struct report report = { .cause = CAUSE_NONE };
    enum outcome outcome = path_check(self->name, reading->path, &report);

    reading->got = 0;
    if (outcome == DONE) {
        pthread_mutex_lock(&self->store->lock);
        outcome = read_file(self, reading, &report);
        pthread_mutex_unlock(&self->store->lock);
    }
    reading->ended(reading, outcome, &report);
}

/* Names and entries, copied so that `found` is called without the lock. */
struct page {
    struct line {
        char *name;
        struct entry entry;
    } * lines;
    size_t count, room;
};

static void
copy_page(const struct node *directory, struct listing *listing, struct page *page)
{
    struct node *at = node_after(directory, listing->after);

    for (; at && page->count < listing->limit; at = at->next[0]) {
        if (name_is_temporary(at->name))
            continue;
        if (page->count == page->room) {
            page->room = page->room ? 2 * page->room : 64;
            page->lines = memory_resize(page->lines, page->room * sizeof *page->lines);
        }
        page->lines[page->count++] =
            (struct line){ memory_copy(at->name, strlen(at->name)), entry_of(at) };
    }
    listing->has_more = at;
}

static enum outcome
list_directory(struct backend *self, struct listing *listing, struct page *page,
    struct report *report)
{
    struct node *directory = store_find(self->store, listing->path);

    if (!directory)
        return memory_not_found(self, listing->path, report);
    if (!directory->is_directory)
        return report_set(report, REFUSED, CAUSE_NOT_A_DIRECTORY, "%s: %s is not a directory",
            self->name, path_excerpt(listing->path).text);
    copy_page(directory, listing, page);
    return DONE;
}

void
memory_list(struct backend *self, struct listing *listing)
{
    struct report report = { .cause = CAUSE_NONE };
    enum outcome outcome = path_check(self->name, listing->path, &report);
    struct page page = { .count = 0 };

    listing->has_more = false;
    if (outcome == DONE) {
        pthread_mutex_lock(&self->store->lock);
        outcome = list_directory(self, listing, &page, &report);
        pthread_mutex_unlock(&self->store->lock);
    }
    for (size_t i = 0; i < page.count; i++) {
        listing->found(listing, page.lines[i].name, &page.lines[i].entry);
        free(page.lines[i].name);
    }
    free(page.lines);
    listing->ended(listing, outcome, &report);
}

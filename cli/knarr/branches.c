/*
 * The entries of a tree, sorted so that everything below a directory follows it.
 */

#include "base/memory.h"
#include "cli/knarr/entry.h"
#include "cli/knarr/local.h"
#include "cli/knarr/text.h"

#include <stdlib.h>
#include <string.h>

struct branch {
    char *uri;
    const char *below; /* in uri */
    struct knarr_entry entry;
};

bool
branches_add(void *context, const struct knarr_entry *entry)
{
    struct branches *self = context;
    struct branch *branch;

    if (self->count == BRANCHES_MAX) {
        self->is_cut = true;
        return false;
    }
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 64;
        self->at = memory_resize(self->at, self->room * sizeof *self->at);
    }
    branch = &self->at[self->count++];
    branch->uri = memory_copy(entry->uri, strlen(entry->uri));
    branch->below = entry_below(branch->uri, self->base);
    branch->entry = *entry;
    branch->entry.uri = branch->uri;
    return true;
}

/* Bytewise, but a slash comes before everything: "a", "a/b", "a.txt". */
static int
compare(const void *a, const void *b)
{
    const unsigned char *one = (const unsigned char *) ((const struct branch *) a)->below;
    const unsigned char *two = (const unsigned char *) ((const struct branch *) b)->below;

    while (*one && *one == *two) {
        one++;
        two++;
    }
    return (*one == '/' ? 1 : *one ? *one + 1 : 0) - (*two == '/' ? 1 : *two ? *two + 1 : 0);
}

static void
print_branch(const struct branch *branch)
{
    for (const char *at = branch->below; *at; at++)
        if (*at == '/')
            fputs("    ", stdout);
    text_print(stdout, local_name(branch->below));
    puts(branch->entry.is_directory ? "/" : "");
}

static void
print_plain(const struct branches *self)
{
    text_print(stdout, self->base);
    putchar('\n');
    for (size_t i = 0; i < self->count; i++)
        print_branch(&self->at[i]);
}

static void
print_json(const struct branches *self)
{
    struct json json = { stdout, false };

    json_open(&json, NULL, '[');
    for (size_t i = 0; i < self->count; i++)
        entry_json(&json, NULL, &self->at[i].entry);
    json_close(&json, ']');
    json_end(&json);
}

void
branches_print(struct branches *self, bool is_json)
{
    if (self->count > 0)
        qsort(self->at, self->count, sizeof *self->at, compare);
    if (is_json)
        print_json(self);
    else
        print_plain(self);
    if (self->is_cut)
        fprintf(stderr, "knarr: only the first %d entries are shown\n", BRANCHES_MAX);
}

void
branches_free(struct branches *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->at[i].uri);
    free(self->at);
}

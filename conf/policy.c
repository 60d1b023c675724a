#include "conf/policy.h"

#include "base/memory.h"
#include "base/path.h"

#include <ctype.h>
#include <uthash.h>

struct row { /* an extension, and the first rule that takes it */
    UT_hash_handle hh;
    size_t rule;
    char extension[];
};

struct limit {
    uint64_t max_bytes;
    size_t rule;
};

struct policies {
    struct policy *rules;
    size_t count;
    struct row *rows;
    struct limit *limits; /* in the order of the rules, each smaller than all before it */
    size_t limit_count;
};

void
policies_begin(struct policies **self, size_t index, char *take_text)
{
    struct policies *p = *self ? *self : memory_new(sizeof *p);

    p->rules = memory_resize(p->rules, (p->count + 1) * sizeof *p->rules);
    p->rules[p->count++] = (struct policy){ index, take_text };
    *self = p;
}

void
policies_add_extensions(struct policies *self, const struct extensions *list)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t length = strlen(list->at[i]);
        struct row *row;

        HASH_FIND(hh, self->rows, list->at[i], length, row);
        if (row)
            continue;
        row = memory_new(sizeof *row + length + 1);
        row->rule = self->count - 1;
        memcpy(row->extension, list->at[i], length);
        HASH_ADD_KEYPTR(hh, self->rows, row->extension, length, row);
    }
}

/* Behind one that takes smaller files already, it would never be the first. */
void
policies_add_limit(struct policies *self, uint64_t max_bytes)
{
    if (self->limit_count > 0 && self->limits[self->limit_count - 1].max_bytes <= max_bytes)
        return;
    self->limits = memory_resize(self->limits, (self->limit_count + 1) * sizeof *self->limits);
    self->limits[self->limit_count++] = (struct limit){ max_bytes, self->count - 1 };
}

void
policies_free(struct policies **self)
{
    struct policies *p = *self;
    struct row *row, *next;

    if (!p)
        return;
    HASH_ITER(hh, p->rows, row, next)
    {
        HASH_DEL(p->rows, row);
        free(row);
    }
    for (size_t i = 0; i < p->count; i++)
        free(p->rules[i].text);
    free(p->rules);
    free(p->limits);
    free(p);
    *self = NULL;
}

/* ---- matching ------------------------------------------------------------------------- */

static size_t
first_by_extension(const struct policies *self, struct view path)
{
    struct view extension = extension_of(path);
    char folded[NAME_BYTES_MAX];
    const struct row *row;

    if (!self->rows || extension.length == 0 || extension.length > sizeof folded)
        return self->count;
    for (size_t i = 0; i < extension.length; i++)
        folded[i] = (char) tolower((unsigned char) extension.at[i]);
    HASH_FIND(hh, self->rows, folded, extension.length, row);
    return row ? row->rule : self->count;
}

static size_t
first_by_size(const struct policies *self, uint64_t size)
{
    for (size_t i = 0; i < self->limit_count; i++)
        if (size > self->limits[i].max_bytes)
            return self->limits[i].rule;
    return self->count;
}

const struct policy *
policies_match(const struct policies *self, struct view path, uint64_t size)
{
    size_t by_extension, by_size, first;

    if (!self)
        return NULL;
    by_extension = first_by_extension(self, path);
    by_size = first_by_size(self, size);
    first = by_extension < by_size ? by_extension : by_size;
    return first < self->count ? &self->rules[first] : NULL;
}

/* ---- what rules distinguish ------------------------------------------------------------- */

size_t
policies_extension_count(const struct policies *self)
{
    return self ? HASH_COUNT(self->rows) : 0;
}

void
policies_each_extension(const struct policies *self,
    void (*each)(void *context, const char *extension), void *context)
{
    for (const struct row *row = self ? self->rows : NULL; row; row = row->hh.next)
        each(context, row->extension);
}

void
policies_each_limit(const struct policies *self, void (*each)(void *context, uint64_t max_bytes),
    void *context)
{
    for (size_t i = 0; self && i < self->limit_count; i++)
        each(context, self->limits[i].max_bytes);
}

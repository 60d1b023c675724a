#include "tests/history/history.h"

#include "base/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 9 };

const char *const op_names[OP_KINDS] = {
    [OP_PUT] = "put",
    [OP_APPEND] = "append",
    [OP_WRITE_AT] = "write_at",
    [OP_TRUNCATE] = "truncate",
    [OP_REMOVE] = "remove",
    [OP_REMOVE_TREE] = "remove_tree",
    [OP_RENAME] = "rename",
    [OP_MKDIR] = "mkdir",
};

char *
field_escape(const char *text)
{
    char *out = memory_new(strlen(text) * 3 + 1);
    char *at = out;

    for (; *text; text++) {
        const unsigned char c = (unsigned char) *text;
        if (c <= ' ' || c == '%' || c > '~')
            at += sprintf(at, "%%%02X", c);
        else
            *at++ = (char) c;
    }
    return out;
}

char *
field_unescape(const char *text)
{
    char *out = memory_copy(text, strlen(text));
    char *at = out;

    for (; *text; text++) {
        unsigned byte;
        if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
            *at++ = (char) byte;
            text += 2;
        } else {
            *at++ = *text;
        }
    }
    *at = '\0';
    return out;
}

struct history *
history_new(void)
{
    return memory_new(sizeof(struct history));
}

void
history_free(struct history **history)
{
    struct history *self = *history;

    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) {
        free(self->ops[i]->path);
        free(self->ops[i]->to);
        free(self->ops[i]);
    }
    for (size_t i = 0; i < self->sighting_count; i++) {
        free(self->sightings[i].who);
        free(self->sightings[i].file);
    }
    free(self->ops);
    free(self->deaths_ns);
    free(self->sightings);
    free(self);
    *history = NULL;
}

static bool
number(const char *text, uint64_t *into)
{
    char *end;

    errno = 0;
    *into = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && errno == 0;
}

static bool
find_kind(const char *name, enum op_kind *kind)
{
    for (*kind = 0; *kind < OP_KINDS; (*kind)++)
        if (strcmp(name, op_names[*kind]) == 0)
            return true;
    return false;
}

/* Room for one more element in an array that doubles. */
static void *
grow(void *at, size_t count, size_t *room, size_t each)
{
    if (count < *room)
        return at;
    *room = *room ? *room * 2 : 64;
    return memory_resize(at, *room * each);
}

/* The last field of a beginning, which only some kinds have. */
static bool
read_to(struct op *op, const char *field)
{
    if (op->kind == OP_WRITE_AT)
        return number(field, &op->offset);
    return (op->kind == OP_RENAME) == (strcmp(field, "-") != 0);
}

static bool
add_begin(struct history *self, char **field)
{
    struct op op = { .end_ns = UINT64_MAX, .deadline_ns = UINT64_MAX };
    uint64_t client;

    if (!number(field[1], &op.begin_ns) || !number(field[2], &op.id) ||
        !number(field[3], &client) || !find_kind(field[4], &op.kind) ||
        !number(field[5], &op.size) || !read_to(&op, field[7]))
        return false;
    op.client = (unsigned) client;
    op.path = field_unescape(field[6]);
    op.to = op.kind == OP_RENAME ? field_unescape(field[7]) : NULL;
    self->ops = grow(self->ops, self->count, &self->room, sizeof *self->ops);
    self->ops[self->count++] = memory_copy(&op, sizeof op);
    return true;
}

/* A client waits for its answers, so the operation is among the latest ones. */
static struct op *
find_op(const struct history *self, uint64_t id)
{
    for (size_t i = self->count; i > 0; i--)
        if (self->ops[i - 1]->id == id)
            return self->ops[i - 1];
    return NULL;
}

static bool
add_end(struct history *self, char **field)
{
    uint64_t at_ns, id, seq, required, acked;
    struct op *op;

    if (!number(field[1], &at_ns) || !number(field[2], &id) || !number(field[4], &seq) ||
        !number(field[5], &required) || !number(field[6], &acked))
        return false;
    op = find_op(self, id);
    if (!op)
        return false;
    op->end_ns = at_ns;
    op->seq = seq;
    op->required = required;
    op->acked = acked;
    op->acknowledged = strcmp(field[3], "done") == 0;
    if (op->acknowledged || seq > 0)
        op->fate = FATE_APPLIED;
    else if (strcmp(field[3], "refused") == 0)
        op->fate = FATE_NOT_APPLIED;
    return true;
}

static bool
add_mark(struct history *self, char **field)
{
    uint64_t at_ns;

    if (!number(field[1], &at_ns))
        return false;
    if (strcmp(field[2], "start") == 0)
        return true;
    self->deaths_ns =
        grow(self->deaths_ns, self->death_count, &self->death_room, sizeof *self->deaths_ns);
    self->deaths_ns[self->death_count++] = at_ns;
    return true;
}

static bool
add_sighting(struct history *self, char **field)
{
    struct sighting seen;

    if (!number(field[1], &seen.at_ns))
        return false;
    seen.who = field_unescape(field[2]);
    seen.file = field_unescape(field[3]);
    seen.is_after_cut = strcmp(field[0], "p") == 0;
    self->sightings =
        grow(self->sightings, self->sighting_count, &self->sighting_room, sizeof *self->sightings);
    self->sightings[self->sighting_count++] = seen;
    return true;
}

static const struct {
    const char *letter;
    size_t fields;
    bool (*add)(struct history *, char **field);
} lines[] = {
    { "b", 8, add_begin },
    { "e", 8, add_end },
    { "m", 3, add_mark },
    { "s", 4, add_sighting },
    { "p", 4, add_sighting },
};

bool
history_line(struct history *self, const char *line)
{
    char *copy = memory_copy(line, strlen(line));
    char *field[FIELDS_MAX] = { NULL }, *rest = copy, *next;
    size_t count = 0;
    bool is_good = false;

    while (count < FIELDS_MAX && (next = strsep(&rest, " ")))
        field[count++] = next;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (count == lines[i].fields && strcmp(field[0], lines[i].letter) == 0)
            is_good = lines[i].add(self, field);
    free(copy);
    return is_good;
}

bool
history_read(struct history *self, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    bool is_good = true;

    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    for (size_t n = 1; is_good && (length = getline(&line, &room, file)) > 0; n++) {
        if (line[length - 1] != '\n')
            break;
        line[length - 1] = '\0';
        is_good = history_line(self, line);
        if (!is_good)
            fprintf(stderr, "%s:%zu: this is no line of a history: %s\n", path, n, line);
    }
    free(line);
    fclose(file);
    return is_good;
}

static int
by_begin(const void *a, const void *b)
{
    const struct op *x = *(struct op *const *) a, *y = *(struct op *const *) b;

    return (x->begin_ns > y->begin_ns) - (x->begin_ns < y->begin_ns);
}

static int
by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

    return (x > y) - (x < y);
}

static uint64_t
first_death_after(const struct history *self, uint64_t at_ns)
{
    size_t low = 0, high = self->death_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (self->deaths_ns[middle] < at_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low < self->death_count ? self->deaths_ns[low] : UINT64_MAX;
}

void
history_seal(struct history *self)
{
    if (self->count)
        qsort(self->ops, self->count, sizeof *self->ops, by_begin);
    if (self->death_count)
        qsort(self->deaths_ns, self->death_count, sizeof *self->deaths_ns, by_number);
    for (size_t i = 0; i < self->count; i++) {
        struct op *op = self->ops[i];
        op->deadline_ns =
            op->fate == FATE_UNKNOWN ? first_death_after(self, op->begin_ns) : op->end_ns;
    }
}

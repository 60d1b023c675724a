#define PCRE2_CODE_UNIT_WIDTH 8

#include "actors/grep.h"

#include "base/memory.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

enum {
    MATCH_LIMIT = 200000, /* some milliseconds for one line */
    DEPTH_LIMIT = 10000,
    HEAP_LIMIT = 4096, /* KiB */
    JIT_STACK_LEAST = 32 << 10,
    JIT_STACK_MOST = 1 << 20,
    PARENTHESES_MAX = 100,
    PAUSE_LINES = 64,
    BINARY_BYTES = 8 << 10,
};

struct grep {
    pcre2_code *code;
    pcre2_match_data *found;
    pcre2_match_context *limits;
    pcre2_jit_stack *stack;
};

static enum outcome
compile(struct grep *self, struct view pattern, bool ignore_case, struct report *report)
{
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    int error;
    size_t offset;
    unsigned char why[256];

    if (!context)
        abort();
    pcre2_set_parens_nest_limit(context, PARENTHESES_MAX);
    self->code = pcre2_compile((PCRE2_SPTR) pattern.at, pattern.length,
        options | (ignore_case ? PCRE2_CASELESS : 0), &error, &offset, context);
    pcre2_compile_context_free(context);
    if (self->code)
        return DONE;
    pcre2_get_error_message(error, why, sizeof why);
    return report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
        "the pattern is not valid at byte %zu: %s", offset, (const char *) why);
}

static void
set_limits(struct grep *self)
{
    pcre2_jit_compile(self->code, PCRE2_JIT_COMPLETE);
    self->found = pcre2_match_data_create(1, NULL);
    self->limits = pcre2_match_context_create(NULL);
    self->stack = pcre2_jit_stack_create(JIT_STACK_LEAST, JIT_STACK_MOST, NULL);
    if (!self->found || !self->limits || !self->stack)
        abort();
    pcre2_jit_stack_assign(self->limits, NULL, self->stack);
    pcre2_set_match_limit(self->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(self->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(self->limits, HEAP_LIMIT);
}

enum outcome
grep_open(struct grep **grep, struct view pattern, bool ignore_case, struct report *report)
{
    struct grep *self = memory_new(sizeof *self);
    enum outcome outcome;

    if (pattern.length == 0 || pattern.length > GREP_PATTERN_MAX)
        outcome = report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "a pattern has 1 to %d bytes, not %zu", GREP_PATTERN_MAX, pattern.length);
    else
        outcome = compile(self, pattern, ignore_case, report);
    if (outcome == DONE)
        set_limits(self);
    else
        grep_close(&self);
    *grep = self;
    return outcome;
}

void
grep_close(struct grep **grep)
{
    if (!*grep)
        return;
    pcre2_code_free((*grep)->code);
    pcre2_match_data_free((*grep)->found);
    pcre2_match_context_free((*grep)->limits);
    pcre2_jit_stack_free((*grep)->stack);
    free(*grep);
    *grep = NULL;
}

/* ---- scanning ------------------------------------------------------------------------ */

void
scan_init(struct scan *self, struct grep *grep, const struct position *position)
{
    *self = (struct scan){ .position = *position, .grep = grep };
    self->bytes = memory_resize(NULL, SCAN_BYTES);
}

void
scan_fini(struct scan *self)
{
    free(self->bytes);
    self->bytes = NULL;
}

void *
scan_room(struct scan *self, size_t *bytes)
{
    memmove(self->bytes, self->bytes + self->at, self->used - self->at);
    self->used -= self->at;
    self->at = 0;
    *bytes = SCAN_BYTES - self->used;
    return self->bytes + self->used;
}

uint64_t
scan_offset(const struct scan *self)
{
    return self->position.offset + (self->used - self->at);
}

void
scan_feed(struct scan *self, size_t bytes, bool is_at_end)
{
    bool is_first = self->position.offset == 0 && self->used == 0;

    self->used += bytes;
    self->is_at_end = is_at_end;
    if (is_first && memchr(self->bytes, '\0', bytes < BINARY_BYTES ? bytes : BINARY_BYTES)) {
        self->at = self->used;
        self->is_at_end = true;
    }
}

static void
advance(struct scan *self, size_t bytes)
{
    self->at += bytes;
    self->position.offset += bytes;
}

/* Not in the middle of a character, if it is UTF-8. */
static struct view
cut(struct view line)
{
    size_t length = MATCH_TEXT_MAX;

    if (line.length <= MATCH_TEXT_MAX)
        return line;
    while (length > MATCH_TEXT_MAX - 3 && ((unsigned char) line.at[length] & 0xc0) == 0x80)
        length--;
    return (struct view){ line.at, length };
}

static enum scan_step
search(struct scan *self, struct view line)
{
    const struct grep *grep = self->grep;
    int result;

    if (line.length > 0 && line.at[line.length - 1] == '\r')
        line.length--;
    result =
        pcre2_match(grep->code, (PCRE2_SPTR) line.at, line.length, 0, 0, grep->found, grep->limits);
    self->text = cut(line);
    if (result >= 0)
        return SCAN_MATCH;
    return result == PCRE2_ERROR_NOMATCH ? SCAN_PAUSE : SCAN_GAVE_UP;
}

/* One line, or as much of it as there is. */
static enum scan_step
next_line(struct scan *self)
{
    const char *start = self->bytes + self->at;
    size_t left = self->used - self->at;
    const char *newline = memchr(start, '\n', left);
    size_t length = newline ? (size_t) (newline - start) : left;
    struct position here = self->position;
    bool was_skipping = here.is_skipping;

    if (!newline && !self->is_at_end && left < SCAN_BYTES && !was_skipping)
        return SCAN_HUNGRY;
    if (left == 0)
        return self->is_at_end ? SCAN_OVER : SCAN_HUNGRY;
    advance(self, length + (newline != NULL));
    self->position.is_skipping = !newline;
    self->position.line += newline != NULL;
    if (was_skipping)
        return SCAN_PAUSE;
    self->match = here;
    return search(self, (struct view){ start, length });
}

enum scan_step
scan_next(struct scan *self)
{
    enum scan_step step = SCAN_PAUSE;

    for (int i = 0; i < PAUSE_LINES && step == SCAN_PAUSE; i++)
        step = next_line(self);
    return step;
}

#include "conf/problems.h"

#include "base/memory.h"
#include "conf/locate.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_BYTES = 72, PARTS_SHOWN = 24 };

static bool
is_continuation(char byte)
{
    return ((unsigned char) byte & 0xc0) == 0x80;
}

bool
is_printable(const char *text)
{
    for (; *text; text++)
        if (iscntrl((unsigned char) *text))
            return false;
    return true;
}

const char *
show_text(const char *text, struct shown *shown)
{
    size_t used = 0, i;

    shown->text[used++] = '\'';
    for (i = 0; text[i] && used < SHOWN_BYTES; i++)
        if (iscntrl((unsigned char) text[i]))
            used += (size_t) snprintf(shown->text + used, 5, "\\x%02x", (unsigned char) text[i]);
        else
            shown->text[used++] = text[i];
    for (; text[i] && is_continuation(text[i]); i++)
        shown->text[used++] = text[i]; /* the rest of the last character: at most three bytes */
    snprintf(shown->text + used, sizeof shown->text - used, "%s'", text[i] ? "..." : "");
    return shown->text;
}

const char *
show_value(const json_t *value, struct shown *shown)
{
    char *dumped;

    switch (json_typeof(value)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "a list";
    case JSON_STRING: return show_text(json_string_value(value), shown);
    default: break;
    }
    dumped = json_dumps(value, JSON_ENCODE_ANY);
    snprintf(shown->text, sizeof shown->text, "%s", dumped ? dumped : "a value");
    free(dumped);
    return shown->text;
}

/* ---- the list --------------------------------------------------------------- */

static bool
is_plain(const char *key)
{
    size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    return length > 0 && length < SHOWN_BYTES && key[length] == '\0';
}

static char *
print_path(const struct spot *spot, unsigned parts_left)
{
    char *above, *path;
    struct shown shown;

    if (!spot)
        return memory_copy("", 0);
    above = parts_left ? print_path(spot->above, parts_left - 1) : memory_print("...");
    if (!spot->key)
        path = memory_print("%s[%zu]", above, spot->index);
    else if (is_plain(spot->key))
        path = memory_print("%s%s%s", above, *above ? "." : "", spot->key);
    else
        path = memory_print("%s[%s]", above, show_text(spot->key, &shown));
    free(above);
    return path;
}

static void
tell(struct reader *self, unsigned line, const struct spot *spot, const char *prefix,
    const char *format, va_list args)
{
    struct conf_problems *problems = self->problems;
    char *text = NULL;

    if (problems->count >= PROBLEMS_MAX) {
        self->unlisted++;
        return;
    }
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    problems->at = memory_resize(problems->at, (problems->count + 1) * sizeof *problems->at);
    problems->at[problems->count++] = (struct conf_problem){ line, print_path(spot, PARTS_SHOWN),
        memory_print("%s%s", prefix, text ? text : format) };
    free(text);
}

char *
spot_line(const struct reader *self, const struct spot *spot)
{
    char *path = print_path(spot, PARTS_SHOWN);
    char *line = memory_print("line %u, %s", locate_line(self->text, spot), path);

    free(path);
    return line;
}

/* Looking for the line is what costs, so not for problems that are only counted. */
static unsigned
line_of(struct reader *self, const struct spot *spot)
{
    return self->problems->count < PROBLEMS_MAX ? locate_line(self->text, spot) : 0;
}

void
complain(struct reader *self, const struct spot *spot, const char *format, ...)
{
    va_list args;

    self->errors++;
    va_start(args, format);
    tell(self, line_of(self, spot), spot, "", format, args);
    va_end(args);
}

void
warn_about(struct reader *self, const struct spot *spot, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell(self, line_of(self, spot), spot, "warning: ", format, args);
    va_end(args);
}

void
complain_line(struct reader *self, unsigned line, const struct spot *spot, const char *format, ...)
{
    va_list args;

    self->errors++;
    va_start(args, format);
    tell(self, line, spot, "", format, args);
    va_end(args);
}

void
warn_line(struct reader *self, unsigned line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell(self, line, NULL, "warning: ", format, args);
    va_end(args);
}

void
problems_finish(struct reader *self)
{
    struct conf_problem *at = self->problems->at;

    for (size_t i = 1; i < self->problems->count; i++)
        for (size_t j = i; j > 0 && at[j - 1].line > at[j].line; j--) {
            struct conf_problem swapped = at[j];

            at[j] = at[j - 1];
            at[j - 1] = swapped;
        }
    if (self->unlisted == 0)
        return;
    self->problems->at = memory_resize(at, (self->problems->count + 1) * sizeof *at);
    self->problems->at[self->problems->count++] = (struct conf_problem){ 0, memory_copy("", 0),
        memory_print("and %zu more", self->unlisted) };
}

void
conf_problems_free(struct conf_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        free(problems->at[i].path);
        free(problems->at[i].text);
    }
    free(problems->at);
    free(problems->file);
    *problems = (struct conf_problems){ 0 };
}

char *
conf_problem_line(const struct conf_problem *problem, const char *file)
{
    const char *colon = *problem->path ? ": " : "";

    if (problem->line == 0)
        return memory_print("%s: %s%s%s", file, problem->path, colon, problem->text);
    return memory_print("%s:%u: %s%s%s", file, problem->line, problem->path, colon, problem->text);
}

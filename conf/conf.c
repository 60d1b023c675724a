/*
 * A configuration is read in this order, and each step goes on as far as the
 * one before it allows, so that all problems are found in one go:
 *
 *     bytes ──▶ expand variables ──▶ parse JSON ──▶ read by tables ──▶ settle places
 */

#include "conf/conf.h"

#include "base/memory.h"
#include "conf/expand.h"
#include "conf/find.h"
#include "conf/locate.h"
#include "conf/policy.h"
#include "conf/sections.h"

static void
backend_fini(struct conf_backend *backend)
{
    free(backend->name);
    free(backend->kind);
    free(backend->place);
    policies_free(&backend->excludes);
}

void
conf_free(struct conf **self)
{
    struct conf *conf = *self;

    if (!conf)
        return;
    for (size_t i = 0; i < conf->backup_count; i++)
        backend_fini(&conf->backups[i]);
    free(conf->backups);
    backend_fini(&conf->primary);
    free(conf->file);
    free(conf->workspace);
    free(conf->default_account);
    free(conf->default_user);
    free(conf->endpoint);
    free(conf);
    *self = NULL;
}

static unsigned
line_at(struct view text, size_t offset)
{
    unsigned line = 1;

    for (size_t i = 0; i < offset && i < text.length; i++)
        line += text.at[i] == '\n';
    return line;
}

/* The library's sentence without the text it stumbled over, which may be a secret. */
static void
tell_syntax(struct reader *reader, const json_error_t *error)
{
    const char *near = strstr(error->text, " near ");

    complain_line(reader, error->line > 0 ? (unsigned) error->line : 0, NULL,
        "not valid JSON: %.*s (column %d)",
        near ? (int) (near - error->text) : (int) strlen(error->text), error->text, error->column);
}

static json_t *
parse_json(struct reader *reader)
{
    struct view text = reader->text;
    json_error_t error;
    json_t *json = json_loadb(text.at, text.length, JSON_REJECT_DUPLICATES, &error);

    if (!json && json_error_code(&error) == json_error_duplicate_key) {
        json = json_loadb(text.at, text.length, 0, &error);
        if (json)
            locate_duplicates(reader);
    }
    if (!json)
        tell_syntax(reader, &error);
    return json;
}

static void
read_expanded(struct reader *reader)
{
    json_t *json = parse_json(reader);

    if (!json)
        return;
    read_top(reader, json);
    json_decref(json);
}

static void
read_text(struct reader *reader, struct view text)
{
    const char *nul = text.length ? memchr(text.at, '\0', text.length) : NULL;
    char *expanded = NULL;

    if (text.length >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
        text = (struct view){ text.at + 3, text.length - 3 };
    if (text.length > CONF_BYTES_MAX)
        complain_line(reader, 0, NULL, "it has %zu bytes; a configuration has at most %d",
            text.length, (int) CONF_BYTES_MAX);
    else if (nul)
        complain_line(reader, line_at(text, (size_t) (nul - text.at)), NULL, "a NUL byte");
    else
        expanded = expand(reader, text, &reader->text.length);
    if (!expanded)
        return;
    reader->text.at = expanded;
    read_expanded(reader);
    free(expanded);
}

/* DONE or REFUSED; the configuration belongs to whom it is given, or to nobody. */
static enum outcome
finish(struct reader *reader, const char *file, struct conf **into)
{
    problems_finish(reader);
    reader->problems->file = memory_print("%s", file);
    *into = reader->conf;
    if (reader->errors == 0)
        return DONE;
    conf_free(into);
    return REFUSED;
}

static struct reader
begin(struct conf_problems *problems)
{
    *problems = (struct conf_problems){ 0 };
    return (struct reader){ .conf = memory_new(sizeof(struct conf)), .problems = problems };
}

enum outcome
conf_parse(struct conf **self, const char *text, size_t length, const char *file,
    struct conf_problems *problems)
{
    struct reader reader = begin(problems);

    reader.conf->file = memory_print("%s", file);
    read_text(&reader, (struct view){ text, length });
    return finish(&reader, file, self);
}

enum outcome
conf_load(struct conf **self, const char *named, struct conf_problems *problems)
{
    struct reader reader = begin(problems);
    size_t length = 0;
    char *file = find_file(&reader, named);
    char *text = file ? read_file(&reader, file, &length) : NULL;

    reader.conf->file = file;
    if (text)
        read_text(&reader, (struct view){ text, length });
    free(text);
    return finish(&reader, file ? file : named ? named : "ov.conf", self);
}

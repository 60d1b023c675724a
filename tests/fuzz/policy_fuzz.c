/*
 * Any rules and any names: what the compiled rules say of a file is what a
 * simple reading of them says, with a regular expression library for patterns.
 *
 *     :PATTERN     a rule by extension, if it is one
 *     >BYTES       a rule by size
 *     NAME         a file, asked for with sizes on both sides of every limit
 */

#include "base/memory.h"
#include "base/path.h"
#include "conf/policy.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RULES_MAX = 16, LINES_MAX = 64 };

struct rule {
    pcre2_code *pattern; /* NULL: by size */
    uint64_t max_bytes;
};

struct trial {
    struct policies *policies;
    struct rule rules[RULES_MAX];
    size_t count;
};

static void
must(bool so)
{
    if (!so)
        abort();
}

/* ---- a simple reading ---------------------------------------------------------------------- */

static bool
matches(const struct rule *rule, const char *text)
{
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(rule->pattern, NULL);
    int found = pcre2_match(rule->pattern, (PCRE2_SPTR) text, strlen(text), 0, 0, match, NULL);

    pcre2_match_data_free(match);
    return found > 0;
}

static bool
takes(const struct rule *rule, const char *name, uint64_t size)
{
    const char *dot = strrchr(name, '.');

    if (!rule->pattern)
        return size > rule->max_bytes;
    return dot && dot != name && dot[1] && (matches(rule, dot) || matches(rule, dot + 1));
}

/* ---- a trial ---------------------------------------------------------------------------------- */

static void
add_pattern(struct trial *trial, const char *text)
{
    struct extensions list;
    struct pattern_flaw flaw;
    size_t place;
    int error;

    if (!extensions_parse(text, &list, &flaw)) {
        must(flaw.place >= 1 && flaw.place <= strlen(text) + 1 && flaw.why[0]);
        return;
    }
    must(list.count > 0 && list.count <= EXTENSIONS_MAX);
    policies_begin(&trial->policies, trial->count, memory_print(":%s", text));
    policies_add_extensions(trial->policies, &list);
    extensions_free(&list);
    trial->rules[trial->count].pattern = pcre2_compile((PCRE2_SPTR) text, PCRE2_ZERO_TERMINATED,
        PCRE2_CASELESS | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY, &error, &place,
        NULL);
    must(trial->rules[trial->count++].pattern != NULL);
}

static void
add_limit(struct trial *trial, const char *text)
{
    trial->rules[trial->count].max_bytes = strtoull(text, NULL, 10);
    policies_begin(&trial->policies, trial->count, memory_print(">%s", text));
    policies_add_limit(trial->policies, trial->rules[trial->count].max_bytes);
    trial->count++;
}

static void
check_file(const struct trial *trial, const char *name, uint64_t size)
{
    char *path = memory_print("/directory.zip/%s", name);
    const struct policy *found = policies_match(trial->policies, view_of(path), size);
    size_t first = 0;

    while (first < trial->count && !takes(&trial->rules[first], name, size))
        first++;
    must(found ? found->index == first : first == trial->count);
    free(path);
}

static void
check_name(const struct trial *trial, const char *name)
{
    if (strchr(name, '/') || strlen(name) > NAME_BYTES_MAX || *name == '\0')
        return;
    check_file(trial, name, 0);
    for (size_t i = 0; i < trial->count; i++) {
        check_file(trial, name, trial->rules[i].max_bytes);
        check_file(trial, name, trial->rules[i].max_bytes + 1);
    }
}

static void
read_line(struct trial *trial, const char *line)
{
    if (*line != ':' && *line != '>')
        check_name(trial, line);
    else if (trial->count < RULES_MAX && *line == ':')
        add_pattern(trial, line + 1);
    else if (trial->count < RULES_MAX)
        add_limit(trial, line + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trial trial = { 0 };
    char *text = memory_copy(data, size), *line = text;

    for (size_t lines = 0; line && lines < LINES_MAX; lines++) {
        char *end = strchr(line, '\n');

        if (end)
            *end = '\0';
        read_line(&trial, line);
        line = end ? end + 1 : NULL;
    }
    for (size_t i = 0; i < trial.count; i++)
        pcre2_code_free(trial.rules[i].pattern);
    policies_free(&trial.policies);
    free(text);
    return 0;
}

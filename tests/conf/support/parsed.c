#include "tests/conf/support/parsed.h"

#include "base/memory.h"
#include "tests/check.h"

#include <unistd.h>

static char directory[] = "/tmp/conf-XXXXXX";

struct parsed
parse_bytes(struct view text)
{
    struct parsed parsed;
    /* Exactly as long as it is, so that a sanitizer sees a byte read too many. */
    char *copy = malloc(text.length ? text.length : 1);

    check(copy);
    if (text.length > 0)
        memcpy(copy, text.at, text.length);
    parsed.outcome = conf_parse(&parsed.conf, copy, text.length, "ov.conf", &parsed.problems);
    free(copy);
    check((parsed.outcome == DONE) == (parsed.conf != NULL));
    check(parsed.outcome == DONE || parsed.problems.count > 0);
    return parsed;
}

struct parsed
parse_text(const char *json)
{
    return parse_bytes(view_of(json));
}

void
parsed_free(struct parsed *parsed)
{
    conf_free(&parsed->conf);
    conf_problems_free(&parsed->problems);
}

void
enter_new_directory(void)
{
    strcpy(directory, "/tmp/conf-XXXXXX");
    check(mkdtemp(directory));
    check(chdir(directory) == 0);
}

void
leave_directory(void)
{
    char *command = memory_print("rm -rf '%s'", directory);

    check(chdir("/") == 0);
    check(system(command) == 0);
    free(command);
}

static void
show_problems(const struct parsed *parsed)
{
    for (size_t i = 0; i < parsed->problems.count; i++)
        fprintf(stderr, "    %u: %s: %s\n", parsed->problems.at[i].line,
            parsed->problems.at[i].path, parsed->problems.at[i].text);
}

void
expect_problems(const struct parsed *parsed, const char *const *wanted)
{
    size_t count = 0;

    for (; wanted[count]; count++) {
        const struct conf_problem *problem = &parsed->problems.at[count];
        char *line;
        bool is_so;

        if (count == parsed->problems.count)
            break;
        line = memory_print("%u: %s: %s", problem->line, problem->path, problem->text);
        is_so = strncmp(line, wanted[count], strlen(wanted[count])) == 0;
        free(line);
        if (!is_so)
            break;
    }
    if (wanted[count] || count < parsed->problems.count) {
        fprintf(stderr, "wanted %s, among:\n", wanted[count] ? wanted[count] : "no more");
        show_problems(parsed);
    }
    check(!wanted[count] && count == parsed->problems.count);
}

char *
read_data(const char *name)
{
    const char *here = __FILE__, *cut = strstr(here, "/support/");
    char *file = memory_print("%.*s/data/%s", (int) (cut - here), here, name);
    char *text = memory_new(65536);
    FILE *stream = fopen(file, "r");

    check(stream);
    check(fread(text, 1, 65535, stream) > 0);
    fclose(stream);
    free(file);
    return text;
}

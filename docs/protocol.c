/*
 * protocol - prints docs/PROTOCOL.md: an introduction, then the message table.
 *
 *     protocol docs/protocol-intro.md > docs/PROTOCOL.md
 *
 * A client sees the messages that pass between CLIENT and ROUTER; the others
 * never leave the server and are listed by name only.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct field {
    const char *type, *name, *doc;
};

enum { FIELDS = 24 };

struct row {
    const char *tag, *from, *to, *doc;
    struct field fields[FIELDS];
};

/* clang-format off */
static const struct row rows[] = {
#define MESSAGE(TAG, name, from, to, doc) { #TAG, #from, #to, doc, {
#define FIELD(TYPE, name, doc)                { #TYPE, #name, doc },
#define END                                  { NULL, NULL, NULL } } },
#include "transport/messages.def"
};

static const struct field causes[] = {
#define CAUSE(NAME, name, code, status) { #name, #code, #status },
#include "base/causes.def"
};
/* clang-format on */

enum { ROWS = sizeof rows / sizeof *rows, CAUSES = sizeof causes / sizeof *causes };

static bool
is_public(const struct row *row)
{
    return strcmp(row->from, "CLIENT") == 0 || strcmp(row->to, "CLIENT") == 0;
}

static void
print_row(const struct row *row)
{
    printf("### %s\n\n", row->tag);
    printf("%s → %s. %s\n\n", row->from, row->to, row->doc);
    printf("| # | field | type | holds |\n|---|---|---|---|\n");
    for (int i = 0; row->fields[i].type; i++)
        printf("| %d | `%s` | %s | %s |\n", i + 1, row->fields[i].name, row->fields[i].type,
            row->fields[i].doc);
    printf("\n");
}

static void
print_internal(void)
{
    printf("## Between the server's own actors\n\n");
    printf("Never accepted from a client, and free to change with any release.\n\n");
    printf("| message | from | to | what it asks or tells |\n|---|---|---|---|\n");
    for (int i = 0; i < ROWS; i++)
        if (!is_public(&rows[i]))
            printf("| %s | %s | %s | %s |\n", rows[i].tag, rows[i].from, rows[i].to, rows[i].doc);
}

static bool
print_intro(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        return false;
    }
    char line[4096];
    while (fgets(line, sizeof line, file))
        fputs(line, stdout);
    fclose(file);
    return true;
}

int
main(int argc, char **argv)
{
    if (argc != 2 || !print_intro(argv[1]))
        return 1;
    printf("\n## Messages\n\n");
    for (int i = 0; i < ROWS; i++)
        if (is_public(&rows[i]))
            print_row(&rows[i]);
    printf("## Causes\n\nWhat a CAUSE field may hold, and the API code and HTTP status each maps "
           "to.\n\n");
    printf("| cause | code | status |\n|---|---|---|\n");
    for (int i = 0; i < CAUSES; i++)
        printf("| `%s` | %s | %s |\n", causes[i].type, causes[i].name, causes[i].doc);
    printf("\n");
    print_internal();
    return 0;
}

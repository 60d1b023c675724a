/*
 * baseline NAME [--option value]... - run one baseline and print its numbers.
 */

#include "bench/baseline.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    void (*run)(const struct options *);
} baselines[] = {
    { "files", baseline_files },
    { "append", baseline_append },
    { "upstream", baseline_upstream },
    { "reads", baseline_reads },
    { "roundtrip", baseline_roundtrip },
};

int
main(int argc, char **argv)
{
    struct options options;
    for (size_t i = 0; argc > 1 && i < sizeof baselines / sizeof *baselines; i++)
        if (strcmp(argv[1], baselines[i].name) == 0) {
            options_parse(&options, argc - 2, argv + 2);
            baselines[i].run(&options);
            return 0;
        }
    fprintf(stderr, "usage: baseline files|append|upstream|reads|roundtrip [--option value]...\n");
    return 2;
}

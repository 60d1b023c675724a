#include "bench/baseline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
set(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "--threads") == 0)
        options->plan.threads = (unsigned) strtoul(value, NULL, 10);
    else if (strcmp(name, "--seconds") == 0)
        options->plan.seconds = strtod(value, NULL);
    else if (strcmp(name, "--count") == 0)
        options->plan.count = strtoull(value, NULL, 10);
    else if (strcmp(name, "--place") == 0)
        options->place = value;
    else if (strcmp(name, "--endpoint") == 0)
        options->endpoint = value;
    else if (strcmp(name, "--size") == 0)
        options->size = strtoull(value, NULL, 10);
    else if (strcmp(name, "--copies") == 0)
        options->copies = (unsigned) strtoul(value, NULL, 10);
    else if (strcmp(name, "--batch") == 0)
        options->batch = (unsigned) strtoul(value, NULL, 10);
    else if (strcmp(name, "--files") == 0)
        options->files = strtoull(value, NULL, 10);
    else if (strcmp(name, "--unsynced") == 0)
        options->unsynced = strcmp(value, "yes") == 0;
    else if (strcmp(name, "--tag") == 0)
        options->tag = value;
    else {
        fprintf(stderr, "no option %s\n", name);
        exit(2);
    }
}

void
options_parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){
        .plan = { .threads = 1, .seconds = 1 },
        .place = ".",
        .size = 1024,
        .copies = 1,
        .batch = 1,
        .tag = "t",
    };
    for (int i = 0; i + 1 < argc; i += 2)
        set(options, argv[i], argv[i + 1]);
    if (argc % 2 != 0) {
        fprintf(stderr, "%s has no value\n", argv[argc - 1]);
        exit(2);
    }
}

char *
noise_new(size_t size)
{
    char *noise = malloc(size + 8);
    if (!noise)
        give_up("memory");
    uint64_t state = 0x9e3779b97f4a7c15U;
    for (size_t i = 0; i < size; i += 8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        memcpy(noise + i, &state, 8);
    }
    return noise;
}

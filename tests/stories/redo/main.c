/*
 * redo_place - do what opening a backup after a crash does (actors/intake.h),
 * and nothing else: no server sends it what it lacks.
 *
 *     redo_place DIRECTORY...
 */

#include "actors/intake.h"

#include <stdio.h>

static enum outcome
redo(const char *place, struct report *report)
{
    const struct backend_kind *kind = backend_kind_find("local");
    const struct backend_args args = { .name = place, .place = place };
    struct backend *backend;
    enum outcome outcome = kind->open(&backend, &args, report);

    if (outcome != DONE)
        return outcome;
    outcome = intake_redo(kind, backend, &args, report);
    kind->close(&backend);
    return outcome;
}

int
main(int argc, char **argv)
{
    struct report report;

    for (int i = 1; i < argc; i++)
        if (redo(argv[i], &report) != DONE) {
            fprintf(stderr, "redo_place: %s\n", report.text);
            return 1;
        }
    return 0;
}

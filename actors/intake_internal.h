#ifndef ACTORS_INTAKE_INTERNAL_H
#define ACTORS_INTAKE_INTERNAL_H

/*
 * What intake.c and intake_redo.c share: the records, and the files.
 */

#include "actors/intake.h"

enum intake_record { INTAKE_CHANGE = 1, INTAKE_FLUSHED = 2 };

/* The directory of the log; -1 with errno. */
int intake_directory(int root);

/*
 * Gone in one step that a crash does not divide: under a temporary name first,
 * where it is nobody's log any more and a sweep finds what is left of it.
 */
enum outcome intake_remove(int root, int directory, const char *name, struct report *);

#endif

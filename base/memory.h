#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/*
 * memory - allocation that succeeds or ends the program with a sentence.
 *
 * Running out of memory is survived by crashing safely and starting again
 * (the journal sees to that); pretending to carry on is not.  A size that
 * comes from outside is checked against a limit before it gets here.
 */

#include <stddef.h>

void *memory_new(size_t bytes);                /* zeroed */
void *memory_resize(void *, size_t bytes);     /* not zeroed */
void *memory_copy(const void *, size_t bytes); /* and a NUL behind it */
char *memory_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

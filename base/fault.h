#ifndef BASE_FAULT_H
#define BASE_FAULT_H

/*
 * fault - a test build fails, or dies, at the step it is told.
 *
 *     KNARR_FAULT="when=137 do=kill"                   at the 137th step that changes anything
 *     KNARR_FAULT="call=datasync when=3 do=EIO"        at the third fdatasync
 *     KNARR_FAULT="call=rename,link when=5+ do=ENOSPC" from the fifth one on
 *     KNARR_FAULT="call=point:ack when=2 do=kill"      at a step that is no disk call
 *     KNARR_FAULT="call=malloc when=900 do=ENOMEM"     no memory for base/memory.h
 *     KNARR_FAULT_COUNT=FILE                           say at the end what was seen
 *
 * The first time a rule fires, a line "fault: DO at CALL N" goes to stderr.
 *
 * Rules are separated by ';', and each is words:
 *
 *     call=KIND[,KIND...]  kinds of base/fault_kinds.def, or point:NAME; without it:
 *                          every kind marked there as changing something, and every point
 *     path=TEXT            only where the path (of the file or the directory and the name) has it
 *     site=FUNCTION        only a sync that this function asks for
 *     when=N | N+          the N-th matching step, or all from it; without it: every one
 *     do=kill              SIGKILL to the whole process instead of the step
 *     do=EIO, ENOSPC, ...  the step is not done and fails with this error
 *     do=short             a read, write or copy does only half of it
 *     do=torn              a write does half of it, then kill
 *     do=skip              a sync of any kind is not done and says it was
 *     do=X-after           the step is done, then kill or fail; a lost answer
 *
 * The counts are lines "name number", appended: "steps" (the changing ones, all
 * points included), "matched" and "fired" (of the first rule), then every kind
 * and point.  A sweep raises `when` until "fired" is 0.
 *
 * A program calls fault_install() once at start; in other builds nothing of
 * this exists.  A word that is not understood ends the program with status 2.
 */

#include <stdbool.h>
#include <stdint.h>

#ifdef KNARR_FAULT_POINTS

/* From the environment; does nothing when neither variable is set. */
void fault_install(void);

/*
 * The same from a test: forget all counts, follow these rules; NULL ends it.  No
 * other thread may be at a file meanwhile.
 */
void fault_plan(const char *rules);
uint64_t fault_count(const char *name); /* of the lines above, as it is now */

void fault_reach(const char *name);
#define fault_point(name) fault_reach("point:" name)
/* Counts an allocation; true if there is to be no memory for it. */
bool fault_starves(void);

#else

static inline void
fault_install(void)
{
}
#define fault_point(name) ((void) 0)
static inline bool
fault_starves(void)
{
    return false;
}

#endif
#endif

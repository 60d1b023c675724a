#ifndef BASE_DISK_FAULT_H
#define BASE_DISK_FAULT_H

/*
 * disk_fault - the table of disk calls that counts and fails as base/fault.h
 * is told.  Test builds only.
 */

#include "base/fault.h"

enum fault_kind {
#define KIND(NAME, name, changes) FAULT_##NAME,
#include "base/fault_kinds.def"
    FAULT_KINDS
};

enum fault_act {
    FAULT_PASS,
    FAULT_COUNT_ONLY,
    FAULT_KILL,
    FAULT_FAIL,
    FAULT_SHORT,
    FAULT_TORN,
    FAULT_SKIP,
};

struct fault {
    enum fault_act act;
    int error;
    int is_after;
};

#ifdef KNARR_FAULT_POINTS

/* Put the counting table in front of `disk`, or take it away. */
void disk_fault_put(void);
void disk_fault_remove(void);

/*
 * Count a call and say what is to happen at it.  Kills here if that is it and
 * not to happen after.  `fd` is the file, or the directory `name` is in.
 */
struct fault fault_meet(enum fault_kind, int fd, const char *name);
void fault_kill(void) __attribute__((noreturn));

#endif

/* Called by programs that know only this header. */
static inline void
disk_fault_install(void)
{
    fault_install();
}

#endif

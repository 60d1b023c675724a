#ifndef TESTS_BASE_SUPPORT_SIMDISK_H
#define TESTS_BASE_SUPPORT_SIMDISK_H

/*
 * simdisk - a small file system in memory, and every state a power cut may
 * leave of it.
 *
 * It keeps what programs see, what is on the disk for sure, and between the two
 * the list of changes that were made and not synced, each as small as the
 * weakest disk makes it:
 *
 *     block   512 bytes of a file          sure with datasync, sync of the file
 *     size    of a file                    the same
 *     mode    of a file or directory       with sync of it
 *     name    made, linked, removed or     with sync of its directory: of either
 *             renamed; whole or not          one that a rename is between
 *
 * syncfs makes all of them sure.  Of the others any subset may be on the disk,
 * in the order they were made, but one: no file system gives a name to
 * something else while a directory still stands there, nor a directory two.
 *
 *     saved = sim_save();
 *     for (kept = 0; kept >> sim_pending() == 0; kept++, sim_back(saved))
 *         if (sim_cut(kept))
 *             what a start makes of it
 */

#include "base/disk.h"

#include <stdbool.h>
#include <stdint.h>

struct sim;

extern const struct disk disk_sim;

void sim_new(void); /* an empty disk, nothing open */
unsigned sim_pending(void);
void sim_before_sync(void (*run)(void)); /* at every sync while changes are pending; NULL: none */

struct sim *sim_save(void); /* all of it, open files too; free() it */
void sim_back(const struct sim *);

/* The cut: of what is pending the bits say what is left.  False if no disk leaves just that. */
bool sim_cut(uint64_t kept);

/* Equal for two disks that look the same to programs, whatever was done to them. */
uint64_t sim_looks(void);

/* States are many, different ones fewer: true if no cut since sim_forget() left just this. */
bool sim_is_new(void);
void sim_forget(void);

#endif

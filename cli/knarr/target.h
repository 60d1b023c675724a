#ifndef CLI_KNARR_TARGET_H
#define CLI_KNARR_TARGET_H

/*
 * target - a file of the user's that is to become what the server has.
 *
 * It is written to a temporary beside it, synced, and renamed: whatever
 * happens, there is the old file or the new one.  An interrupt removes the
 * temporary.  "-" is standard output.
 */

#include "cli/knarr/progress.h"
#include "client/knarr.h"

/* Fetch it.  Whatever goes wrong with the file is told as the result's reason. */
enum knarr_outcome target_get(struct knarr *, const struct knarr_entry *, const char *target,
    struct knarr_result *);

/* Print bytes [offset, offset + length) on standard output. */
enum knarr_outcome target_print(struct knarr *, const char *uri, uint64_t offset, uint64_t length,
    struct knarr_result *);

/* On a terminal, a newline where what was printed had none at its end. */
void target_print_end(void);

#endif

#ifndef CLI_KNARR_SOURCE_H
#define CLI_KNARR_SOURCE_H

/*
 * source - the user's bytes on their way to the server: an argument, a file,
 * or standard input.
 *
 * The user's own files are not storage, and may be pipes: they are read with
 * the plain calls, not through base/disk.
 */

#include "cli/knarr/progress.h"
#include "client/knarr.h"

struct source {
    const char *name;
    int fd;
    int error;     /* errno of the read that failed, or 0 */
    uint64_t size; /* KNARR_SIZE_UNKNOWN for what is no regular file */
    uint32_t mode; /* permission bits of a regular file, else 0 */
    struct progress progress;
};

/* "-" is standard input.  False: errno says why; a directory is EISDIR. */
bool source_open(struct source *, const char *name);
void source_close(struct source *);

/* Sends it all; what goes wrong with the file is told as the result's reason. */
enum knarr_outcome source_put(struct source *, struct knarr *, const char *uri,
    const struct knarr_wish *, struct knarr_result *);

#endif

#ifndef CLI_KNARR_FOLDER_H
#define CLI_KNARR_FOLDER_H

/*
 * folder - directories, sent and fetched file by file.
 *
 * What is in the one is afterwards in the other, which keeps what else it had.
 * A file that fails is told and the others go on, unless the server is gone.
 * Only files and directories are sent: links and devices are told and passed
 * over, and count as failures, as the copy is not all that was asked for.
 */

#include "cli/knarr/call.h"

enum exit_code folder_put(struct knarr *, const char *directory, const char *uri,
    const struct knarr_wish *);
enum exit_code folder_get(struct knarr *, const char *uri, const char *directory);

#endif

#ifndef CLI_KNARR_LOCAL_H
#define CLI_KNARR_LOCAL_H

/*
 * local - what goes wrong with the user's own files, told like what goes
 * wrong at the server.
 */

#include "client/knarr.h"

/* "FILE cannot be ACT: No such file or directory" */
enum knarr_outcome local_failed(struct knarr_result *, const char *file, const char *act,
    int error);

/* The part of a path or URI behind its last slash, if anything is there. */
const char *local_name(const char *path);

#endif

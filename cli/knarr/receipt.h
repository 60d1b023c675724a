#ifndef CLI_KNARR_RECEIPT_H
#define CLI_KNARR_RECEIPT_H

/*
 * receipt - how a change ended: on stdout what was asked for, on stderr why
 * it failed.
 */

#include "cli/knarr/call.h"

/* The last statement of every command that changes something; clears the result. */
enum exit_code receipt_end(const char *uri, struct knarr_result *);

#endif

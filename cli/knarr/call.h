#ifndef CLI_KNARR_CALL_H
#define CLI_KNARR_CALL_H

/*
 * call - one run of one command: what was asked for, and how it ended.
 *
 * A command is a row in a table (cli/knarr/main.c lists the tables): its name
 * may be several words, its options are popt's, and help is printed from the
 * row.  It connects when it knows that its arguments make sense, so that a
 * mistake in them is told whether or not a server runs.
 */

#include "client/knarr.h"

#include <popt.h>

enum exit_code { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

struct call;

struct command {
    const char *name;      /* "sync status" */
    const char *arguments; /* "[URI]" */
    const char *summary;   /* one sentence */
    const struct poptOption *options;
    int least, most; /* arguments; most -1: any number, passed on unread */
    enum exit_code (*run)(struct call *);
};

struct call {
    const struct command *command;
    const char **arguments;
    int count;
    struct knarr *knarr; /* once connected */
    enum exit_code status;
};

/* The end of a group's table has no name. */
extern const struct command file_commands[], transfer_commands[], list_commands[], tree_commands[],
    search_commands[], sync_commands[], policy_commands[], server_commands[];

/* Find the endpoint and connect.  False: said why, and call->status is set. */
bool call_connect(struct call *);

/* Say what is wrong with the arguments, and how they should be. */
enum exit_code call_usage(const struct call *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "knarr: " and the sentence, on stderr; for what is not the server's. */
enum exit_code call_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The result's reason and code, and what each backup has if that is the reason. */
enum exit_code call_refused(const struct knarr_result *);

#endif

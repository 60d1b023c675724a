#ifndef CLI_KNARR_OPTIONS_H
#define CLI_KNARR_OPTIONS_H

/*
 * options - every option of every command, where popt leaves it.
 *
 * Numbers stay text until they are asked for, so that all are checked alike.
 */

#include "cli/knarr/call.h"

struct options {
    char *endpoint, *config, *account, *user;
    int help, version, json;
    int wait, receipt;
    char *timeout, *acks;
    char *content, *from_file, *mode, *offset, *limit, *depth, *size;
    int append, recursive, all, is_long, parents, ignore_case;
    char *uri, *on;
};

extern struct options options;

/* For inclusion in a command's table. */
extern const struct poptOption global_options[], change_options[], json_option[];

/* The number an option was given, or `otherwise`.  False: said what is wrong. */
bool option_number(const struct call *, const char *name, const char *text, uint64_t otherwise,
    uint64_t *value);
/* Seconds, with a fraction if one likes, as milliseconds. */
bool option_seconds(const struct call *, const char *text, uint64_t *value_ms);
bool option_mode(const struct call *, const char *text, uint32_t *mode);

/* What the options common to all changes say. */
bool option_wish(const struct call *, struct knarr_wish *);

#endif

#ifndef TESTS_CONF_PARSED_H
#define TESTS_CONF_PARSED_H

/*
 * parsed - one configuration, parsed, with what there was to say about it.
 */

#include "base/view.h"
#include "conf/conf.h"

struct parsed {
    enum outcome outcome;
    struct conf *conf; /* NULL if refused */
    struct conf_problems problems;
};

struct parsed parse_text(const char *json);
struct parsed parse_bytes(struct view);
void parsed_free(struct parsed *);

/* A new directory below /tmp to work in, and back out of it. */
void enter_new_directory(void);
void leave_directory(void);

/* Ends the test unless the problems are exactly these "LINE: PATH: TEXT"s; TEXT from its start. */
void expect_problems(const struct parsed *, const char *const *wanted);

/* tests/conf/data/NAME, on the heap. */
char *read_data(const char *name);

#endif

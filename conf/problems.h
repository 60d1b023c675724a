#ifndef CONF_PROBLEMS_H
#define CONF_PROBLEMS_H

/*
 * problems - what is wrong with a configuration, gathered while it is read.
 *
 * A spot says where in the JSON we are: a chain of keys and indices that lives
 * on the stack of the functions that read it.  The root is NULL.
 *
 *     storage.agfs.backups.items[1].name
 */

#include "base/view.h"
#include "conf/conf.h"

#include <jansson.h>

struct spot {
    const struct spot *above;
    const char *key; /* NULL: an element of a list */
    size_t index;
};

/* Who reads: what has been understood so far, and what not. */
struct reader {
    struct conf *conf;
    struct view text; /* valid JSON, variables expanded */
    struct conf_problems *problems;
    size_t errors;   /* of all, those that are not warnings */
    size_t unlisted; /* found after the list was full */
};

enum { PROBLEMS_MAX = 200 };

void complain(struct reader *, const struct spot *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void warn_about(struct reader *, const struct spot *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same where the line is known already (0: the whole file). */
void complain_line(struct reader *, unsigned line, const struct spot *, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void warn_line(struct reader *, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Where a spot is, for what is said at another one: "line 14, storage.agfs"; free() it. */
char *spot_line(const struct reader *, const struct spot *);

/* In the order of the lines, and with a last one for those that were too many. */
void problems_finish(struct reader *);

/* A value or a text as a sentence shows it: quoted, printable, and cut if long. */
struct shown {
    char text[96];
};

const char *show_text(const char *text, struct shown *);
const char *show_value(const json_t *value, struct shown *);

/* No control bytes: it may be a name, a path, a word in a sentence. */
bool is_printable(const char *text);

#endif

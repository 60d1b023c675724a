#ifndef CONF_EXPAND_H
#define CONF_EXPAND_H

/*
 * expand - $NAME and ${NAME} in the raw text, from the environment.
 *
 * Inside a JSON string the value is put in as it is, so it may not hold what
 * would end or bend the string: a quote, a backslash, a control byte.  Outside
 * it must be one whole JSON value.  Anything else is a complaint: a variable
 * cannot add a key or close an object unnoticed.  A variable that is not set
 * stays as it is written, with a warning.  Lines stay lines.
 */

#include "conf/problems.h"

enum { CONF_BYTES_MAX = 1 << 20 };

/* On the heap and terminated; *length is set.  NULL after a complaint that it grew too large. */
char *expand(struct reader *, struct view text, size_t *length);

#endif

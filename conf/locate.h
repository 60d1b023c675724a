#ifndef CONF_LOCATE_H
#define CONF_LOCATE_H

/*
 * locate - on which line of the text a part of the JSON stands.
 *
 * The JSON library does not keep places, so the text is walked again when
 * something has to be told.  It must be valid JSON: it has been parsed before.
 */

#include "conf/problems.h"

/*
 * 1-based: of the key, or of the element of a list; where the spot is not
 * there, of the deepest part above it that is.
 */
unsigned locate_line(struct view text, const struct spot *);

/* Every key that an object holds a second time is a complaint. */
void locate_duplicates(struct reader *);

#endif

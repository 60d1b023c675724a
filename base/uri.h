#ifndef BASE_URI_H
#define BASE_URI_H

/*
 * uri - the names clients use, turned into paths and back.
 *
 *     viking://resources/a.txt   or   /resources/a.txt      account "default"
 *                       ▼ uri_to_path      ▲ path_to_uri
 *              /default/resources/a.txt
 *
 * The first part is a scope: resources, user, agent or session; "~" stands for
 * user/{user}; "viking://" is the account's root.  A trailing slash is
 * tolerated.  {calendar:today} and its like (base/calendar.h) stand for a date,
 * anywhere.  A part longer than 255 bytes is shortened to as many whole UTF-8
 * characters as fit in 246 bytes, "_", and the first 8 hexadecimal digits of
 * the part's SHA-256.  Source: OpenViking v0.4.16, behaviour.
 */

#include "base/outcome.h"
#include "base/path.h"

enum { URI_BYTES_MAX = PATH_BYTES_MAX + 8 };

/*
 * REFUSED with INVALID_PATH (malformed) or PERMISSION_DENIED (traversal,
 * internal names).  The path is legal and terminated.
 */
enum outcome uri_to_path(struct view uri, struct view account, struct view user,
    char path[PATH_BYTES_MAX + 1], struct report *);

/* What a client wants to make of a URI, apart from looking at it. */
enum uri_use { URI_FILE, URI_DIRECTORY, URI_REMOVAL };

/*
 * May it?  `path` is what uri_to_path made of `uri`.  Nobody removes a scope,
 * writes a file where a scope or a user's directory is, or makes anything
 * below agent but in skills, endpoints, tools and payments.
 */
enum outcome uri_permits(enum uri_use, struct view uri, struct view path, struct report *);

/* False where no client's URI leads: "/", an internal name, another scope. */
bool path_to_uri(struct view path, char uri[URI_BYTES_MAX + 1]);

#endif

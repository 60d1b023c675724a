#ifndef ACTORS_READER_H
#define ACTORS_READER_H

/*
 * reader - the actor that answers what may take long, from the primary.
 *
 *     hears   SEEK     from the router: READ, LIST, GLOB, GREP of clients
 *             FETCH    from stores that catch up: bytes of one file
 *             WALK     from the journal: what is in a tree, to be copied again
 *     says    SOUGHT, CHUNK, WALKED
 *
 * It has a handle of its own on the primary's place and changes nothing.
 */

#include "actors/actor.h"
#include "actors/content.h"
#include "backends/backend.h"

enum seek_kind { SEEK_READ, SEEK_LIST, SEEK_GLOB, SEEK_GREP, SEEK_KINDS };

enum { PAGE_BYTES_MAX = 256 << 10 }; /* a page of entries or matches stops growing here */

struct reader_args {
    const struct backend_kind *kind;
    struct backend_args backend;
};

extern const struct actor_kind reader_actor;

#endif

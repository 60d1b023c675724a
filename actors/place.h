#ifndef ACTORS_PLACE_H
#define ACTORS_PLACE_H

/*
 * place - what marks a place as ours, and as this one and no other.
 *
 *     /.knarr-place        a random id, written once: two names for one place,
 *                          and a name that now leads elsewhere, are found by it
 *     /backend_meta.json   OpenViking's storage shape guard: empty for plaintext
 *
 * Kinds that keep nothing over a restart have no marker.
 */

#include "backends/backend.h"

enum { PLACE_ID_BYTES = 37 }; /* a uuid and its end */

struct place {
    char id[PLACE_ID_BYTES]; /* "" if it has none */
    bool is_empty;           /* nothing but what we put there ourselves */
    bool is_encrypted;       /* the shape guard says so */
};

/* Look, and change nothing. */
enum outcome place_look(const struct backend_kind *, const struct backend_args *, struct place *,
    struct report *);

/* Make sure that it is marked; the id is made if there is none, and "" if it cannot be kept. */
enum outcome place_mark(const struct backend_kind *, const struct backend_args *, struct place *,
    struct report *);

#endif

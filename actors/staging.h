#ifndef ACTORS_STAGING_H
#define ACTORS_STAGING_H

/*
 * staging - a new version of a file, written beside the tree before anyone
 * promises it.
 *
 *     head of base ──▶ new bytes, as they come ──▶ tail of base ──▶ flush ──▶ STAGED
 *
 * The journal cannot carry large bodies, and a version that builds on another
 * must be whole before it is promised; so both are written under a stage name
 * and made durable there.  Publishing is a LINK, which may be repeated after a
 * crash; the stage name goes with the checkpoint that makes it needless, or at
 * once if nobody promises it.
 */

#include "actors/actor.h"
#include "backends/backend.h"

struct stagings; /* all of one store */

struct stagings *stagings_new(struct host *, const struct backend_kind *, struct backend *);
void stagings_free(struct stagings **);

void stagings_begin(struct stagings *, const struct message_stage *);
void stagings_data(struct stagings *, const struct message_stage_data *, struct body *take);
/* Nothing is left of it, however far it had come, unless it was published. */
void stagings_drop(struct stagings *, const struct message_unstage *);
/*
 * Copies a slice of what is to be copied, of one stage after the other, so that
 * changes go on meanwhile; true if there is more to do.
 */
bool stagings_work(struct stagings *);
/* Whole, and waiting for the flush that makes them durable. */
bool stagings_want_flush(const struct stagings *);
/* A flush that began after the last stagings_want_flush() has ended. */
void stagings_flushing(struct stagings *);
void stagings_flushed(struct stagings *, enum outcome, const struct report *);

#endif

#ifndef TESTS_STORIES_WORKLOAD_ASIDES_H
#define TESTS_STORIES_WORKLOAD_ASIDES_H

/*
 * asides - what clients ask between their changes: reads, lists, searches, the
 * status, retries.  A history holds no answers to them; what is judged at once
 * is that they are whole, and refused only for what other clients do meanwhile.
 */

#include "client/knarr.h"
#include "tests/stories/workload/plan.h"

/* One of them, by chance, below `uri`.  False, with a sentence on stderr, if it is wrong. */
bool aside_ask(struct knarr *, struct plan *, const char *uri);

#endif

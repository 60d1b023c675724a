#ifndef TESTS_STORIES_WORKLOAD_DIARY_H
#define TESTS_STORIES_WORKLOAD_DIARY_H

/*
 * diary - writes the history: each line with one system call to a file opened
 * for appending, so many threads and programs can share it.
 */

#include "client/knarr.h"
#include "tests/stories/workload/plan.h"

struct diary {
    int fd;
    const char *prefix; /* of paths, as the backends know them: "/default/resources" */
};

void diary_begin(const struct diary *, uint64_t id, unsigned client, const struct step *);
void diary_end(const struct diary *, uint64_t id, const struct knarr_result *);

#endif

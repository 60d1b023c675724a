#include "tests/stories/workload/diary.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

/* A history that cannot be written proves nothing. */
static void
put_line(const struct diary *self, const char *line, int length)
{
    if (write(self->fd, line, (size_t) length) != length) {
        perror("history");
        exit(2);
    }
}

void
diary_begin(const struct diary *self, uint64_t id, unsigned client, const struct step *step)
{
    char line[512], to[PLAN_TO_BYTES];
    const int length =
        snprintf(line, sizeof line, "b %" PRIu64 " %" PRIu64 " %u %s %" PRIu64 " %s%s %s\n",
            clock_ns(), id, client, op_names[step->kind], step->size, self->prefix, step->path,
            step_to(step, self->prefix, to));

    put_line(self, line, length);
}

void
diary_end(const struct diary *self, uint64_t id, const struct knarr_result *result)
{
    static const char *const outcomes[] = { "done", "retry", "refused" };
    char line[512];
    const int length = snprintf(line, sizeof line,
        "e %" PRIu64 " %" PRIu64 " %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", clock_ns(), id,
        outcomes[result->outcome], result->seq, result->required, result->acked,
        *result->cause ? result->cause : "none");

    put_line(self, line, length);
}

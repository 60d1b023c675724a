/*
 * The status as a table, for people.
 */

#include "cli/knarr/status.h"

#include "base/memory.h"
#include "cli/knarr/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void
print_oldest(const struct knarr_lag *lag)
{
    if (*lag->oldest_uri) {
        printf("    oldest: ");
        text_print(stdout, lag->oldest_uri);
        putchar('\n');
    }
    if (*lag->reason) {
        printf("    reason: ");
        text_print(stdout, lag->reason);
        putchar('\n');
    }
    if (lag->probe_ms > 0)
        printf("    next probe in %.1f s\n", (double) lag->probe_ms / 1000);
}

bool
status_lag(void *context, const struct knarr_lag *lag)
{
    struct status *self = context;
    char bytes[TEXT_SIZE_BYTES];

    if (!self->has_begun)
        puts("STATE       PENDING        BYTES        LAG  QUARANTINED     DEAD  BACKUP");
    self->has_begun = true;
    printf("%-8s %10" PRIu64 " %12s %8.1f s %12" PRIu64 " %8" PRIu64 "  ", lag->state, lag->pending,
        text_size(lag->pending_bytes, bytes), (double) lag->lag_ms / 1000, lag->quarantined,
        lag->dead);
    text_print(stdout, lag->backup);
    printf(" (%s)\n", lag->kind);
    print_oldest(lag);
    return true;
}

static void
begin_path(struct status *self, const struct knarr_target *target)
{
    if (self->current && strcmp(self->current, target->uri) == 0)
        return;
    if (!self->has_targets)
        putchar('\n');
    self->has_targets = true;
    free(self->current);
    self->current = memory_copy(target->uri, strlen(target->uri));
    text_print(stdout, target->uri);
    printf("  %s, seq %" PRIu64 "\n", target->op, target->latest_seq);
}

static const char *
state_of(const struct knarr_target *target)
{
    if (*target->excluded)
        return target->in_sync ? "excluded" : "excluded, still to be removed";
    return target->in_sync ? "in sync" : target->quarantined ? "quarantined" : "pending";
}

bool
status_target(void *context, const struct knarr_target *target)
{
    begin_path(context, target);
    printf("    ");
    text_print(stdout, target->backup);
    printf(": %s", state_of(target));
    if (*target->excluded) {
        printf(" by ");
        text_print(stdout, target->excluded);
    }
    if (!target->in_sync && target->failures > 0)
        printf(", failed rounds: %" PRIu64, target->failures);
    if (*target->reason) {
        printf(": ");
        text_print(stdout, target->reason);
    }
    putchar('\n');
    return true;
}

void
status_end(struct status *self, bool is_done)
{
    if (is_done && !self->has_begun)
        puts("There are no backups.");
    free(self->current);
}

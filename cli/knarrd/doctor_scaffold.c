/*
 * A place that is not there yet can be checked only by making it.
 */

#include "cli/knarrd/doctor_checks.h"

#include "base/disk.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PLACE_MODE = 0755 };

/* mkdir -p, noting the first directory that was missing. */
enum outcome
scaffold_build(struct scaffold *self, const char *place, struct report *report)
{
    char *path = memory_copy(place, strlen(place));
    enum outcome outcome = DONE;

    *self = (struct scaffold){ .place = memory_copy(place, strlen(place)) };
    for (char *at = path + 1; outcome == DONE; at++) {
        const char kept = *at;

        if (kept != '/' && kept != '\0')
            continue;
        *at = '\0';
        if (disk->mkdirat(AT_FDCWD, path, PLACE_MODE) == 0) {
            if (!self->missing)
                self->missing = memory_copy(path, strlen(path));
        } else if (errno != EEXIST) {
            outcome = report_errno(report, errno, "cannot make the directory %.200s", path);
        }
        *at = kept;
        if (kept == '\0')
            break;
    }
    free(path);
    return outcome;
}

/* From the innermost out, up to the first that was missing; what is not empty stays. */
void
scaffold_remove(struct scaffold *self)
{
    while (self->missing && strlen(self->place) >= strlen(self->missing)) {
        char *slash = strrchr(self->place, '/');

        /* What could not be made is not there; what somebody uses by now stays. */
        if (disk->unlinkat(AT_FDCWD, self->place, AT_REMOVEDIR) != 0 && errno != ENOENT)
            break;
        if (!slash || slash == self->place)
            break;
        *slash = '\0';
    }
    free(self->place);
    free(self->missing);
    *self = (struct scaffold){ NULL, NULL };
}

/*
 * What an attempt left that a crash ended: temporaries beside their targets,
 * trees set aside to be deleted, stages in /.knarr-stage.  Backends do not list
 * their temporaries; so a local place is walked here, as the directory that it
 * is.
 */

#include "cli/knarrd/doctor_checks.h"

#include "backends/request.h"
#include "base/clock.h"
#include "base/disk.h"
#include "base/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>

#define STAGE_DIRECTORY ".knarr-stage"

enum { DEPTH_MAX = 200, LOOK_MS = 5000 };

struct leftovers {
    uint64_t temporaries, stages, looked_at;
    uint64_t until_ms;
    bool is_cut_short;
};

static void
count_below(struct leftovers *self, int directory, bool is_stage, unsigned depth)
{
    void *stream = NULL;
    const char *name;
    unsigned char type;

    while (!self->is_cut_short && disk->list(directory, &stream, &name, &type) > 0) {
        int below;

        if (++self->looked_at % 1024 == 0 && clock_ms() > self->until_ms)
            self->is_cut_short = true;
        self->temporaries += name_is_temporary(name);
        if (name_is_temporary(name))
            continue; /* it goes with all that is in it */
        self->stages += is_stage;
        if (type != DT_DIR || depth == DEPTH_MAX)
            continue;
        below = disk->openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        if (below < 0)
            continue; /* it went meanwhile, or the probe has told why already */
        count_below(self, below, depth == 0 && strcmp(name, STAGE_DIRECTORY) == 0, depth + 1);
        disk->close(below);
    }
    disk->list_end(&stream);
}

void
look_for_leftovers(struct patient *patient, const struct conf_backend *backend, const char *label)
{
    struct leftovers found = { .until_ms = clock_ms() + LOOK_MS };
    int directory = disk->openat(AT_FDCWD, backend->place, O_RDONLY | O_DIRECTORY, 0);
    const char *part;
    char *fix;

    if (directory < 0)
        return; /* the probe has told */
    count_below(&found, directory, false, 0);
    disk->close(directory);
    part = found.is_cut_short ? ", as far as five seconds went" : "";
    if (found.temporaries + found.stages == 0) {
        check_pass(patient->checks, label, "none in %" PRIu64 " names%s", found.looked_at, part);
        return;
    }
    fix = memory_print("start the server, which removes stages and trees that were set aside; "
                       "temporaries can be removed while no server runs: "
                       "find '%s' -name '" BACKEND_TEMPORARY "*' -prune -exec rm -rf {} +",
        backend->place);
    check_warn(patient->checks, label, fix,
        "left by a crash%s: temporaries: %" PRIu64 ", stages: %" PRIu64, part, found.temporaries,
        found.stages);
    free(fix);
}

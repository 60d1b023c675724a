#include "cli/knarrd/workspace.h"

#include "base/clock.h"
#include "base/disk.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Like mkdir -p; what exists is left as it is. */
static enum outcome
make_directories(const char *path, mode_t mode, struct report *report)
{
    char *copy = memory_copy(path, strlen(path));
    enum outcome outcome = DONE;

    for (char *slash = copy + 1; outcome == DONE && *slash; slash++) {
        if (*slash != '/')
            continue;
        *slash = '\0';
        if (disk->mkdirat(AT_FDCWD, copy, 0755) != 0 && errno != EEXIST)
            outcome = report_errno(report, errno, "cannot make the directory %s", copy);
        *slash = '/';
    }
    if (outcome == DONE && disk->mkdirat(AT_FDCWD, copy, mode) != 0 && errno != EEXIST)
        outcome = report_errno(report, errno, "cannot make the directory %s", copy);
    free(copy);
    return outcome;
}

static enum outcome
take_lock(struct workspace *workspace, struct report *report)
{
    char *path = memory_print("%s/lock", workspace->directory);
    char holder[32] = "";
    enum outcome outcome = DONE;

    workspace->lock = disk->openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (workspace->lock < 0) {
        outcome = report_errno(report, errno, "cannot open %s", path);
    } else if (disk->lock(workspace->lock) != 0) {
        ssize_t got = disk->pread(workspace->lock, holder, sizeof holder - 1, 0);

        holder[got > 0 ? got : 0] = '\0';
        outcome =
            report_set(report, REFUSED, CAUSE_CONFLICT, "another process (pid %s) is using %s",
                holder[0] ? holder : "unknown", workspace->directory);
    } else {
        int length = snprintf(holder, sizeof holder, "%ld", (long) getpid());

        /* The pid is for people; the lock itself is what counts. */
        if (disk->truncate(workspace->lock, 0) == 0)
            disk_write_all(workspace->lock, holder, (size_t) length, 0);
    }
    free(path);
    return outcome;
}

enum outcome
workspace_open(struct workspace *workspace, const struct conf *conf, struct report *report)
{
    enum outcome outcome;

    workspace->directory = memory_print("%s/.knarr", conf->workspace);
    workspace->lock = -1;
    workspace->run = clock_wall_ns() / 1000000000;
    outcome = make_directories(workspace->directory, 0700, report);
    return outcome == DONE ? take_lock(workspace, report) : outcome;
}

void
workspace_close(struct workspace *workspace)
{
    if (workspace->lock >= 0)
        disk->close(workspace->lock);
    workspace->lock = -1;
    free(workspace->directory);
    workspace->directory = NULL;
}

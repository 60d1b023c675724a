#include "cli/knarr/folder.h"

#include "base/memory.h"
#include "cli/knarr/entry.h"
#include "cli/knarr/source.h"
#include "cli/knarr/target.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct folder {
    struct knarr *knarr;
    const char *from, *to;
    const struct knarr_wish *wish;
    enum exit_code code;
    bool is_over; /* the server is gone: nothing else can work */
};

/* Tell what failed, and whether it makes sense to go on. */
static void
note(struct folder *self, struct knarr_result *result)
{
    if (result->outcome != KNARR_DONE) {
        self->code = call_refused(result);
        self->is_over = strcmp(result->cause, "network") == 0;
    }
    knarr_result_clear(result);
}

static char *
join(const char *base, const char *below)
{
    size_t length = strlen(base);
    bool has_slash = length > 0 && base[length - 1] == '/';

    return *below ? memory_print("%s%s%s", base, has_slash ? "" : "/", below)
                  : memory_copy(base, length);
}

static void
put_file(struct folder *self, const char *file, const char *uri)
{
    struct knarr_wish wish = *self->wish;
    struct knarr_result result;
    struct source source;

    if (!source_open(&source, file)) {
        self->code = call_failed("%s cannot be read: %s", file, strerror(errno));
        return;
    }
    wish.mode = source.mode;
    source_put(&source, self->knarr, uri, &wish, &result);
    source_close(&source);
    note(self, &result);
}

static void
put_directory(struct folder *self, const char *uri, mode_t mode)
{
    struct knarr_wish wish = *self->wish;
    struct knarr_result result;

    wish.mode = mode & 0777;
    knarr_mkdir(self->knarr, uri, &wish, &result);
    if (strcmp(result.cause, "already_exists") == 0)
        result.outcome = KNARR_DONE;
    note(self, &result);
}

static void
put_entry(struct folder *self, const FTSENT *entry)
{
    const char *below = entry->fts_path + strlen(self->from);
    char *uri;

    while (*below == '/')
        below++;
    uri = join(self->to, below);
    switch (entry->fts_info) {
    case FTS_D: put_directory(self, uri, entry->fts_statp->st_mode); break;
    case FTS_F: put_file(self, entry->fts_path, uri); break;
    case FTS_DP: break; /* the way back up */
    case FTS_DNR:
    case FTS_NS:
    case FTS_ERR:
        self->code =
            call_failed("%s cannot be read: %s", entry->fts_path, strerror(entry->fts_errno));
        break;
    default:
        self->code =
            call_failed("%s is passed over: it is neither a file nor a directory", entry->fts_path);
    }
    free(uri);
}

enum exit_code
folder_put(struct knarr *knarr, const char *directory, const char *uri,
    const struct knarr_wish *wish)
{
    struct folder self = { .knarr = knarr, .from = directory, .to = uri, .wish = wish };
    char *path = memory_copy(directory, strlen(directory));
    char *const roots[] = { path, NULL };
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, NULL);
    const FTSENT *entry = walk ? fts_read(walk) : NULL;

    if (!walk)
        self.code = call_failed("%s cannot be read: %s", directory, strerror(errno));
    for (; entry && !self.is_over; entry = fts_read(walk))
        put_entry(&self, entry);
    if (walk)
        fts_close(walk);
    free(path);
    return self.code;
}

/*
 * A server may say what it likes; a file is only ever made below the directory
 * that was named.
 */
static bool
is_safe(const char *below)
{
    while (*below) {
        size_t length = strcspn(below, "/");

        if (length == 0 || (length == 1 && below[0] == '.') ||
            (length == 2 && below[0] == '.' && below[1] == '.'))
            return false;
        below += length;
        if (*below == '/' && *++below == '\0')
            return false;
    }
    return true;
}

/* The directory and those above it, as far as they are missing below the root. */
static bool
make_directories(char *path, size_t root_length)
{
    for (char *at = path + root_length; *at; at++) {
        if (*at != '/' || at == path)
            continue;
        *at = '\0';
        if (mkdir(path, 0777) && errno != EEXIST)
            return false;
        *at = '/';
    }
    return true;
}

static void
get_file(struct folder *self, const struct knarr_entry *entry, const char *path)
{
    struct knarr_result result;

    target_get(self->knarr, entry, path, &result);
    note(self, &result);
}

static bool
get_entry(void *context, const struct knarr_entry *entry)
{
    struct folder *self = context;
    const char *below = entry_below(entry->uri, self->from);
    char *path;

    if (below == entry->uri || !is_safe(below)) {
        self->code = call_failed("%s is passed over: it has no place here", entry->uri);
        return true;
    }
    path = join(self->to, below);
    if (!make_directories(path, strlen(self->to)) ||
        (entry->is_directory && mkdir(path, 0777) && errno != EEXIST))
        self->code = call_failed("%s cannot be made: %s", path, strerror(errno));
    else if (!entry->is_directory)
        get_file(self, entry, path);
    free(path);
    return !self->is_over;
}

enum exit_code
folder_get(struct knarr *knarr, const char *uri, const char *directory)
{
    struct folder self = { .knarr = knarr, .from = uri, .to = directory };
    struct knarr_result result;

    if (strcmp(directory, "-") == 0)
        return call_failed("a directory cannot be printed; name one to put it in");
    if (mkdir(directory, 0777) && errno != EEXIST)
        return call_failed("%s cannot be made: %s", directory, strerror(errno));
    if (knarr_list(knarr, uri, 0, true, get_entry, &self, &result) != KNARR_DONE)
        self.code = call_refused(&result);
    knarr_result_clear(&result);
    return self.code;
}

#include "tests/history/support/model.h"

#include "base/memory.h"
#include "tests/check.h"
#include "tests/history/payload.h"
#include "tests/history/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TREE_FDS = 16 };

void
model_open(struct model *self)
{
    char place[] = "/tmp/model-XXXXXX";

    check(mkdtemp(place));
    self->root = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(self->root >= 0);
}

/* Where a path is in the real tree. */
static char *
place_of(const struct model *self, const char *path)
{
    char root[256] = "", *link = memory_print("/proc/self/fd/%d", self->root);
    const ssize_t length = readlink(link, root, sizeof root - 1);

    check(length > 0);
    free(link);
    return memory_print("%s%s", root, path);
}

static int
remove_one(const char *path, const struct stat *status, int flag, struct FTW *where)
{
    (void) status;
    (void) flag;
    (void) where;
    return remove(path);
}

static bool
remove_tree(const char *place)
{
    return nftw(place, remove_one, TREE_FDS, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT;
}

void
model_close(struct model *self)
{
    char *place = place_of(self, "");

    check(remove_tree(place));
    free(place);
    close(self->root);
}

void
model_see(const struct model *self, struct snapshot *into)
{
    char *place = place_of(self, "");

    check(snapshot_take(into, place));
    free(place);
}

/* 'f', 'd', or 0 for nothing. */
static char
kind_at(const char *place)
{
    struct stat status;

    if (lstat(place, &status) != 0)
        return 0;
    return S_ISDIR(status.st_mode) ? 'd' : 'f';
}

/* Either all directories above are made, or none. */
static bool
make_parents(const struct model *self, const char *path)
{
    char *parent = memory_copy(path, (size_t) (strrchr(path, '/') - path));
    char *place = place_of(self, parent);
    bool is_made = kind_at(place) == 'd';

    if (!is_made && kind_at(place) == 0 && *parent && make_parents(self, parent))
        is_made = mkdir(place, 0755) == 0;
    free(place);
    free(parent);
    return is_made;
}

static bool
write_file(const struct model *self, const struct step *step, uint64_t id, const char *place)
{
    const int append = step->kind == OP_APPEND ? O_APPEND : 0;
    const int flags = step->kind == OP_PUT ? O_TRUNC : append;
    char *bytes = memory_new(step->size + 1);
    int fd;

    if (kind_at(place) == 'd' || !make_parents(self, step->path))
        return free(bytes), false;
    fd = open(place, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
    payload_fill(id, 0, bytes, step->size);
    check(fd >= 0 && lseek(fd, (off_t) step->offset, SEEK_SET) == (off_t) step->offset);
    check(write(fd, bytes, step->size) == (ssize_t) step->size);
    close(fd);
    free(bytes);
    return true;
}

static bool
rename_to(const struct model *self, const struct step *step, const char *place)
{
    char *to = place_of(self, step->to);
    const char from_kind = kind_at(place), to_kind = kind_at(to);
    const bool is_allowed = from_kind && to_kind != 'd' && !(from_kind == 'd' && to_kind) &&
        strcmp(step->path, step->to) != 0;
    const bool is_done = is_allowed && make_parents(self, step->to) && rename(place, to) == 0;

    free(to);
    return is_done;
}

bool
model_apply(struct model *self, const struct step *step, uint64_t id)
{
    char *place = place_of(self, step->path);
    bool is_done = false;

    switch (step->kind) {
    case OP_PUT:
    case OP_APPEND:
    case OP_WRITE_AT: is_done = write_file(self, step, id, place); break;
    case OP_TRUNCATE:
        is_done = kind_at(place) == 'f' && truncate(place, (off_t) step->size) == 0;
        break;
    case OP_REMOVE: is_done = remove(place) == 0; break;
    case OP_REMOVE_TREE: is_done = remove_tree(place); break;
    case OP_RENAME: is_done = rename_to(self, step, place); break;
    case OP_MKDIR:
        is_done = kind_at(place) == 0 && make_parents(self, step->path) && mkdir(place, 0755) == 0;
        break;
    case OP_KINDS: break;
    }
    free(place);
    return is_done;
}

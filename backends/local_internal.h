#ifndef BACKENDS_LOCAL_INTERNAL_H
#define BACKENDS_LOCAL_INTERNAL_H

/*
 * local_internal - what the files of the local backend share.
 *
 *     local.c            open, close, flush, space, and the table
 *     local_parent.c     the directory a name is in, opened part by part
 *     local_temporary.c  a file that appears whole: create, fill, place
 *     local_put.c        PUT
 *     local_change.c     MKDIR, REMOVE, REMOVE_TREE, CHMOD
 *     local_move.c       RENAME, LINK
 *     local_tree.c       removing what is at a name, whatever it is
 *     local_aside.c      one step that makes a tree gone before it is deleted
 *     local_read.c       lookup, read
 *     local_list.c       list, over a snapshot of the names
 *
 * Functions that take a directory's fd and a name never follow a link.
 */

#include "backends/backend.h"
#include "base/disk.h"

enum {
    PARENTS_MAX = 16,         /* directories kept open */
    PARENT_TRUST_MS = 20,     /* how long somebody else's rename may go unnoticed */
    TRIES_MAX = 16,           /* against somebody who changes the place under us */
    PARENT_MODE = 0755,       /* of directories that appear on demand */
    MODE_MASK = 0777,         /* set-id bits are never kept */
    PREALLOCATE_MIN = 8 << 20 /* bytes */
};

/* A directory that names are changed in. */
struct parent {
    int fd;
    unsigned references;
    uint64_t generation;  /* of the backend when it was opened */
    uint64_t verified_ns; /* when its path led to it */
    mode_t mode_asked;    /* a file created here with this mode */
    mode_t mode_got;      /* had that one: umask and default ACLs */
    size_t length;
    char path[]; /* "" is the root, else as "/a/b" */
};

/* No file has been created yet that would say what becomes of a mode. */
#define MODE_UNKNOWN ((mode_t) -1)

struct snapshot; /* the sorted names of the directory listed last */

struct backend {
    char *name;
    char *place;
    int root;
    dev_t device;
    bool is_careless;
    bool keeps_flushed;

    struct parent *top;                  /* the root */
    struct parent *parents[PARENTS_MAX]; /* latest used first */
    uint64_t generation;                 /* goes up when a directory here moves or goes */

    bool is_dirty; /* something may have changed since the last flush that succeeded */
    bool is_lost;  /* a flush failed: this handle is not believed any more */
    struct report loss;

    uint64_t opened_ns, aside_ns; /* time of day: of the opening, of the last name */
    bool has_leftovers;           /* set aside and not deleted */

    struct snapshot *snapshot;
};

/* Fail with a sentence that names the act, the path and the root. */
enum outcome local_failed(struct backend *, int error, const char *act, const char *path,
    struct report *);

/*
 * The directory that `path` is in.  With `make`, missing ones appear, and files
 * or links in their place go; else what is missing is NOT_FOUND.  A directory
 * on another file system is UNSUPPORTED.  Give it back with parent_release.
 */
enum outcome parent_open(struct backend *, const char *path, bool make, struct parent **,
    struct report *);
void parent_release(struct parent **);
bool parent_is_current(const struct backend *, const struct parent *);
void parents_forget(struct backend *); /* before a directory moves or goes */

/* A file under a temporary name, in the directory where it will appear. */
struct temporary {
    struct parent *parent;
    int fd; /* to write to, or -1 */
    char name[32];
};

enum outcome temporary_create(struct backend *, struct temporary *, const char *path, uint64_t seq,
    uint32_t mode, struct report *);
/* The same as a hard link to the file `name` in `from`. */
enum outcome temporary_link(struct backend *, struct temporary *, const char *path, uint64_t seq,
    struct parent *from, const char *name, struct report *);
/* Put it at `path`, whatever is there.  It is gone afterwards, also on failure. */
enum outcome temporary_place(struct backend *, struct temporary *, const char *path,
    struct report *);
void temporary_drop(struct temporary *);
/* What a crash may have left of this attempt, when there is nothing to create anew. */
void temporary_forget(int dir, uint64_t seq);
/* A file with the content and the modification time of `from` is at `path`. */
enum outcome temporary_copy(struct backend *, int from, const char *path, uint64_t seq,
    uint32_t mode, struct report *);

/*
 * Before the file open as `fd` replaces what is called `name`: a name must not
 * come to stand for bytes that a power cut can still take.  0, or -1 with errno.
 */
int temporary_settle(const struct backend *, int fd, int dir, const char *name);

/* What has to go, whole, under a temporary name; `name` is "" while there is none. */
struct aside {
    int dir;
    char name[32];
};

/* Nothing is at the name afterwards: it is set aside, or there was nothing. */
enum outcome aside_take(struct backend *, struct aside *, int dir, const char *name,
    const char *path, struct report *);
void aside_bring_back(const struct backend *, struct aside *, int dir, const char *name);
void aside_discard(struct backend *, struct aside *);
void asides_sweep(struct backend *);

/*
 * Nothing is at the name afterwards, nor below it.  On failure all of it is
 * still there, unless another file system is mounted in it.
 */
enum outcome local_remove_at(struct backend *, int dir, const char *name, const char *path,
    struct report *);
/* The same for a directory, name by name, until this clock_ns(); 0: to the end. */
enum outcome local_remove_tree(struct backend *, int dir, const char *name, const char *path,
    uint64_t until_ns, struct report *);
enum outcome local_empty(struct backend *, int dir, const char *path, struct report *);
enum outcome local_removal_failed(struct backend *, const char *path, struct report *);
/* Remove the directory `name` if nothing but temporaries is in it; 0, or -1 with errno. */
int local_remove_empty(struct backend *, int dir, const char *name);

void put_begin(struct backend *, struct change *);
void local_write(struct backend *, struct change *, const void *bytes, size_t length);
void local_finish(struct backend *, struct change *);
void local_cancel(struct backend *, struct change *);

void local_begin(struct backend *, struct change *);
enum outcome local_rename(struct backend *, struct change *, struct report *);
enum outcome local_link(struct backend *, struct change *, struct report *);

struct entry entry_of(const struct stat *);
void local_lookup(struct backend *, struct lookup *);
void local_read(struct backend *, struct reading *);
void local_list(struct backend *, struct listing *);
void list_forget(struct snapshot **);

/* The last part of a legal path. */
static inline const char *
name_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

#endif

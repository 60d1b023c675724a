#ifndef BACKENDS_BACKEND_H
#define BACKENDS_BACKEND_H

/*
 * backend - a place where files are kept.
 *
 * A kind of backend is one file that fills in a struct backend_kind and one
 * line in backends/kinds.def.  It knows nothing of actors or messages.  It is
 * used by one thread at a time through one handle; several handles may be open
 * on one place (the primary's writer and its readers), and every change made
 * through one of them is seen by all when it has ended.
 *
 * Every request is a struct that the caller embeds and keeps still until its
 * `ended` is called: exactly once, either before the starting call returns
 * (local, memory) or later from turn() (object stores).  So one thread may
 * have any number of requests under way.
 *
 * A change makes a state true, whatever was there before; doing it twice is
 * harmless, and so is doing it after a crash in the middle of doing it:
 *
 *     PUT          path is a file with this content and mode.  Missing parents
 *                  appear; a parent that is a file, or a directory at path, is
 *                  removed first.  The file appears whole or not at all.
 *     MKDIR        path is a directory; what is in it stays.  With `clear`,
 *                  whatever was at path is removed first.
 *     REMOVE       nothing is at path; a directory only if it is empty
 *                  (DIRECTORY_NOT_EMPTY, REFUSED).
 *     REMOVE_TREE  nothing is at path or below it.
 *     RENAME       what was at path is at `to`, and nothing is at path; what was
 *                  at `to` is gone.  Nothing at path: NOT_FOUND, REFUSED, and
 *                  `to` stays as it was.
 *     LINK         `to` is a file with the content and mode of the file at path,
 *                  which stays; parents and occupants of `to` as in PUT.  A hard
 *                  link, a server-side copy, or a copy, whichever is cheapest.
 *     CHMOD        what is at path has this mode (NOT_FOUND if nothing is).
 *
 *     begin(PUT) ──▶ write* ──▶ ended     after the size-th byte was written, or
 *            │                            after finish() where size is SIZE_UNKNOWN
 *            └────────▶ cancel            nothing appears, ended is not called
 *
 * Paths are absolute within the place ("/default/resources/a.txt"), bytes, at
 * most PATH_BYTES_MAX long, already normalised: no empty, "." or ".." part, no
 * NUL, no part longer than 255 bytes.  A backend never follows a symbolic
 * link out of its root.
 *
 * Names that begin with INTERNAL_PREFIX are the backend's own temporary names
 * and the markers; listings skip temporaries (BACKEND_TEMPORARY) only.
 */

#include "base/outcome.h"
#include "base/path.h"
#include "base/view.h"

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#define BACKEND_TEMPORARY ".knarr~" /* followed by hexadecimal digits */

#define SIZE_UNKNOWN UINT64_MAX

struct backend; /* an open handle; each kind defines its own */

enum change_kind { PUT, MKDIR, REMOVE, REMOVE_TREE, RENAME, LINK, CHMOD, CHANGE_KINDS };

const char *change_name(enum change_kind); /* "put" */

/* A change under way. */
struct change {
    enum change_kind kind;
    const char *path;
    const char *to;    /* RENAME and LINK, else NULL */
    uint64_t seq;      /* names the attempt; unique among changes under way here */
    uint64_t size;     /* PUT: bytes that follow in write(), or SIZE_UNKNOWN */
    uint32_t mode;     /* permission bits: PUT, MKDIR, CHMOD */
    uint64_t mtime_ns; /* PUT: since the epoch; 0: now */
    bool clear;        /* MKDIR: empty the place first */

    void (*ended)(struct change *, enum outcome, const struct report *);
    /* PUT: `bytes` of what write() was given are no longer needed. */
    void (*consumed)(struct change *, size_t bytes);
    void *of_backend; /* the backend's, between begin and ended */
};

/* What is at a path. */
struct entry {
    bool is_directory;
    uint32_t mode;
    uint64_t size;
    uint64_t mtime_ns;
    /*
     * Of a file: changes whenever the content may have; names what read()
     * continues.  Of a directory: names it, whatever is in it, also after a RENAME.
     */
    uint64_t version;
};

struct lookup {
    const char *path;
    struct entry entry;
    void (*ended)(struct lookup *, enum outcome, const struct report *);
};

struct reading {
    const char *path;
    uint64_t offset;
    void *into;
    size_t length;       /* wanted */
    uint64_t if_version; /* 0, or CONFLICT (RETRY) unless the file still has this version */
    size_t got;          /* short only at the end of the file */
    struct entry entry;  /* of the file read from, or of the directory found instead */
    void (*ended)(struct reading *, enum outcome, const struct report *);
};

/* One page of a directory, in byte order of the names. */
struct listing {
    const char *path;
    const char *after; /* first name comes after this one; "" for the start */
    size_t limit;      /* names at most; > 0 */
    void (*found)(struct listing *, const char *name, const struct entry *);
    bool has_more;
    void (*ended)(struct listing *, enum outcome, const struct report *);
};

struct flush {
    void (*ended)(struct flush *, enum outcome, const struct report *);
};

/* How full the place is; UINT64_MAX where nobody can tell. */
struct space {
    uint64_t free_bytes;
    uint64_t total_bytes;
    uint64_t free_files;
};

enum backend_trait {
    RENAMES_WHOLE = 1 << 0,      /* a RENAME is one atomic step, for directories too */
    KEEPS_MODE = 1 << 1,         /* modes and directories are kept */
    KEEPS_OVER_RESTART = 1 << 2, /* what was flushed is there after a restart */
    ENDS_AT_ONCE = 1 << 3,       /* every `ended` comes before the starting call returns */
};

/* What open() is given: the strings of the configuration, checked by it. */
struct backend_args {
    const char *name;   /* for sentences: the backup's name or "primary" */
    const char *place;  /* local: directory, created if missing; memory: a name for the store */
    uint64_t max_bytes; /* memory: 0 is unlimited */
    bool is_reader;     /* only lookup, read and list will be called */
    bool is_careless;   /* durability "process": flush need not reach the disk */
    bool keeps_flushed; /* a power cut leaves of a file the flushed content or the new one, whole */
};

struct backend_kind {
    const char *name; /* as in conf: "local" */
    unsigned traits;

    enum outcome (*open)(struct backend **, const struct backend_args *, struct report *);
    void (*close)(struct backend **);

    void (*begin)(struct backend *, struct change *);
    /* The next bytes of a PUT; they stay valid until `consumed` names them. */
    void (*write)(struct backend *, struct change *, const void *bytes, size_t length);
    /* No more bytes come for a PUT of SIZE_UNKNOWN. */
    void (*finish)(struct backend *, struct change *);
    void (*cancel)(struct backend *, struct change *);
    /*
     * Ends once every change that ended DONE before survives a power cut.  After
     * a failure none of them is sure that ended since the last flush that was
     * DONE, and nothing makes them so but to do them again through another
     * handle: this one may fail for good.
     */
    void (*flush)(struct backend *, struct flush *);

    void (*lookup)(struct backend *, struct lookup *);
    void (*read)(struct backend *, struct reading *);
    void (*list)(struct backend *, struct listing *);
    enum outcome (*space)(struct backend *, struct space *, struct report *);
    /*
     * The directory that is the place, open and the handle's: whoever uses it keeps
     * files of its own there, under an internal name.  -1, or NULL: it is in none.
     */
    int (*directory)(struct backend *);

    /* NULL with ENDS_AT_ONCE.  What to poll for, and what to do when it happened. */
    int (*watch)(struct backend *, struct pollfd *, int limit, int *timeout_ms);
    void (*turn)(struct backend *);
};

const struct backend_kind *backend_kind_find(const char *name); /* or NULL */

#endif

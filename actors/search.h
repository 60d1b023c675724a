#ifndef ACTORS_SEARCH_H
#define ACTORS_SEARCH_H

/*
 * search - one page of a long answer from below a path of the primary.
 *
 *     search_open ──▶ search_run* ──SEARCH_OVER──▶ outcome, page, next
 *                         └─SEARCH_WAITING──▶ ready()
 *
 *     LIST   ENTRYs of a directory or its tree
 *     GLOB   ENTRYs whose path below the start matches a pattern
 *     GREP   MATCHes: lines of the files below, or of the one file
 *     WALK   PLACEs of everything, the start too
 *
 * A page ends when `limit` messages or PAGE_BYTES_MAX are in it, or before
 * that when search_cut was called: a search that finds nothing for long gives
 * an empty page and says where to go on.  A search keeps nothing between
 * pages; `next` says it all (a path, for GREP also the place in the file).
 */

#include "actors/glob.h"
#include "actors/grep.h"
#include "actors/walk.h"
#include "transport/message.h"

enum search_kind { SEARCH_LIST, SEARCH_GLOB, SEARCH_GREP, SEARCH_WALK };

struct search_args {
    enum search_kind kind;
    struct view path, pattern, after;
    uint64_t limit, depth; /* 0: no bound */
    bool hidden, ignore_case;
};

enum search_step { SEARCH_GOES_ON, SEARCH_WAITING, SEARCH_OVER };

struct page {
    char *bytes; /* messages, one behind the other */
    size_t length, room;
    uint64_t count;
};

struct search {
    void (*ready)(struct search *); /* set by the owner before the first run */

    /* After SEARCH_OVER. */
    enum outcome outcome;
    struct report report;
    struct page page; /* its bytes may be taken: set them to NULL */
    bool has_more;
    char *next;

    /* Private. */
    enum search_kind kind;
    const struct backend_kind *backend_kind;
    struct backend *backend;
    char *path;
    uint64_t limit;
    bool hidden;
    enum search_step (*step)(struct search *);
    struct walk walk;
    struct glob *glob;
    struct grep *grep;
    struct scan scan;
    struct lookup lookup;
    struct reading reading;
    bool is_file;                  /* the start is one */
    bool is_asking, is_waited_for; /* lookup or reading */
    bool has_progress;
    char file[PATH_BYTES_MAX + 1]; /* being scanned, if scan.bytes */
    char last[PATH_BYTES_MAX + 1]; /* dealt with; relative */
};

/* An outcome other than DONE leaves nothing to close. */
enum outcome search_open(struct search *, const struct backend_kind *, struct backend *,
    const struct search_args *, struct report *);
void search_close(struct search *); /* not while waiting, unless the backend is closed */

/* A small step, some hundred microseconds at most with a backend that is quick. */
enum search_step search_run(struct search *);
/* End the page here; false, and it goes on, if nothing was dealt with yet. */
bool search_cut(struct search *);

#endif

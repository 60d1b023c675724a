#ifndef KNARR_H
#define KNARR_H

/*
 * libknarr - a client of knarr over ZeroMQ.
 *
 *     struct knarr_result result;
 *     struct knarr *knarr = knarr_open("ipc:///srv/data/.knarr/knarr.sock", NULL, &result);
 *     knarr_write(knarr, "viking://resources/a.txt", "hello", 5, NULL, &result);
 *     knarr_close(&knarr);
 *
 * A struct knarr is one connection, used by one thread.  Calls wait for their
 * answer, at most `timeout_ms` of it without a sign of life from the server.
 * A connection that was lost is made anew by the next call; what became of a
 * change that was under way is then not known: ask, or make it again.
 *
 * Every call returns KNARR_DONE, or what to do next, and then result->code and
 * result->reason say why; result->copies tells what each backup has.  A call
 * fills in the result without reading it: clear it after use.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum knarr_outcome { KNARR_DONE, KNARR_RETRY, KNARR_REFUSED };

enum knarr_how { KNARR_REPLACE, KNARR_APPEND, KNARR_CREATE, KNARR_AT_OFFSET };

#define KNARR_ACKS_CONFIGURED UINT64_MAX
#define KNARR_SIZE_UNKNOWN UINT64_MAX

struct knarr; /* a connection */

struct knarr_identity { /* may be NULL, or hold NULLs: the server's defaults */
    const char *account;
    const char *user;
    const char *client;  /* for the server's log */
    uint64_t timeout_ms; /* silence after which the server counts as gone; 0: 30,000 */
};

struct knarr_copy { /* what one backup has of a change */
    char *backup;
    char *state;          /* acked, pending, failed or quarantined */
    char *cause, *reason; /* of the last failure */
};

struct knarr_result {
    enum knarr_outcome outcome;
    char cause[32];   /* "not_found" */
    char code[32];    /* "NOT_FOUND" */
    char reason[512]; /* for people */
    uint64_t seq;     /* of the change; 0: the primary does not have it */
    uint64_t size;
    char hash[33]; /* xxh3-128 of the file, in hex; may be empty */
    uint64_t required, acked;
    struct knarr_copy *copies;
    size_t copy_count;
};

struct knarr_wish { /* of a change; NULL means all defaults */
    enum knarr_how how;
    uint64_t offset;     /* KNARR_AT_OFFSET */
    uint32_t mode;       /* 0: the default or what the file has */
    uint64_t acks;       /* KNARR_ACKS_CONFIGURED */
    bool wait;           /* until every backup that policy names has it */
    uint64_t timeout_ms; /* of acks and wait; 0: as configured */
};

struct knarr_entry {
    const char *uri;
    bool is_directory;
    uint32_t mode;
    uint64_t size;
    uint64_t mtime_ns;
};

struct knarr *knarr_open(const char *endpoint, const struct knarr_identity *,
    struct knarr_result *);
void knarr_close(struct knarr **);
/* The server's program and version, as it named itself. */
const char *knarr_server(const struct knarr *);
void knarr_result_clear(struct knarr_result *); /* frees the copies */

enum knarr_outcome knarr_ping(struct knarr *, struct knarr_result *);

enum knarr_outcome knarr_write(struct knarr *, const char *uri, const void *bytes, size_t length,
    const struct knarr_wish *, struct knarr_result *);

/*
 * Stream: `more` fills up to `room` bytes and returns how many, 0 at the end,
 * -1 to give up (nothing is written).  size may be KNARR_SIZE_UNKNOWN.
 */
enum knarr_outcome knarr_put(struct knarr *, const char *uri, uint64_t size,
    ssize_t (*more)(void *context, void *into, size_t room), void *context,
    const struct knarr_wish *, struct knarr_result *);

/*
 * Stream bytes [offset, offset + length) through `take`, in order, which
 * returns false to give up.  If the file is replaced meanwhile the outcome is
 * RETRY with cause "conflict": bytes of two versions are never mixed.
 */
enum knarr_outcome knarr_get(struct knarr *, const char *uri, uint64_t offset, uint64_t length,
    bool (*take)(void *context, const void *bytes, size_t length, uint64_t size), void *context,
    struct knarr_result *);

enum knarr_outcome knarr_truncate(struct knarr *, const char *uri, uint64_t size,
    const struct knarr_wish *, struct knarr_result *);
enum knarr_outcome knarr_remove(struct knarr *, const char *uri, bool recursive,
    const struct knarr_wish *, struct knarr_result *);
enum knarr_outcome knarr_mkdir(struct knarr *, const char *uri, const struct knarr_wish *,
    struct knarr_result *);
enum knarr_outcome knarr_move(struct knarr *, const char *uri, const char *to,
    const struct knarr_wish *, struct knarr_result *);
enum knarr_outcome knarr_chmod(struct knarr *, const char *uri, uint32_t mode,
    const struct knarr_wish *, struct knarr_result *);

/*
 * Each entry through `found`, which returns false to stop, and may make other
 * calls on the connection meanwhile.  depth 1: ls; 0: no bound.
 */
typedef bool knarr_found(void *context, const struct knarr_entry *);
enum knarr_outcome knarr_stat(struct knarr *, const char *uri, knarr_found *, void *context,
    struct knarr_result *);
enum knarr_outcome knarr_list(struct knarr *, const char *uri, uint64_t depth, bool hidden,
    knarr_found *, void *context, struct knarr_result *);
enum knarr_outcome knarr_glob(struct knarr *, const char *uri, const char *pattern, knarr_found *,
    void *context, struct knarr_result *);
enum knarr_outcome knarr_grep(struct knarr *, const char *uri, const char *pattern,
    bool ignore_case, uint64_t limit, uint64_t depth,
    bool (*found)(void *context, const char *uri, uint64_t line, const char *text), void *context,
    struct knarr_result *);

struct knarr_lag {
    const char *backup, *kind, *state, *oldest_uri, *reason;
    uint64_t pending, pending_bytes, lag_ms, quarantined, dead;
    uint64_t promised; /* = applied + superseded + excluded + pending; since the start */
    uint64_t applied, superseded, failures, probe_ms, excluded;
    uint64_t read_hits, read_misses, read_failures, read_stale; /* of reads that it may serve */
};

struct knarr_target {
    const char *uri, *path, *op, *backup, *reason;
    const char *excluded; /* the rule by which the backup does not get the file, or "" */
    uint64_t latest_seq, size, acked_seq, failures;
    bool quarantined, in_sync;
};

/* Either callback may be NULL.  uri NULL: no paths. */
enum knarr_outcome knarr_status(struct knarr *, const char *uri,
    bool (*lag)(void *context, const struct knarr_lag *),
    bool (*target)(void *context, const struct knarr_target *), void *context,
    struct knarr_result *);

/* What the policies say of a path; texts are good until the callback returns. */
struct knarr_explained {
    const char *uri, *path;
    const char *read; /* who is asked by a read now, one after the other */
    bool exists, is_directory;
    uint64_t size, required, timeout_ms;
};

struct knarr_fate {
    const char *backup, *rule; /* that excludes it; "" and !gets: no write is for it */
    bool gets;
};

/* size UINT64_MAX: as it is. `explained` is told once, then a fate for each backup. */
enum knarr_outcome knarr_explain(struct knarr *, const char *uri, uint64_t size,
    bool (*explained)(void *context, const struct knarr_explained *),
    bool (*fate)(void *context, const struct knarr_fate *), void *context, struct knarr_result *);

/* result->acked: how many paths are being tried again. */
enum knarr_outcome knarr_sync_retry(struct knarr *, const char *uri, struct knarr_result *);
/* seq 0: the latest of uri; uri NULL: everything so far; backup NULL: all. */
enum knarr_outcome knarr_sync_wait(struct knarr *, uint64_t seq, const char *uri,
    const char *backup, uint64_t timeout_ms, struct knarr_result *);

#ifdef __cplusplus
}
#endif

#endif

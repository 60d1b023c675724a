#ifndef ACTORS_ROUTER_INTERNAL_H
#define ACTORS_ROUTER_INTERNAL_H

/*
 * The router's own state, shared by
 *
 *     router.c     sessions, requests, and how they end
 *     changes.c    what clients change
 *     uploads.c    bodies that come in many pieces
 *     validate.c   what may be changed, as the primary is now
 *     lookups.c    what clients read and ask
 */

#include "actors/claims.h"
#include "actors/router.h"

#include <uthash.h>

enum { SMALL_READ_BYTES = 65536, STAGE_PATH_BYTES = 64 };

/* One client's connection. */
struct session {
    UT_hash_handle hh;           /* by peer */
    struct session *prev, *next; /* least recently heard first */
    struct request *requests;    /* by the client's id */
    char *account, *user;
    uint64_t heard_ms;
    size_t peer_length;
    char peer[];
};

/* Something a client asked for and has not been answered. */
struct request {
    struct claim claim; /* first: a grant hands back a pointer to it */
    UT_hash_handle hh;  /* by number */
    UT_hash_handle hh_client;
    struct router *router;
    struct session *session; /* NULL: the client is gone */
    uint64_t number, id;
    enum message_tag tag;
    bool has_claim, is_committed;
    bool is_cancelled;

    char *path, *to;
    uint64_t how, offset, size, acks, timeout_ms;
    uint32_t mode;
    bool waits, recursive;
    struct body body; /* a small file's bytes */

    /* uploads.c */
    bool is_upload; /* pieces are still to come */
    bool is_staged;
    uint64_t heard, taken; /* bytes of the body */
    uint64_t heard_ms;
    char stage[STAGE_PATH_BYTES];

    /* what is answered */
    uint64_t result_size;
    uint8_t hash[16];
    bool has_hash;
};

struct router {
    struct host *host;
    const struct conf *conf;
    const struct backend_kind *primary_kind;
    struct backend *primary; /* to look and read */
    struct claims *claims;
    struct session *sessions; /* by peer */
    struct session *by_age;
    struct request *requests; /* by number */
    uint64_t next_number;
    uint64_t targets;
};

/* router.c */
struct session *session_of(struct router *, struct envelope *);
/* A new request of this session, or NULL: refused and answered. */
struct request *request_new(struct router *, struct envelope *, uint64_t id);
struct request *request_find(struct router *, uint64_t number);
struct request *request_of_client(struct session *, uint64_t id);
/* Its paths from URIs; false: refused and answered, and the request is gone. */
bool request_paths(struct request *, struct view uri, struct view to);
void request_answer(struct request *, enum outcome, const struct report *);
void request_end(struct request *, const struct message *, struct body *take_body);
void request_free(struct request *);

/* changes.c */
void change_commit(struct request *, enum change_kind, uint64_t inode);
void change_claim(struct request *);
void on_write(void *, struct envelope *);
void on_truncate(void *, struct envelope *);
void on_delete(void *, struct envelope *);
void on_make(void *, struct envelope *);
void on_move(void *, struct envelope *);
void on_mode(void *, struct envelope *);
void on_committed(void *, struct envelope *);

/* uploads.c */
/* base: whose bytes surround the new ones, or NULL; head UINT64_MAX: link base. */
void upload_begin(struct request *, const char *base, uint64_t head, uint64_t size,
    bool keeps_tail);
void upload_piece(struct request *, struct body *take_body, bool is_last);
void upload_cancel(struct request *);
void uploads_expire(struct router *);
void on_data(void *, struct envelope *);
void on_staged(void *, struct envelope *);
void on_stage_room(void *, struct envelope *);

/* validate.c */
/* What is at a path of the primary; NOT_FOUND is an outcome like others. */
enum outcome look(struct router *, const char *path, struct entry *, struct report *);
/* Nothing but directories, or nothing, is above path. */
enum outcome parents_fit(struct router *, const char *path, struct report *);
/* The small file that a change of parts makes; DONE with the body set. */
enum outcome read_whole(struct router *, const char *path, uint64_t size, char *into,
    struct report *);

/* lookups.c */
void on_ping(void *, struct envelope *);
void on_read(void *, struct envelope *);
void on_stat(void *, struct envelope *);
void on_list(void *, struct envelope *);
void on_glob(void *, struct envelope *);
void on_grep(void *, struct envelope *);
void on_status(void *, struct envelope *);
void on_retry_sync(void *, struct envelope *);
void on_wait_sync(void *, struct envelope *);
void on_sought(void *, struct envelope *);
void on_surveyed(void *, struct envelope *);

#endif

#ifndef ACTORS_ROUTER_INTERNAL_H
#define ACTORS_ROUTER_INTERNAL_H

/*
 * The router's own state, shared by
 *
 *     router.c     the actor; requests, and how they end
 *     sessions.c   who is at the other end of a connection
 *     answers.c    how answers reach a client that may be slow
 *     wording.c    what clients are told when something is not as they wish
 *     changes.c    what clients ask to change
 *     grants.c     what becomes of it once its paths are its own
 *     commits.c    what is promised, and how that is answered
 *     uploads.c    bodies that come in many pieces
 *     validate.c   what may be changed, as the primary is now
 *     lookups.c    what clients look for and ask
 *     reads.c      bytes of files, from the primary or from a backup
 *     copies.c     backups that serve reads: which is asked next
 *     explain.c    what policies say of a path
 */

#include "actors/claims.h"
#include "actors/router.h"

#include <uthash.h>

enum {
    SMALL_READ_BYTES = 65536,
    STAGE_PATH_BYTES = 64,
    REQUESTS_PER_SESSION = 1024, /* unanswered ones */
    UPLOADS_PER_SESSION = 64,    /* whose bytes are still to come */
    LOOKUPS_AT_WORK = 8,         /* of one session; the others wait */
};

/* One client's connection. */
struct session {
    UT_hash_handle hh;           /* by peer */
    struct session *prev, *next; /* least recently heard first */
    struct request *requests;    /* by the client's id */
    char *account, *user;
    uint64_t heard_ms;

    /* answers.c */
    struct unsent *unsent; /* the oldest first; the session is late while there are any */
    size_t unsent_count;
    uint64_t offer_ms, offer_at_ms;
    struct session *late_prev, *late_next;

    /* lookups.c */
    struct request *waiting, *working;
    size_t working_count;
    bool is_going_on;

    size_t peer_length;
    char peer[];
};

/* What came of a body before its stage was begun. */
struct piece {
    struct piece *next;
    struct body body;
    bool is_last;
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

    char *uri, *to_uri; /* as the client wrote them, for what it is told */
    char *path, *to;
    uint64_t how, offset, size, acks, timeout_ms;
    uint32_t mode;
    bool waits, recursive;
    struct body body; /* a small file's bytes */

    /* uploads.c */
    bool is_upload;    /* pieces are still to come */
    bool is_staging;   /* the store has heard of it */
    bool takes_pieces; /* and has written what is before them */
    bool is_staged;
    uint64_t heard, taken; /* bytes of the body */
    uint64_t heard_ms;
    uint64_t credit_owed; /* bytes, not yet told in a GO */
    struct piece *pieces; /* until takes_pieces */
    unsigned piece_count;
    char stage[STAGE_PATH_BYTES];

    /* lookups.c */
    bool is_waiting, is_working;
    bool is_cancelled; /* working, and nobody wants to know */
    char *held;        /* the message, while it waits */
    size_t held_length;
    struct request *lookup_prev, *lookup_next;

    /* reads.c, copies.c */
    uint64_t length, version; /* and offset: of a READ */
    uint64_t copies;          /* that may answer and were not asked yet, by index */
    struct copy *asked;       /* that is being asked, or NULL */
    struct copy *doubted;     /* one may have the file that no other has, and did not answer */
    uint64_t due_ms;          /* then the next one is asked */
    struct request *consult_prev, *consult_next;

    struct entry old; /* what is at path, as looked at behind the claim; zeros: nothing */

    /* what is answered */
    uint64_t result_size;
    uint8_t hash[16];
    bool has_hash;
};

/* A backup that serves reads. */
struct copy {
    unsigned backup; /* its index */
    const char *name;
    bool is_own;         /* it receives nothing: its operator says what it has */
    uint64_t unanswered; /* CONSULTs */
    bool is_stuck;       /* it was too slow, and still has not answered */
    uint64_t rest_ms, rest_until_ms;
    uint64_t hits, misses, failures, stale;
};

struct router {
    struct host *host;
    const struct conf *conf;
    const struct backend_kind *primary_kind;
    struct backend *primary; /* to look and read */
    const char *place;       /* the primary's: no client is told */
    struct claims *claims;
    struct session *sessions; /* by peer */
    struct session *by_age;
    struct session *late;
    struct request *requests; /* by number */
    uint64_t next_number;
    uint64_t targets;
    struct copy copies[BACKUPS_MAX]; /* in the order of their priority */
    size_t copy_count;
    struct request *consulting; /* the one that is due first in front */
    uint64_t check_ms;
    bool is_closing; /* nothing is begun any more */
};

/* sessions.c */
struct session *session_of(struct router *, struct envelope *); /* or NULL: it has not GREETed */
void session_end(struct router *, struct session *);
/* End those whose clients have gone while they had something under way. */
void sessions_probe(struct router *);
void refuse_peer(struct router *, struct view peer, uint64_t id, const struct report *);
void on_greet(void *, struct envelope *);

/* answers.c */
void session_say(struct router *, struct session *, const struct message *, struct body *take_body);
void session_say_go(struct request *, uint64_t credit);
bool session_is_late(const struct session *);
void answers_offer(struct router *, struct session *);
void answers_drop(struct router *, struct session *);
void answers_woken(struct router *);

/* wording.c */
/* The sentence for a cause with a URI, or with the path that is no client's; REFUSED. */
enum outcome word_cause(struct report *, enum cause, const char *uri);
enum outcome word_path(struct report *, enum cause, const char *path);
/* What a backend reported of the request's path, or of its target's, put for the client. */
void word_failure(const struct request *, struct report *, bool of_target);

/* router.c */
/* A new request of this session, or NULL: refused and answered. */
struct request *request_new(struct router *, struct envelope *, uint64_t id);
struct request *request_find(struct router *, uint64_t number);
struct request *request_of_client(struct session *, uint64_t id);
/* Its paths from URIs; false: refused and answered, and the request is gone. */
bool request_paths(struct request *, struct view uri, struct view to);
void request_answer(struct request *, enum outcome, const struct report *);
/* The same with what a backend reported. */
void request_failed(struct request *, enum outcome, const struct report *);
void request_end(struct request *, const struct message *, struct body *take_body);
/* Its client has gone, or wants no answer; what it changes goes on. */
void request_abandon(struct request *);
void request_free(struct request *);

/* commits.c */
void change_commit(struct request *, enum change_kind, uint64_t inode);
/* The request's body is the whole file. */
void change_commit_small(struct request *, enum change_kind);
void on_committed(void *, struct envelope *);

/* grants.c */
bool is_small(const struct request *, uint64_t size);
/* May a file be written there? `old` is what is there now, zeros if nothing. */
enum outcome write_fits(struct request *, struct entry *old, struct report *);
void change_claim(struct request *);

/* changes.c */
enum how { REPLACE, APPEND, CREATE, AT_OFFSET, HOWS };
enum { MODE_FILE = 0644, MODE_DIRECTORY = 0755, MODE_BITS = 07777 };
void on_write(void *, struct envelope *);
void on_truncate(void *, struct envelope *);
void on_delete(void *, struct envelope *);
void on_make(void *, struct envelope *);
void on_move(void *, struct envelope *);
void on_mode(void *, struct envelope *);

/* uploads.c */
/* base: whose bytes surround the new ones, or NULL; head UINT64_MAX: link base. */
void upload_begin(struct request *, const char *base, uint64_t head, uint64_t size,
    bool keeps_tail);
/* The next bytes; they may come before upload_begin. */
void upload_piece(struct request *, struct body *take_body, bool is_last);
void upload_fini(struct request *); /* no stage is left that was not promised */
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

/* explain.c */
void on_explain(void *, struct envelope *);
void explain_routed(struct request *, uint64_t copies); /* that may answer a READ */

/* reads.c */
void read_begin(struct request *, const struct message_read *);
struct found { /* of a file; the body has the bytes from offset on */
    uint64_t offset, size, version, mode, mtime_ns;
};
void read_answer(struct request *, const struct found *, struct body *take_body);
void read_primary(struct request *);
void read_sought(struct request *, const struct message_sought *, struct body *);
void read_failed(struct request *, enum outcome, const struct report *);
/* The version that clients are told, where more than the primary may answer. */
uint64_t read_version(uint64_t size, uint64_t mtime_ns);

/* copies.c */
void copies_open(struct router *);
void copies_ask(struct request *); /* which may answer; then on_routed() goes on with it */
void copies_forget(struct request *);
void copies_woken(struct router *);
void copies_pack(const struct router *, struct body *); /* READS */
void on_routed(void *, struct envelope *);
void on_consulted(void *, struct envelope *);

/* lookups.c */
/* A lookup of this session has ended, or an answer has gone: others may begin. */
void lookups_go_on(struct session *);
void lookups_forget(struct session *); /* the session ends */
void lookup_cancel(struct request *);
void lookup_ended(struct request *);
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

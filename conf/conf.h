#ifndef CONF_CONF_H
#define CONF_CONF_H

/*
 * conf - ov.conf, read strictly.
 *
 * The file is OpenViking's: JSON (a byte-order mark is tolerated), with $VAR
 * and ${VAR} expanded on the raw text.  Looked for in this order: the file
 * given, else $OPENVIKING_CONFIG_FILE, else ~/.openviking/ov.conf, else
 * /etc/openviking/ov.conf; a file that was named and does not exist is an
 * error, not a reason to look further.
 *
 * Every problem is found in one go.  Each names the line, the JSON path, the
 * value found and the nearest value that would be right.
 */

#include "base/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BACKUPS_MAX = 64 }; /* a set of backups is one 64-bit mask */

struct conf_problem {
    unsigned line; /* 1-based; 0 when the whole file is meant */
    char *path;    /* "storage.agfs.backups.items[1].name"; "" for the file */
    char *text;    /* "'asynch' is not a sync type; did you mean 'async'?" */
};

struct conf_problems {
    struct conf_problem *at;
    size_t count;
    char *file; /* whose they are: as found, else as named, else "ov.conf" */
};

enum sync_type { SYNC_ASYNC, SYNC_SYNC };
enum durability { DURABILITY_POWER, DURABILITY_PROCESS };
enum refill { REFILL_BACKGROUND, REFILL_LAZY };

struct conf_backend {
    char *name;         /* "primary", or the backup's */
    char *kind;         /* as a struct backend_kind is named: "local", "memory" */
    char *place;        /* local: absolute directory; memory: the name */
    uint64_t max_bytes; /* memory; 0 is unlimited */
    enum refill refill; /* memory, after a restart */
    bool receives;      /* has "write", or no operations at all */
    bool serves_reads;
    unsigned read_priority;
    struct policies *excludes; /* files that a backup does not get, see conf/policy.h; or NULL */
};

/*
 * What storage.agfs.knarr may hold, with the defaults: one row a setting, in
 * conf/settings.def, from which docs/OPERATIONS.md takes its table.
 */
struct conf_settings {
#define SETTING(type, name, initial, least, most, unit, doc) type name;
#include "conf/settings.def"
};

struct conf {
    char *file;      /* as found */
    char *workspace; /* absolute */
    char *default_account, *default_user;
    char *endpoint; /* the ZeroMQ ROUTER: "ipc:///..." or "tcp://127.0.0.1:1934" */
    struct conf_backend primary;
    struct conf_backend *backups;
    size_t backup_count;

    enum sync_type sync_type;
    uint64_t write_ack_count;      /* UINT64_MAX: all eligible */
    uint64_t write_ack_timeout_ms; /* 0: for ever */
    uint64_t write_concurrency;    /* to one backup at once; 0: unlimited */
    uint64_t retry_interval_ms;
    uint64_t retry_backoff_base_ms;
    uint64_t retry_max_retries_per_round;
    uint64_t retry_quarantine_after_failures;

    uint64_t
        read_stale_ms; /* backups may lack changes that are no older; 0: none; UINT64_MAX: any */
    enum durability durability;
    int log_level; /* enum log_level */
    bool log_json;
    struct conf_settings settings;
};

/*
 * Find, read and check.  `named` is what --config gave, or NULL.  On REFUSED
 * the problems say all that is wrong (and *conf is NULL); on DONE there may
 * still be problems that are only warnings (text begins with "warning: ").
 */
enum outcome conf_load(struct conf **, const char *named, struct conf_problems *);

/* The same on bytes in memory: for tests, the fuzzer and doctor. */
enum outcome conf_parse(struct conf **, const char *text, size_t length, const char *file,
    struct conf_problems *);

void conf_free(struct conf **);
void conf_problems_free(struct conf_problems *);

/* One problem as people see it: "ov.conf:12: storage.agfs.backend: ...". */
char *conf_problem_line(const struct conf_problem *, const char *file);

#endif

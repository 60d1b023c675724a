#ifndef ACTORS_CATALOG_INTERNAL_H
#define ACTORS_CATALOG_INTERNAL_H

/*
 * What the files of the catalog share: its statements, each compiled once, and
 * the one way in which SQLite's failures become reports.
 *
 * A path is bound as a BLOB, which SQLite orders as memcmp does.  Numbers of
 * 64 bits are stored as SQLite's signed ones and come back as they were.
 */

#include "actors/catalog.h"

#include "base/memory.h"
#include "base/path.h"

#include <sqlite3.h>
#define uthash_malloc(bytes) memory_new(bytes)
#include <uthash.h>

#define STATEMENTS(STATEMENT)                                                                 \
    STATEMENT(BEGIN, "BEGIN IMMEDIATE")                                                       \
    STATEMENT(COMMIT, "COMMIT")                                                               \
    STATEMENT(NUMBER_GET, "SELECT value FROM number WHERE name = ?1")                         \
    STATEMENT(NUMBER_PUT, "INSERT OR REPLACE INTO number VALUES (?1, ?2)")                    \
    STATEMENT(BACKUP_ADD, "INSERT INTO backup (name, place_id, retired) VALUES (?1, ?2, ?3)") \
    STATEMENT(BACKUP_SET,                                                                     \
        "UPDATE backup SET name = ?1, place_id = ?2, retired = ?3"                            \
        " WHERE id = ?4")                                                                     \
    STATEMENT(BACKUP_BY_NAME,                                                                 \
        "SELECT id, name, place_id, retired FROM backup"                                      \
        " WHERE name = ?1 ORDER BY retired, id DESC LIMIT 1")                                 \
    STATEMENT(BACKUP_BY_PLACE,                                                                \
        "SELECT id, name, place_id, retired FROM backup"                                      \
        " WHERE place_id = ?1 AND place_id <> ''"                                             \
        " ORDER BY retired, id DESC LIMIT 1")                                                 \
    STATEMENT(BACKUP_ALL, "SELECT id, name, place_id, retired FROM backup ORDER BY id")       \
    STATEMENT(VERSION_PUT, "INSERT OR REPLACE INTO version VALUES (?1, ?2, ?3, ?4, ?5)")      \
    STATEMENT(VERSION_GET, "SELECT path, seq, kind, size, hash FROM version WHERE path = ?1") \
    STATEMENT(VERSION_RANGE,                                                                  \
        "SELECT path, seq, kind, size, hash FROM version"                                     \
        " WHERE path > ?1 AND path < ?2 ORDER BY path LIMIT ?3")                              \
    STATEMENT(VERSION_FORGET, "DELETE FROM version WHERE path = ?1")                          \
    STATEMENT(VERSION_FORGET_BELOW, "DELETE FROM version WHERE path > ?1 AND path < ?2")      \
    STATEMENT(VERSION_MOVE,                                                                   \
        "UPDATE OR REPLACE version"                                                           \
        " SET path = CAST(?3 || substr(path, ?4) AS BLOB), seq = ?5"                          \
        " WHERE path > ?1 AND path < ?2")                                                     \
    STATEMENT(LAG_SUMS, "SELECT backup, COUNT(*), SUM(size) FROM lag GROUP BY backup")        \
    STATEMENT(LAG_SIZE, "SELECT size FROM lag WHERE backup = ?1 AND path = ?2")               \
    STATEMENT(LAG_PUT,                                                                        \
        "INSERT OR REPLACE INTO lag"                                                          \
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")                             \
    STATEMENT(LAG_GET, "SELECT * FROM lag WHERE backup = ?1 AND path = ?2")                   \
    STATEMENT(LAG_BY_SEQ,                                                                     \
        "SELECT * FROM lag WHERE backup = ?1 AND (seq, path) > (?2, ?3) ORDER BY seq, path")  \
    STATEMENT(LAG_BY_PATH,                                                                    \
        "SELECT * FROM lag"                                                                   \
        " WHERE backup = ?1 AND path > ?2 AND path < ?3"                                      \
        " ORDER BY path LIMIT ?4")                                                            \
    STATEMENT(LAG_DELETE, "DELETE FROM lag WHERE backup = ?1 AND path = ?2 RETURNING size")   \
    STATEMENT(LAG_SUM_BELOW,                                                                  \
        "SELECT COUNT(*), SUM(size) FROM lag"                                                 \
        " WHERE backup = ?1 AND path > ?2 AND path < ?3")                                     \
    STATEMENT(LAG_DELETE_BELOW,                                                               \
        "DELETE FROM lag"                                                                     \
        " WHERE backup = ?1 AND path > ?2 AND path < ?3")                                     \
    STATEMENT(LAG_DELETE_ALL, "DELETE FROM lag WHERE backup = ?1")

enum statement {
#define STATEMENT(NAME, sql) NAME,
    STATEMENTS(STATEMENT)
#undef STATEMENT
        STATEMENT_COUNT
};

/* What one backup lacks, in all. */
struct lag_sum {
    uint32_t backup;
    uint64_t rows, bytes;
    UT_hash_handle hh;
};

struct catalog {
    char *file; /* for sentences */
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    uint64_t checkpoint_seq;
    struct lag_sum *sums;
    char reason[REPORT_TEXT_BYTES]; /* what catalog_lag_get handed out */

    /*
     * A change could not be made and nobody was told, or SQLite gave up the
     * transaction: what is in it must never be committed.
     */
    bool is_broken;
    enum outcome broken_outcome;
    struct report broken_report;
};

/* The statement, ready to be bound; every use ends in catalog_end or catalog_run. */
sqlite3_stmt *catalog_begin(struct catalog *, enum statement);
/* The next row is there; false at the end or on a failure, which catalog_end tells. */
bool catalog_row(sqlite3_stmt *);
enum outcome catalog_end(struct catalog *, sqlite3_stmt *, struct report *);
/* For statements whose rows nobody wants. */
enum outcome catalog_run(struct catalog *, sqlite3_stmt *, struct report *);
/* The same where nobody can be told: a failure breaks the catalog. */
bool catalog_end_untold(struct catalog *, sqlite3_stmt *);
bool catalog_run_untold(struct catalog *, sqlite3_stmt *);

/* Commit what the transaction holds and open the next one. */
enum outcome catalog_commit(struct catalog *, struct report *);

void catalog_bind_number(sqlite3_stmt *, int index, uint64_t);
void catalog_bind_text(sqlite3_stmt *, int index, const char *);
void catalog_bind_path(sqlite3_stmt *, int index, const char *); /* stays the caller's */
uint64_t catalog_column_number(sqlite3_stmt *, int index);
const char *catalog_column_path(sqlite3_stmt *, int index, char *into); /* PATH_BYTES_MAX + 1 */

/*
 * Bind `index` and the next: the exclusive bounds of all paths below `path`
 * that come after `after`.  They stay bound until the statement's end.
 */
struct catalog_range {
    char least[PATH_BYTES_MAX + 2], most[PATH_BYTES_MAX + 2];
};
void catalog_bind_below(sqlite3_stmt *, int index, struct catalog_range *, const char *path,
    const char *after);

/* Fill the sums from the table, at open. */
enum outcome catalog_load_sums(struct catalog *, struct report *);
void catalog_free_sums(struct catalog *);

#endif

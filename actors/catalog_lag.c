/* The table of lag: what each backup lacks, and how much that is in all. */

#include "actors/catalog_internal.h"

#include "base/memory.h"
#include "base/path.h"

#include <stdio.h>
#include <string.h>

/* ---- sums ----------------------------------------------------------------------- */

static struct lag_sum *
sum_of(struct catalog *self, uint32_t backup)
{
    struct lag_sum *sum;

    HASH_FIND(hh, self->sums, &backup, sizeof backup, sum);
    if (sum)
        return sum;
    sum = memory_new(sizeof *sum);
    sum->backup = backup;
    HASH_ADD(hh, self->sums, backup, sizeof sum->backup, sum);
    return sum;
}

enum outcome
catalog_load_sums(struct catalog *self, struct report *report)
{
    sqlite3_stmt *statement = catalog_begin(self, LAG_SUMS);

    while (catalog_row(statement)) {
        struct lag_sum *sum = sum_of(self, (uint32_t) catalog_column_number(statement, 0));

        sum->rows = catalog_column_number(statement, 1);
        sum->bytes = catalog_column_number(statement, 2);
    }
    return catalog_end(self, statement, report);
}

void
catalog_free_sums(struct catalog *self)
{
    struct lag_sum *sum, *next;

    HASH_ITER(hh, self->sums, sum, next)
    {
        HASH_DEL(self->sums, sum);
        free(sum);
    }
}

void
catalog_lag_sum(struct catalog *self, uint32_t backup, uint64_t *rows, uint64_t *bytes)
{
    const struct lag_sum *sum = sum_of(self, backup);

    *rows = sum->rows;
    *bytes = sum->bytes;
}

/* ---- rows ----------------------------------------------------------------------- */

/* The columns in the order of the table. */
enum { BACKUP, PATH, SEQ, KIND, MODE, SIZE, SINCE, FAILURES, REST, DEAD, REASON };

static void
get_lag(sqlite3_stmt *statement, struct catalog_lag *lag, char *path)
{
    const unsigned char *reason = sqlite3_column_text(statement, REASON);

    lag->backup = (uint32_t) catalog_column_number(statement, BACKUP);
    lag->path = catalog_column_path(statement, PATH, path);
    lag->seq = catalog_column_number(statement, SEQ);
    lag->kind = (unsigned) catalog_column_number(statement, KIND);
    lag->mode = (uint32_t) catalog_column_number(statement, MODE);
    lag->size = catalog_column_number(statement, SIZE);
    lag->since_ms = catalog_column_number(statement, SINCE);
    lag->failures = (unsigned) catalog_column_number(statement, FAILURES);
    lag->rest_until_ms = catalog_column_number(statement, REST);
    lag->is_dead = catalog_column_number(statement, DEAD) != 0;
    lag->reason = reason ? (const char *) reason : "";
}

static void
bind_lag(sqlite3_stmt *statement, const struct catalog_lag *lag)
{
    catalog_bind_number(statement, 1 + BACKUP, lag->backup);
    catalog_bind_path(statement, 1 + PATH, lag->path);
    catalog_bind_number(statement, 1 + SEQ, lag->seq);
    catalog_bind_number(statement, 1 + KIND, lag->kind);
    catalog_bind_number(statement, 1 + MODE, lag->mode);
    catalog_bind_number(statement, 1 + SIZE, lag->size);
    catalog_bind_number(statement, 1 + SINCE, lag->since_ms);
    catalog_bind_number(statement, 1 + FAILURES, lag->failures);
    catalog_bind_number(statement, 1 + REST, lag->rest_until_ms);
    catalog_bind_number(statement, 1 + DEAD, lag->is_dead);
    if (lag->reason && *lag->reason)
        catalog_bind_text(statement, 1 + REASON, lag->reason);
}

enum outcome
catalog_lag_put(struct catalog *self, const struct catalog_lag *lag, struct report *report)
{
    sqlite3_stmt *statement = catalog_begin(self, LAG_SIZE);
    struct lag_sum *sum = sum_of(self, lag->backup);
    uint64_t old_size = 0;
    bool was_there;
    enum outcome outcome;

    catalog_bind_number(statement, 1, lag->backup);
    catalog_bind_path(statement, 2, lag->path);
    was_there = catalog_row(statement);
    if (was_there)
        old_size = catalog_column_number(statement, 0);
    outcome = catalog_end(self, statement, report);
    if (outcome != DONE)
        return outcome;
    statement = catalog_begin(self, LAG_PUT);
    bind_lag(statement, lag);
    outcome = catalog_run(self, statement, report);
    if (outcome != DONE)
        return outcome;
    sum->rows += !was_there;
    sum->bytes += lag->size - old_size;
    return DONE;
}

bool
catalog_lag_get(struct catalog *self, uint32_t backup, const char *path, struct catalog_lag *lag)
{
    char stored[PATH_BYTES_MAX + 1];
    sqlite3_stmt *statement = catalog_begin(self, LAG_GET);
    bool found;

    catalog_bind_number(statement, 1, backup);
    catalog_bind_path(statement, 2, path);
    found = catalog_row(statement);
    if (found) {
        get_lag(statement, lag, stored);
        lag->path = path;
        snprintf(self->reason, sizeof self->reason, "%s", lag->reason);
        lag->reason = self->reason;
    }
    return catalog_end_untold(self, statement) && found;
}

void
catalog_lag_delete(struct catalog *self, uint32_t backup, const char *path)
{
    sqlite3_stmt *statement = catalog_begin(self, LAG_DELETE);
    struct lag_sum *sum = sum_of(self, backup);
    uint64_t size = 0;
    bool was_there;

    catalog_bind_number(statement, 1, backup);
    catalog_bind_path(statement, 2, path);
    was_there = catalog_row(statement);
    if (was_there)
        size = catalog_column_number(statement, 0);
    if (!catalog_run_untold(self, statement))
        return;
    sum->rows -= was_there;
    sum->bytes -= size;
}

void
catalog_lag_delete_below(struct catalog *self, uint32_t backup, const char *path)
{
    sqlite3_stmt *statement = catalog_begin(self, LAG_SUM_BELOW);
    struct lag_sum *sum = sum_of(self, backup);
    struct catalog_range range;
    uint64_t rows = 0, bytes = 0;

    catalog_bind_number(statement, 1, backup);
    catalog_bind_below(statement, 2, &range, path, "");
    if (catalog_row(statement)) {
        rows = catalog_column_number(statement, 0);
        bytes = catalog_column_number(statement, 1);
    }
    if (!catalog_end_untold(self, statement) || rows == 0)
        return;
    statement = catalog_begin(self, LAG_DELETE_BELOW);
    catalog_bind_number(statement, 1, backup);
    catalog_bind_below(statement, 2, &range, path, "");
    if (!catalog_run_untold(self, statement))
        return;
    sum->rows -= rows;
    sum->bytes -= bytes;
}

void
catalog_lag_delete_all(struct catalog *self, uint32_t backup)
{
    sqlite3_stmt *statement = catalog_begin(self, LAG_DELETE_ALL);
    struct lag_sum *sum = sum_of(self, backup);

    catalog_bind_number(statement, 1, backup);
    if (catalog_run_untold(self, statement))
        sum->rows = sum->bytes = 0;
}

/* ---- many rows -------------------------------------------------------------------- */

size_t
catalog_lag_by_seq(struct catalog *self, uint32_t backup, uint64_t after, const char *after_path,
    size_t limit, void (*each)(void *context, const struct catalog_lag *), void *context)
{
    char stored[PATH_BYTES_MAX + 1];
    sqlite3_stmt *statement = catalog_begin(self, LAG_BY_SEQ);
    struct catalog_lag lag;
    size_t count;

    catalog_bind_number(statement, 1, backup);
    catalog_bind_number(statement, 2, after);
    catalog_bind_path(statement, 3, after_path);
    for (count = 0; count < limit && catalog_row(statement); count++) {
        get_lag(statement, &lag, stored);
        each(context, &lag);
    }
    catalog_end_untold(self, statement);
    return count;
}

size_t
catalog_lag_by_path(struct catalog *self, uint32_t backup, const char *path, const char *after,
    size_t limit, void (*each)(void *context, const struct catalog_lag *), void *context)
{
    char stored[PATH_BYTES_MAX + 1];
    struct catalog_range range;
    struct catalog_lag lag;
    sqlite3_stmt *statement;
    size_t count = 0;

    if (limit > 0 && strcmp(path, after) > 0 && catalog_lag_get(self, backup, path, &lag)) {
        each(context, &lag);
        count++;
    }
    statement = catalog_begin(self, LAG_BY_PATH);
    catalog_bind_number(statement, 1, backup);
    catalog_bind_below(statement, 2, &range, path, after);
    catalog_bind_number(statement, 4, limit - count);
    for (; catalog_row(statement); count++) {
        get_lag(statement, &lag, stored);
        each(context, &lag);
    }
    catalog_end_untold(self, statement);
    return count;
}

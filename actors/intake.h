#ifndef ACTORS_INTAKE_H
#define ACTORS_INTAKE_H

/*
 * intake - a log in a backup's own place, for small changes that somebody waits for.
 *
 * To make one small file durable where it belongs, a journaling file system
 * writes twice, in several places; to make a record durable in a log that has
 * its blocks already, once, in one place.  So what is awaited is logged first,
 * then applied, and acknowledged without a flush.  The flush comes when nothing
 * came for a moment, or the log is full, and then one record says that all
 * before it is durable where it belongs.
 *
 *     intake_add* ──▶ intake_commit ──▶ applied, acknowledged ─ ─ ▶ flush ──▶ intake_flushed
 *                                                 │
 *                                  a crash: intake_redo, when the place is opened next
 *
 * The log is the directory /.knarr-intake of the place, made when it is used
 * first and gone after a clean stop.  Its records are APPLYs (and their bodies)
 * in base/wal.h, or say "flushed".
 *
 * Redoing must never take a place back behind what it has.  Hence the rules,
 * which actors/store_intake.c keeps:
 *
 *   - A change is logged before it is applied: nothing that can be seen in the
 *     place is newer than the log.  Of each path only the last record is redone.
 *   - What is not logged begins only when the log is empty, or says "flushed".
 *   - Nothing is logged on top of what was not logged and not flushed yet: it
 *     might build on what a power cut takes.
 *   - Only changes that say what shall be are logged: no RENAME; and no
 *     REMOVE_TREE or CHMOD, which would have to be done again together with
 *     what came before or after them.
 *
 * A log that refuses is removed after the next flush, and changes are flushed
 * one group at a time as if there were none.  One that cannot be read when the
 * place is opened keeps it closed: what is in it was acknowledged.
 */

#include "backends/backend.h"
#include "transport/message.h"

#define INTAKE_NAME INTERNAL_PREFIX "-intake"

struct intake;

/*
 * Do again what a crash left in the log, flush, and remove the log.  DONE if there
 * is none.  Else nothing may be done in the place, or what is redone later
 * might be older.
 */
enum outcome intake_redo(const struct backend_kind *, struct backend *, const struct backend_args *,
    struct report *);

/* NULL if this kind of place has no directory for a log, or need not be durable. */
struct intake *intake_new(const struct backend_kind *, struct backend *,
    const struct backend_args *);
/* The files stay, unless it is empty. */
void intake_free(struct intake **);

bool intake_is_empty(const struct intake *); /* all in it is flushed */
/* It takes more; after a failure not for a while. */
bool intake_has_room(const struct intake *);
/* When all should be flushed, so that it can be empty again; UINT64_MAX: it is. */
uint64_t intake_due_ms(const struct intake *);
/* Something in it was not applied: it should be flushed now. */
void intake_hurry(struct intake *);

/*
 * At most 64 KiB of `content`, which must stay until intake_commit.  What could not
 * be committed is flushed instead; nothing more is taken for a while.
 */
enum outcome intake_add(struct intake *, const struct message_apply *, struct view content,
    struct report *);
enum outcome intake_commit(struct intake *, struct report *);

/*
 * All that was ever applied is durable in the place now.  DONE once the log says
 * so, or is gone; until then, nothing that is not in it may be acknowledged.
 */
enum outcome intake_flushed(struct intake *, struct report *);

#endif

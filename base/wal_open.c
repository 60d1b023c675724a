/*
 * Opening: which files are the log, in which order, and where each ends.
 *
 *     file                        its header page       it is
 *     the highest that is begun   this segment          the last of the chain
 *     the one a header calls      this segment          of the chain
 *       previous                  anything else         damage
 *                                 (no such file)        the end of the chain if nothing
 *                                                       begun is below it, else damage
 *     between two of the chain    anything              a failed attempt: removed
 *     above the last              blank, no record      a spare
 *                                 blank, then a record  damage: its header page is lost
 *                                 bad, no record        torn while it was begun: a spare
 *                                 bad, else             damage
 *     spare.new                                         half made: removed
 *
 * The last commit found is written over itself and synced before it is
 * reported.  A process that was killed between write and sync left it in the
 * page cache only, and after a sync that failed the cache may even hold, as
 * clean, what the disk refused; reading it back would prove nothing.
 */

#include "base/disk.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/wal_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { COPY_BYTES = 64 << 10 };

/* A file seen at start. */
struct seen {
    struct wal_file file;
    enum wal_page_state state;
    struct wal_page page;
    bool has_record; /* the first record's place holds the marks of one of this segment */
    bool is_in_chain;
};

struct opening {
    struct wal *wal;
    struct seen *seen; /* by number */
    size_t count, room;
    struct seen *last; /* of the chain; NULL: nothing was ever begun */
    wal_each *each;
    void *context;
    struct wal_found *found;
    bool is_check; /* look only: nothing is removed, written or synced */
};

enum outcome
wal_damaged(struct report *report, uint64_t number, uint64_t offset, const char *what)
{
    return report_set(report, REFUSED, CAUSE_DAMAGED,
        "journal segment %016" PRIx64 ".wal is damaged at byte %" PRIu64
        ": %s.  Restore this file from a copy; or move it and all later segments out of the "
        "journal directory, which gives up every write recorded from there on",
        number, offset, what);
}

static enum outcome
read_page(struct seen *seen, int fd, struct report *report)
{
    char page[WAL_PAGE_BYTES + WAL_RECORD_HEADER_BYTES] = { 0 };
    struct wal_record record;
    struct stat stat;
    uint64_t group;
    size_t length;
    ssize_t got;

    if (disk->stat(fd, &stat) < 0)
        return report_errno(report, errno, "cannot look at journal segment %" PRIu64,
            seen->file.number);
    got = disk_read_all(fd, page, sizeof page, 0);
    if (got < 0)
        return report_errno(report, errno, "cannot read journal segment %" PRIu64,
            seen->file.number);
    seen->file.bytes = (uint64_t) stat.st_size;
    seen->state =
        got < WAL_PAGE_BYTES ? WAL_PAGE_BAD : wal_page_get(page, seen->file.number, &seen->page);
    seen->has_record = wal_record_get(page + WAL_PAGE_BYTES, &record, &length, &group) &&
        record.segment == seen->file.number;
    return DONE;
}

static enum outcome
look_at(struct opening *opening, uint64_t number, struct report *report)
{
    const int fd = wal_file_open(opening->wal, number);
    struct seen *seen;
    enum outcome outcome;

    if (fd < 0)
        return report_errno(report, errno, "cannot open journal segment %016" PRIx64 ".wal",
            number);
    if (opening->count == opening->room) {
        opening->room = opening->room ? 2 * opening->room : 16;
        opening->seen = memory_resize(opening->seen, opening->room * sizeof *seen);
    }
    seen = &opening->seen[opening->count++];
    memset(seen, 0, sizeof *seen);
    seen->file.number = number;
    outcome = read_page(seen, fd, report);
    disk->close(fd);
    return outcome;
}

static int
by_number(const void *a, const void *b)
{
    const struct seen *const one = a;
    const struct seen *const other = b;

    return (one->file.number > other->file.number) - (one->file.number < other->file.number);
}

static enum outcome
look_around(struct opening *opening, struct report *report)
{
    const int directory = opening->wal->args.directory;
    enum outcome outcome = DONE;
    void *stream = NULL;
    const char *name;
    unsigned char type;
    uint64_t number;
    int more = 1;

    if (!opening->is_check && disk->unlinkat(directory, "spare.new", 0) < 0 && errno != ENOENT)
        return report_errno(report, errno, "cannot remove a half-made journal segment");
    while (outcome == DONE && (more = disk->list(directory, &stream, &name, &type)) > 0)
        if (wal_name_read(name, &number))
            outcome = look_at(opening, number, report);
    if (outcome == DONE && more < 0)
        outcome = report_errno(report, errno, "cannot list the journal segments");
    disk->list_end(&stream);
    /* Names that the last process did not sync. */
    if (outcome == DONE && !opening->is_check && disk->sync(directory) < 0)
        outcome = report_errno(report, errno, "cannot sync the journal directory");
    if (opening->count > 0)
        qsort(opening->seen, opening->count, sizeof *opening->seen, by_number);
    return outcome;
}

static struct seen *
find(struct opening *opening, uint64_t number)
{
    for (size_t i = 0; i < opening->count; i++)
        if (opening->seen[i].file.number == number)
            return &opening->seen[i];
    return NULL;
}

static enum outcome
check_version(const struct seen *seen, struct report *report)
{
    if (seen->page.version == WAL_VERSION)
        return DONE;
    return report_set(report, REFUSED, CAUSE_UNSUPPORTED,
        "journal segment %016" PRIx64 ".wal has format version %u, this program knows %d: "
        "start the newer version that wrote it",
        seen->file.number, (unsigned) seen->page.version, WAL_VERSION);
}

/*
 * The header page is synced before the first group is written.  So a page that
 * is half of what it was to be has nothing behind it that starts a group, while
 * the file has the size it was made with; and the segments before are all.
 */
static bool
is_torn_begin(const struct opening *opening, const struct seen *seen)
{
    bool is_torn = false;
    int fd;

    if (seen->state != WAL_PAGE_BAD || seen->file.bytes < 2 * WAL_PAGE_BYTES)
        return false;
    fd = wal_file_open(opening->wal, seen->file.number);
    if (fd >= 0)
        is_torn = !wal_has_marks(fd, seen->file.number);
    if (fd >= 0)
        disk->close(fd);
    return is_torn;
}

/* Files above the last begun segment must be spares. */
static enum outcome
find_last(struct opening *opening, struct report *report)
{
    const struct seen *torn = NULL;

    for (size_t i = opening->count; i-- > 0 && !opening->last;) {
        struct seen *const seen = &opening->seen[i];

        if (seen->state == WAL_PAGE_BEGUN)
            opening->last = seen;
        else if (is_torn_begin(opening, seen))
            torn = seen;
        else if (seen->state == WAL_PAGE_BAD || seen->has_record)
            return wal_damaged(report, seen->file.number, 0,
                "its header page cannot be read as one");
    }
    /* With nothing in front of it, it may be all that is left of a log. */
    return !torn || opening->last
        ? DONE
        : wal_damaged(report, torn->file.number, 0, "its header page cannot be read as one");
}

static enum outcome
check_below(struct opening *opening, uint64_t number, struct report *report)
{
    for (size_t i = 0; i < opening->count && opening->seen[i].file.number < number; i++)
        if (opening->seen[i].state != WAL_PAGE_BLANK)
            return report_set(report, REFUSED, CAUSE_DAMAGED,
                "journal segment %016" PRIx64 ".wal is missing, while %016" PRIx64
                ".wal in front of it and later ones are there.  Restore it from a copy; or move "
                "the segments in front of it out of the journal directory, which gives up every "
                "write in them that was not yet applied everywhere",
                number, opening->seen[i].file.number);
    return DONE;
}

/* From the last back to the first, by what each header page says was before it. */
static enum outcome
follow_chain(struct opening *opening, struct report *report)
{
    struct seen *seen = opening->last;
    enum outcome outcome = DONE;

    while (seen && outcome == DONE) {
        const uint64_t previous = seen->page.previous;

        seen->is_in_chain = true;
        outcome = check_version(seen, report);
        seen = find(opening, previous);
        if (outcome == DONE && !seen)
            outcome = check_below(opening, previous, report);
        if (outcome == DONE && seen && seen->state != WAL_PAGE_BEGUN)
            outcome = wal_damaged(report, previous, 0, "its header page cannot be read as one");
    }
    return outcome;
}

static enum outcome
check_epoch(struct opening *opening, struct report *report)
{
    const uint32_t epoch = opening->wal->args.epoch;

    if (!opening->last)
        return DONE;
    opening->found->last_epoch = opening->last->page.epoch;
    opening->found->last_segment = opening->last->file.number;
    if (epoch > opening->last->page.epoch)
        return DONE;
    return report_set(report, REFUSED, CAUSE_CONFLICT,
        "epoch %" PRIu32 " is not above %" PRIu32 ", the last one in the journal", epoch,
        opening->last->page.epoch);
}

static enum outcome
rewrite(const struct wal_scan *scan, uint64_t from, uint64_t to, struct report *report)
{
    char bytes[COPY_BYTES];

    while (from < to) {
        const uint64_t left = to - from;
        const size_t piece = left < sizeof bytes ? (size_t) left : sizeof bytes;
        const ssize_t got = disk_read_all(scan->fd, bytes, piece, (off_t) from);

        if (got != (ssize_t) piece)
            return report_errno(report, got < 0 ? errno : EIO,
                "cannot read journal segment %" PRIu64, scan->number);
        if (disk_write_all(scan->fd, bytes, piece, (off_t) from) < 0)
            return report_errno(report, errno, "cannot write journal segment %" PRIu64,
                scan->number);
        from += piece;
    }
    return DONE;
}

/* The header page and the last commit are written over themselves and synced; see above. */
static enum outcome
settle(const struct wal_scan *scan, struct report *report)
{
    enum outcome outcome = rewrite(scan, 0, WAL_PAGE_BYTES, report);

    if (outcome == DONE && scan->last_group > 0)
        outcome = rewrite(scan, scan->last_group, scan->end, report);
    if (outcome == DONE && disk->datasync(scan->fd) < 0)
        return report_errno(report, errno, "cannot sync journal segment %" PRIu64, scan->number);
    return outcome;
}

static void
add_up(struct opening *opening, const struct wal_scan *scan)
{
    struct wal *const wal = opening->wal;
    struct wal_found *const found = opening->found;

    found->records += scan->records;
    found->torn_bytes += scan->torn_bytes;
    if (scan->page.last_seq > wal->last_seq)
        wal->last_seq = scan->page.last_seq;
    if (scan->last_seq > wal->last_seq)
        wal->last_seq = scan->last_seq;
    found->last_seq = wal->last_seq;
    wal->good_segment = scan->number;
    wal->good_end = scan->end;
}

static enum outcome
read_segment(struct opening *opening, const struct seen *seen, uint64_t until,
    struct report *report)
{
    struct wal_scan scan = {
        .number = seen->file.number,
        .page = seen->page,
        .file_bytes = seen->file.bytes,
        .until = until,
    };
    enum outcome outcome;

    scan.fd = wal_file_open(opening->wal, seen->file.number);
    if (scan.fd < 0)
        return report_errno(report, errno, "cannot open journal segment %" PRIu64,
            seen->file.number);
    outcome = wal_scan_run(&scan, opening->each, opening->context, report);
    if (outcome == DONE && until == 0 && !opening->is_check)
        outcome = settle(&scan, report);
    disk->close(scan.fd);
    if (outcome == DONE)
        add_up(opening, &scan);
    return outcome;
}

static enum outcome
read_chain(struct opening *opening, struct report *report)
{
    const struct seen *before = NULL;
    enum outcome outcome = DONE;

    for (size_t i = 0; i < opening->count && outcome == DONE; i++) {
        const struct seen *const seen = &opening->seen[i];

        if (!seen->is_in_chain)
            continue;
        if (before)
            outcome = read_segment(opening, before, seen->page.previous_end, report);
        else
            opening->found->first_segment = seen->file.number;
        wal_files_add(&opening->wal->chain, seen->file);
        before = seen;
    }
    if (before && outcome == DONE)
        outcome = read_segment(opening, before, 0, report);
    return outcome;
}

/* Failed attempts are removed, not reused: the disk may be bad under them. */
static enum outcome
sort_out_rest(struct opening *opening, struct report *report)
{
    struct wal *const wal = opening->wal;
    enum outcome outcome = DONE;

    wal->number = opening->last ? opening->last->file.number + 1 : 1;
    for (size_t i = 0; i < opening->count && outcome == DONE; i++) {
        const struct seen *const seen = &opening->seen[i];
        const bool is_spare = seen->file.number >= wal->number &&
            seen->file.bytes == wal->args.segment_bytes && wal->spares.count < WAL_SPARES_MAX;

        if (seen->is_in_chain)
            continue;
        if (is_spare)
            wal_files_add(&wal->spares, seen->file);
        else
            outcome = wal_file_remove(wal, seen->file.number, report);
    }
    return outcome;
}

static enum outcome
open_all(struct opening *opening, struct report *report)
{
    enum outcome outcome = look_around(opening, report);

    if (outcome == DONE)
        outcome = find_last(opening, report);
    if (outcome == DONE)
        outcome = follow_chain(opening, report);
    if (outcome == DONE)
        outcome = check_epoch(opening, report);
    if (outcome == DONE)
        outcome = read_chain(opening, report);
    if (outcome == DONE)
        outcome = sort_out_rest(opening, report);
    return outcome;
}

static enum outcome
check_all(struct opening *opening, struct report *report)
{
    enum outcome outcome = look_around(opening, report);

    if (outcome == DONE)
        outcome = find_last(opening, report);
    if (outcome == DONE)
        outcome = follow_chain(opening, report);
    if (outcome == DONE && opening->last) {
        opening->found->last_epoch = opening->last->page.epoch;
        opening->found->last_segment = opening->last->file.number;
    }
    return outcome == DONE ? read_chain(opening, report) : outcome;
}

static enum outcome
check_args(const struct wal_args *args, struct report *report)
{
    const uint64_t most = (uint64_t) UINT32_MAX * WAL_BLOCK_BYTES;

    if (args->segment_bytes % WAL_PAGE_BYTES == 0 && args->segment_bytes <= most &&
        args->segment_bytes >= 2 * WAL_PAGE_BYTES)
        return DONE;
    return report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
        "a journal segment of %" PRIu64 " bytes: it must be a multiple of %d from %d",
        args->segment_bytes, WAL_PAGE_BYTES, 2 * WAL_PAGE_BYTES);
}

/* So that the first commit does not wait; if it cannot be done now, that one will say why. */
static void
make_ready(struct wal *wal)
{
    struct report report;

    if (wal->spares.count == 0 && wal_prepare_all(wal, &report) != DONE)
        LOG(WARN, "wal_spare_failed", "reason=%s", log_quote(report.text));
}

enum outcome
wal_open(struct wal **opened, const struct wal_args *args, wal_each *each, void *context,
    struct wal_found *found, struct report *report)
{
    struct opening opening = { .each = each, .context = context, .found = found };
    enum outcome outcome = check_args(args, report);

    *opened = NULL;
    memset(found, 0, sizeof *found);
    if (outcome != DONE)
        return outcome;
    opening.wal = memory_new(sizeof *opening.wal);
    opening.wal->args = *args;
    opening.wal->fd = opening.wal->preparing_fd = -1;
    opening.wal->offset = WAL_PAGE_BYTES;
    outcome = open_all(&opening, report);
    free(opening.seen);
    *opened = opening.wal;
    if (outcome == DONE)
        make_ready(opening.wal);
    else
        wal_close(opened);
    return outcome;
}

static enum outcome
hear_nothing(void *context, const struct wal_record *record, struct report *report)
{
    (void) context;
    (void) record;
    (void) report;
    return DONE;
}

enum outcome
wal_check(int directory, struct wal_found *found, struct report *report)
{
    struct opening opening = { .each = hear_nothing, .found = found, .is_check = true };
    enum outcome outcome;

    memset(found, 0, sizeof *found);
    opening.wal = memory_new(sizeof *opening.wal);
    opening.wal->args.directory = directory;
    opening.wal->is_read_only = true;
    opening.wal->fd = opening.wal->preparing_fd = -1;
    outcome = check_all(&opening, report);
    free(opening.seen);
    wal_close(&opening.wal);
    return outcome;
}

#include "actors/search.h"

#include "actors/reader.h"
#include "base/memory.h"
#include "base/uri.h"

#include <inttypes.h>
#include <stdio.h>

enum { PAGE_LEAST = 4 << 10, BEHIND = '>' };

static enum search_step on_entry(struct search *);

/* ---- how it ends ---------------------------------------------------------------------- */

static enum search_step
over(struct search *self)
{
    self->outcome = DONE;
    return SEARCH_OVER;
}

static enum search_step
fail(struct search *self, enum outcome outcome, const struct report *report)
{
    self->outcome = outcome;
    self->report = *report;
    return SEARCH_OVER;
}

static enum search_step
give_up(struct search *self)
{
    self->outcome = report_set(&self->report, REFUSED, CAUSE_INVALID_ARGUMENT,
        "the pattern takes too long on what is below; a simpler one may not");
    return SEARCH_OVER;
}

/* There is more, behind what was dealt with last. */
static enum search_step
end_page_behind(struct search *self)
{
    self->has_more = true;
    self->next = memory_print("%c%s", BEHIND, self->last);
    return over(self);
}

static enum search_step
end_page_within(struct search *self, const struct position *position)
{
    self->has_more = true;
    self->next = memory_print("%" PRIu64 " %" PRIu64 " %d %s", position->offset, position->line,
        position->is_skipping, self->last);
    return over(self);
}

bool
search_cut(struct search *self)
{
    if (!self->has_progress)
        return false;
    if (self->scan.bytes)
        end_page_within(self, &self->scan.position);
    else
        end_page_behind(self);
    return true;
}

/* ---- pages ------------------------------------------------------------------------------ */

static bool
page_add(struct search *self, const struct message *message)
{
    struct page *page = &self->page;
    size_t length;

    if (self->limit > 0 && page->count == self->limit)
        return false;
    if (!page->bytes) {
        page->room = PAGE_LEAST;
        page->bytes = memory_new(page->room);
    }
    length = message_pack(message, page->bytes + page->length, page->room - page->length);
    while (length == 0 && page->room < PAGE_BYTES_MAX) {
        page->room *= 2;
        page->bytes = memory_resize(page->bytes, page->room);
        length = message_pack(message, page->bytes + page->length, page->room - page->length);
    }
    page->length += length;
    page->count += length > 0;
    return length > 0;
}

static bool
add_entry(struct search *self, const char *uri)
{
    const struct entry *entry = &self->walk.entry;
    const struct message message = { .tag = ENTRY,
        .entry = { .uri = view_of(uri),
            .is_directory = entry->is_directory,
            .mode = entry->mode,
            .size = entry->is_directory ? 0 : entry->size,
            .mtime_ns = entry->mtime_ns } };

    return page_add(self, &message);
}

static bool
add_place(struct search *self, const char *path, const struct entry *entry)
{
    const struct message message = { .tag = PLACE,
        .place = { .path = view_of(path),
            .is_directory = entry->is_directory,
            .mode = entry->mode,
            .size = entry->is_directory ? 0 : entry->size,
            .mtime_ns = entry->mtime_ns } };

    return page_add(self, &message);
}

static bool
add_match(struct search *self)
{
    char uri[URI_BYTES_MAX + 1];
    const struct message message = {
        .tag = MATCH,
        .match = { .uri = { uri, 0 }, .line = self->scan.match.line + 1, .text = self->scan.text }
    };
    struct message named = message;

    if (!path_to_uri(view_of(self->file), uri))
        return true; /* nobody may see it */
    named.match.uri = view_of(uri);
    return page_add(self, &named);
}

/* ---- waiting ------------------------------------------------------------------------------ */

static void
answered(struct search *self)
{
    self->is_asking = false;
    if (!self->is_waited_for)
        return;
    self->is_waited_for = false;
    self->ready(self);
}

static void
on_walk_ready(struct walk *walk)
{
    struct search *self = (struct search *) ((char *) walk - offsetof(struct search, walk));

    self->ready(self);
}

enum search_step
search_run(struct search *self)
{
    if (self->is_asking) {
        self->is_waited_for = true;
        return SEARCH_WAITING;
    }
    return self->step(self);
}

/* ---- lines of a file ------------------------------------------------------------------------ */

static void
deal_with(struct search *self, struct view relative)
{
    memcpy(self->last, relative.at, relative.length);
    self->last[relative.length] = '\0';
    self->has_progress = true;
}

/* On with the walk, which is behind the file. */
static enum search_step
leave_file(struct search *self)
{
    scan_fini(&self->scan);
    self->step = on_entry;
    self->has_progress = true;
    return self->is_file ? over(self) : SEARCH_GOES_ON;
}

static bool
is_no_file(const struct report *report)
{
    return report->cause == CAUSE_NOT_FOUND || report->cause == CAUSE_IS_A_DIRECTORY ||
        report->cause == CAUSE_NOT_A_DIRECTORY;
}

static void
on_read(struct reading *reading, enum outcome outcome, const struct report *report)
{
    struct search *self = (struct search *) ((char *) reading - offsetof(struct search, reading));

    self->outcome = outcome;
    if (outcome == DONE)
        scan_feed(&self->scan, reading->got, reading->got < reading->length);
    else
        self->report = *report;
    answered(self);
}

static void
read_on(struct search *self)
{
    struct reading *reading = &self->reading;

    *reading = (struct reading){ .path = self->file, .ended = on_read };
    reading->offset = scan_offset(&self->scan);
    reading->into = scan_room(&self->scan, &reading->length);
    self->is_asking = true;
    self->backend_kind->read(self->backend, reading);
}

static enum search_step
on_line(struct search *self)
{
    if (self->outcome != DONE && (self->is_file || !is_no_file(&self->report)))
        return SEARCH_OVER;
    if (self->outcome != DONE) { /* gone by now: it has no lines */
        self->outcome = DONE;
        return leave_file(self);
    }
    switch (scan_next(&self->scan)) {
    case SCAN_MATCH:
        if (!add_match(self))
            return end_page_within(self, &self->scan.match);
        self->has_progress = true;
        break;
    case SCAN_HUNGRY: read_on(self); break;
    case SCAN_PAUSE: self->has_progress = true; break;
    case SCAN_OVER: return leave_file(self);
    case SCAN_GAVE_UP: return give_up(self);
    }
    return SEARCH_GOES_ON;
}

static enum search_step
enter_file(struct search *self, const char *path, const struct position *position)
{
    memcpy(self->file, path, strlen(path) + 1);
    scan_init(&self->scan, self->grep, position);
    self->step = on_line;
    return SEARCH_GOES_ON;
}

/* ---- entries of the tree --------------------------------------------------------------------- */

static bool
is_hidden(const struct search *self)
{
    return !self->hidden && !self->walk.entry.is_directory &&
        path_name(view_of(self->walk.path)).at[0] == '.';
}

static bool
is_wanted(struct search *self)
{
    struct view relative = walk_relative(&self->walk);

    if (self->kind == SEARCH_LIST)
        return !is_hidden(self);
    if (self->walk.entry.is_directory && !glob_reaches(self->glob, relative))
        walk_prune(&self->walk);
    return glob_matches(self->glob, relative);
}

/* False if the page is full. */
static bool
take_entry(struct search *self)
{
    char uri[URI_BYTES_MAX + 1];

    if (self->kind == SEARCH_WALK)
        return add_place(self, self->walk.path, &self->walk.entry);
    if (!path_to_uri(view_of(self->walk.path), uri)) {
        walk_prune(&self->walk);
        return true;
    }
    if (self->kind == SEARCH_GREP)
        return true;
    return !is_wanted(self) || add_entry(self, uri);
}

static enum search_step
on_entry(struct search *self)
{
    static const struct position start = { 0 };

    switch (walk_next(&self->walk)) {
    case WALK_WAITING: return SEARCH_WAITING;
    case WALK_OVER: return over(self);
    case WALK_FAILED: return fail(self, self->walk.outcome, &self->walk.report);
    case WALK_ENTRY: break;
    }
    if (!take_entry(self))
        return end_page_behind(self);
    if (self->glob && glob_gave_up(self->glob))
        return give_up(self);
    deal_with(self, walk_relative(&self->walk));
    if (self->kind == SEARCH_GREP && !self->walk.entry.is_directory)
        return enter_file(self, self->walk.path, &start);
    return SEARCH_GOES_ON;
}

/* ---- the start -------------------------------------------------------------------------------- */

static void
on_looked_up(struct lookup *lookup, enum outcome outcome, const struct report *report)
{
    struct search *self = (struct search *) ((char *) lookup - offsetof(struct search, lookup));

    self->outcome = outcome;
    if (outcome != DONE)
        self->report = *report;
    answered(self);
}

/* What the start itself is has been found out. */
static enum search_step
on_start(struct search *self)
{
    static const struct position start = { 0 };

    if (self->outcome != DONE)
        return SEARCH_OVER;
    self->step = on_entry;
    self->is_file = !self->lookup.entry.is_directory;
    if (self->kind == SEARCH_WALK && !add_place(self, self->path, &self->lookup.entry))
        return over(self);
    if (!self->is_file)
        return SEARCH_GOES_ON;
    return self->kind == SEARCH_WALK ? over(self) : enter_file(self, self->path, &start);
}

static enum search_step
look_up(struct search *self)
{
    self->lookup = (struct lookup){ .path = self->path, .ended = on_looked_up };
    self->step = on_start;
    self->is_asking = true;
    self->backend_kind->lookup(self->backend, &self->lookup);
    return SEARCH_GOES_ON;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* "OFFSET LINE SKIPPING a/b": the position, and its length; 0 if it is none. */
static size_t
parse_position(struct view after, struct position *position)
{
    char *text = view_dup(after);
    int used = 0, skipping = 0;

    if (sscanf(text, "%" SCNu64 " %" SCNu64 " %1d%n", &position->offset, &position->line, &skipping,
            &used) != 3 ||
        text[used] != ' ')
        used = -1;
    free(text);
    position->is_skipping = skipping;
    return (size_t) (used + 1);
}

/* On where a page ended: ">a/b" is behind that entry, anything else within that file. */
static enum outcome
open_behind(struct search *self, struct view after, struct report *report)
{
    bool is_within = after.at[0] != BEHIND;
    struct position position = { 0 };
    size_t prefix = 1;

    if (is_within)
        prefix = self->kind == SEARCH_GREP ? parse_position(after, &position) : 0;
    after = (struct view){ after.at + prefix, after.length - prefix };
    if (prefix == 0 ||
        !walk_init(&self->walk, self->backend_kind, self->backend, self->path, after))
        return report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "`after` is not what a page of this request said");
    deal_with(self, after);
    self->has_progress = false;
    self->step = on_entry;
    self->is_file = is_within && after.length == 0;
    if (is_within)
        enter_file(self, self->is_file ? self->path : self->walk.path, &position);
    return DONE;
}

static enum outcome
open_walk(struct search *self, const struct search_args *args, struct report *report)
{
    enum outcome outcome = DONE;

    if (args->after.length > 0) {
        outcome = open_behind(self, args->after, report);
    } else {
        walk_init(&self->walk, self->backend_kind, self->backend, self->path, args->after);
        self->step = on_entry;
        if (args->kind == SEARCH_WALK || args->kind == SEARCH_GREP)
            self->step = look_up;
    }
    self->walk.depth = args->depth;
    self->walk.ready = on_walk_ready;
    return outcome;
}

static enum outcome
open_pattern(struct search *self, const struct search_args *args, struct report *report)
{
    if (args->kind == SEARCH_GLOB)
        return glob_open(&self->glob, args->pattern, report);
    if (args->kind == SEARCH_GREP)
        return grep_open(&self->grep, args->pattern, args->ignore_case, report);
    return DONE;
}

enum outcome
search_open(struct search *self, const struct backend_kind *kind, struct backend *backend,
    const struct search_args *args, struct report *report)
{
    enum outcome outcome;

    memset(self, 0, sizeof *self);
    self->kind = args->kind;
    self->backend_kind = kind;
    self->backend = backend;
    self->path = view_dup(args->path);
    self->limit = args->limit;
    self->hidden = args->hidden;
    outcome = open_pattern(self, args, report);
    if (outcome == DONE)
        outcome = open_walk(self, args, report);
    if (outcome != DONE)
        search_close(self);
    return outcome;
}

void
search_close(struct search *self)
{
    walk_fini(&self->walk);
    scan_fini(&self->scan);
    glob_close(&self->glob);
    grep_close(&self->grep);
    free(self->page.bytes);
    free(self->next);
    free(self->path);
}

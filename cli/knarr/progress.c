#include "cli/knarr/progress.h"

#include "base/clock.h"
#include "cli/knarr/text.h"

#include <inttypes.h>

enum { PATIENCE_MS = 500, REDRAW_MS = 100, BAR_CELLS = 20, LABEL_CELLS = 24 };

void
progress_begin(struct progress *self, const char *label, uint64_t total)
{
    *self = (struct progress){ .label = label, .total = total, .began_ms = clock_ms() };
}

static void
draw_bar(unsigned percent)
{
    unsigned full = percent * BAR_CELLS / 100;

    fputs("  [", stderr);
    for (unsigned i = 0; i < BAR_CELLS; i++)
        fputc(i < full ? '=' : i == full ? '>' : ' ', stderr);
    fprintf(stderr, "] %3u%%  ", percent);
}

static void
draw_rest(const struct progress *self, uint64_t rate)
{
    uint64_t seconds = rate > 0 ? (self->total - self->done) / rate : 0;

    if (rate > 0)
        fprintf(stderr, "  %" PRIu64 ":%02" PRIu64, seconds / 60, seconds % 60);
}

static void
draw(const struct progress *self, uint64_t now_ms)
{
    uint64_t spent_ms = now_ms - self->began_ms;
    uint64_t rate = spent_ms > 0 ? (uint64_t) ((double) self->done * 1000 / (double) spent_ms) : 0;
    bool has_total = self->total != UINT64_MAX && self->done <= self->total && self->total > 0;
    char size[TEXT_SIZE_BYTES];

    fputc('\r', stderr);
    text_print_cut(stderr, self->label, LABEL_CELLS);
    if (has_total)
        draw_bar((unsigned) (100.0 * (double) self->done / (double) self->total));
    else
        fputs("  ", stderr);
    fputs(text_size(self->done, size), stderr);
    if (has_total)
        fprintf(stderr, " of %s", text_size(self->total, size));
    fprintf(stderr, "  %s/s", text_size(rate, size));
    if (has_total)
        draw_rest(self, rate);
    fputs("\033[K", stderr);
}

void
progress_add(struct progress *self, uint64_t bytes)
{
    uint64_t now_ms = clock_ms();

    self->done += bytes;
    if (!self->label || !text_is_terminal(stderr) || now_ms - self->began_ms < PATIENCE_MS ||
        now_ms - self->shown_ms < REDRAW_MS)
        return;
    self->is_shown = true;
    self->shown_ms = now_ms;
    draw(self, now_ms);
}

void
progress_end(struct progress *self)
{
    if (self->is_shown)
        fputs("\r\033[K", stderr);
    self->is_shown = false;
}

#ifndef CLI_KNARR_PROGRESS_H
#define CLI_KNARR_PROGRESS_H

/*
 * progress - one line on a terminal that says how far a transfer is.
 *
 *     big.bin  [==========>         ]  52%  1.1 GiB of 2.0 GiB  310.4 MiB/s  0:03
 *
 * Nothing is printed where stderr is no terminal, where there is no label, or
 * before half a second has gone, so that small files leave no trace.
 */

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *label; /* NULL: be silent */
    uint64_t total;    /* UINT64_MAX: not known */
    uint64_t done;
    uint64_t began_ms, shown_ms;
    bool is_shown;
};

void progress_begin(struct progress *, const char *label, uint64_t total);
void progress_add(struct progress *, uint64_t bytes);
void progress_end(struct progress *); /* wipes the line */

#endif

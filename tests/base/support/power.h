#ifndef TESTS_BASE_SUPPORT_POWER_H
#define TESTS_BASE_SUPPORT_POWER_H

/*
 * power - a disk in memory whose power can be cut.
 *
 * One directory of small files.  It keeps what programs see and what would be
 * left: a write is left only once its file was synced, a name only once the
 * directory was.  At a cut every block of 512 bytes and every change of a name
 * that was not synced is left or not, by chance.  A sync that fails throws the
 * dirty blocks away and calls them clean, as Linux does: a later sync succeeds
 * and writes none of them.
 */

#include "base/disk.h"

#include <stdbool.h>
#include <stdint.h>

enum { POWER_DIRECTORY = 999, POWER_FILE_BYTES_MAX = 16 << 10 };

extern const struct disk disk_power;

void power_new(uint64_t seed); /* an empty disk */
/* After this many more calls that change something, every call fails. */
void power_off_after(unsigned calls);
bool power_is_off(void);
void power_failing_syncs(unsigned one_in); /* 0: none */

void power_restart_process(void); /* kill -9: what programs see stays */
void power_restart_machine(void); /* the cut */

uint64_t power_random(uint64_t below);

#endif

#ifndef CLI_KNARRD_DOCTOR_H
#define CLI_KNARRD_DOCTOR_H

/*
 * doctor - is everything well, for real?  It changes nothing.
 *
 *     Config ──fine──▶ System ─▶ Workspace ─▶ Journal ─▶ Catalog ─▶ each backend ─▶ Disk
 *        └─ else no more can be said
 *
 * Looks like OpenViking's doctor: one line a check, PASS, WARN or FAIL, and what
 * to do.  What it must make to look (a probe file, a directory that is not there
 * yet) it removes again.  While a server runs on the workspace, what is that
 * server's alone (journal, catalog, left-over files) is left to it.
 */

#include <stdbool.h>

/* `config` is what --config gave, or NULL.  True if no check failed. */
bool doctor(const char *config, bool is_json);

#endif

#ifndef CONF_SECTIONS_H
#define CONF_SECTIONS_H

/*
 * sections - the objects of ov.conf, each read by its table.
 *
 *     read_top ──▶ storage ──▶ agfs ──▶ backups ──▶ items ──▶ excludes
 *                                ├────▶ redirects
 *                                └────▶ knarr
 *
 * What others depend on is settled first: the workspace before the primary,
 * the primary before the backups, those before the redirects.  `json` is NULL where the object is absent;
 * then the defaults stand.
 */

#include "conf/schema.h"

void read_top(struct reader *, json_t *);
void read_backups(struct reader *, json_t *, const struct spot *);
void read_items(struct reader *, json_t *, const struct spot *);
void read_own_settings(struct reader *, json_t *, const struct spot *);

void read_server(struct reader *, json_t *, const struct spot *, void *unused);

/* "encryption" of the whole, or of one backup: only "off" is there yet. */
void read_encryption(struct reader *, json_t *, const struct spot *, void *unused);

#endif

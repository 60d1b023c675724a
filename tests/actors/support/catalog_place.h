#ifndef TESTS_ACTORS_SUPPORT_CATALOG_PLACE_H
#define TESTS_ACTORS_SUPPORT_CATALOG_PLACE_H

/*
 * catalog_place - a catalog in a directory of its own, for one test after the
 * other.
 */

#include "actors/catalog.h"

extern char catalog_directory[64], catalog_file[80]; /* the catalog's */
extern struct catalog *catalog;
extern struct report catalog_report;

void begin_catalog(void);
void reopen_catalog(void);
void end_catalog(void);

void put_lag(uint32_t backup, const char *path, uint64_t seq, uint64_t size);
bool lacks(uint32_t backup, const char *path);
bool sums_to(uint32_t backup, uint64_t rows, uint64_t bytes);

#endif

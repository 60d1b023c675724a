#include "tests/actors/support/catalog_place.h"

#include "tests/check.h"

#include <unistd.h>

char catalog_directory[64], catalog_file[80];
struct catalog *catalog;
struct report catalog_report;

void
begin_catalog(void)
{
    strcpy(catalog_directory, "/tmp/knarr-catalog-XXXXXX");
    check(mkdtemp(catalog_directory));
    snprintf(catalog_file, sizeof catalog_file, "%s/catalog.db", catalog_directory);
    check(catalog_open(&catalog, catalog_directory, &catalog_report) == DONE);
}

void
reopen_catalog(void)
{
    catalog_close(&catalog);
    check(catalog_open(&catalog, catalog_directory, &catalog_report) == DONE);
}

void
end_catalog(void)
{
    char command[128];

    catalog_close(&catalog);
    snprintf(command, sizeof command, "rm -rf '%s'", catalog_directory);
    check(system(command) == 0);
}

void
put_lag(uint32_t backup, const char *path, uint64_t seq, uint64_t size)
{
    struct catalog_lag lag = { .backup = backup, .path = path, .seq = seq, .size = size };

    check(catalog_lag_put(catalog, &lag, &catalog_report) == DONE);
}

bool
lacks(uint32_t backup, const char *path)
{
    struct catalog_lag lag;

    return catalog_lag_get(catalog, backup, path, &lag);
}

bool
sums_to(uint32_t backup, uint64_t rows, uint64_t bytes)
{
    uint64_t has_rows, has_bytes;

    catalog_lag_sum(catalog, backup, &has_rows, &has_bytes);
    return has_rows == rows && has_bytes == bytes;
}

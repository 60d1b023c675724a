/*
 * history_snapshot - write down what directories hold (tests/history/snapshot.h).
 *
 *     history_snapshot DIRECTORY FILE [DIRECTORY FILE...]
 *
 * A directory that does not exist is empty.
 */

#include "tests/history/snapshot.h"

#include <unistd.h>

static bool
write_down(const char *directory, const char *file)
{
    struct snapshot snapshot = { 0 };
    bool is_good = access(directory, F_OK) != 0 || snapshot_take(&snapshot, directory);
    FILE *stream = is_good ? fopen(file, "we") : NULL;

    if (stream) {
        snapshot_print(&snapshot, stream);
        is_good = fclose(stream) == 0;
    }
    snapshot_free(&snapshot);
    if (!stream || !is_good)
        perror(file);
    return stream && is_good;
}

int
main(int argc, char **argv)
{
    if (argc < 3 || argc % 2 == 0) {
        fprintf(stderr, "usage: history_snapshot DIRECTORY FILE [DIRECTORY FILE...]\n");
        return 2;
    }
    for (int i = 1; i < argc; i += 2)
        if (!write_down(argv[i], argv[i + 1]))
            return 2;
    return 0;
}

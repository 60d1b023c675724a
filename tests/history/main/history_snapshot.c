/*
 * history_snapshot - print what a directory holds (tests/history/snapshot.h).
 *
 *     history_snapshot DIRECTORY > FILE
 */

#include "tests/history/snapshot.h"

int
main(int argc, char **argv)
{
    struct snapshot snapshot = { 0 };

    if (argc != 2) {
        fprintf(stderr, "usage: history_snapshot DIRECTORY\n");
        return 2;
    }
    if (!snapshot_take(&snapshot, argv[1]))
        return 2;
    snapshot_print(&snapshot, stdout);
    snapshot_free(&snapshot);
    return 0;
}

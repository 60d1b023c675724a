#include "tests/history/counters.h"

#include <inttypes.h>
#include <stdint.h>

bool
counters_check(const char *line, struct verdict *verdict)
{
    uint64_t accepted, applied, superseded, excluded, dead, pending;
    char name[256];

    if (sscanf(line, "%255s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
            name, &accepted, &applied, &superseded, &excluded, &dead, &pending) != 7)
        return false;
    if (accepted != applied + superseded + excluded + dead + pending)
        verdict_add(verdict, RULE_COUNTERS,
            "%s: %" PRIu64 " accepted, but applied %" PRIu64 " + superseded %" PRIu64
            " + excluded %" PRIu64 " + dead %" PRIu64 " + pending %" PRIu64,
            name, accepted, applied, superseded, excluded, dead, pending);
    return true;
}

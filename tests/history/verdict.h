#ifndef TESTS_HISTORY_VERDICT_H
#define TESTS_HISTORY_VERDICT_H

/*
 * verdict - every broken promise that was found, with its rule and a sentence.
 */

#include <stddef.h>
#include <stdio.h>

enum rule {
    RULE_LOST,        /* I1, H1: an acknowledged change is not there */
    RULE_RESURRECTED, /* I3, H9: something older, or removed, is there again */
    RULE_MIXED,       /* H4: content that no operation explains */
    RULE_FOREIGN,     /* H4: a path that no operation explains */
    RULE_HALF,        /* H4, H10: one operation is there on one path and not on another */
    RULE_IMPOSSIBLE,  /* acknowledged, though it cannot have been done */
    RULE_SEQ_TWICE,   /* two changes have one seq */
    RULE_SEQ_ORDER,   /* a change that ended before another began has the higher seq */
    RULE_SEQ_MISSING, /* acknowledged without a seq */
    RULE_NEVER_THERE, /* H9: a backup holds what the primary never had */
    RULE_WENT_BACK,   /* I3: a backup holds an older version than it once did */
    RULE_ACKS,        /* I2: fewer backups have it than acknowledged it */
    RULE_DIFFERS,     /* H5: a backup at rest is not equal to the primary */
    RULE_COUNTERS,    /* I10: counters do not add up */
    RULES
};

extern const char *const rule_names[RULES];

struct verdict {
    size_t counts[RULES];
    size_t total;
    FILE *out; /* NULL: say nothing */
};

void verdict_add(struct verdict *, enum rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

#include "tests/history/verdict.h"

#include <stdarg.h>

const char *const rule_names[RULES] = {
    [RULE_LOST] = "I1 lost",
    [RULE_RESURRECTED] = "I3 resurrected",
    [RULE_MIXED] = "H4 mixed",
    [RULE_FOREIGN] = "H4 foreign",
    [RULE_HALF] = "H4 half",
    [RULE_IMPOSSIBLE] = "H1 impossible",
    [RULE_SEQ_TWICE] = "seq twice",
    [RULE_SEQ_ORDER] = "seq order",
    [RULE_SEQ_MISSING] = "seq missing",
    [RULE_NEVER_THERE] = "H9 never there",
    [RULE_WENT_BACK] = "I3 went back",
    [RULE_ACKS] = "I2 acks",
    [RULE_DIFFERS] = "H5 differs",
    [RULE_COUNTERS] = "I10 counters",
};

void
verdict_add(struct verdict *self, enum rule rule, const char *format, ...)
{
    va_list arguments;

    self->counts[rule]++;
    self->total++;
    if (!self->out)
        return;
    fprintf(self->out, "%s: ", rule_names[rule]);
    va_start(arguments, format);
    vfprintf(self->out, format, arguments);
    va_end(arguments);
    fputc('\n', self->out);
}

#include "actors/plan.h"

#include "conf/policy.h"

const char *
plan_rule(const struct conf *conf, unsigned backup, const char *path, uint64_t size)
{
    const struct policy *rule = policies_match(conf->backups[backup].excludes, view_of(path), size);

    return rule ? rule->text : NULL;
}

struct plan
plan_change(const struct conf *conf, uint64_t receivers, const struct subject *s)
{
    struct plan plan = { .targets = receivers };

    if (s->is_directory || s->kind == MKDIR || s->kind == REMOVE_TREE)
        return plan;
    for (unsigned b = 0; b < conf->backup_count; b++) {
        uint64_t backup = UINT64_C(1) << b;
        const char *path = s->kind == RENAME ? s->to : s->path;

        if (!(receivers & backup) || !conf->backups[b].excludes)
            continue;
        if (plan_rule(conf, b, path, s->size)) {
            plan.targets &= ~backup;
            plan.compared |= s->kind == CHMOD ? 0 : backup;
        } else if (s->kind == RENAME && plan_rule(conf, b, s->path, s->size)) {
            plan.compared |= backup;
        }
    }
    return plan;
}

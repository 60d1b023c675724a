#include "cli/knarrd/doctor.h"

#include "base/memory.h"
#include "cli/knarrd/doctor_checks.h"

#include <stdio.h>

static const char config_fix[] = "mend these places; ov.conf(5) and docs/OPERATIONS.md say what "
                                 "each setting may be";

/* All problems, one a line. */
static char *
list_problems(const struct conf_problems *problems)
{
    char *list = memory_copy("", 0);

    for (size_t i = 0; i < problems->count; i++) {
        char *line = conf_problem_line(&problems->at[i], problems->file);
        char *longer = memory_print("%s\n%s", list, line);

        free(line);
        free(list);
        list = longer;
    }
    return list;
}

static struct conf *
look_at_config(const char *named, struct checks *checks)
{
    struct conf_problems problems = { 0 };
    struct conf *conf = NULL;
    enum outcome outcome = conf_load(&conf, named, &problems);
    char *list = list_problems(&problems);

    if (outcome != DONE)
        check_fail(checks, "Config", config_fix, "%zu problem(s)%s", problems.count, list);
    else if (problems.count > 0)
        check_warn(checks, "Config", config_fix, "%s, with %zu warning(s)%s", problems.file,
            problems.count, list);
    else
        check_pass(checks, "Config", "%s", problems.file);
    free(list);
    conf_problems_free(&problems);
    return conf;
}

static void
look_at_all(const struct conf *conf, struct checks *checks)
{
    struct patient *patient = memory_new(sizeof *patient);

    patient->conf = conf;
    patient->checks = checks;
    patient->lock = -1;
    patient->directory = memory_print("%s/.knarr", conf->workspace);
    look_at_system(patient);
    look_at_workspace(patient);
    look_at_journal(patient);
    look_at_catalog(patient);
    look_at_backends(patient);
    look_at_disk(patient);
    release_workspace(patient);
    free(patient->known);
    free(patient->directory);
    free(patient);
}

bool
doctor(const char *config, bool is_json)
{
    struct checks checks = { NULL, 0 };
    struct conf *conf = look_at_config(config, &checks);
    bool is_well;

    if (conf)
        look_at_all(conf, &checks);
    if (is_json)
        checks_print_json(&checks);
    else
        checks_print(&checks);
    is_well = checks_count(&checks, CHECK_FAIL) == 0;
    checks_free(&checks);
    conf_free(&conf);
    return is_well;
}

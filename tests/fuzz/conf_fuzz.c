/*
 * Any bytes as a configuration: they are refused with a reason or understood,
 * and what was understood is whole.
 */

#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool so)
{
    if (!so)
        abort();
}

static void
check_whole(const struct conf *conf)
{
    must(conf->workspace && conf->workspace[0] == '/' && conf->endpoint && conf->primary.place);
    must(conf->backup_count <= BACKUPS_MAX);
    for (size_t i = 0; i < conf->backup_count; i++) {
        const struct conf_backend *backup = &conf->backups[i];

        must(backup->name && *backup->name && backup->kind && backup->place && *backup->place);
        for (size_t j = 0; j < i; j++)
            must(strcmp(backup->name, conf->backups[j].name) != 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf *conf;
    struct conf_problems problems;
    enum outcome outcome = conf_parse(&conf, (const char *) data, size, "ov.conf", &problems);

    must(outcome == DONE || outcome == REFUSED);
    must((outcome == DONE) == (conf != NULL));
    must(outcome == DONE || problems.count > 0);
    for (size_t i = 0; i < problems.count; i++) {
        char *line = conf_problem_line(&problems.at[i], "ov.conf");

        must(!strchr(line, '\n'));
        free(line);
    }
    if (conf)
        check_whole(conf);
    conf_free(&conf);
    conf_problems_free(&problems);
    return 0;
}

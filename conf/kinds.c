#include "conf/kinds.h"

#include "conf/guess.h"

static const struct key local_keys[] = {
    { ROW_TEXT("local_dir", parameters, local_dir, NULL) }, /* the guide's name for it */
    { ROW_TEXT("workspace", parameters, workspace, NULL) }, /* newer OpenViking's */
};
static const struct object local = OBJECT("a local backup", local_keys);

static const char *const refill_words[] = { "background", "lazy", NULL };

static const struct key memory_keys[] = {
    { ROW_NUMBER("max_bytes", parameters, max_bytes, 0, 0, INT64_MAX, "bytes") }, /* 0: no limit */
    { ROW_WORD("refill", parameters, refill, refill_words) },
};
static const struct object memory = OBJECT("a memory backup", memory_keys);

static const struct object nothing = { "a null backup", NULL, 0, false };

#ifdef KNARR_FAULT_POINTS
static const struct key flaky_keys[] = {
    { ROW_TEXT("place", parameters, place, NULL) },
};
static const struct object flaky = OBJECT("a flaky backup", flaky_keys);
#endif

const struct kind kinds[] = {
    { "local", "local", &local },
    { "localfs", "local", &local },
    { "memory", "memory", &memory },
    { "memfs", "memory", &memory },
    { "null", "null", &nothing },
#ifdef KNARR_FAULT_POINTS
    { "flaky", "flaky", &flaky },
#endif
    { "s3", NULL, NULL },
    { "s3fs", NULL, NULL },
    { "remote", NULL, NULL },
    { "kvfs", NULL, NULL },
    { "sqlfs", NULL, NULL },
};
const size_t kind_count = sizeof kinds / sizeof *kinds;

const struct kind *
kind_find(struct reader *reader, const struct spot *spot, const char *name)
{
    struct guess guess = guess_begin(name);
    struct shown shown;

    for (size_t i = 0; i < kind_count; i++) {
        if (kinds[i].kind)
            guess_try(&guess, kinds[i].name);
        if (strcmp(kinds[i].name, name) != 0)
            continue;
        if (kinds[i].kind)
            return &kinds[i];
        complain(reader, spot, "%s is not supported yet in this version; 'local' and 'memory' are",
            name);
        return NULL;
    }
    complain(reader, spot, "%s is not a backend; 'local' and 'memory' are%s",
        show_text(name, &shown), guess_phrase(&guess));
    return NULL;
}

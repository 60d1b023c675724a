/*
 * Where a backup lives and how, from the parameters of its kind.
 */

#include "base/memory.h"
#include "base/path.h"
#include "conf/kinds.h"
#include "conf/places.h"

/* ---- place ---------------------------------------------------------------------- */

static const char *const relations[] = {
    [SAME] = "is the same directory as",
    [INSIDE] = "is inside",
    [AROUND] = "contains",
};

static bool
is_apart(struct reader *self, const struct spot *spot, const char *place, const char *other,
    const char *whose)
{
    enum relation relation = places_relation(place, other);

    if (relation != APART)
        complain(self, spot, "%s %s %s, the place of %s", place, relations[relation], other, whose);
    return relation == APART;
}

static bool
is_apart_from_backup(struct reader *self, const struct spot *spot, const char *place,
    const struct conf_backend *backup)
{
    struct shown shown;
    char *whose;
    bool is_so;

    if (!backup->place || strcmp(backup->kind, "local") != 0)
        return true;
    whose = memory_print("backup %s", show_text(backup->name, &shown));
    is_so = is_apart(self, spot, place, backup->place, whose);
    free(whose);
    return is_so;
}

/* One clash is enough: what contains the primary most likely contains the journal too. */
static void
check_place(struct reader *self, const struct spot *spot, const char *place)
{
    const struct conf *conf = self->conf;
    char *own = places_below(conf->workspace, ".knarr");
    bool go_on = strcmp(conf->primary.kind, "local") != 0 ||
        is_apart(self, spot, place, conf->primary.place, "the primary");

    go_on = go_on && is_apart(self, spot, place, own, "the journal");
    for (size_t i = 0; go_on && i + 1 < conf->backup_count; i++)
        go_on = is_apart_from_backup(self, spot, place, &conf->backups[i]);
    free(own);
}

/* The two names for it agree, or there is only one. */
static const char *
given_directory(struct reader *self, const struct spot *spot, const struct parameters *parameters)
{
    struct shown one, two;

    if (parameters->local_dir && parameters->workspace &&
        strcmp(parameters->local_dir, parameters->workspace) != 0)
        complain(self, spot,
            "local_dir and workspace are two names for one setting, and %s is not %s",
            show_text(parameters->local_dir, &one), show_text(parameters->workspace, &two));
    return parameters->local_dir ? parameters->local_dir : parameters->workspace;
}

static void
settle_local(struct reader *self, const struct spot *item_spot, const struct spot *spot,
    const struct parameters *parameters, struct conf_backend *backup)
{
    const char *given = given_directory(self, spot, parameters);
    struct spot key = { spot, parameters->local_dir ? "local_dir" : "workspace", 0 };
    char *beside = memory_print("_backups/%s", backup->name);
    struct shown shown;

    if (!given)
        backup->place = places_below(self->conf->workspace, beside);
    else if (*given)
        backup->place = places_absolute(given);
    free(beside);
    if (given && !*given)
        complain(self, &key, "the directory is empty");
    else if (!backup->place)
        complain(self, &key, "%s: nobody of that name has a home here", show_text(given, &shown));
    else if (!is_printable(backup->place))
        complain(self, &key, "%s has bytes that cannot be printed",
            show_text(backup->place, &shown));
    else if (strlen(backup->place) >= PATH_BYTES_MAX)
        complain(self, &key, "the directory's path is too long");
    else
        check_place(self, given ? &key : item_spot, backup->place);
}

/* ---- parameters ------------------------------------------------------------------- */

static const struct kind *
kind_named(const char *name)
{
    for (size_t i = 0; i < kind_count; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* Parameters under another kind's name would be passed over: say so. */
static void
check_strays(struct reader *self, json_t *json, const struct spot *item_spot,
    const struct kind *kind, const char *used)
{
    const char *name;
    json_t *value;

    json_object_foreach(json, name, value)
    {
        const struct kind *other = kind_named(name);
        struct spot spot = { item_spot, name, 0 };

        if (!other || (used && strcmp(name, used) == 0))
            continue;
        if (other->kind && strcmp(other->kind, kind->kind) == 0 && !used)
            complain(self, &spot, "belongs to backend '%s', but the backend is '%s': make them one",
                name, kind->name);
        else
            warn_about(self, &spot, "has no effect: %s",
                used ? "other parameters are used" : "it belongs to another backend");
    }
}

static void
parameters_init(struct parameters *self, const struct kind *kind)
{
    *self = (struct parameters){ 0 };
    set_defaults(kind->parameters, self);
}

static void
parameters_fini(struct parameters *self)
{
    free(self->local_dir);
    free(self->workspace);
    free(self->place);
}

void
parameters_settle(struct reader *self, json_t *json, const struct spot *item_spot,
    const struct kind *kind, struct conf_backend *backup)
{
    const char *used = json_is_object(json_object_get(json, "backend_params")) ? "backend_params"
        : json_is_object(json_object_get(json, kind->name))                    ? kind->name
                                                                               : NULL;
    struct spot spot = { item_spot, used ? used : kind->name, 0 };
    struct parameters parameters;

    parameters_init(&parameters, kind);
    if (used)
        read_object(self, json_object_get(json, used), &spot, kind->parameters, &parameters);
    check_strays(self, json, item_spot, kind, used);
    backup->kind = memory_print("%s", kind->kind);
    backup->max_bytes = parameters.max_bytes;
    backup->refill = parameters.refill;
    if (strcmp(kind->kind, "local") == 0)
        settle_local(self, item_spot, &spot, &parameters, backup);
    else
        backup->place = memory_print("%s", parameters.place ? parameters.place : backup->name);
    parameters_fini(&parameters);
}

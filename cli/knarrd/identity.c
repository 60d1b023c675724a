#include "cli/knarrd/identity.h"

#include <stdio.h>
#include <string.h>

void
backend_args_of(const struct conf *conf, const struct conf_backend *backend,
    struct backend_args *args)
{
    *args = (struct backend_args){
        .name = backend->name,
        .place = backend->place,
        .max_bytes = backend->max_bytes,
        .is_careless = conf->durability == DURABILITY_PROCESS,
        .keeps_flushed = backend != &conf->primary, /* that one's new content is in the journal */
    };
}

static enum outcome
look_at(const struct conf *conf, const struct conf_backend *backend, bool marks,
    struct place *place, struct report *report)
{
    const struct backend_kind *kind = backend_kind_find(backend->kind);
    struct backend_args args;

    backend_args_of(conf, backend, &args);
    return marks ? place_mark(kind, &args, place, report) : place_look(kind, &args, place, report);
}

static bool
has_place(const struct conf_backend *backend)
{
    return backend_kind_find(backend->kind)->traits & KEEPS_OVER_RESTART;
}

enum outcome
identity_check_one(const struct conf_backend *backend, const struct place *place,
    const struct catalog_backup *named, const struct catalog_backup *placed, struct report *report)
{
    if (placed && strcmp(placed->name, backend->name) != 0)
        return report_set(report, REFUSED, CAUSE_CONFIG,
            "the place of backup '%s' (%s) is the one that was called '%s' until now: say "
            "`knarrd backup rename %s %s` if it has a new name, or mend the path",
            backend->name, backend->place, placed->name, placed->name, backend->name);
    if (named && named->place_id[0] && strcmp(named->place_id, place->id) != 0)
        return report_set(report, REFUSED, CAUSE_CONFIG,
            "backup '%s' is not where it was: the place at %s is another one%s. Mend the path, "
            "or say `knarrd backup accept %s` to begin anew there",
            backend->name, backend->place, place->is_empty ? ", and empty" : "", backend->name);
    return DONE;
}

/* It could not be marked when it was new; now it is known where it is. */
static enum outcome
learn_place(struct catalog *catalog, struct catalog_backup *named, const struct place *place,
    struct report *report)
{
    if (named->retired || named->place_id[0] || !place->id[0])
        return DONE;
    snprintf(named->place_id, sizeof named->place_id, "%s", place->id);
    return catalog_backup_update(catalog, named, report);
}

/*
 * A place that cannot be reached may be down, and cannot be judged: its store
 * will say so, and takes no other place for it when it comes back.
 */
static enum outcome
check_one(const struct conf *conf, struct catalog *catalog, const struct conf_backend *backend,
    struct place *place, struct report *report)
{
    struct catalog_backup named, placed;
    bool is_known = catalog_backup_find(catalog, backend->name, &named);
    bool is_taken;
    enum outcome outcome;

    if (look_at(conf, backend, false, place, report) != DONE) {
        snprintf(place->id, sizeof place->id, "%s", is_known ? named.place_id : "");
        return DONE;
    }
    if (!has_place(backend))
        return DONE;
    is_taken = place->id[0] && catalog_backup_by_place(catalog, place->id, &placed);
    outcome = identity_check_one(backend, place, is_known ? &named : NULL,
        is_taken ? &placed : NULL, report);
    if (outcome == DONE && !place->id[0])
        look_at(conf, backend, true, place, report);
    return outcome == DONE && is_known ? learn_place(catalog, &named, place, report) : outcome;
}

/* Two names for one place, found by the marker, whatever the paths look like. */
enum outcome
identity_check_pairs(const struct conf *conf, const struct place *primary,
    const struct identities *all, struct report *report)
{
    for (size_t i = 0; i < conf->backup_count; i++) {
        const char *id = all->backups[i].id;

        if (id[0] && strcmp(id, primary->id) == 0)
            return report_set(report, REFUSED, CAUSE_CONFIG,
                "backup '%s' (%s) is the primary's own place", conf->backups[i].name,
                conf->backups[i].place);
        for (size_t j = 0; j < i; j++)
            if (id[0] && strcmp(id, all->backups[j].id) == 0)
                return report_set(report, REFUSED, CAUSE_CONFIG,
                    "backups '%s' and '%s' are one and the same place", conf->backups[j].name,
                    conf->backups[i].name);
    }
    return DONE;
}

static enum outcome
check_all(const struct conf *conf, struct catalog *catalog, struct identities *all,
    struct report *report)
{
    struct place primary;
    enum outcome outcome = look_at(conf, &conf->primary, true, &primary, report);

    for (size_t i = 0; i < conf->backup_count && outcome == DONE; i++)
        outcome = check_one(conf, catalog, &conf->backups[i], &all->backups[i], report);
    return outcome == DONE ? identity_check_pairs(conf, &primary, all, report) : outcome;
}

enum outcome
identities_check(const struct conf *conf, const char *directory, struct identities *all,
    struct report *report)
{
    struct catalog *catalog;
    enum outcome outcome = catalog_open(&catalog, directory, report);

    memset(all, 0, sizeof *all);
    if (outcome == DONE)
        outcome = check_all(conf, catalog, all, report);
    catalog_close(&catalog);
    return outcome;
}

static const struct conf_backend *
find_backup(const struct conf *conf, const char *name, struct report *report)
{
    for (size_t i = 0; i < conf->backup_count; i++)
        if (strcmp(conf->backups[i].name, name) == 0)
            return &conf->backups[i];
    report_set(report, REFUSED, CAUSE_NOT_FOUND, "the configuration has no backup '%s'", name);
    return NULL;
}

enum outcome
identity_rename(const struct conf *conf, const char *directory, const char *from, const char *to,
    struct report *report)
{
    struct catalog *catalog;
    struct catalog_backup row, other;
    enum outcome outcome = REFUSED;

    if (find_backup(conf, to, report))
        outcome = catalog_open(&catalog, directory, report);
    if (outcome != DONE)
        return outcome;
    if (!catalog_backup_find(catalog, from, &row))
        outcome = report_set(report, REFUSED, CAUSE_NOT_FOUND,
            "no backup was ever called '%s' here", from);
    else if (catalog_backup_find(catalog, to, &other))
        outcome =
            report_set(report, REFUSED, CAUSE_ALREADY_EXISTS, "there is a backup '%s' already", to);
    if (outcome == DONE) {
        snprintf(row.name, sizeof row.name, "%s", to);
        outcome = catalog_backup_update(catalog, &row, report);
    }
    catalog_close(&catalog);
    return outcome;
}

/* A new, empty backup of this name: what the old one lacked is nobody's debt now. */
static enum outcome
accept(const struct conf *conf, struct catalog *catalog, const struct conf_backend *backend,
    struct report *report)
{
    struct catalog_backup row = { 0 };
    struct place place;
    enum outcome outcome = look_at(conf, backend, true, &place, report);

    if (outcome != DONE)
        return outcome;
    if (catalog_backup_find(catalog, backend->name, &row)) {
        char retired[sizeof row.name];

        snprintf(retired, sizeof retired, "%.100s retired as %u", row.name, row.id);
        catalog_lag_delete_all(catalog, row.id);
        memcpy(row.name, retired, sizeof row.name);
        row.retired = true;
        row.place_id[0] = '\0';
        outcome = catalog_backup_update(catalog, &row, report);
        if (outcome != DONE)
            return outcome;
    }
    row = (struct catalog_backup){ 0 };
    snprintf(row.name, sizeof row.name, "%s", backend->name);
    snprintf(row.place_id, sizeof row.place_id, "%s", place.id);
    return catalog_backup_add(catalog, &row, report);
}

enum outcome
identity_accept(const struct conf *conf, const char *directory, const char *name,
    struct report *report)
{
    const struct conf_backend *backend = find_backup(conf, name, report);
    struct catalog *catalog;
    enum outcome outcome = REFUSED;

    if (!backend)
        return outcome;
    outcome = catalog_open(&catalog, directory, report);
    if (outcome == DONE)
        outcome = accept(conf, catalog, backend, report);
    catalog_close(&catalog);
    return outcome;
}

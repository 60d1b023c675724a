/*
 * storage.agfs.redirects: read strictly, and compared with what the targets
 * exclude.
 *
 * Rules distinguish files by two things only: the extension, of which finitely
 * many are named, and the size, by finitely many limits.  So a file for every
 * extension (and one without any) and a size for every span between two limits
 * stand for all files that there can be, and asking what becomes of each of
 * them decides whether a target excludes what would be redirected to it.
 */
#include "base/memory.h"
#include "conf/guess.h"
#include "conf/rules.h"

#include <inttypes.h>
#include <stdio.h>

struct comparing {
    struct reader *reader;
    const struct spot *spot; /* of the redirects */
    json_t *json;
    const struct policies *redirects;
    size_t backup; /* the target */
    uint64_t *sizes;
    size_t size_count;
    uint64_t told[4]; /* a bit a rule */
};

/* "line 14, storage.agfs.backups.items[1].excludes[0]"; or of "operations" as such. */
static char *
line_in_backup(const struct comparing *c, size_t backup, const char *key, const size_t *index)
{
    struct spot backups = { c->spot->above, "backups", 0 }, items = { &backups, "items", 0 };
    struct spot item = { &items, NULL, backup }, list = { &item, key, 0 };

    return spot_line(c->reader, index ? &(struct spot){ &list, NULL, *index } : &list);
}

/* The place of a name among a redirect's targets; false if it is none of them. */
static bool
find_target(json_t *redirect, const char *name, size_t *place)
{
    json_t *targets = json_object_get(redirect, "target"), *target;
    size_t index;

    json_array_foreach(targets, index, target)
    {
        *place = index;
        if (json_is_string(target) && strcmp(json_string_value(target), name) == 0)
            return true;
    }
    return false;
}

/* ---- contradictions ---------------------------------------------------------------------- */

static void
tell_contradiction(struct comparing *c, const char *name, uint64_t size,
    const struct policy *redirect, const struct policy *exclude, size_t target)
{
    struct spot rule = { c->spot, NULL, redirect->index }, list = { &rule, "target", 0 };
    const char *backup = c->reader->conf->backups[c->backup].name;
    char *other = line_in_backup(c, c->backup, "excludes", &exclude->index);
    struct shown shown;

    complain(c->reader, &(struct spot){ &list, NULL, target },
        "a file %s of %" PRIu64 " bytes would be redirected to %s, which excludes it: see %s", name,
        size, show_text(backup, &shown), other);
    free(other);
}

static void
compare_file(struct comparing *c, const char *path, uint64_t size)
{
    const struct conf_backend *backup = &c->reader->conf->backups[c->backup];
    const struct policy *redirect = policies_match(c->redirects, view_of(path), size);
    const struct policy *exclude = policies_match(backup->excludes, view_of(path), size);
    size_t target;

    if (!redirect || !exclude ||
        (c->told[redirect->index / 64] & UINT64_C(1) << redirect->index % 64) ||
        !find_target(json_array_get(c->json, redirect->index), backup->name, &target))
        return;
    c->told[redirect->index / 64] |= UINT64_C(1) << redirect->index % 64;
    tell_contradiction(c, path + 1, size, redirect, exclude, target);
}

static void
compare_extension(void *context, const char *extension)
{
    struct comparing *c = context;
    char *path = memory_print("/x%s%s", *extension ? "." : "", extension);

    for (size_t i = 0; i < c->size_count; i++)
        compare_file(c, path, c->sizes[i]);
    free(path);
}

static void
add_size(void *context, uint64_t max_bytes)
{
    struct comparing *c = context;

    c->sizes = memory_resize(c->sizes, (c->size_count + 1) * sizeof *c->sizes);
    c->sizes[c->size_count++] = max_bytes + 1;
}

static void
compare_with(struct comparing *c, size_t backup)
{
    const struct policies *excludes = c->reader->conf->backups[backup].excludes;

    c->backup = backup;
    c->size_count = 0;
    memset(c->told, 0, sizeof c->told);
    add_size(c, UINT64_MAX); /* 0 bytes */
    policies_each_limit(c->redirects, add_size, c);
    policies_each_limit(excludes, add_size, c);
    compare_extension(c, "");
    policies_each_extension(c->redirects, compare_extension, c);
    policies_each_extension(excludes, compare_extension, c);
}

/* ---- targets ----------------------------------------------------------------------------- */

static void
check_receives(struct comparing *c, const struct spot *spot, size_t backup)
{
    char *other;
    struct shown shown;

    if (c->reader->conf->backups[backup].receives)
        return;
    other = line_in_backup(c, backup, "operations", NULL);
    complain(c->reader, spot, "redirect target %s does not receive writes: see %s",
        show_text(c->reader->conf->backups[backup].name, &shown), other);
    free(other);
}

static void
check_target(struct reader *self, json_t *json, const struct spot *spot, void *comparing)
{
    const struct conf *conf = self->conf;
    const char *name = json_string_value(json);
    struct guess guess = guess_begin(name ? name : "");
    struct shown shown;

    for (size_t i = 0; name && i < conf->backup_count; i++) {
        if (strcmp(conf->backups[i].name, name) == 0) {
            check_receives(comparing, spot, i);
            return;
        }
        guess_try(&guess, conf->backups[i].name);
    }
    if (name)
        complain(self, spot, "redirect target %s not found in backup entries%s",
            show_text(name, &shown), guess_phrase(&guess));
    else
        complain(self, spot, "%s is not a text in quotes", show_value(json, &shown));
}

static void
check_targets(struct reader *self, json_t *rule, const struct spot *spot, void *comparing)
{
    struct spot list_spot = { spot, "target", 0 };
    json_t *list = json_object_get(rule, "target");

    if (!json_is_object(rule) || (list && !json_is_null(list) && !json_is_array(list)))
        return; /* that was told */
    if (json_array_size(list) == 0)
        complain(self, &list_spot, "redirect policy target must not be empty");
    else
        read_list(self, list, &list_spot, check_target, comparing);
}

void
read_redirects(struct reader *self, json_t *agfs, const struct spot *agfs_spot)
{
    struct spot spot = { agfs_spot, "redirects", 0 };
    struct policies *redirects = NULL;
    struct comparing comparing = { .reader = self, .spot = &spot };

    comparing.json = json_object_get(agfs, "redirects");
    if (!json_is_array(comparing.json) || json_array_size(comparing.json) == 0)
        return;
    read_rules(self, comparing.json, &spot, "redirects", &redirects);
    if (self->conf->backup_count == 0)
        complain(self, &spot,
            "redirects requires backups; single-backend mode does not support redirects");
    else
        read_list(self, comparing.json, &spot, check_targets, &comparing);
    comparing.redirects = redirects;
    for (size_t b = 0; b < self->conf->backup_count; b++)
        if (self->conf->backups[b].excludes)
            compare_with(&comparing, b);
    complain(self, &spot,
        "redirects are not supported yet in this version, and a file that they name would go to "
        "the primary; remove them");
    free(comparing.sizes);
    policies_free(&redirects);
}

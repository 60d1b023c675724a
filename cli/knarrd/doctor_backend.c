/*
 * Each backend, for real.
 */

#include "cli/knarrd/doctor_checks.h"

#include "base/disk.h"
#include "base/memory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { LEAST_PERCENT = 5, LEAST_FILES = 10000 };

/* The backend that is looked at. */
struct subject {
    struct patient *patient;
    const struct conf_backend *conf;
    const struct backend_kind *kind;
    struct backend_args args;
    struct backend *backend; /* open, or NULL */
    struct place *place;
    char label[CHECK_LABEL_BYTES];
    bool is_new; /* its directory was made for this look */
};

static const char *
label_of(const struct subject *self, const char *part, char into[CHECK_LABEL_BYTES])
{
    snprintf(into, CHECK_LABEL_BYTES, "%.140s %s", self->label, part);
    return into;
}

static void
look_at_space(struct subject *self)
{
    char label[CHECK_LABEL_BYTES];
    struct checks *checks = self->patient->checks;
    struct report report;
    struct space space;
    double free_gb;

    label_of(self, "space", label);
    if (self->kind->space(self->backend, &space, &report) != DONE) {
        check_warn(checks, label, fix_of(report.cause), "%s", report.text);
        return;
    }
    free_gb = (double) space.free_bytes / 1e9;
    if (space.free_bytes == UINT64_MAX)
        check_pass(checks, label, "nobody can tell how much");
    else if (space.free_bytes / LEAST_PERCENT < space.total_bytes / 100)
        check_warn(checks, label, fix_of(CAUSE_NO_SPACE), "%.1f GB free, less than %d %%", free_gb,
            LEAST_PERCENT);
    else if (space.free_files < LEAST_FILES)
        check_warn(checks, label,
            "remove files there, or make the file system anew with more "
            "inodes (mkfs.ext4 -N)",
            "%.1f GB free, but only %" PRIu64 " inodes", free_gb, space.free_files);
    else
        check_pass(checks, label, "%.1f GB free", free_gb);
}

static void
look_at_access(struct subject *self)
{
    char label[CHECK_LABEL_BYTES];
    struct checks *checks = self->patient->checks;
    int directory = disk->openat(AT_FDCWD, self->conf->place, O_RDONLY | O_DIRECTORY, 0);
    struct stat found;
    char *fix = NULL;

    if (directory < 0 || disk->stat(directory, &found) != 0)
        return; /* the probe has told */
    disk->close(directory);
    label_of(self, "access", label);
    if (found.st_mode & S_IWOTH) {
        fix = memory_print("chmod o-w '%s'", self->conf->place);
        check_warn(checks, label, fix, "%s has mode %04o: everybody can change it",
            self->conf->place, (unsigned) found.st_mode & 07777);
    } else if (found.st_uid != geteuid()) {
        fix = memory_print("run as that user, or: chown %u '%s'", (unsigned) geteuid(),
            self->conf->place);
        check_warn(checks, label, fix, "%s belongs to user %u, and this is user %u",
            self->conf->place, (unsigned) found.st_uid, (unsigned) geteuid());
    } else {
        check_pass(checks, label, "mode %04o, owned by user %u", (unsigned) found.st_mode & 07777,
            (unsigned) found.st_uid);
    }
    free(fix);
}

/* Of several rows of one name or place the one not retired, else the newest. */
static const struct catalog_backup *
find_known(const struct patient *self, const char *name, const char *place_id)
{
    const struct catalog_backup *best = NULL;

    for (size_t i = 0; i < self->known_count; i++) {
        const struct catalog_backup *row = &self->known[i];

        if (name ? strcmp(row->name, name) != 0
                 : place_id[0] == '\0' || strcmp(row->place_id, place_id) != 0)
            continue;
        if (!best || best->retired || !row->retired)
            best = row;
    }
    return best;
}

static void
look_at_identity(struct subject *self)
{
    struct patient *patient = self->patient;
    const struct conf_backend *conf = self->conf;
    char label[CHECK_LABEL_BYTES];
    struct report report;

    label_of(self, "identity", label);
    if (conf != &patient->conf->primary && patient->has_catalog &&
        identity_check_one(conf, self->place, find_known(patient, conf->name, NULL),
            find_known(patient, NULL, self->place->id), &report) != DONE)
        check_fail(patient->checks, label,
            "mend the path if it is wrong; else do as the sentence says", "%s", report.text);
    else if (self->place->id[0])
        check_pass(patient->checks, label, "marked as %s", self->place->id);
    else
        check_pass(patient->checks, label, "not marked yet, and %s",
            self->place->is_empty ? "empty" : "there are files in it, which are not replicated");
}

static void
look_at_shape(struct subject *self)
{
    char label[CHECK_LABEL_BYTES];

    label_of(self, "shape", label);
    if (self->place->is_encrypted)
        check_fail(self->patient->checks, label,
            "use the configuration and the program that encrypted it, or another place",
            "backend_meta.json says that what is stored here is encrypted, and the configuration "
            "has no encryption");
    else
        check_pass(self->patient->checks, label, "plain, as configured");
}

static bool
is_directory_of_ours(const struct subject *self)
{
    return strcmp(self->kind->name, "local") == 0;
}

static void
look_further(struct subject *self)
{
    char label[CHECK_LABEL_BYTES];
    struct report report;

    look_at_space(self);
    if (is_directory_of_ours(self) && !self->is_new)
        look_at_access(self);
    if (!(self->kind->traits & KEEPS_OVER_RESTART))
        return;
    if (place_look(self->kind, &self->args, self->place, &report) == DONE) {
        look_at_identity(self);
        look_at_shape(self);
    } else {
        check_fail(self->patient->checks, label_of(self, "identity", label), fix_of(report.cause),
            "%s", report.text);
    }
    label_of(self, "leftovers", label);
    if (is_directory_of_ours(self) && !self->is_new && !self->patient->is_running)
        look_for_leftovers(self->patient, self->conf, label);
}

static enum outcome
open_and_probe(struct subject *self, struct report *report)
{
    enum outcome outcome = self->kind->open(&self->backend, &self->args, report);

    return outcome == DONE ? probe_backend(self->kind, self->backend, report) : outcome;
}

static void
look_at_backend(struct subject *self)
{
    struct checks *checks = self->patient->checks;
    struct scaffold scaffold = { NULL, NULL };
    enum outcome outcome = DONE;
    struct report report;

    self->kind = backend_kind_find(self->conf->kind);
    backend_args_of(self->patient->conf, self->conf, &self->args);
    if (is_directory_of_ours(self))
        outcome = scaffold_build(&scaffold, self->conf->place, &report);
    self->is_new = scaffold.missing != NULL;
    if (outcome == DONE)
        outcome = open_and_probe(self, &report);
    if (outcome == DONE)
        check_pass(checks, self->label,
            "%s at %s: a probe was written, read, overwritten, "
            "renamed, listed and deleted%s",
            self->kind->name, self->conf->place,
            self->is_new ? ", in a directory that the first start makes" : "");
    else
        check_fail(checks, self->label, fix_of(report.cause), "%s", report.text);
    if (self->backend)
        look_further(self);
    self->kind->close(&self->backend);
    if (scaffold.place)
        scaffold_remove(&scaffold);
}

static void
look_at_pairs(struct patient *self)
{
    struct report report;

    if (identity_check_pairs(self->conf, &self->primary, &self->places, &report) == DONE)
        check_pass(self->checks, "Places", "each backend has its own");
    else
        check_fail(self->checks, "Places",
            "give each its own place; if one was copied from the other on purpose, remove the "
            "file .knarr-place from the copy",
            "%s", report.text);
}

void
look_at_backends(struct patient *self)
{
    for (size_t i = 0; i <= self->conf->backup_count; i++) {
        struct subject subject = {
            .patient = self,
            .conf = i == 0 ? &self->conf->primary : &self->conf->backups[i - 1],
            .place = i == 0 ? &self->primary : &self->places.backups[i - 1],
        };

        snprintf(subject.label, sizeof subject.label, i == 0 ? "Primary" : "Backup %s",
            subject.conf->name);
        look_at_backend(&subject);
    }
    look_at_pairs(self);
}

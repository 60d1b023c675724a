#ifndef CLI_KNARRD_DOCTOR_CHECKS_H
#define CLI_KNARRD_DOCTOR_CHECKS_H

/*
 * doctor_checks - what doctor found, and the checks that find it.
 *
 * Every check ends in one of check_pass, check_warn and check_fail.  Those that
 * are no PASS say what to do.
 */

#include "actors/catalog.h"
#include "base/outcome.h"
#include "cli/knarrd/identity.h"
#include "conf/conf.h"

enum { CHECK_LABEL_BYTES = 160 };

enum check_status { CHECK_PASS, CHECK_WARN, CHECK_FAIL };

struct check {
    char label[CHECK_LABEL_BYTES];
    enum check_status status;
    char *detail; /* may have lines */
    char *fix;    /* NULL: nothing to do */
};

struct checks {
    struct check *at;
    size_t count;
};

void check_pass(struct checks *, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void check_warn(struct checks *, const char *label, const char *fix, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void check_fail(struct checks *, const char *label, const char *fix, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

size_t checks_count(const struct checks *, enum check_status);
void checks_print(const struct checks *);
void checks_print_json(const struct checks *);
void checks_free(struct checks *);

/* What a person can do about a failure at a place, as far as its cause tells. */
const char *fix_of(enum cause);

/* The patient, as far as it is known. */
struct patient {
    const struct conf *conf;
    struct checks *checks;
    char *directory; /* {workspace}/.knarr */
    int lock;        /* held while we read what is the server's; -1 */
    bool is_running; /* a server is: its files are left alone */
    bool has_catalog;
    struct catalog_backup *known; /* by the catalog */
    size_t known_count;
    struct place primary;
    struct identities places;
};

/* doctor_workspace.c: look_at_workspace takes the lock, the last one gives it back. */
void look_at_system(struct patient *);
void look_at_workspace(struct patient *);
void look_at_journal(struct patient *);
void look_at_catalog(struct patient *);
void look_at_disk(struct patient *);
void release_workspace(struct patient *);

/* doctor_backend.c */
void look_at_backends(struct patient *);

/* doctor_leftovers.c: files that a crash left at a place of kind "local". */
void look_for_leftovers(struct patient *, const struct conf_backend *, const char *label);

/*
 * doctor_probe.c: write, read back, overwrite, rename, list and delete below
 * /.knarr-doctor, and flush.  The report names the step that failed.
 */
enum outcome probe_backend(const struct backend_kind *, struct backend *, struct report *);

/*
 * scaffold - directories that are missing, made for a look and removed after it.
 * `missing` is the first of them, NULL if the place was there.
 */
struct scaffold {
    char *place, *missing;
};

enum outcome scaffold_build(struct scaffold *, const char *place, struct report *);
void scaffold_remove(struct scaffold *);

#endif

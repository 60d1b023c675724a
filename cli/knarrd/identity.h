#ifndef CLI_KNARRD_IDENTITY_H
#define CLI_KNARRD_IDENTITY_H

/*
 * identity - is each backup the one that its name stood for the last time?
 *
 *     name     place's id                 the start
 *     -----    -----------------------    ------------------------------------------
 *     known    as recorded                goes on
 *     known    any, none was recorded     goes on, and it is recorded now: it could not
 *                                         be marked when it was new
 *     known    none, or an unknown one    refused: `backup accept NAME` takes it as new
 *     known    another backup's           refused: `backup rename OLD NEW`, or mend the path
 *     new      another backup's           refused: `backup rename OLD NEW`
 *     new      none, or an unknown one    a new backup: nothing is owed to it yet
 *
 * A place that cannot be reached goes on, down, with the id recorded.
 * Kinds that keep nothing over a restart have no id and always go on, empty.
 */

#include "actors/catalog.h"
#include "actors/place.h"
#include "conf/conf.h"

struct identities {
    struct place backups[BACKUPS_MAX];
};

void backend_args_of(const struct conf *, const struct conf_backend *, struct backend_args *);

enum outcome identities_check(const struct conf *, const char *directory, struct identities *,
    struct report *);

/*
 * The two judgements that the above is made of, for those who only look.  `named`
 * is whom the catalog knows by the backup's name, `placed` whom by the place's id.
 */
enum outcome identity_check_one(const struct conf_backend *, const struct place *,
    const struct catalog_backup *named, const struct catalog_backup *placed, struct report *);
enum outcome identity_check_pairs(const struct conf *, const struct place *primary,
    const struct identities *, struct report *);

/* The operator's commands, while no server runs. */
enum outcome identity_rename(const struct conf *, const char *directory, const char *from,
    const char *to, struct report *);
enum outcome identity_accept(const struct conf *, const char *directory, const char *name,
    struct report *);

#endif

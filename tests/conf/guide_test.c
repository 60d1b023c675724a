#include "base/memory.h"
#include "conf/policy.h"
#include "tests/check.h"
#include "tests/conf/support/parsed.h"

#include <unistd.h>

/* The guide's examples as they are printed; a fragment is put where it belongs. */
static struct parsed
parse_example(const char *before, const char *name, const char *behind)
{
    char *example = read_data(name), *whole = memory_print("%s%s%s", before, example, behind);
    struct parsed parsed = parse_text(whole);

    free(example);
    free(whole);
    return parsed;
}

#define IN_STORAGE "{\"storage\":{\"agfs\":"
#define IN_ITEMS "{\"storage\":{\"agfs\":{\"backups\":{\"items\":["

static void
the_minimal_configuration_loads(void)
{
    struct parsed parsed;
    char here[256], wanted[512];

    enter_new_directory();
    check(getcwd(here, sizeof here));
    parsed = parse_example("", "guide-minimal.json", "");
    expect_problems(&parsed, (const char *const[]){ NULL });
    check(parsed.conf->sync_type == SYNC_ASYNC);
    check(parsed.conf->backup_count == 1);
    check(strcmp(parsed.conf->backups[0].name, "local-backup") == 0);
    check(strcmp(parsed.conf->backups[0].kind, "local") == 0);
    check(parsed.conf->backups[0].receives && !parsed.conf->backups[0].serves_reads);
    snprintf(wanted, sizeof wanted, "%s/data/backup", here);
    check(strcmp(parsed.conf->backups[0].place, wanted) == 0);
    snprintf(wanted, sizeof wanted, "%s/data/viking", here);
    check(strcmp(parsed.conf->primary.place, wanted) == 0);
    snprintf(wanted, sizeof wanted, "ipc://%s/data/.knarr/knarr.sock", here);
    check(strcmp(parsed.conf->endpoint, wanted) == 0);
    parsed_free(&parsed);
    leave_directory();
}

static void
object_stores_are_said_to_be_missing(void)
{
    struct parsed parsed = parse_example("", "guide-s3.json", "");

    expect_problems(&parsed,
        (const char *const[]){
            "18: storage.agfs.backups.items[1].backend: s3 is not supported yet in this version",
            NULL });
    parsed_free(&parsed);
}

static void
the_two_sync_modes_load(void)
{
    struct parsed parsed = parse_example(IN_STORAGE, "guide-async.json", "}}");

    expect_problems(&parsed, (const char *const[]){ NULL });
    check(parsed.conf->sync_type == SYNC_ASYNC && parsed.conf->backup_count == 0);
    parsed_free(&parsed);
    parsed = parse_example(IN_STORAGE, "guide-sync.json", "}}");
    expect_problems(&parsed,
        (const char *const[]){ "4: storage.agfs.backups.write_ack_count: 1 is more than the number "
                               "of backups that receive writes: 0",
            NULL });
    parsed_free(&parsed);
}

static void
a_backup_that_only_serves_reads_does_not_receive(void)
{
    struct parsed parsed = parse_example(IN_ITEMS, "guide-read-item.json", "]}}}}");

    expect_problems(&parsed, (const char *const[]){ NULL });
    check(strcmp(parsed.conf->backups[0].kind, "memory") == 0);
    check(parsed.conf->backups[0].serves_reads && parsed.conf->backups[0].read_priority == 10);
    check(!parsed.conf->backups[0].receives);
    parsed_free(&parsed);
}

static void
redirects_are_said_to_be_missing(void)
{
    struct parsed parsed = parse_example("", "guide-redirect.json", "");

    expect_problems(&parsed,
        (const char *const[]){
            "5: storage.agfs.redirects: redirects are not supported yet in this version",
            "16: storage.agfs.backups.items[0].backend: s3 is not supported yet in this version",
            NULL });
    parsed_free(&parsed);
}

static void
a_cache_excludes_what_is_large_or_packed(void)
{
    struct parsed parsed = parse_example(IN_ITEMS, "guide-exclude-item.json", "]}}}}");
    const struct policies *excludes;
    const uint64_t mib = 1 << 20;

    expect_problems(&parsed, (const char *const[]){ NULL });
    excludes = parsed.conf->backups[0].excludes;
    check(!policies_match(excludes, view_of("/a/b.pdf"), 50 * mib));
    check(strcmp(policies_match(excludes, view_of("/a/b.pdf"), 50 * mib + 1)->text,
              "excludes[0]: FileOverSizePolicy 50 MiB") == 0);
    check(strcmp(policies_match(excludes, view_of("/a/b.MP4"), 0)->text,
              "excludes[1]: FileExtensionPolicy '(mp4|zip)'") == 0);
    parsed_free(&parsed);
}

static void
encryption_is_said_to_be_missing(void)
{
    struct parsed parsed = parse_example("", "guide-encryption.json", "");

    expect_problems(&parsed,
        (const char *const[]){
            "3: encryption.enabled: encryption is not supported yet in this version",
            "29: storage.agfs.backups.items[1].encryption.enabled: encryption is not supported yet",
            NULL });
    parsed_free(&parsed);
}

static const struct test tests[] = {
    { "the minimal configuration loads", the_minimal_configuration_loads },
    { "object stores are said to be missing", object_stores_are_said_to_be_missing },
    { "the two sync modes load", the_two_sync_modes_load },
    { "a backup that only serves reads does not receive",
        a_backup_that_only_serves_reads_does_not_receive },
    { "redirects are said to be missing", redirects_are_said_to_be_missing },
    { "a cache excludes what is large or packed", a_cache_excludes_what_is_large_or_packed },
    { "encryption is said to be missing", encryption_is_said_to_be_missing },
};

TEST_MAIN(tests)

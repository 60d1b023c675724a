#include "cli/knarr/entry.h"

#include "cli/knarr/local.h"
#include "cli/knarr/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

const char *
entry_below(const char *uri, const char *base)
{
    size_t length = strlen(base);

    if (length == 0 || strncmp(uri, base, length) != 0)
        return uri;
    if (uri[length] == '/')
        return uri + length + 1;
    return uri[length] == '\0' || base[length - 1] == '/' ? uri + length : uri;
}

static void
print_name(const struct knarr_entry *entry, const char *base)
{
    const char *name = base ? entry_below(entry->uri, base) : local_name(entry->uri);

    text_print(stdout, *name ? name : entry->uri);
    puts(entry->is_directory ? "/" : "");
}

void
entry_name(const struct knarr_entry *entry, const char *base)
{
    print_name(entry, base);
}

/* "drwxr-xr-x" */
static const char *
mode_text(const struct knarr_entry *entry, char into[11])
{
    static const char letters[] = "rwxrwxrwx";

    into[0] = entry->is_directory ? 'd' : '-';
    for (unsigned i = 0; i < 9; i++)
        into[1 + i] = entry->mode >> (8 - i) & 1 ? letters[i] : '-';
    into[10] = '\0';
    return into;
}

void
entry_line(const struct knarr_entry *entry, const char *base)
{
    char mode[11], when[TEXT_SIZE_BYTES];

    printf("%s %12" PRIu64 "  %s  ", mode_text(entry, mode), entry->size,
        text_time(entry->mtime_ns, when));
    print_name(entry, base);
}

void
entry_sheet(const struct knarr_entry *entry)
{
    char mode[11], when[TEXT_SIZE_BYTES];

    printf("uri       ");
    text_print(stdout, entry->uri);
    printf("\ntype      %s\n", entry->is_directory ? "directory" : "file");
    printf("mode      %04o %s\n", entry->mode, mode_text(entry, mode));
    printf("size      %" PRIu64 "\n", entry->size);
    printf("modified  %s\n", text_time(entry->mtime_ns, when));
}

static const char *
iso_time(uint64_t wall_ns, char into[TEXT_SIZE_BYTES])
{
    const time_t seconds = (time_t) (wall_ns / 1000000000);
    struct tm parts;

    if (!gmtime_r(&seconds, &parts) ||
        strftime(into, TEXT_SIZE_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        into[0] = '\0';
    return into;
}

void
entry_json(struct json *json, const char *key, const struct knarr_entry *entry)
{
    char when[TEXT_SIZE_BYTES];

    json_open(json, key, '{');
    json_text(json, "name", local_name(entry->uri));
    json_number(json, "size", entry->size);
    json_number(json, "mode", entry->mode);
    json_text(json, "modTime", iso_time(entry->mtime_ns, when));
    json_number(json, "mtime_ns", entry->mtime_ns);
    json_flag(json, "isDir", entry->is_directory);
    json_text(json, "uri", entry->uri);
    json_close(json, '}');
}

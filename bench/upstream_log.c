#include "bench/upstream_log.h"
#include "bench/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { FIRST_SLOTS = 1024, ENTRY_BYTES_MAX = 2048 };

struct log {
    struct log_entry *entries; /* open addressing; a free slot has no name */
    size_t slots, count;
};

struct log *
log_new(void)
{
    struct log *log = malloc(sizeof *log);
    if (!log)
        give_up("memory");
    *log = (struct log){ .slots = FIRST_SLOTS };
    log->entries = calloc(log->slots, sizeof *log->entries);
    if (!log->entries)
        give_up("memory");
    return log;
}

void
log_free(struct log *log)
{
    for (size_t i = 0; i < log->slots; i++)
        free(log->entries[i].name);
    free(log->entries);
    free(log);
}

static struct log_entry *
slot_of(struct log *log, const char *name, size_t length)
{
    size_t at = XXH3_64bits(name, length) & (log->slots - 1);
    while (log->entries[at].name &&
        (strlen(log->entries[at].name) != length ||
            memcmp(log->entries[at].name, name, length) != 0))
        at = (at + 1) & (log->slots - 1);
    return &log->entries[at];
}

static void
grow(struct log *log)
{
    struct log old = *log;
    log->slots *= 2;
    log->entries = calloc(log->slots, sizeof *log->entries);
    if (!log->entries)
        give_up("memory");
    for (size_t i = 0; i < old.slots; i++)
        if (old.entries[i].name)
            *slot_of(log, old.entries[i].name, strlen(old.entries[i].name)) = old.entries[i];
    free(old.entries);
}

struct log_entry *
log_put(struct log *log, const char *name, size_t length)
{
    if (log->count * 2 >= log->slots)
        grow(log);
    struct log_entry *entry = slot_of(log, name, length);
    if (!entry->name) {
        entry->name = strndup(name, length);
        if (!entry->name)
            give_up("memory");
        log->count++;
    }
    return entry;
}

static const char *
expect(const char *at, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(at, text, length) != 0) {
        errno = EBADMSG;
        give_up(at);
    }
    return at + length;
}

static const char *
number(const char *at, uint64_t *value)
{
    *value = 0;
    while (*at >= '0' && *at <= '9')
        *value = *value * 10 + (uint64_t) (*at++ - '0');
    return at;
}

static const char *
parse_backends(const char *at, unsigned *count)
{
    uint64_t ignored;
    *count = 0;
    for (; *at == '"' || *at == ','; (*count)++) {
        at = expect(*at == ',' ? at + 1 : at, "\"backup-");
        at = expect(number(at, &ignored), "\":{\"acked_seq\":");
        at = expect(number(at, &ignored), ",\"retry_failures\":");
        at = expect(number(at, &ignored), ",\"quarantined\":false}");
    }
    return at;
}

static const char *
parse_entry(struct log *log, const char *at)
{
    at = expect(at, "\"");
    const char *end = strchr(at, '"');
    struct log_entry *entry = log_put(log, at, (size_t) (end - at));
    at = number(expect(end, "\":{\"latest_seq\":"), &entry->seq);
    at = expect(at, ",\"primary_committed\":");
    entry->committed = *at == 't';
    at = expect(at, entry->committed ? "true" : "false");
    at = number(expect(at, ",\"op\":{\"type\":\"SyncFile\",\"size\":"), &entry->size);
    at = parse_backends(expect(at, "},\"backends\":{"), &entry->backends);
    return expect(at, "}}");
}

struct log *
log_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) != 0)
        give_up(path);
    char *text = malloc((size_t) stat.st_size + 1);
    if (!text || read(fd, text, (size_t) stat.st_size) != stat.st_size)
        give_up(path);
    text[stat.st_size] = 0;
    close(fd);
    struct log *log = log_new();
    for (const char *at = expect(text, "{\"entries\":{"); *at != '}';) {
        at = parse_entry(log, at);
        if (*at == ',')
            at++;
    }
    free(text);
    return log;
}

static char *
add(char *at, const char *text)
{
    size_t length = strlen(text);
    memcpy(at, text, length);
    return at + length;
}

static char *
add_number(char *at, uint64_t value)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char) ('0' + value % 10);
    while (value /= 10);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

static char *
add_entry(char *at, const struct log_entry *entry)
{
    at = add(add(add(at, "\""), entry->name), "\":{\"latest_seq\":");
    at = add(add_number(at, entry->seq), ",\"primary_committed\":");
    at = add(at, entry->committed ? "true" : "false");
    at = add_number(add(at, ",\"op\":{\"type\":\"SyncFile\",\"size\":"), entry->size);
    at = add(at, "},\"backends\":{");
    for (unsigned i = 0; i < entry->backends; i++) {
        at = add_number(add(at, i ? ",\"backup-" : "\"backup-"), i);
        at = add_number(add(at, "\":{\"acked_seq\":"), entry->seq);
        at = add(at, ",\"retry_failures\":0,\"quarantined\":false}");
    }
    return add(at, "}}");
}

void
log_write(const struct log *log, const char *path)
{
    char *text = malloc((log->count + 1) * ENTRY_BYTES_MAX);
    if (!text)
        give_up("memory");
    char *at = add(text, "{\"entries\":{");
    bool first = true;
    for (size_t i = 0; i < log->slots; i++) {
        if (!log->entries[i].name)
            continue;
        if (!first)
            *at++ = ',';
        at = add_entry(at, &log->entries[i]);
        first = false;
    }
    at = add(at, "}}");
    size_t size = (size_t) (at - text);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, size) != (ssize_t) size || ftruncate(fd, (off_t) size) != 0)
        give_up(path);
    close(fd);
    free(text);
}

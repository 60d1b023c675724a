#include "tests/history/snapshot.h"

#include "base/memory.h"
#include "tests/history/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

void
hash_print(const void *bytes, size_t length, char hash[33])
{
    const XXH128_hash_t value = XXH3_128bits(bytes, length);

    snprintf(hash, 33, "%016" PRIx64 "%016" PRIx64, value.high64, value.low64);
}

void
snapshot_free(struct snapshot *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->at[i].path);
    free(self->at);
    *self = (struct snapshot){ 0 };
}

void
snapshot_add(struct snapshot *self, const struct found *found)
{
    if (self->count == self->room) {
        self->room = self->room ? self->room * 2 : 64;
        self->at = memory_resize(self->at, self->room * sizeof *self->at);
    }
    self->at[self->count++] = *found;
}

static int
by_path(const void *a, const void *b)
{
    return strcmp(((const struct found *) a)->path, ((const struct found *) b)->path);
}

void
snapshot_sort(struct snapshot *self)
{
    if (self->count)
        qsort(self->at, self->count, sizeof *self->at, by_path);
}

const struct found *
snapshot_find(const struct snapshot *self, const char *path)
{
    const struct found key = { .path = (char *) path };

    if (!self->count)
        return NULL;
    return bsearch(&key, self->at, self->count, sizeof *self->at, by_path);
}

static bool
is_internal(const char *name)
{
    static const char *const whole[] = { ".", "..", "backend_meta.json", "_system",
        ".sync_log.json", ".redirect.json" };

    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strcmp(name, whole[i]) == 0)
            return true;
    return strncmp(name, ".knarr", 6) == 0;
}

static bool
complain(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return false;
}

static bool
hash_file(int fd, const char *path, struct found *found)
{
    char *bytes = memory_new(found->size + 1);
    uint64_t got = 0;
    ssize_t n;

    while (got < found->size && (n = read(fd, bytes + got, found->size - got)) > 0)
        got += (uint64_t) n;
    hash_print(bytes, got, found->hash);
    free(bytes);
    return got == found->size || complain(path);
}

static bool walk(struct snapshot *, int fd, const char *path);

static bool
visit(struct snapshot *self, int dir, const char *parent, const char *name)
{
    struct found found = { .path = memory_print("%s/%s", parent, name), .hash = "-" };
    const int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    bool is_good = true;

    if (fd < 0 || fstat(fd, &status) < 0) {
        complain(found.path);
        free(found.path);
        return false;
    }
    found.is_directory = S_ISDIR(status.st_mode);
    found.mode = status.st_mode & 07777;
    found.size = found.is_directory ? 0 : (uint64_t) status.st_size;
    snapshot_add(self, &found);
    if (found.is_directory)
        return walk(self, fd, found.path);
    is_good = hash_file(fd, found.path, &self->at[self->count - 1]);
    close(fd);
    return is_good;
}

/* Takes the descriptor. */
static bool
walk(struct snapshot *self, int fd, const char *path)
{
    DIR *stream = fdopendir(fd);
    const struct dirent *entry;
    bool is_good = true;

    if (!stream)
        return complain(path);
    while (is_good && (entry = readdir(stream)))
        if (!is_internal(entry->d_name))
            is_good = visit(self, fd, path, entry->d_name);
    closedir(stream);
    return is_good;
}

bool
snapshot_take(struct snapshot *self, const char *directory)
{
    const int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return complain(directory);
    if (!walk(self, fd, ""))
        return false;
    snapshot_sort(self);
    return true;
}

static bool
parse(char *line, struct found *found)
{
    char kind;
    int at = 0;

    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "%c %o %" SCNu64 " %32s %n", &kind, &found->mode, &found->size, found->hash,
            &at) != 4 ||
        at == 0 || line[at] != '/')
        return false;
    found->is_directory = kind == 'd';
    found->path = field_unescape(line + at);
    return true;
}

bool
snapshot_read(struct snapshot *self, const char *file)
{
    FILE *stream = fopen(file, "re");
    char *line = NULL;
    size_t room = 0;
    bool is_good = true;

    if (!stream)
        return complain(file);
    while (is_good && getline(&line, &room, stream) > 0) {
        struct found found;
        is_good = parse(line, &found);
        if (is_good)
            snapshot_add(self, &found);
        else
            fprintf(stderr, "%s: this is no line of a snapshot: %s\n", file, line);
    }
    free(line);
    fclose(stream);
    snapshot_sort(self);
    return is_good;
}

void
snapshot_print(const struct snapshot *self, FILE *stream)
{
    for (size_t i = 0; i < self->count; i++) {
        const struct found *found = &self->at[i];
        char *path = field_escape(found->path);
        fprintf(stream, "%c %o %" PRIu64 " %s %s\n", found->is_directory ? 'd' : 'f', found->mode,
            found->size, found->hash, path);
        free(path);
    }
}

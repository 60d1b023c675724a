#include "conf/find.h"

#include "base/disk.h"
#include "base/memory.h"
#include "conf/expand.h"
#include "conf/places.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

static const char *const usual_files[] = { "~/.openviking/ov.conf", "/etc/openviking/ov.conf" };

enum { USUAL_FILES = sizeof usual_files / sizeof *usual_files };

static bool
is_there(const char *file)
{
    return access(file, F_OK) == 0 || errno != ENOENT;
}

static char *
find_usual(struct reader *reader)
{
    for (size_t i = 0; i < USUAL_FILES; i++) {
        char *file = places_absolute(usual_files[i]);

        if (file && is_there(file))
            return file;
        free(file);
    }
    complain_line(reader, 0, NULL,
        "no configuration: neither --config nor $OPENVIKING_CONFIG_FILE names a file, and neither "
        "%s nor %s exists",
        usual_files[0], usual_files[1]);
    return NULL;
}

char *
find_file(struct reader *reader, const char *named)
{
    const char *from = "--config", *file = named;
    char *expanded;

    if (!file) {
        from = "$OPENVIKING_CONFIG_FILE";
        file = getenv("OPENVIKING_CONFIG_FILE");
    }
    if (!file || (!named && !*file))
        return find_usual(reader);
    expanded = *file == '~' ? places_absolute(file) : memory_print("%s", file);
    if (expanded && is_there(expanded))
        return expanded;
    free(expanded);
    complain_line(reader, 0, NULL, "there is no file '%s', which %s names", file, from);
    return NULL;
}

static char *
read_open_file(struct reader *reader, int fd, size_t *length)
{
    struct stat stat;
    char *bytes;
    ssize_t got;

    if (disk->stat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        complain_line(reader, 0, NULL, "it is not a file");
        return NULL;
    }
    if (stat.st_size > CONF_BYTES_MAX) {
        complain_line(reader, 0, NULL, "it has %" PRIu64 " bytes; a configuration has at most %d",
            (uint64_t) stat.st_size, (int) CONF_BYTES_MAX);
        return NULL;
    }
    bytes = memory_new(CONF_BYTES_MAX + 1);
    got = disk_read_all(fd, bytes, CONF_BYTES_MAX, 0);
    if (got < 0) {
        complain_line(reader, 0, NULL, "cannot be read: %s", strerror(errno));
        free(bytes);
        return NULL;
    }
    *length = (size_t) got;
    return bytes;
}

char *
read_file(struct reader *reader, const char *file, size_t *length)
{
    int fd = disk->openat(AT_FDCWD, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    char *bytes;

    if (fd < 0) {
        complain_line(reader, 0, NULL, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    bytes = read_open_file(reader, fd, length);
    disk->close(fd);
    return bytes;
}

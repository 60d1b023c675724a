#include "tests/backends/support/folder.h"

#include "base/memory.h"
#include "tests/check.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
folder_new_in(const char *under)
{
    char *path = memory_print("%s/knarr-backends-XXXXXX", under);

    check(mkdtemp(path));
    return path;
}

char *
folder_new(void)
{
    const char *under = getenv("TMPDIR");

    return folder_new_in(under && *under ? under : "/tmp");
}

char *
folder_new_quick(void)
{
    return access("/dev/shm", W_OK) == 0 ? folder_new_in("/dev/shm") : folder_new();
}

static int
remove_one(const char *path, const struct stat *found, int type, struct FTW *where)
{
    (void) found;
    (void) type;
    (void) where;
    return remove(path);
}

void
folder_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    check(access(path, F_OK) != 0);
}

int
folder_count(const char *path)
{
    DIR *stream = opendir(path);
    int count = -2; /* "." and ".." */

    check(stream);
    while (readdir(stream))
        count++;
    closedir(stream);
    return count;
}

static int temporaries;

static int
count_temporary(const char *path, const struct stat *found, int type, struct FTW *where)
{
    (void) found;
    (void) type;
    temporaries += strncmp(path + where->base, ".knarr~", 7) == 0;
    return 0;
}

int
folder_temporaries(const char *path)
{
    temporaries = 0;
    nftw(path, count_temporary, 16, FTW_PHYS);
    return temporaries;
}

int
folder_open_files(void)
{
    return folder_count("/proc/self/fd");
}

int
folder_mount(const char *path, const char *bytes)
{
    char options[64];

    snprintf(options, sizeof options, "size=%s", bytes);
    mkdir(path, 0755);
    return mount("none", path, "tmpfs", 0, options) == 0;
}

void
folder_unmount(const char *path)
{
    check(umount2(path, MNT_DETACH) == 0);
}

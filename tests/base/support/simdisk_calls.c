#include "tests/base/support/simdisk_internal.h"

#include "tests/check.h"

#include <dirent.h>
#include <errno.h>

enum { FD_FIRST = 1000 };

static int
fail(int error)
{
    errno = error;
    return -1;
}

/* ---- paths and descriptors --------------------------------------------------------- */

static int
node_of(int fd)
{
    if (fd == AT_FDCWD)
        return ROOT;
    check(fd >= FD_FIRST && fd < FD_FIRST + FDS && sim.fds[fd - FD_FIRST] != NONE);
    return sim.fds[fd - FD_FIRST];
}

/* The directory of the last part, and that part: "." for what has none. */
static int
walk(int dir, const char *path, struct spot *last)
{
    *last = (struct spot){ node_of(dir), "." };
    while (*path) {
        const size_t length = strcspn(path, "/");
        const struct name *name;

        if (strcmp(last->text, ".") != 0) {
            name = world_find(&sim.seen, last->dir, last->text);
            if (!name)
                return fail(ENOENT);
            if (!world_is_directory(&sim.seen, name->node))
                return fail(ENOTDIR);
            last->dir = name->node;
        }
        check(length < NAME_BYTES);
        if (length > 0)
            snprintf(last->text, NAME_BYTES, "%.*s", (int) length, path);
        path += length;
        path += strspn(path, "/");
    }
    return 0;
}

static int
look(int dir, const char *path, struct spot *spot)
{
    const struct name *name;

    if (walk(dir, path, spot) != 0)
        return NONE;
    if (strcmp(spot->text, ".") == 0)
        return spot->dir;
    name = world_find(&sim.seen, spot->dir, spot->text);
    return name ? name->node : fail(ENOENT);
}

static int
new_node(const struct spot *spot, mode_t mode)
{
    const int node = sim.node_count++;

    check(node < NODES);
    sim.seen.nodes[node] = sim.sure.nodes[node] = (struct node){ .mode = mode };
    sim_change((struct pending){ .kind = IS_NAME, .node = node, .to = *spot, .replaced = NONE });
    return node;
}

static int
open_node(int node)
{
    for (int i = 0; i < FDS; i++)
        if (sim.fds[i] == NONE) {
            sim.fds[i] = node;
            return FD_FIRST + i;
        }
    return fail(EMFILE);
}

static int
sim_openat(int dir, const char *path, int flags, mode_t mode)
{
    struct spot spot;
    int node = look(dir, path, &spot);

    if (node == NONE && (errno != ENOENT || !(flags & O_CREAT)))
        return -1;
    if (node != NONE && (flags & O_CREAT) && (flags & O_EXCL))
        return fail(EEXIST);
    if (node != NONE && (flags & O_DIRECTORY) && !world_is_directory(&sim.seen, node))
        return fail(ENOTDIR);
    if (node == NONE)
        node = new_node(&spot, S_IFREG | mode);
    check(!(flags & O_TRUNC) || sim.seen.nodes[node].size == 0);
    return open_node(node);
}

static int
sim_close(int fd)
{
    node_of(fd);
    sim.fds[fd - FD_FIRST] = NONE;
    return 0;
}

/* ---- bytes ----------------------------------------------------------------------- */

static void
get_block(const struct node *node, size_t block, char *into)
{
    if (node->blocks[block])
        memcpy(into, node->blocks[block], BLOCK);
    else
        memset(into, 0, BLOCK);
}

static ssize_t
sim_pread(int fd, void *into, size_t bytes, off_t offset)
{
    const struct node *const node = &sim.seen.nodes[node_of(fd)];
    size_t at = (size_t) offset, done = 0;

    while (done < bytes && at + done < node->size) {
        const size_t start = (at + done) % BLOCK;
        size_t piece = BLOCK - start;
        char block[BLOCK];

        piece = piece < bytes - done ? piece : bytes - done;
        piece = piece < node->size - at - done ? piece : node->size - at - done;
        get_block(node, (at + done) / BLOCK, block);
        memcpy((char *) into + done, block + start, piece);
        done += piece;
    }
    return (ssize_t) done;
}

static void
set_size(int node, size_t size)
{
    if (size != sim.seen.nodes[node].size)
        sim_change((struct pending){ .kind = IS_SIZE, .node = node, .size = size });
}

/* What is written as it was is no change: zeros over zeros, a commit over itself. */
static void
write_block(int node, size_t block, size_t start, const char *from, size_t bytes)
{
    char before[BLOCK];
    char *const after = sim_arena[sim.arena_used];

    check(block < BLOCKS && sim.arena_used < ARENA_BLOCKS);
    get_block(&sim.seen.nodes[node], block, before);
    memcpy(after, before, BLOCK);
    memcpy(after + start, from, bytes);
    if (memcmp(before, after, BLOCK) == 0)
        return;
    sim.arena_used++;
    sim_change((struct pending){ .kind = IS_BLOCK, .node = node, .block = block, .bytes = after });
}

static ssize_t
sim_pwrite(int fd, const void *from, size_t bytes, off_t offset)
{
    const int node = node_of(fd);
    size_t at = (size_t) offset, done = 0;

    while (done < bytes) {
        const size_t start = (at + done) % BLOCK;
        const size_t piece = BLOCK - start < bytes - done ? BLOCK - start : bytes - done;

        write_block(node, (at + done) / BLOCK, start, (const char *) from + done, piece);
        done += piece;
    }
    if (at + bytes > sim.seen.nodes[node].size)
        set_size(node, at + bytes);
    return (ssize_t) bytes;
}

static ssize_t
sim_pwritev(int fd, const struct iovec *from, int count, off_t offset)
{
    ssize_t written = 0;

    for (int i = 0; i < count; i++)
        written += sim_pwrite(fd, from[i].iov_base, from[i].iov_len, offset + written);
    return written;
}

static ssize_t
sim_copy(int from, off_t *from_offset, int to, off_t *to_offset, size_t bytes)
{
    char all[BLOCKS * BLOCK];
    const size_t wanted = bytes < sizeof all ? bytes : sizeof all;
    const ssize_t got = sim_pread(from, all, wanted, *from_offset);

    sim_pwrite(to, all, (size_t) got, *to_offset);
    *from_offset += got;
    *to_offset += got;
    return got;
}

static int
sim_allocate(int fd, off_t offset, off_t bytes)
{
    const int node = node_of(fd);

    if ((size_t) (offset + bytes) > sim.seen.nodes[node].size)
        set_size(node, (size_t) (offset + bytes));
    return 0;
}

/* ---- syncs ----------------------------------------------------------------------- */

static int
sim_datasync(int fd)
{
    return sim_make_sure(node_of(fd), false);
}

static int
sim_sync(int fd)
{
    return sim_make_sure(node_of(fd), true);
}

static int
sim_syncfs(int fd)
{
    node_of(fd);
    return sim_make_sure(NONE, true);
}

/* ---- names ----------------------------------------------------------------------- */

static int
stat_node(int node, struct stat *found)
{
    const struct node *const from = &sim.seen.nodes[node];

    memset(found, 0, sizeof *found);
    found->st_dev = 1;
    found->st_ino = (ino_t) node + 1;
    found->st_mode = from->mode;
    found->st_size = (off_t) from->size;
    found->st_mtim.tv_sec = found->st_ctim.tv_sec = (time_t) from->changed;
    for (size_t i = 0; i < NAMES; i++)
        found->st_nlink += sim.seen.names[i].dir != NONE && sim.seen.names[i].node == node;
    return 0;
}

static int
sim_stat(int fd, struct stat *found)
{
    return stat_node(node_of(fd), found);
}

static int
sim_statat(int dir, const char *path, struct stat *found)
{
    struct spot spot;
    const int node = look(dir, path, &spot);

    return node == NONE ? -1 : stat_node(node, found);
}

static bool
is_empty(int node)
{
    for (size_t i = 0; i < NAMES; i++)
        if (sim.seen.names[i].dir == node)
            return false;
    return true;
}

static int
sim_mkdirat(int dir, const char *path, mode_t mode)
{
    struct spot spot;

    if (look(dir, path, &spot) != NONE)
        return fail(EEXIST);
    if (errno != ENOENT)
        return -1;
    new_node(&spot, S_IFDIR | mode);
    return 0;
}

static int
sim_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    struct pending p = { .kind = IS_NAME };

    p.node = look(from_dir, from, &p.from);
    if (p.node == NONE)
        return -1;
    p.replaced = look(to_dir, to, &p.to);
    if (p.replaced == NONE && errno != ENOENT)
        return -1;
    if (p.replaced == p.node)
        return 0;
    if (p.replaced != NONE && world_is_directory(&sim.seen, p.replaced)) {
        if (!world_is_directory(&sim.seen, p.node))
            return fail(EISDIR);
        if (!is_empty(p.replaced))
            return fail(ENOTEMPTY);
    } else if (p.replaced != NONE && world_is_directory(&sim.seen, p.node)) {
        return fail(ENOTDIR);
    }
    sim_change(p);
    return 0;
}

static int
sim_linkat(int from_dir, const char *from, int to_dir, const char *to)
{
    struct pending p = { .kind = IS_NAME, .replaced = NONE };
    struct spot source;

    p.node = look(from_dir, from, &source);
    if (p.node == NONE)
        return -1;
    if (look(to_dir, to, &p.to) != NONE)
        return fail(EEXIST);
    if (errno != ENOENT)
        return -1;
    sim_change(p);
    return 0;
}

static int
sim_unlinkat(int dir, const char *path, int flags)
{
    struct pending p = { .kind = IS_NAME, .replaced = NONE };

    p.node = look(dir, path, &p.from);
    if (p.node == NONE)
        return -1;
    if (world_is_directory(&sim.seen, p.node) != (flags == AT_REMOVEDIR))
        return fail(flags == AT_REMOVEDIR ? ENOTDIR : EISDIR);
    if (flags == AT_REMOVEDIR && !is_empty(p.node))
        return fail(ENOTEMPTY);
    sim_change(p);
    return 0;
}

static int
sim_chmod(int fd, mode_t mode)
{
    const int node = node_of(fd);
    const mode_t kind = sim.seen.nodes[node].mode & S_IFMT;

    sim_change((struct pending){ .kind = IS_MODE, .node = node, .mode = kind | mode });
    return 0;
}

static int
sim_utimens(int fd, const struct timespec times[2])
{
    (void) times;
    sim.seen.nodes[node_of(fd)].changed = ++sim.clock;
    return 0;
}

/* Names never change their slot, so one that is removed meanwhile hides no other. */
static int
sim_list(int dir, void **stream, const char **name, unsigned char *type)
{
    const int node = node_of(dir);

    for (size_t i = (size_t) (uintptr_t) *stream; i < NAMES; i++)
        if (sim.seen.names[i].dir == node) {
            *name = sim.seen.names[i].text;
            *type = world_is_directory(&sim.seen, sim.seen.names[i].node) ? DT_DIR : DT_REG;
            *stream = (void *) (uintptr_t) (i + 1);
            return 1;
        }
    *stream = NULL;
    return 0;
}

static void
sim_list_end(void **stream)
{
    *stream = NULL;
}

const struct disk disk_sim = {
    .openat = sim_openat,
    .close = sim_close,
    .pread = sim_pread,
    .pwrite = sim_pwrite,
    .pwritev = sim_pwritev,
    .copy = sim_copy,
    .allocate = sim_allocate,
    .datasync = sim_datasync,
    .sync = sim_sync,
    .syncfs = sim_syncfs,
    .stat = sim_stat,
    .statat = sim_statat,
    .mkdirat = sim_mkdirat,
    .renameat = sim_renameat,
    .linkat = sim_linkat,
    .unlinkat = sim_unlinkat,
    .chmod = sim_chmod,
    .utimens = sim_utimens,
    .list = sim_list,
    .list_end = sim_list_end,
};

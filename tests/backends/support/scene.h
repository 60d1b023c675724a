#ifndef TESTS_BACKENDS_SCENE_H
#define TESTS_BACKENDS_SCENE_H

/*
 * scene - a backend at an empty place, and short words for what tests do to it.
 *
 * Each word waits until its request has ended, checks that it ends exactly
 * once, and leaves the report of the last one in the scene.
 */

#include "backends/backend.h"
#include "tests/check.h"

/* Which backend the tests are about. */
struct subject {
    const char *kind;
    char *(*place_new)(void); /* a place where nothing is yet; on the heap */
    void (*place_remove)(const char *place);
};

struct scene {
    const struct subject *subject;
    const struct backend_kind *kind;
    struct backend *backend;
    char *place;
    uint64_t seq;
    struct report report;
    struct entry entry; /* of the last lookup or read */
    size_t got;         /* by the last read */
};

void scene_begin(struct scene *, const struct subject *);
void scene_end(struct scene *);
struct backend *scene_open(struct scene *, bool is_reader); /* another handle */

/* A change under way, and how it ended. */
struct act {
    struct change change;
    struct scene *scene;
    int endings;
    enum outcome outcome;
    struct report report;
    size_t consumed;
};

void act_begin(struct act *, struct scene *, struct change);
void act_write(struct act *, const void *bytes, size_t length);
enum outcome act_wait(struct act *);

enum outcome change(struct scene *, struct change); /* not PUT */
enum outcome put(struct scene *, const char *path, const char *text);
enum outcome put_bytes(struct scene *, const char *path, const void *bytes, size_t size,
    uint32_t mode);
enum outcome make(struct scene *, const char *path);
enum outcome make_clear(struct scene *, const char *path);
enum outcome drop(struct scene *, const char *path); /* REMOVE */
enum outcome drop_tree(struct scene *, const char *path);
enum outcome move(struct scene *, const char *path, const char *to);
enum outcome link_file(struct scene *, const char *path, const char *to);
enum outcome set_mode(struct scene *, const char *path, uint32_t mode);
enum outcome flush(struct scene *);

enum outcome lookup(struct scene *, const char *path);
enum outcome read_at(struct scene *, const char *path, uint64_t offset, void *into, size_t length,
    uint64_t if_version);

bool is_nothing(struct scene *, const char *path);
bool is_directory(struct scene *, const char *path);
bool is_file(struct scene *, const char *path, const char *text);

/* The names behind `after`, each followed by '|', page by page; free it. */
char *names_after(struct scene *, const char *path, const char *after, size_t limit);
bool names_are(struct scene *, const char *path, const char *expected);
enum outcome list_page(struct scene *, const char *path, const char *after, size_t limit,
    size_t *count, bool *has_more, char last[NAME_BYTES_MAX + 1]);

#endif

#include "tests/backends/support/contract.h"

#include "base/memory.h"

#include <inttypes.h>

static const struct change upload = { .kind = PUT, .path = "/f", .size = 6, .mode = 0644 };

void
contract_put_makes_a_file(const struct subject *subject)
{
    struct scene scene;
    struct act act;

    scene_begin(&scene, subject);
    act_begin(&act, &scene,
        (struct change){ .kind = PUT,
            .path = "/f",
            .size = 5,
            .mode = 0640,
            .mtime_ns = 1234567890987654321 });
    act_write(&act, "hello", 5);
    check(act_wait(&act) == DONE);
    check(act.consumed == 5);
    check(is_file(&scene, "/f", "hello"));
    check(scene.entry.size == 5);
    check(scene.entry.mtime_ns == 1234567890987654321);
    if (scene.kind->traits & KEEPS_MODE)
        check(scene.entry.mode == 0640);
    scene_end(&scene);
}

void
contract_put_shows_nothing_early(const struct subject *subject)
{
    struct scene scene;
    struct act act;

    scene_begin(&scene, subject);
    act_begin(&act, &scene, upload);
    check(is_nothing(&scene, "/f"));
    act_write(&act, "hel", 3);
    check(is_nothing(&scene, "/f"));
    act_write(&act, "lo", 2);
    check(act.endings == 0);
    check(is_nothing(&scene, "/f"));
    act_write(&act, "!", 1);
    check(act_wait(&act) == DONE);
    check(is_file(&scene, "/f", "hello!"));
    scene_end(&scene);
}

void
contract_put_replaces_whole(const struct subject *subject)
{
    struct scene scene;
    struct act act;

    scene_begin(&scene, subject);
    check(put(&scene, "/f", "the old, longer content") == DONE);
    act_begin(&act, &scene, upload);
    act_write(&act, "hello", 5);
    check(is_file(&scene, "/f", "the old, longer content"));
    act_write(&act, "!", 1);
    check(act_wait(&act) == DONE);
    check(is_file(&scene, "/f", "hello!"));
    scene_end(&scene);
}

void
contract_put_of_nothing_is_a_file(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/empty", "") == DONE);
    check(is_file(&scene, "/a/empty", ""));
    check(names_are(&scene, "/a", "empty|"));
    scene_end(&scene);
}

void
contract_put_twice_is_once(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    for (int i = 0; i < 2; i++)
        check(put(&scene, "/a/f", "same") == DONE);
    check(is_file(&scene, "/a/f", "same"));
    check(names_are(&scene, "/a", "f|"));
    scene_end(&scene);
}

void
contract_put_makes_parents(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a/b/c/d/f", "deep") == DONE);
    check(is_file(&scene, "/a/b/c/d/f", "deep"));
    check(is_directory(&scene, "/a/b/c"));
    check(names_are(&scene, "/a", "b|"));
    scene_end(&scene);
}

void
contract_put_replaces_parent_files(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(put(&scene, "/a", "in the way") == DONE);
    check(put(&scene, "/a/f", "one") == DONE);
    check(is_file(&scene, "/a/f", "one"));
    check(put(&scene, "/a/f/g/h", "two") == DONE);
    check(is_file(&scene, "/a/f/g/h", "two"));
    check(is_directory(&scene, "/a/f"));
    scene_end(&scene);
}

void
contract_put_replaces_directories(const struct subject *subject)
{
    struct scene scene;

    scene_begin(&scene, subject);
    check(make(&scene, "/empty") == DONE);
    check(put(&scene, "/empty", "file") == DONE);
    check(is_file(&scene, "/empty", "file"));
    check(put(&scene, "/full/a/b", "x") == DONE);
    check(put(&scene, "/full/c", "y") == DONE);
    check(put(&scene, "/full", "file") == DONE);
    check(is_file(&scene, "/full", "file"));
    check(is_nothing(&scene, "/full/a/b"));
    check(names_are(&scene, "/", "empty|full|"));
    scene_end(&scene);
}

void
contract_put_of_unknown_size(const struct subject *subject)
{
    struct scene scene;
    struct act act;
    struct change change = upload;

    scene_begin(&scene, subject);
    change.size = SIZE_UNKNOWN;
    act_begin(&act, &scene, change);
    act_write(&act, "some", 4);
    act_write(&act, "thing", 5);
    check(act.endings == 0);
    check(is_nothing(&scene, "/f"));
    scene.kind->finish(scene.backend, &act.change);
    check(act_wait(&act) == DONE);
    check(act.consumed == 9);
    check(is_file(&scene, "/f", "something"));
    scene_end(&scene);
}

void
contract_put_of_nothing_unknown(const struct subject *subject)
{
    struct scene scene;
    struct act act;
    struct change change = upload;

    scene_begin(&scene, subject);
    change.size = SIZE_UNKNOWN;
    act_begin(&act, &scene, change);
    scene.kind->finish(scene.backend, &act.change);
    check(act_wait(&act) == DONE);
    check(is_file(&scene, "/f", ""));
    scene_end(&scene);
}

void
contract_put_refuses_more_bytes(const struct subject *subject)
{
    struct scene scene;
    struct act act;

    scene_begin(&scene, subject);
    check(put(&scene, "/f", "old") == DONE);
    act_begin(&act, &scene, upload);
    act_write(&act, "hello", 5);
    act_write(&act, "too many", 8);
    check(act_wait(&act) == REFUSED);
    check(act.report.cause == CAUSE_INVALID_ARGUMENT);
    check(is_file(&scene, "/f", "old"));
    check(names_are(&scene, "/", "f|"));
    scene_end(&scene);
}

void
contract_put_in_pieces(const struct subject *subject)
{
    enum { SIZE = 3 << 20 };
    unsigned char *bytes = memory_new(SIZE), *back = memory_new(SIZE);
    struct scene scene;
    struct act act;

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char) (i * 2654435761u >> 13);
    scene_begin(&scene, subject);
    act_begin(&act, &scene,
        (struct change){ .kind = PUT, .path = "/f", .size = SIZE, .mode = 0644 });
    for (size_t at = 0, piece = 1; at < SIZE; at += piece, piece = piece * 3 + 1) {
        piece = piece < SIZE - at ? piece : SIZE - at;
        act_write(&act, bytes + at, piece);
    }
    check(act_wait(&act) == DONE);
    check(act.consumed == SIZE);
    check(read_at(&scene, "/f", 0, back, SIZE, 0) == DONE);
    check(scene.got == SIZE && memcmp(bytes, back, SIZE) == 0);
    scene_end(&scene);
    free(bytes);
    free(back);
}

enum { MANY = 60, ROUNDS = 5 };

static void
many_path(char path[32], int i)
{
    snprintf(path, 32, "/d%d/f%d", i % 7, i);
}

void
contract_puts_interleave(const struct subject *subject)
{
    static struct act acts[MANY];
    static char paths[MANY][32];
    struct scene scene;
    char text[64];

    scene_begin(&scene, subject);
    for (int i = 0; i < MANY; i++) {
        many_path(paths[i], i);
        act_begin(&acts[i], &scene,
            (struct change){ .kind = PUT, .path = paths[i], .size = 3 * ROUNDS, .mode = 0644 });
    }
    for (int round = 0; round < ROUNDS; round++)
        for (int i = MANY - 1; i >= 0; i--) {
            snprintf(text, sizeof text, "%02d.", i);
            act_write(&acts[i], text, 3);
        }
    for (int i = 0; i < MANY; i++) {
        check(act_wait(&acts[i]) == DONE);
        text[0] = '\0';
        for (int round = 0; round < ROUNDS; round++)
            snprintf(text + 3 * round, sizeof text - 3 * (size_t) round, "%02d.", i);
        check(is_file(&scene, paths[i], text));
    }
    scene_end(&scene);
}

void
contract_last_put_to_end_wins(const struct subject *subject)
{
    struct scene scene;
    struct act first, second;

    scene_begin(&scene, subject);
    act_begin(&first, &scene, upload);
    act_begin(&second, &scene, upload);
    act_write(&first, "fir", 3);
    act_write(&second, "second", 6);
    check(act_wait(&second) == DONE);
    check(is_file(&scene, "/f", "second"));
    act_write(&first, "st!", 3);
    check(act_wait(&first) == DONE);
    check(is_file(&scene, "/f", "first!"));
    scene_end(&scene);
}

void
contract_cancel_leaves_nothing(const struct subject *subject)
{
    struct scene scene;
    struct act act;

    scene_begin(&scene, subject);
    check(put(&scene, "/g", "there") == DONE);
    for (int written = 0; written < 2; written++) {
        act_begin(&act, &scene, upload);
        if (written)
            act_write(&act, "hello", 5);
        scene.kind->cancel(scene.backend, &act.change);
        check(act.endings == 0);
        check(is_nothing(&scene, "/f"));
        check(names_are(&scene, "/", "g|"));
    }
    check(drop(&scene, "/g") == DONE);
    scene_end(&scene);
}

void
contract_put_survives_moved_parent(const struct subject *subject)
{
    struct scene scene;
    struct act act;
    struct change change = upload;

    scene_begin(&scene, subject);
    check(make(&scene, "/a/b") == DONE);
    change.path = "/a/b/f";
    act_begin(&act, &scene, change);
    act_write(&act, "hello", 5);
    check(move(&scene, "/a", "/z") == DONE);
    act_write(&act, "!", 1);
    check(act_wait(&act) == DONE);
    check(is_file(&scene, "/a/b/f", "hello!"));
    check(names_are(&scene, "/z/b", ""));
    scene_end(&scene);
}

void
contract_put_survives_removed_parent(const struct subject *subject)
{
    struct scene scene;
    struct act act;
    struct change change = upload;

    scene_begin(&scene, subject);
    check(make(&scene, "/a/b") == DONE);
    change.path = "/a/b/f";
    act_begin(&act, &scene, change);
    act_write(&act, "hello", 5);
    check(drop(&scene, "/a/b") == DONE);
    check(drop_tree(&scene, "/a") == DONE);
    act_write(&act, "!", 1);
    if (act_wait(&act) == DONE)
        check(is_file(&scene, "/a/b/f", "hello!"));
    else
        check(act.outcome == RETRY && is_nothing(&scene, "/a/b/f"));
    scene_end(&scene);
}

void
contract_temporaries_are_hidden(const struct subject *subject)
{
    struct scene scene;
    struct act act;

    scene_begin(&scene, subject);
    check(put(&scene, "/.hidden", "a") == DONE);
    check(put(&scene, "/.knarr-marker", "b") == DONE);
    act_begin(&act, &scene, upload);
    act_write(&act, "hello", 5);
    check(names_are(&scene, "/", ".hidden|.knarr-marker|"));
    scene.kind->cancel(scene.backend, &act.change);
    scene_end(&scene);
}

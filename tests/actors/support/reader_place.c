#include "tests/actors/support/reader_place.h"

#include "base/memory.h"
#include "tests/check.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

char reader_place[64];
struct actor *the_reader;
struct inbox *router_inbox, *journal_inbox;
zsock_t *reader_mouth; /* what is said into it, the reader hears */
struct report reader_report;
struct envelope *heard;

/* ---- a place with files --------------------------------------------------------------- */

void
make_file(const char *path, const void *bytes, size_t length)
{
    char full[4096], command[4200];
    int fd;

    snprintf(full, sizeof full, "%s%s", reader_place, path);
    snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s')\"", full);
    check(access(full, F_OK) == 0 || system(command) == 0);
    fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0640);
    check(fd >= 0 && write(fd, bytes, length) == (ssize_t) length);
    close(fd);
}

void
make_text(const char *path, const char *text)
{
    make_file(path, text, strlen(text));
}

void
run_in_place(const char *format, const char *what)
{
    char command[512];

    snprintf(command, sizeof command, format, reader_place, what);
    check(system(command) == 0);
}

void
make_tree(void)
{
    make_text("/default/resources/a.txt", "one\ntwo\n");
    make_text("/default/resources/a/b.txt", "two\nthree\n");
    make_text("/default/resources/a/b/c.txt", "three\n");
    make_text("/default/resources/a-b.md", "TWO\n");
    make_text("/default/resources/.dot/in.txt", "two\n");
    make_text("/default/resources/.dotfile", "two\n");
    make_text("/default/resources/a/.sync_log.json", "two\n");
    make_text("/default/resources/.knarr-place", "two\n");
    make_file("/default/resources/z.bin", "two\0two\n", 8);
    make_text("/default/temp/not-a-scope.txt", "two\n");
    make_text("/default/user/u.txt", "two\n");
}

void
begin_reader_with(const struct backend_kind *kind)
{
    struct reader_args args = { .kind = kind,
        .backend = { .name = "primary", .place = reader_place } };

    router_inbox = inbox_open("router");
    journal_inbox = inbox_open("journal");
    the_reader = actor_start(&reader_actor, "reader", &args, &reader_report);
    check(the_reader);
    reader_mouth = zsock_new_push(">inproc://knarr/reader");
    check(reader_mouth);
}

void
begin_reader(void)
{
    strcpy(reader_place, "/tmp/knarr-reader-XXXXXX");
    check(mkdtemp(reader_place));
    make_tree();
    begin_reader_with(backend_kind_find("local"));
}

void
end_reader(void)
{
    envelope_close(&heard);
    actor_stop(&the_reader);
    zsock_destroy(&reader_mouth);
    inbox_close(&router_inbox);
    inbox_close(&journal_inbox);
    run_in_place("rm -rf '%s'%s", "");
}

/* ---- asking ------------------------------------------------------------------------------ */

void
tell_reader(const struct message *message)
{
    check(message_send(zsock_resolve(reader_mouth), view_of(""), message, NULL));
}

const struct message *
hear(struct inbox *inbox)
{
    envelope_close(&heard);
    heard = inbox_wait(inbox, -1, PATIENCE_MS);
    check(heard);
    return envelope_message(heard);
}

const struct message_sought *
seek(struct message_seek what)
{
    const struct message message = { .tag = SEEK, .seek = what };

    tell_reader(&message);
    check(hear(router_inbox)->tag == SOUGHT);
    check(envelope_message(heard)->sought.request == what.request);
    return &envelope_message(heard)->sought;
}

struct message_seek
list(const char *path, uint64_t depth)
{
    return (struct message_seek){ .kind = SEEK_LIST, .path = view_of(path), .depth = depth };
}

struct message_seek
glob(const char *path, const char *pattern)
{
    return (struct message_seek){ .kind = SEEK_GLOB,
        .path = view_of(path),
        .pattern = view_of(pattern) };
}

struct message_seek
grep(const char *path, const char *pattern)
{
    return (struct message_seek){ .kind = SEEK_GREP,
        .path = view_of(path),
        .pattern = view_of(pattern) };
}

struct message_seek
bytes(const char *path, uint64_t offset, uint64_t length)
{
    return (struct message_seek){ .kind = SEEK_READ,
        .path = view_of(path),
        .offset = offset,
        .limit = length };
}

char gathered[1 << 20];

/* "viking://resources/" is left out. */
static void
gather(const char *name_format, struct view name)
{
    static const char common[] = "viking://resources/";
    size_t used = strlen(gathered);

    if (name.length >= sizeof common - 1 && memcmp(name.at, common, sizeof common - 1) == 0)
        name = (struct view){ name.at + sizeof common - 1, name.length - (sizeof common - 1) };
    snprintf(gathered + used, sizeof gathered - used, name_format, VIEW(name));
}

/* Every message in the body, as one text; how many there were. */
uint64_t
gather_body(void)
{
    struct view rest = body_view(envelope_body(heard));
    struct message message;
    uint64_t count = 0;
    char format[64];

    for (; message_next(&rest, &message); count++) {
        switch (message.tag) {
        case ENTRY:
            gather(message.entry.is_directory ? "%.*s/ " : "%.*s ", message.entry.uri);
            break;
        case PLACE:
            gather(message.place.is_directory ? "%.*s/ " : "%.*s ", message.place.path);
            break;
        case MATCH:
            snprintf(format, sizeof format, "%%.*s:%" PRIu64 " ", message.match.line);
            gather(format, message.match.uri);
            break;
        default: check(message.tag == ENTRY);
        }
    }
    check(rest.length == 0);
    return count;
}

/* All pages, each of at most `limit`. */
const char *
all_pages(struct message_seek what, uint64_t limit)
{
    char *after = memory_print("%s", "");
    const struct message_sought *sought;

    gathered[0] = '\0';
    what.limit = limit;
    do {
        what.after = view_of(after);
        sought = seek(what);
        check(sought->outcome == DONE);
        check(gather_body() == sought->count && (limit == 0 || sought->count <= limit));
        free(after);
        after = view_dup(sought->next);
        check(sought->more == (after[0] != '\0'));
    } while (sought->more);
    free(after);
    return gathered;
}

bool
gives(struct message_seek what, const char *expected)
{
    for (uint64_t limit = 0; limit < 4; limit++)
        if (strcmp(all_pages(what, limit), expected) != 0) {
            fprintf(stderr, "by %" PRIu64 ": %s\n", limit, gathered);
            return false;
        }
    return true;
}

bool
is_refused(struct message_seek what, enum cause cause)
{
    const struct message_sought *sought = seek(what);

    return sought->outcome == REFUSED && sought->cause == cause && sought->reason.length > 0;
}

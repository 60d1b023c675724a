#ifndef TESTS_ACTORS_SUPPORT_READER_PLACE_H
#define TESTS_ACTORS_SUPPORT_READER_PLACE_H

/*
 * reader_place - a reader over a directory with some files, and the mailboxes
 * of those it answers.
 */

#include "actors/reader.h"

#include <czmq.h>

extern char reader_place[64];
extern struct actor *the_reader;
extern struct inbox *router_inbox, *journal_inbox;
extern zsock_t *reader_mouth; /* what is said into it, the reader hears */
extern struct report reader_report;
extern struct envelope *heard; /* the last one */

void make_file(const char *path, const void *bytes, size_t length);
void make_text(const char *path, const char *text);
void make_tree(void);
/* A shell command, with the place and one more text. */
void run_in_place(const char *format, const char *what);

void begin_reader_with(const struct backend_kind *);
void begin_reader(void);
void end_reader(void);

void tell_reader(const struct message *);
const struct message *hear(struct inbox *);
const struct message_sought *seek(struct message_seek);

struct message_seek list(const char *path, uint64_t depth);
struct message_seek glob(const char *path, const char *pattern);
struct message_seek grep(const char *path, const char *pattern);
struct message_seek bytes(const char *path, uint64_t offset, uint64_t length);

extern char gathered[1 << 20];

/* Add every message in the body, as text, to what is gathered; how many there were. */
uint64_t gather_body(void);
/* All pages, each of at most `limit`. */
const char *all_pages(struct message_seek, uint64_t limit);
/* The same in pages of any size. */
bool gives(struct message_seek, const char *expected);
bool is_refused(struct message_seek, enum cause);

#endif

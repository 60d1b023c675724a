#ifndef CLI_KNARR_TEXT_H
#define CLI_KNARR_TEXT_H

/*
 * text - names and sentences from elsewhere, made safe to print.
 *
 * A name is any bytes.  On a terminal a control character in it could move the
 * cursor or worse, so there it is printed as \xHH; elsewhere it is printed as
 * it is, for the next program to read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

bool text_is_terminal(FILE *);

void text_print(FILE *, const char *);
/* At most so many characters of it, always escaped; for a line that is redrawn. */
void text_print_cut(FILE *, const char *, size_t characters);

/* Bytes of the whole and printable UTF-8 character that begins here, or 0. */
size_t text_character(const char *);

enum { TEXT_SIZE_BYTES = 24 };
/* "1.5 GiB", in `into`, which is returned. */
const char *text_size(uint64_t bytes, char into[TEXT_SIZE_BYTES]);

/* "2026-11-22 19:30:01", local time, in `into`. */
const char *text_time(uint64_t wall_ns, char into[TEXT_SIZE_BYTES]);

#endif

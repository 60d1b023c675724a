#ifndef CLI_KNARR_JSON_H
#define CLI_KNARR_JSON_H

/*
 * json - JSON written as it comes, one value behind the other.
 *
 * Listings may be long, so nothing is collected; and names are bytes, which
 * jansson refuses where they are not UTF-8.  Here such a byte is written as
 * \udc80 to \udcff, as Python's "surrogateescape" does: json.loads and
 * os.fsencode give the byte back.
 *
 *     struct json json = { stdout };
 *     json_open(&json, NULL, '{');
 *     json_text(&json, "uri", "viking://resources/a.txt");
 *     json_open(&json, "backups", '[');
 *     json_close(&json, ']');
 *     json_close(&json, '}');
 *     json_end(&json);
 *
 * In an array the key is NULL.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *out;
    bool needs_comma;
};

void json_open(struct json *, const char *key, char bracket);
void json_close(struct json *, char bracket);
void json_text(struct json *, const char *key, const char *text);
void json_number(struct json *, const char *key, uint64_t number);
void json_flag(struct json *, const char *key, bool flag);
void json_null(struct json *, const char *key);
void json_end(struct json *); /* a newline: the value is complete */

#endif

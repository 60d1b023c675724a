#include "cli/knarr/json.h"

#include "cli/knarr/text.h"

#include <inttypes.h>
#include <string.h>

static void
put_escaped(FILE *out, const char **text)
{
    const unsigned char *at = (const unsigned char *) *text;

    /* U+0080 to U+009F are sound UTF-8, though no terminal should see them. */
    if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) {
        fprintf(out, "\\u%04x", at[1]);
        *text += 2;
        return;
    }
    fprintf(out, at[0] >= 0x80 ? "\\udc%02x" : "\\u%04x", at[0]);
    *text += 1;
}

static void
put_text(FILE *out, const char *text)
{
    fputc('"', out);
    while (*text) {
        size_t length = text_character(text);

        if (length == 0) {
            put_escaped(out, &text);
            continue;
        }
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fwrite(text, 1, length, out);
        text += length;
    }
    fputc('"', out);
}

static void
put_key(struct json *json, const char *key)
{
    if (json->needs_comma)
        fputc(',', json->out);
    json->needs_comma = true;
    if (!key)
        return;
    put_text(json->out, key);
    fputc(':', json->out);
}

void
json_open(struct json *json, const char *key, char bracket)
{
    put_key(json, key);
    fputc(bracket, json->out);
    json->needs_comma = false;
}

void
json_close(struct json *json, char bracket)
{
    fputc(bracket, json->out);
    json->needs_comma = true;
}

void
json_text(struct json *json, const char *key, const char *text)
{
    put_key(json, key);
    put_text(json->out, text);
}

void
json_number(struct json *json, const char *key, uint64_t number)
{
    put_key(json, key);
    fprintf(json->out, "%" PRIu64, number);
}

void
json_flag(struct json *json, const char *key, bool flag)
{
    put_key(json, key);
    fputs(flag ? "true" : "false", json->out);
}

void
json_null(struct json *json, const char *key)
{
    put_key(json, key);
    fputs("null", json->out);
}

void
json_end(struct json *json)
{
    fputc('\n', json->out);
    json->needs_comma = false;
}

#include "conf/locate.h"

#include <assert.h>

struct scan {
    const char *at, *end;
    unsigned line;
};

static void
skip_blank(struct scan *self)
{
    for (; self->at < self->end && strchr(" \t\r\n", *self->at); self->at++)
        self->line += *self->at == '\n';
}

/* Blank, then this byte if it is there. */
static bool
accept(struct scan *self, char byte)
{
    skip_blank(self);
    if (self->at >= self->end || *self->at != byte)
        return false;
    self->at++;
    return true;
}

/* The token with its quotes. */
static struct view
scan_string(struct scan *self)
{
    const char *start = self->at++;

    while (self->at < self->end && *self->at != '"')
        self->at += *self->at == '\\' ? 2 : 1;
    self->at = self->at < self->end ? self->at + 1 : self->end;
    return (struct view){ start, (size_t) (self->at - start) };
}

static void
skip_value(struct scan *self)
{
    size_t depth = 0;

    skip_blank(self);
    do {
        if (*self->at == '"') {
            scan_string(self);
        } else if (strchr("{[", *self->at)) {
            depth++;
            self->at++;
        } else if (strchr("}]", *self->at)) {
            depth--;
            self->at++;
        } else if (strchr(",:", *self->at)) {
            self->at++;
        } else {
            self->at += strcspn(self->at, " \t\r\n,:]}");
        }
        if (depth > 0)
            skip_blank(self);
    } while (depth > 0 && self->at < self->end);
}

static json_t *
decode_key(struct view token)
{
    return json_loadb(token.at, token.length, JSON_DECODE_ANY, NULL);
}

static bool
key_is(struct view token, const char *key)
{
    struct view inside = { token.at + 1, token.length - 2 };
    json_t *decoded;
    bool is_same;

    if (!memchr(inside.at, '\\', inside.length))
        return view_is(inside, key);
    decoded = decode_key(token);
    is_same = decoded && strcmp(json_string_value(decoded), key) == 0;
    json_decref(decoded);
    return is_same;
}

/* Go to one part of the value ahead; the line is that of its key or itself. */
static bool
enter_member(struct scan *self, const char *key, unsigned *line)
{
    if (!accept(self, '{'))
        return false;
    while (!accept(self, '}')) {
        struct view token = scan_string(self);
        unsigned key_line = self->line;

        accept(self, ':');
        if (key_is(token, key)) {
            *line = key_line;
            return true;
        }
        skip_value(self);
        accept(self, ',');
    }
    return false;
}

static bool
enter_element(struct scan *self, size_t index, unsigned *line)
{
    if (!accept(self, '['))
        return false;
    for (size_t i = 0; !accept(self, ']'); i++) {
        if (i == index) {
            *line = self->line;
            return true;
        }
        skip_value(self);
        accept(self, ',');
    }
    return false;
}

/* False once a part was not there; the line stays that of the last that was. */
static bool
enter(struct scan *self, const struct spot *spot, unsigned *line)
{
    if (!spot) {
        skip_blank(self);
        *line = self->line;
        return true;
    }
    if (!enter(self, spot->above, line))
        return false;
    if (spot->key)
        return enter_member(self, spot->key, line);
    return enter_element(self, spot->index, line);
}

unsigned
locate_line(struct view text, const struct spot *spot)
{
    struct scan scan = { text.at, text.at + text.length, 1 };
    unsigned line = 1;

    if (text.length > 0)
        enter(&scan, spot, &line);
    return line;
}

/* ---- duplicates --------------------------------------------------------------- */

static void walk(struct scan *, struct reader *, const struct spot *);

static void
walk_member(struct scan *self, struct reader *reader, const struct spot *above, json_t *seen)
{
    json_t *key = decode_key(scan_string(self));
    struct spot spot = { above, json_string_value(key), 0 };
    struct shown shown;

    assert(spot.key);
    if (json_object_get(seen, spot.key))
        complain_line(reader, self->line, &spot, "the key %s is there twice in one object",
            show_text(spot.key, &shown));
    json_object_set_new(seen, spot.key, json_true());
    accept(self, ':');
    walk(self, reader, &spot);
    json_decref(key);
    accept(self, ',');
}

static void
walk(struct scan *self, struct reader *reader, const struct spot *above)
{
    skip_blank(self);
    if (accept(self, '{')) {
        json_t *seen = json_object();

        while (!accept(self, '}'))
            walk_member(self, reader, above, seen);
        json_decref(seen);
    } else if (accept(self, '[')) {
        for (size_t i = 0; !accept(self, ']'); i++) {
            walk(self, reader, &(struct spot){ above, NULL, i });
            accept(self, ',');
        }
    } else {
        skip_value(self);
    }
}

void
locate_duplicates(struct reader *reader)
{
    struct scan scan = { reader->text.at, reader->text.at + reader->text.length, 1 };

    walk(&scan, reader, NULL);
}

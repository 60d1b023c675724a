#include "base/uri.h"

#include "base/calendar.h"
#include "base/clock.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>

#define SCHEME "viking://"
#define VARIABLE "{calendar:"
#define SCOPES "resources, user, agent, session"

enum {
    TOLD_BYTES = 160,
    DIGEST_BYTES = 4,
    SHORTENED_BYTES = NAME_BYTES_MAX - 1 - 2 * DIGEST_BYTES
};

/* A path being put together from the parts of a URI. */
struct building {
    struct view uri; /* for sentences */
    char *path;
    size_t length;
};

static bool
is_one_of(struct view word, const char *const *words)
{
    for (; *words; words++)
        if (view_is(word, *words))
            return true;
    return false;
}

/* The URI as a sentence may show it: printable, and not longer than the rest of the sentence. */
static const char *
told(struct view uri, char into[TOLD_BYTES + 4])
{
    size_t length = uri.length < TOLD_BYTES ? uri.length : TOLD_BYTES;

    for (size_t i = 0; i < length; i++)
        into[i] = uri.at[i];
    for (size_t i = 0; i < length; i++)
        if ((unsigned char) into[i] < ' ' || into[i] == '\x7f')
            into[i] = '?';
    while (length < uri.length && length > 0 && ((unsigned char) uri.at[length] & 0xc0) == 0x80)
        length--; /* not in the middle of a character */
    strcpy(into + length, length < uri.length ? "..." : "");
    return into;
}

static enum outcome
invalid(struct view uri, const char *reason, struct report *report)
{
    char text[TOLD_BYTES + 4];

    return report_set(report, REFUSED, CAUSE_INVALID_PATH, "Invalid URI: %s (%s)", told(uri, text),
        reason);
}

static enum outcome
denied(struct view uri, const char *reason, struct report *report)
{
    char text[TOLD_BYTES + 4];

    return report_set(report, REFUSED, CAUSE_PERMISSION_DENIED, "Access denied for %s (%s)",
        told(uri, text), reason);
}

static enum outcome
unsafe(struct view uri, const char *what, struct report *report)
{
    char text[TOLD_BYTES + 4];

    return report_set(report, REFUSED, CAUSE_PERMISSION_DENIED, "Unsafe URI traversal: %s (%s)",
        told(uri, text), what);
}

/* ---- parts ------------------------------------------------------------------ */

static enum outcome
check_part(struct view uri, struct view part, struct report *report)
{
    if (part.length == 0)
        return invalid(uri, "a part between two slashes is empty", report);
    if (memchr(part.at, '\0', part.length))
        return invalid(uri, "NUL byte", report);
    if (view_is(part, ".") || view_is(part, ".."))
        return unsafe(uri, "'.' and '..' are not followed", report);
    if (memchr(part.at, '\\', part.length))
        return unsafe(uri, "backslash", report);
    if (part.length >= 2 && isalpha((unsigned char) part.at[0]) && part.at[1] == ':')
        return unsafe(uri, "drive prefix", report);
    return DONE;
}

static struct view
shorten(struct view part, char into[NAME_BYTES_MAX + 1])
{
    size_t length = SHORTENED_BYTES;
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (part.length <= NAME_BYTES_MAX)
        return part;
    while (length > SHORTENED_BYTES - 3 && ((unsigned char) part.at[length] & 0xc0) == 0x80)
        length--;
    EVP_Digest(part.at, part.length, digest, NULL, EVP_sha256(), NULL);
    memcpy(into, part.at, length);
    into[length++] = '_';
    for (size_t i = 0; i < DIGEST_BYTES; i++, length += 2)
        snprintf(into + length, 3, "%02x", digest[i]);
    return (struct view){ into, length };
}

static enum outcome
add_part(struct building *self, struct view part, struct report *report)
{
    char room[NAME_BYTES_MAX + 1];
    enum outcome outcome = check_part(self->uri, part, report);

    if (outcome != DONE)
        return outcome;
    part = shorten(part, room);
    if (self->length + 1 + part.length > PATH_BYTES_MAX)
        return invalid(self->uri, "longer than 4000 bytes", report);
    self->path[self->length++] = '/';
    memcpy(self->path + self->length, part.at, part.length);
    self->length += part.length;
    self->path[self->length] = '\0';
    return DONE;
}

static enum outcome
add_account(struct building *self, struct view account, struct report *report)
{
    char text[TOLD_BYTES + 4];
    size_t signs = 0;
    bool is_legal = account.length > 0 && account.length <= NAME_BYTES_MAX &&
        account.at[0] != '_' && !view_is(account, ".") && !view_is(account, "..");

    for (size_t i = 0; i < account.length && is_legal; i++) {
        unsigned char byte = (unsigned char) account.at[i];

        signs += byte == '@';
        is_legal = byte < 0x80 && (isalnum(byte) || strchr("_.@-", byte)) && byte && signs <= 1;
    }
    if (!is_legal)
        return report_set(report, REFUSED, CAUSE_INVALID_ARGUMENT,
            "'%s' is not an account: letters, digits, '_', '.', '-' and at most one '@', "
            "not beginning with '_'",
            told(account, text));
    return add_part(self, account, report);
}

/* ---- scopes ----------------------------------------------------------------- */

static const char *const scopes[] = { "resources", "user", "agent", "session", NULL };

static enum outcome
add_user(struct building *self, struct view user, struct report *report)
{
    static const char *const reserved[] = { "memories", "resources", "skills", "peers", "privacy",
        "sessions", NULL };

    if (is_one_of(user, reserved))
        return invalid(self->uri, "a reserved word in the place of the user's name", report);
    if (memchr(user.at, '/', user.length))
        return invalid(self->uri, "a user's name has no '/'", report);
    return add_part(self, user, report);
}

static enum outcome
add_scope(struct building *self, struct view scope, struct view user, struct report *report)
{
    char text[TOLD_BYTES + 4], reason[TOLD_BYTES + 80];
    enum outcome outcome = check_part(self->uri, scope, report);

    if (outcome != DONE)
        return outcome;
    if (view_is(scope, "~")) {
        outcome = add_part(self, view_of("user"), report);
        return outcome == DONE ? add_user(self, user, report) : outcome;
    }
    if (is_one_of(scope, scopes))
        return add_part(self, scope, report);
    snprintf(reason, sizeof reason, "Invalid scope '%s'. Must be one of: " SCOPES,
        told(scope, text));
    return invalid(self->uri, reason, report);
}

static enum outcome
add_rest(struct building *self, struct view rest, struct view user, struct report *report)
{
    struct view scope, part;
    enum outcome outcome;

    if (!path_next(&rest, &scope))
        return DONE;
    outcome = add_scope(self, scope, user, report);
    if (outcome == DONE && view_is(scope, "user") && path_next(&rest, &part))
        outcome = add_user(self, part, report);
    while (outcome == DONE && path_next(&rest, &part))
        outcome = add_part(self, part, report);
    return outcome;
}

/* ---- variables -------------------------------------------------------------- */

/* How many bytes of `rest` are in front of the first variable, which it has or has not. */
static size_t
before_variable(struct view rest)
{
    const char *found =
        rest.length > 0 ? memmem(rest.at, rest.length, VARIABLE, strlen(VARIABLE)) : NULL;

    return found ? (size_t) (found - rest.at) : rest.length;
}

/* The text of the variable that `rest` begins with, and step over that; 0: there is none such. */
static size_t
take_variable(struct view *rest, char into[CALENDAR_BYTES])
{
    const char *name = rest->at + strlen(VARIABLE), *end = rest->at + rest->length;
    const char *close = memchr(name, '}', (size_t) (end - name));
    time_t now = (time_t) (clock_wall_ns() / 1000000000);

    if (!close)
        return 0;
    *rest = (struct view){ close + 1, (size_t) (end - close - 1) };
    return calendar_text((struct view){ name, (size_t) (close - name) }, now, into);
}

/* The URI with dates in the place of its variables, in `into`. */
static enum outcome
expand(struct view uri, struct view *expanded, char into[URI_BYTES_MAX], struct report *report)
{
    struct view rest = uri;
    char text[CALENDAR_BYTES], reason[160];
    size_t length = 0;

    for (;;) {
        size_t plain = before_variable(rest), added;

        if (length + plain > URI_BYTES_MAX)
            return invalid(uri, "longer than 4000 bytes", report);
        memcpy(into + length, rest.at, plain);
        length += plain;
        rest = (struct view){ rest.at + plain, rest.length - plain };
        if (rest.length == 0)
            break;
        added = take_variable(&rest, text);
        if (added == 0) {
            snprintf(reason, sizeof reason, VARIABLE "...} is one of: %s", calendar_names);
            return invalid(uri, reason, report);
        }
        if (length + added > URI_BYTES_MAX)
            return invalid(uri, "longer than 4000 bytes", report);
        memcpy(into + length, text, added);
        length += added;
    }
    *expanded = (struct view){ into, length };
    return DONE;
}

/* What follows the scheme, with the slash in front of it. */
static bool
strip_scheme(struct view *uri)
{
    size_t length = strlen(SCHEME);

    if (uri->length >= length && memcmp(uri->at, SCHEME, length) == 0) {
        *uri = (struct view){ uri->at + length - 1, uri->length - length + 1 };
        return true;
    }
    return uri->length > 0 && uri->at[0] == '/';
}

enum outcome
uri_to_path(struct view uri, struct view account, struct view user, char path[PATH_BYTES_MAX + 1],
    struct report *report)
{
    struct building building = { .uri = uri, .path = path };
    char expanded[URI_BYTES_MAX];
    struct view rest = uri;
    enum outcome outcome;

    path[0] = '\0';
    if (before_variable(uri) < uri.length && expand(uri, &rest, expanded, report) != DONE)
        return REFUSED;
    if (!strip_scheme(&rest))
        return invalid(uri, "must begin with " SCHEME, report);
    outcome = add_account(&building, account, report);
    if (outcome == DONE)
        outcome = add_rest(&building, rest, user, report);
    if (outcome == DONE && path_is_internal((struct view){ path, building.length }))
        return denied(uri, "names of this kind are the storage's own", report);
    return outcome;
}

/* ---- what may be done ---------------------------------------------------------- */

static bool
has_escape(struct view uri)
{
    for (size_t i = 0; i + 2 < uri.length; i++)
        if (uri.at[i] == '%' && isxdigit((unsigned char) uri.at[i + 1]) &&
            isxdigit((unsigned char) uri.at[i + 2]))
            return true;
    return false;
}

static enum outcome
permits_name(enum uri_use use, struct view uri, struct report *report)
{
    if (use == URI_REMOVAL)
        return DONE;
    if (uri.length > 0 && (memchr(uri.at, '?', uri.length) || memchr(uri.at, '#', uri.length)))
        return invalid(uri, "'?' and '#' cannot be written", report);
    if (has_escape(uri))
        return invalid(uri, "percent-encoded bytes cannot be written", report);
    if (use == URI_FILE && uri.at[uri.length - 1] == '/')
        return invalid(uri, "a file's name does not end with '/'", report);
    return DONE;
}

static enum outcome
permits_agent(struct view uri, size_t depth, struct view kind, bool is_file, struct report *report)
{
    static const char *const kinds[] = { "skills", "endpoints", "tools", "payments", NULL };

    if (depth == 2)
        return is_file ? denied(uri, "the agent scope is a directory", report) : DONE;
    if (is_one_of(kind, kinds) && (!is_file || depth > 3))
        return DONE;
    return denied(uri, "below agent only skills/, endpoints/, tools/ and payments/ are written",
        report);
}

enum outcome
uri_permits(enum uri_use use, struct view uri, struct view path, struct report *report)
{
    struct view rest = path, part, scope = { 0 }, third = { 0 };
    size_t depth = 0;
    enum outcome outcome = permits_name(use, uri, report);

    if (outcome != DONE)
        return outcome;
    for (; path_next(&rest, &part); depth++) {
        scope = depth == 1 ? part : scope;
        third = depth == 2 ? part : third;
    }
    if (use == URI_REMOVAL)
        return depth > 2 ? DONE : denied(uri, "a scope is not removed", report);
    if (use == URI_FILE && depth <= 2)
        return denied(uri, "a scope is a directory", report);
    if (use == URI_FILE && depth == 3 && view_is(scope, "user"))
        return denied(uri, "directly below user are the users' directories", report);
    if (view_is(scope, "agent"))
        return permits_agent(uri, depth, third, use == URI_FILE, report);
    return DONE;
}

bool
path_to_uri(struct view path, char uri[URI_BYTES_MAX + 1])
{
    struct view rest = path, account, below, scope;

    if (path_is_internal(path) || !path_next(&rest, &account))
        return false;
    below = rest;
    if (path_next(&rest, &scope) && !is_one_of(scope, scopes))
        return false;
    if (below.length > 0)
        below = (struct view){ below.at + 1, below.length - 1 };
    memcpy(uri, SCHEME, strlen(SCHEME));
    memcpy(uri + strlen(SCHEME), below.at, below.length);
    uri[strlen(SCHEME) + below.length] = '\0';
    return true;
}

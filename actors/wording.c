/*
 * wording - what clients are told when something is not as they wish.
 *
 * A backend names its own path and its own place; a client knows neither.  So
 * the causes that it can do something about are told in OpenViking's words and
 * with the URI that it used, and a failing storage in the storage's words, less
 * the directory it is in.
 */

#include "actors/router_internal.h"

#include "base/memory.h"
#include "base/uri.h"

#include <string.h>

enum { TOLD_BYTES = 400 /* of a URI: the sentence around it must fit, too */ };

static const struct {
    enum cause cause;
    const char *before, *behind;
} sentences[] = {
    { CAUSE_NOT_FOUND, "File not found: ", "" },
    { CAUSE_ALREADY_EXISTS, "File already exists: ", "" },
    { CAUSE_PERMISSION_DENIED, "Access denied for ", "" },
    { CAUSE_INVALID_PATH, "Invalid URI: ", " (the storage cannot have this name)" },
    { CAUSE_NOT_A_DIRECTORY, "Not a directory: ", "" },
    { CAUSE_IS_A_DIRECTORY, "Directory URI is not readable as a file: ", "." },
    { CAUSE_DIRECTORY_NOT_EMPTY, "Cannot remove directory without --recursive: ", "" },
    { CAUSE_CONFLICT, "File was replaced while it was read: ", "" },
};

/* Printable, and cut between two characters. */
static void
tell_uri(const char *uri, char into[TOLD_BYTES + 4])
{
    size_t whole = strlen(uri), length = whole < TOLD_BYTES ? whole : TOLD_BYTES;

    while (length < whole && length > 0 && ((unsigned char) uri[length] & 0xc0) == 0x80)
        length--;
    for (size_t i = 0; i < length; i++)
        into[i] = (unsigned char) uri[i] < ' ' || uri[i] == '\x7f' ? '?' : uri[i];
    strcpy(into + length, length < whole ? "..." : "");
}

enum outcome
word_cause(struct report *report, enum cause cause, const char *uri)
{
    char told[TOLD_BYTES + 4];

    tell_uri(uri, told);
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        if (sentences[i].cause == cause)
            return report_set(report, REFUSED, cause, "%s%s%s", sentences[i].before, told,
                sentences[i].behind);
    return report_set(report, REFUSED, cause, "%s: %s", cause_name(cause), told);
}

enum outcome
word_path(struct report *report, enum cause cause, const char *path)
{
    char uri[URI_BYTES_MAX + 1];

    return word_cause(report, cause, path_to_uri(view_of(path), uri) ? uri : "viking://");
}

/* Every `from` in the text becomes `to`, as far as there is room. */
static void
replace(char text[REPORT_TEXT_BYTES], const char *from, const char *to)
{
    size_t length = strlen(from);
    char *at = length > 0 ? strstr(text, from) : NULL;

    while (at) {
        char *rest = memory_copy(at + length, strlen(at + length));
        size_t offset = (size_t) (at - text);

        snprintf(at, REPORT_TEXT_BYTES - offset, "%s%s", to, rest);
        free(rest);
        offset += strlen(to);
        at = offset < strlen(text) ? strstr(text + offset, from) : NULL;
    }
}

static bool
has_sentence(enum cause cause)
{
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        if (sentences[i].cause == cause)
            return true;
    return false;
}

static bool
is_of_storage(enum cause cause)
{
    return cause == CAUSE_IO || cause == CAUSE_NO_SPACE || cause == CAUSE_NETWORK ||
        cause == CAUSE_DAMAGED;
}

void
word_failure(const struct request *r, struct report *report, bool of_target)
{
    const char *uri = of_target ? r->to_uri : r->uri;
    char place[REPORT_TEXT_BYTES], text[REPORT_TEXT_BYTES], told[TOLD_BYTES + 4];

    if (!uri)
        return;
    if (has_sentence(report->cause)) {
        word_cause(report, report->cause, uri);
        return;
    }
    tell_uri(uri, told);
    snprintf(place, sizeof place, " in %.150s", r->router->place);
    snprintf(text, sizeof text, "%s", report->text);
    replace(text, place, "");
    replace(text, r->router->place, "");
    replace(text, of_target ? r->to : r->path, told);
    snprintf(report->text, sizeof report->text, "%s%.470s",
        is_of_storage(report->cause) ? "Storage backend unavailable: " : "", text);
}

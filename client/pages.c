#include "client/pages.h"

#include "base/memory.h"

#include <assert.h>

const char *
texts_add(struct texts *texts, struct view text)
{
    assert(texts->count < TEXTS_MAX);
    texts->at[texts->count] = view_dup(text);
    return texts->at[texts->count++];
}

void
texts_free(struct texts *texts)
{
    while (texts->count > 0)
        free(texts->at[--texts->count]);
}

static enum reading
read_body(struct pages *pages, const struct message_page *page, struct view body)
{
    enum reading reading = READ_ON;
    struct message message;
    uint64_t count = 0;

    for (; body.length > 0 && reading == READ_ON; count++) {
        if (!message_next(&body, &message))
            return READ_GARBLED;
        reading = pages->each(pages->context, &message);
    }
    return reading == READ_ON && count != page->count ? READ_GARBLED : reading;
}

/* Where to go on: behind this page, and not at the same place again. */
static enum reading
turn(struct pages *pages, const struct message_page *page)
{
    if (!page->more)
        return READ_NO_MORE;
    if (!pages->after || page->next.length == 0 || view_equal(page->next, *pages->after))
        return READ_GARBLED;
    free(pages->place);
    pages->place = view_dup(page->next);
    *pages->after = (struct view){ pages->place, page->next.length };
    return READ_ON;
}

static enum outcome
on_page(struct pages *pages, struct envelope *envelope, bool *is_over, struct report *report)
{
    const struct message_page *page = &envelope_message(envelope)->page;
    enum reading reading = read_body(pages, page, body_view(envelope_body(envelope)));

    if (reading == READ_ON)
        reading = turn(pages, page);
    *is_over = reading != READ_ON;
    if (reading == READ_GARBLED)
        return session_garbled(pages->session, "a page has no known form", report);
    return DONE;
}

static enum outcome
next_page(struct pages *pages, struct ending *ending, bool *is_over)
{
    struct knarr *session = pages->session;
    struct envelope *envelope = NULL;
    enum outcome outcome;

    outcome = session_open(session, &ending->report); /* `each` may have lost it */
    if (outcome != DONE)
        return outcome;
    *pages->id = session_id(session);
    outcome = session_say(session, &pages->request, NULL, &ending->report);
    if (outcome == DONE)
        outcome = session_hear(session, (struct span){ *pages->id, *pages->id }, &envelope,
            &ending->report);
    if (outcome != DONE)
        return outcome;
    *is_over = true;
    if (envelope_message(envelope)->tag == PAGE) {
        outcome = on_page(pages, envelope, is_over, &ending->report);
    } else if (envelope_message(envelope)->tag == ANSWER) {
        ending->is_told = true;
        outcome = result_answer(ending->result, session, envelope, &ending->report);
    } else {
        outcome = session_garbled(session, "a page was expected", &ending->report);
    }
    envelope_close(&envelope);
    return outcome;
}

enum knarr_outcome
pages_read(struct pages *pages, struct knarr_result *result)
{
    struct ending ending = { .result = result };
    enum outcome outcome = DONE;
    bool is_over = false;

    result_init(result);
    while (outcome == DONE && !is_over)
        outcome = next_page(pages, &ending, &is_over);
    free(pages->place);
    return result_end(&ending, outcome);
}

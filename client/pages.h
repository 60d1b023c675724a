#ifndef CLIENT_PAGES_H
#define CLIENT_PAGES_H

/*
 * pages - long answers, asked for page by page.
 *
 * A request that is answered in pages says where to go on (`after`); each PAGE
 * says where the next begins.  Nothing is under way between two pages, so the
 * reader may take its time, stop, or ask for other things on the connection.
 */

#include "client/result.h"

enum { PAGE_ENTRIES = 1000 };

enum reading { READ_ON, READ_NO_MORE, READ_GARBLED };

struct pages {
    struct knarr *session;
    struct message request;
    uint64_t *id;       /* of the request, where it keeps it */
    struct view *after; /* likewise; NULL if there is one page only */
    enum reading (*each)(void *context, const struct message *);
    void *context;
    char *place; /* what `after` views; pages_read's own */
};

enum knarr_outcome pages_read(struct pages *, struct knarr_result *);

/* A terminated copy of each text while the caller looks; freed together. */
enum { TEXTS_MAX = 8 };

struct texts {
    char *at[TEXTS_MAX];
    size_t count;
};

const char *texts_add(struct texts *, struct view);
void texts_free(struct texts *);

#endif

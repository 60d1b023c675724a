/*
 * A connection's beginning and end, and the question whether somebody is there.
 */

#include "client/result.h"

#include "base/memory.h"
#include "client/context.h"

#include <errno.h>

enum { TIMEOUT_MS = 30000 };

static char *
copy_of(const char *text, const char *otherwise)
{
    text = text ? text : otherwise;
    return memory_copy(text, strlen(text));
}

struct knarr *
knarr_open(const char *endpoint, const struct knarr_identity *identity, struct knarr_result *result)
{
    static const struct knarr_identity nobody = { NULL, NULL, NULL, 0 };
    struct knarr *self = memory_new(sizeof *self);
    struct report report;
    enum outcome outcome;

    result_init(result);
    if (!identity)
        identity = &nobody;
    self->endpoint = copy_of(endpoint, "");
    self->account = copy_of(identity->account, "");
    self->user = copy_of(identity->user, "");
    self->client = copy_of(identity->client, "libknarr " KNARR_VERSION);
    self->timeout_ms = identity->timeout_ms ? identity->timeout_ms : TIMEOUT_MS;
    self->context = context_take();
    outcome = self->context ? session_open(self, &report)
                            : report_errno(&report, errno, "no ZeroMQ context");
    if (result_report(result, outcome, &report) != KNARR_DONE)
        knarr_close(&self);
    return self;
}

void
knarr_close(struct knarr **knarr)
{
    struct knarr *self = *knarr;

    if (!self)
        return;
    session_close(self);
    context_return(&self->context);
    free(self->endpoint);
    free(self->account);
    free(self->user);
    free(self->client);
    free(self);
    *knarr = NULL;
}

const char *
knarr_server(const struct knarr *self)
{
    return self->server;
}

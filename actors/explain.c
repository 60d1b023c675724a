/*
 * explain - what the policies say of a path, as they would be asked about it by
 * a write of so many bytes now.
 */

#include "actors/router_internal.h"

#include "actors/plan.h"
#include "base/memory.h"
#include "base/uri.h"

enum { READERS_BYTES = (1 + BACKUPS_MAX) * 132 }; /* names have 128 at most */

struct answer {
    char *at;
    size_t used, room;
    uint64_t count;
};

static void
add(struct answer *answer, const struct message *message)
{
    answer->used += message_pack(message, answer->at + answer->used, answer->room - answer->used);
    answer->count++;
}

/* As actors/promises.c counts: cut to those that get it, unless there are none. */
static uint64_t
required_of(const struct router *self, uint64_t targets)
{
    const struct conf *conf = self->conf;
    uint64_t eligible = (uint64_t) __builtin_popcountll(targets);

    if (conf->sync_type != SYNC_SYNC || self->targets == 0)
        return 0;
    return conf->write_ack_count < eligible || eligible == 0 ? conf->write_ack_count : eligible;
}

static void
add_fates(struct answer *answer, const struct router *self, const struct subject *subject,
    uint64_t targets)
{
    for (unsigned b = 0; b < self->conf->backup_count; b++) {
        bool receives = self->targets & (UINT64_C(1) << b);
        bool gets = targets & (UINT64_C(1) << b);
        const char *rule =
            receives && !gets ? plan_rule(self->conf, b, subject->path, subject->size) : "";

        add(answer,
            &(struct message){
                .tag = FATE,
                .fate = { .backup = view_of(self->conf->backups[b].name),
                    .gets = gets,
                    .rule = view_of(rule) },
            });
    }
}

/* Those that would be asked now, one after the other: "cache, far, primary". */
static void
name_readers(const struct router *self, uint64_t copies, char names[READERS_BYTES])
{
    size_t used = 0;

    for (size_t i = 0; i < self->copy_count; i++)
        if (copies >> self->copies[i].backup & 1)
            used +=
                (size_t) snprintf(names + used, READERS_BYTES - used, "%s, ", self->copies[i].name);
    snprintf(names + used, READERS_BYTES - used, "%s", self->conf->primary.name);
}

static void
answer_explained(struct request *r, const struct subject *subject, bool exists, uint64_t copies)
{
    const struct router *self = r->router;
    struct answer answer = { .room = (1 + self->conf->backup_count) * HEADER_BYTES_MAX };
    uint64_t targets = plan_change(self->conf, self->targets, subject).targets;
    char uri[URI_BYTES_MAX + 1] = "", readers[READERS_BYTES];
    struct body body;

    name_readers(self, copies, readers);
    answer.at = memory_resize(NULL, answer.room);
    path_to_uri(view_of(r->path), uri);
    add(&answer,
        &(struct message){
            .tag = EXPLAINED,
            .explained = { .uri = view_of(uri),
                .path = view_of(r->path),
                .exists = exists,
                .is_directory = subject->is_directory,
                .size = subject->size,
                .read = view_of(readers),
                .required = required_of(self, targets),
                .timeout_ms = self->conf->write_ack_timeout_ms },
        });
    add_fates(&answer, self, subject, targets);
    body_copy(&body, (struct view){ answer.at, answer.used });
    free(answer.at);
    request_end(r, &(struct message){ .tag = PAGE, .page = { .id = r->id, .count = answer.count } },
        &body);
}

void
explain_routed(struct request *r, uint64_t copies)
{
    struct subject subject = { .kind = PUT, .path = r->path };
    struct report report;
    struct entry entry;
    enum outcome outcome = look(r->router, r->path, &entry, &report);

    if (outcome != DONE && report.cause != CAUSE_NOT_FOUND) {
        request_failed(r, outcome, &report);
        return;
    }
    subject.is_directory = outcome == DONE && entry.is_directory;
    if (r->size != SIZE_UNKNOWN)
        subject.size = r->size;
    else if (outcome == DONE && !entry.is_directory)
        subject.size = entry.size;
    answer_explained(r, &subject, outcome == DONE, copies);
}

void
on_explain(void *arg, struct envelope *envelope)
{
    const struct message_explain *m = &envelope_message(envelope)->explain;
    struct request *r = request_new(arg, envelope, m->id);

    if (!r || !request_paths(r, m->uri, view_of("")))
        return;
    r->size = m->size;
    if (r->router->copy_count > 0)
        copies_ask(r);
    else
        explain_routed(r, 0);
}

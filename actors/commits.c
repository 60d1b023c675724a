/*
 * commits - what is promised, and how that is answered.
 */

#include "actors/router_internal.h"

#include "actors/plan.h"
#include "base/clock.h"
#include "base/path.h"

#include <string.h>
#include <xxhash.h>

/* What --wait waits for is what policy names; what the configuration says is cut to that. */
static uint64_t
acks_of(const struct request *r, uint64_t targets)
{
    const struct conf *conf = r->router->conf;

    if (r->waits)
        return (uint64_t) __builtin_popcountll(targets);
    if (r->acks != UINT64_MAX)
        return r->acks;
    return conf->sync_type == SYNC_SYNC && r->router->targets != 0 ? conf->write_ack_count : 0;
}

static uint64_t
timeout_of(const struct request *r)
{
    if (r->timeout_ms > 0)
        return r->timeout_ms;
    return r->waits ? 0 : r->router->conf->write_ack_timeout_ms;
}

static bool
has_parent(struct request *r)
{
    struct view above = path_parent(view_of(r->path));
    char *parent = view_dup(above);
    struct report report;
    struct entry entry;
    bool is_there = above.length == 1 || look(r->router, parent, &entry, &report) == DONE;

    free(parent);
    return is_there;
}

/* Where nothing was, in a directory that was, there is nothing to be compared. */
static struct plan
plan_of(struct request *r, enum change_kind kind)
{
    struct subject subject = {
        .kind = kind,
        .path = r->path,
        .to = r->to,
        .size = kind == PUT ? r->result_size : r->old.size,
        .is_directory = r->old.is_directory,
    };
    struct plan plan = plan_change(r->router->conf, r->router->targets, &subject);

    if (kind == PUT && plan.compared != 0 && r->old.version == 0 && has_parent(r))
        plan.compared = 0;
    return plan;
}

/* Of the file that there is when it is done, or was until then. */
static uint64_t
size_of(const struct request *r, enum change_kind kind)
{
    if (kind == PUT)
        return r->result_size;
    return r->old.is_directory ? 0 : r->old.size;
}

void
change_commit(struct request *r, enum change_kind kind, uint64_t inode)
{
    struct plan plan = plan_of(r, kind);
    struct body body;

    r->is_committed = true;
    body_move(&body, &r->body);
    host_post(r->router->host, "journal",
        &(struct message){
            .tag = COMMIT,
            .commit = {
                .request = r->number,
                .kind = kind,
                .path = view_of(r->path),
                .to = view_of(r->to ? r->to : ""),
                .stage = view_of(r->is_staged ? r->stage : ""),
                .size = size_of(r, kind),
                .mode = r->mode,
                .mtime_ns = clock_wall_ns(),
                .hash = { (const char *) r->hash, r->has_hash ? sizeof r->hash : 0 },
                .inode = inode,
                .targets = plan.targets,
                .compared = plan.compared,
                .acks = acks_of(r, plan.targets),
                .timeout_ms = timeout_of(r),
            },
        },
        &body);
}

void
change_commit_small(struct request *r, enum change_kind kind)
{
    struct view bytes = body_view(&r->body);
    XXH128_canonical_t hash;

    XXH128_canonicalFromHash(&hash, XXH3_128bits(bytes.at, bytes.length));
    memcpy(r->hash, hash.digest, sizeof r->hash);
    r->has_hash = true;
    r->result_size = bytes.length;
    change_commit(r, kind, 0);
}

static void
write_hex(char *text, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
}

static void
answer_committed(struct request *r, const struct message_committed *m, struct body *copies)
{
    char hash[2 * sizeof r->hash + 1] = "";
    struct report report = { .cause = m->cause };

    if (r->has_hash)
        write_hex(hash, r->hash, sizeof r->hash);
    snprintf(report.text, sizeof report.text, "%.*s", VIEW(m->reason));
    if (r->is_committed && m->outcome != DONE && m->seq == 0)
        word_failure(r, &report, false); /* the primary's own words */
    request_end(r,
        &(struct message){
            .tag = ANSWER,
            .answer = { .id = r->id,
                .outcome = m->outcome,
                .cause = m->cause,
                .reason = view_of(report.text),
                .seq = m->seq,
                .size = r->result_size,
                .hash = view_of(hash),
                .required = m->required,
                .acked = m->acked },
        },
        copies);
}

void
on_committed(void *arg, struct envelope *envelope)
{
    const struct message_committed *m = &envelope_message(envelope)->committed;
    struct request *r = request_find(arg, m->request);

    if (!r)
        return;
    if (r->has_claim) {
        r->has_claim = false;
        claim_drop(r->router->claims, &r->claim);
    }
    if (m->is_final)
        answer_committed(r, m, envelope_body(envelope));
    else if (!r->session)
        request_abandon(r);
}

#include "tests/history/replay_internal.h"

#include "base/memory.h"

#include <string.h>

bool
version_is_denied(const struct version *version)
{
    return version->by && version->by->fate == FATE_UNKNOWN &&
        version->by->proof == PROOF_NOT_APPLIED;
}

int64_t
version_find(const struct node *node, const struct found *found, int64_t begin, int64_t end)
{
    const int64_t step = begin <= end ? 1 : -1;

    for (int64_t i = begin; i != end + step; i += step) {
        const struct version *version = &node->versions[i];
        if (!version->is_misplaced && !version_is_denied(version) &&
            value_is(version->value, found))
            return i;
    }
    return -1;
}

const char *
found_kind(const struct found *found)
{
    if (!found)
        return "nothing";
    return found->is_directory ? "a directory" : "a file";
}

static size_t
backup_number(struct replay *self, const char *name)
{
    size_t i = 0;

    while (i < self->backup_count && strcmp(self->backups[i], name) != 0)
        i++;
    if (i == self->backup_count && i < BACKUPS_MAX)
        self->backups[self->backup_count++] = memory_copy(name, strlen(name));
    return i;
}

/* Returns the newest version that this can be. */
static int64_t
see_copy(struct replay *self, struct node *node, const char *name, const struct found *found)
{
    const size_t backup = backup_number(self, name);
    const int64_t last = (int64_t) node->version_count - 1;
    int64_t oldest, newest = version_find(node, found, last, 0);

    if (backup == BACKUPS_MAX || node->now.is_anything)
        return last;
    if (newest < 0) {
        verdict_add(self->verdict, RULE_NEVER_THERE, "%s on %s: there is %s (%llu bytes)",
            node->path, name, found_kind(found), (unsigned long long) (found ? found->size : 0));
        return last;
    }
    oldest = newest < node->seen[backup] ? -1 : version_find(node, found, node->seen[backup], last);
    if (oldest < 0) {
        verdict_add(self->verdict, RULE_WENT_BACK, "%s on %s: there is %s, older than once seen",
            node->path, name, found_kind(found));
        return newest;
    }
    node->seen[backup] = (uint32_t) oldest;
    return newest;
}

/*
 * What is torn lies where nothing was to be, and is no longer than what was on
 * its way: the version by which it had gone, or -1.  Were something to be there,
 * tearing it would take it away.
 */
static int64_t
see_torn(const struct node *node, const struct found *found)
{
    uint64_t most = 0;
    bool is_coming = false;

    for (int64_t i = (int64_t) node->version_count - 1; i >= 0 && !found->is_directory; i--) {
        const struct value *value = node->versions[i].value;
        if (value->kind == VALUE_FILE) {
            is_coming = true;
            most = value->size > most ? value->size : most;
        }
        if (value->kind == VALUE_ABSENT && !version_is_denied(&node->versions[i]) && is_coming &&
            found->size <= most)
            return i;
    }
    return -1;
}

/* After a power cut: the newest version that this can be, or -1, which acknowledges nothing. */
static int64_t
see_remains(const struct node *node, const struct found *found)
{
    const int64_t last = (int64_t) node->version_count - 1;
    const int64_t newest = node->now.is_anything ? last : version_find(node, found, last, 0);

    return newest < 0 ? see_torn(node, found) : newest;
}

/* If an operation was wrongly thought to have made it, whoever made the same before did. */
static uint32_t
acked_version(const struct node *node, size_t acks)
{
    uint32_t version = node->acked[acks];

    while (version > 0 &&
        (version_is_denied(&node->versions[version]) ||
            node->versions[version].value != node->versions[node->acked[acks]].value))
        version--;
    return version;
}

static void
check_acks(struct replay *self, const struct node *node, const int64_t *newest, size_t count)
{
    for (size_t k = 1; k <= BACKUPS_MAX; k++) {
        const uint32_t wanted = acked_version(node, k);
        const struct op *by = node->versions[wanted].by;
        size_t have = 0;

        for (size_t i = 0; i < count; i++)
            have += newest[i] >= (int64_t) wanted;
        if (wanted > 0 && have < k)
            verdict_add(self->verdict, RULE_ACKS, "%s: %zu acknowledged %s (seq %llu), %zu have it",
                node->path, k, by ? op_names[by->kind] : "it",
                (unsigned long long) (by ? by->seq : 0), have);
    }
}

void
replay_see_backups(struct replay *self, const struct sighting *seen, size_t count,
    const struct snapshot *snapshots)
{
    int64_t newest[BACKUPS_MAX];

    replay_run_until(self, seen->at_ns);
    for (struct node *node = self->world.first; node; node = node->next_in_world) {
        if (!*node->path)
            continue;
        for (size_t i = 0; i < count; i++) {
            const struct found *found = snapshot_find(&snapshots[i], node->path);
            newest[i] = seen->is_after_cut ? see_remains(node, found)
                                           : see_copy(self, node, seen[i].who, found);
        }
        check_acks(self, node, newest, count);
    }
    for (size_t i = 0; i < count && !seen->is_after_cut; i++)
        for (size_t j = 0; j < snapshots[i].count; j++)
            if (!world_find(&self->world, snapshots[i].at[j].path))
                verdict_add(self->verdict, RULE_NEVER_THERE, "%s on %s: nothing explains it",
                    snapshots[i].at[j].path, seen[i].who);
}

static void
differ(struct replay *self, const char *backup, const char *path, const char *how)
{
    verdict_add(self->verdict, RULE_DIFFERS, "%s on %s: %s", path, backup, how);
}

void
replay_compare(struct replay *self, const struct snapshot *primary, const char *backup,
    const struct snapshot *copy)
{
    for (size_t i = 0; i < primary->count; i++) {
        const struct found *a = &primary->at[i], *b = snapshot_find(copy, a->path);
        if (!b)
            differ(self, backup, a->path, "it is missing");
        else if (a->is_directory != b->is_directory)
            differ(self, backup, a->path, "it is of another kind");
        else if (a->size != b->size || strcmp(a->hash, b->hash) != 0)
            differ(self, backup, a->path, "its content is another");
        else if (a->mode != b->mode)
            differ(self, backup, a->path, "its mode is another");
    }
    for (size_t i = 0; i < copy->count; i++)
        if (!snapshot_find(primary, copy->at[i].path))
            differ(self, backup, copy->at[i].path, "it is there and not on the primary");
}

#include "base/fault.h"

#ifdef KNARR_FAULT_POINTS

#include "base/disk.h"
#include "base/disk_fault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RULES_MAX = 8,
    POINTS_MAX = 128,
    NAMES_BYTES = 256,
    PATH_BYTES = 8192,
    COUNTS_BYTES = 16 << 10,
};

static const struct {
    const char *name;
    bool is_changing;
} kinds[] = {
#define KIND(NAME, name, changes) [FAULT_##NAME] = { #name, changes },
#include "base/fault_kinds.def"
};

struct rule {
    char calls[NAMES_BYTES]; /* ",a,b,", empty for all that change something */
    char path[NAMES_BYTES];
    char site[NAMES_BYTES];
    unsigned long long when;
    bool is_sticky;
    struct fault fault;
    unsigned long long matched, fired;
};

/* All of it is behind one lock: the n-th step is the n-th whoever takes it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_installed; /* asked by every thread */
static struct rule rules[RULES_MAX];
static size_t rule_count;
_Thread_local const char *disk_site;
static unsigned long long steps;
static unsigned long long kind_counts[FAULT_KINDS];
static struct {
    const char *name;
    unsigned long long count;
} points[POINTS_MAX];

static const struct {
    const char *name;
    int error;
} errors[] = {
    { "EIO", EIO },
    { "ENOSPC", ENOSPC },
    { "EDQUOT", EDQUOT },
    { "EMFILE", EMFILE },
    { "ENFILE", ENFILE },
    { "EINTR", EINTR },
    { "EAGAIN", EAGAIN },
    { "EROFS", EROFS },
    { "EACCES", EACCES },
    { "EPERM", EPERM },
    { "ENOENT", ENOENT },
    { "EEXIST", EEXIST },
    { "ENOMEM", ENOMEM },
    { "ESTALE", ESTALE },
    { "EXDEV", EXDEV },
    { "EFBIG", EFBIG },
    { "ENOSYS", ENOSYS },
    { "EOPNOTSUPP", EOPNOTSUPP },
    { "ELOOP", ELOOP },
    { "EBUSY", EBUSY },
    { "EINVAL", EINVAL },
};

static const struct {
    const char *name;
    enum fault_act act;
} acts[] = {
    { "kill", FAULT_KILL },
    { "short", FAULT_SHORT },
    { "torn", FAULT_TORN },
    { "skip", FAULT_SKIP },
    { "nothing", FAULT_COUNT_ONLY },
};

static void
not_understood(const char *word)
{
    fprintf(stderr, "KNARR_FAULT: not understood: %s\n", word);
    exit(2);
}

static void
read_do(struct fault *fault, const char *text)
{
    char name[32];
    const char *suffix = strstr(text, "-after");
    const size_t length = suffix ? (size_t) (suffix - text) : strlen(text);

    snprintf(name, sizeof name, "%.*s", (int) length, text);
    fault->is_after = suffix != NULL;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strcmp(acts[i].name, name) == 0) {
            fault->act = acts[i].act;
            return;
        }
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(errors[i].name, name) == 0) {
            *fault = (struct fault){ FAULT_FAIL, errors[i].error, fault->is_after };
            return;
        }
    not_understood(text);
}

static void
read_when(struct rule *rule, const char *text)
{
    char *end;

    rule->when = strtoull(text, &end, 10);
    rule->is_sticky = *end == '+';
    if (rule->when == 0 || end[rule->is_sticky] != '\0')
        not_understood(text);
}

static bool
is_kind(const char *name)
{
    if (strncmp(name, "point:", 6) == 0)
        return true;
    for (size_t i = 0; i < FAULT_KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return true;
    return false;
}

static void
read_calls(struct rule *rule, const char *text)
{
    char list[NAMES_BYTES];
    char *rest = list;

    snprintf(list, sizeof list, "%s", text);
    for (const char *name = strsep(&rest, ","); name; name = strsep(&rest, ","))
        if (!is_kind(name))
            not_understood(name);
    if ((size_t) snprintf(rule->calls, sizeof rule->calls, ",%s,", text) >= sizeof rule->calls)
        not_understood(text);
}

static void
read_word(struct rule *rule, const char *word)
{
    if (strncmp(word, "call=", 5) == 0)
        read_calls(rule, word + 5);
    else if (strncmp(word, "path=", 5) == 0)
        snprintf(rule->path, sizeof rule->path, "%s", word + 5);
    else if (strncmp(word, "site=", 5) == 0)
        snprintf(rule->site, sizeof rule->site, "%s", word + 5);
    else if (strncmp(word, "when=", 5) == 0)
        read_when(rule, word + 5);
    else if (strncmp(word, "do=", 3) == 0)
        read_do(&rule->fault, word + 3);
    else
        not_understood(word);
}

static void
read_rules(const char *text)
{
    char *const copy = strdup(text);
    char *rest = copy;

    for (char *part = strsep(&rest, ";"); part; part = strsep(&rest, ";")) {
        struct rule *const rule = &rules[rule_count++];

        if (rule_count == RULES_MAX)
            not_understood(part);
        *rule = (struct rule){ .when = 1, .is_sticky = true };
        rule->fault.act = FAULT_COUNT_ONLY;
        for (char *word = strsep(&part, " "); word; word = strsep(&part, " "))
            if (*word)
                read_word(rule, word);
    }
    free(copy);
}

static bool
names_call(const struct rule *rule, const char *name, bool is_changing)
{
    char wanted[NAMES_BYTES];

    if (!*rule->calls)
        return is_changing;
    snprintf(wanted, sizeof wanted, ",%s,", name);
    return strstr(rule->calls, wanted) != NULL;
}

static bool
names_path(const struct rule *rule, int fd, const char *name)
{
    char link[64];
    char path[PATH_BYTES] = "";
    ssize_t length;

    if (!*rule->path)
        return true;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    length = length < 0 ? 0 : length;
    snprintf(path + length, sizeof path - (size_t) length, "%s%s", name ? "/" : "",
        name ? name : "");
    return strstr(path, rule->path) != NULL;
}

static bool
names_site(const struct rule *rule)
{
    return !*rule->site || (disk_site && strcmp(disk_site, rule->site) == 0);
}

static bool
is_time(const struct rule *rule)
{
    return rule->is_sticky ? rule->matched >= rule->when : rule->matched == rule->when;
}

/* Once for each rule, for those who count what was met. */
static void
tell_fired(const struct rule *rule, const char *call)
{
    const char *name = "";

    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (acts[i].act == rule->fault.act)
            name = acts[i].name;
    for (size_t i = 0; i < sizeof errors / sizeof *errors && rule->fault.act == FAULT_FAIL; i++)
        if (errors[i].error == rule->fault.error)
            name = errors[i].name;
    dprintf(STDERR_FILENO, "fault: %s%s%s at %s %llu\n", name, rule->fault.is_after ? "-after" : "",
        rule->is_sticky ? "+" : "", call, rule->matched);
}

/* With the lock held.  Every rule counts; the first whose time it is decides. */
static struct fault
follow_rules(const char *call, bool is_changing, int fd, const char *name)
{
    struct fault decided = { FAULT_PASS, 0, 0 };

    steps += is_changing;
    for (size_t i = 0; i < rule_count; i++) {
        struct rule *const rule = &rules[i];

        if (!names_call(rule, call, is_changing) || !names_site(rule) ||
            !names_path(rule, fd, name))
            continue;
        rule->matched++;
        if (decided.act != FAULT_PASS || rule->fault.act == FAULT_COUNT_ONLY || !is_time(rule))
            continue;
        if (rule->fired++ == 0)
            tell_fired(rule, call);
        decided = rule->fault;
    }
    return decided;
}

static void
write_counts(void)
{
    const char *const path = getenv("KNARR_FAULT_COUNT");
    char text[COUNTS_BYTES];
    int used, fd;

    if (!path)
        return;
    used = snprintf(text, sizeof text, "steps %llu\nmatched %llu\nfired %llu\n", steps,
        rules[0].matched, rules[0].fired);
    for (size_t i = 0; i < FAULT_KINDS; i++)
        used += snprintf(text + used, sizeof text - (size_t) used, "%s %llu\n", kinds[i].name,
            kind_counts[i]);
    for (size_t i = 0; i < POINTS_MAX && points[i].name; i++)
        used += snprintf(text + used, sizeof text - (size_t) used, "%.64s %llu\n", points[i].name,
            points[i].count);
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, (size_t) used) != used)
        fprintf(stderr, "KNARR_FAULT_COUNT: %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* Counts first; pause() because the signal may reach another thread before this one. */
void
fault_kill(void)
{
    write_counts();
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

struct fault
fault_meet(enum fault_kind kind, int fd, const char *name)
{
    struct fault fault;

    pthread_mutex_lock(&lock);
    kind_counts[kind]++;
    fault = follow_rules(kinds[kind].name, kinds[kind].is_changing, fd, name);
    if (fault.act == FAULT_KILL && !fault.is_after)
        fault_kill();
    pthread_mutex_unlock(&lock);
    disk_site = NULL;
    return fault;
}

static void
count_point(const char *name)
{
    size_t i = 0;

    while (i < POINTS_MAX && points[i].name && strcmp(points[i].name, name) != 0)
        i++;
    if (i == POINTS_MAX)
        not_understood(name);
    points[i].name = name;
    points[i].count++;
}

/* A point cannot fail: there is nobody to return an error to. */
void
fault_reach(const char *name)
{
    if (!is_installed)
        return;
    pthread_mutex_lock(&lock);
    count_point(name);
    if (follow_rules(name, true, -1, NULL).act == FAULT_KILL)
        fault_kill();
    pthread_mutex_unlock(&lock);
}

bool
fault_starves(void)
{
    return is_installed && fault_meet(FAULT_MALLOC, -1, NULL).act == FAULT_FAIL;
}

/* With the lock held. */
static uint64_t
count_of(const char *name)
{
    const struct {
        const char *name;
        unsigned long long count;
    } totals[] = {
        { "steps", steps },
        { "matched", rules[0].matched },
        { "fired", rules[0].fired },
    };

    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++)
        if (strcmp(totals[i].name, name) == 0)
            return totals[i].count;
    for (size_t i = 0; i < FAULT_KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return kind_counts[i];
    for (size_t i = 0; i < POINTS_MAX && points[i].name; i++)
        if (strcmp(points[i].name, name) == 0)
            return points[i].count;
    return 0;
}

uint64_t
fault_count(const char *name)
{
    uint64_t count;

    pthread_mutex_lock(&lock);
    count = count_of(name);
    pthread_mutex_unlock(&lock);
    return count;
}

/* With the lock held. */
static void
lay_plan(const char *text)
{
    memset(rules, 0, sizeof rules);
    memset(kind_counts, 0, sizeof kind_counts);
    memset(points, 0, sizeof points);
    rule_count = 0;
    steps = 0;
    is_installed = text != NULL;
    if (!text) {
        disk_fault_remove();
        return;
    }
    read_rules(text);
    disk_fault_put();
}

void
fault_plan(const char *text)
{
    pthread_mutex_lock(&lock);
    lay_plan(text);
    pthread_mutex_unlock(&lock);
}

void
fault_install(void)
{
    const char *const text = getenv("KNARR_FAULT");

    if (!text && !getenv("KNARR_FAULT_COUNT"))
        return;
    fault_plan(text ? text : "");
    atexit(write_counts);
}

#endif

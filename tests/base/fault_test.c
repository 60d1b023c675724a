#include "base/fault.h"

#include "base/disk.h"
#include "base/memory.h"
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[64];
static int dir;

static void
begin(void)
{
    snprintf(path, sizeof path, "/tmp/knarr-test-XXXXXX");
    check(mkdtemp(path));
    dir = open(path, O_RDONLY | O_DIRECTORY);
}

static void
end(void)
{
    fault_plan(NULL);
    unlinkat(dir, "a", 0);
    unlinkat(dir, "b", 0);
    unlinkat(dir, "counts", 0);
    close(dir);
    check(rmdir(path) == 0);
}

/* Seven steps: create, write, point, datasync, rename, sync, point. */
static void
work(void)
{
    const int fd = disk->openat(dir, "a", O_RDWR | O_CREAT | O_TRUNC, 0600);

    disk->pwrite(fd, "0123456789", 10, 0);
    fault_point("written");
    disk->datasync(fd);
    disk->renameat(dir, "a", dir, "b");
    disk->sync(dir);
    fault_point("named");
    disk->close(fd);
}

/* In a process of its own; returns its wait status. */
static int
work_apart(const char *rules)
{
    const pid_t child = fork();
    int status;

    check(child >= 0);
    if (child == 0) {
        char counts[96];

        snprintf(counts, sizeof counts, "%s/counts", path);
        setenv("KNARR_FAULT_COUNT", counts, 1);
        setenv("KNARR_FAULT", rules, 1);
        fault_install();
        work();
        exit(0);
    }
    check(waitpid(child, &status, 0) == child);
    return status;
}

static unsigned long
counted(const char *name)
{
    char text[4096] = "";
    char line[64];
    const int fd = openat(dir, "counts", O_RDONLY);
    const char *at;

    check(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
    close(fd);
    snprintf(line, sizeof line, "\n%s ", name);
    at = strstr(text, line);
    if (!at && strncmp(text, line + 1, strlen(line + 1)) == 0)
        at = text - 1;
    check(at);
    return strtoul(at + strlen(line), NULL, 10);
}

static void
without_a_rule_steps_are_counted(void)
{
    begin();
    fault_plan("");
    work();
    check(fault_count("steps") == 7 && fault_count("fired") == 0);
    check(fault_count("create") == 1 && fault_count("write") == 1 && fault_count("close") == 1);
    check(fault_count("point:written") == 1 && fault_count("point:named") == 1);
    fault_plan(NULL);
    work();
    check(fault_count("steps") == 0);
    end();
}

static void
a_sweep_kills_at_every_step_once(void)
{
    char rules[64];
    unsigned long when = 0;
    int status;

    begin();
    do {
        unlinkat(dir, "counts", 0);
        snprintf(rules, sizeof rules, "when=%lu do=kill", ++when);
        status = work_apart(rules);
        check(counted("fired") == (when <= 7));
        check(counted("steps") == (when <= 7 ? when : 7));
    } while (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    check(when == 8 && WEXITSTATUS(status) == 0);
    end();
}

static void
a_kill_comes_before_the_step_or_after_it(void)
{
    struct stat stat;

    begin();
    check(WIFSIGNALED(work_apart("call=rename do=kill")));
    check(fstatat(dir, "a", &stat, 0) == 0 && fstatat(dir, "b", &stat, 0) < 0);
    check(WIFSIGNALED(work_apart("call=rename do=kill-after")));
    check(fstatat(dir, "a", &stat, 0) < 0 && fstatat(dir, "b", &stat, 0) == 0);
    check(WIFSIGNALED(work_apart("call=point:named do=kill")));
    check(WIFSIGNALED(work_apart("call=write do=torn")));
    check(fstatat(dir, "a", &stat, 0) == 0 && stat.st_size == 5);
    end();
}

static void
an_error_comes_instead_of_the_step_or_behind_it(void)
{
    int fd;

    begin();
    fd = openat(dir, "a", O_RDWR | O_CREAT, 0600);
    fault_plan("call=write when=2 do=EIO");
    check(disk->pwrite(fd, "1", 1, 0) == 1);
    check(disk->pwrite(fd, "22", 2, 0) < 0 && errno == EIO);
    check(disk->pwrite(fd, "3", 1, 0) == 1);
    fault_plan("call=write,datasync when=2+ do=ENOSPC");
    check(disk->datasync(fd) == 0);
    check(disk->pwrite(fd, "4", 1, 0) < 0 && errno == ENOSPC);
    check(disk->datasync(fd) < 0 && errno == ENOSPC);
    fault_plan("call=link do=EIO-after");
    check(disk->linkat(dir, "a", dir, "b") < 0 && errno == EIO);
    check(faccessat(dir, "b", F_OK, 0) == 0);
    close(fd);
    end();
}

static void
a_path_narrows_a_rule(void)
{
    int a, b;

    begin();
    fault_plan("call=create path=/b do=EMFILE; call=datasync path=/a do=EIO");
    a = disk->openat(dir, "a", O_RDWR | O_CREAT, 0600);
    check(a >= 0);
    check(disk->openat(dir, "b", O_RDWR | O_CREAT, 0600) < 0 && errno == EMFILE);
    b = openat(dir, "b", O_RDWR | O_CREAT, 0600);
    check(disk->datasync(a) < 0 && errno == EIO);
    check(disk->datasync(b) == 0);
    close(a);
    close(b);
    end();
}

static void
sync_here(int fd)
{
    check(disk->datasync(fd) == 0);
}

static void
a_site_narrows_a_rule_to_one_function(void)
{
    int fd;

    begin();
    fd = openat(dir, "a", O_RDWR | O_CREAT, 0600);
    fault_plan("site=a_site_narrows_a_rule_to_one_function do=EIO");
    sync_here(fd);
    check(disk->datasync(fd) < 0 && errno == EIO);
    check(disk->sync(fd) < 0 && disk->syncfs(fd) < 0);
    check(disk->pwrite(fd, "1", 1, 0) == 1); /* no sync, wherever the last one was asked for */
    sync_here(fd);
    close(fd);
    end();
}

/* Three allocations, one of each kind, and a word at the end. */
static void
allocate(const char *rules)
{
    const int said = openat(dir, "b", O_RDWR | O_CREAT | O_TRUNC, 0600);

    check(said >= 0 && dup2(said, STDERR_FILENO) >= 0);
    setenv("KNARR_FAULT", rules, 1);
    fault_install();
    free(memory_resize(memory_new(8), 16));
    free(memory_copy("text", 4));
    exit(0);
}

static void
without_memory_the_program_ends_with_a_sentence(void)
{
    int status = 0;

    begin();
    for (int when = 1; when <= 4; when++) {
        char rules[64], said[512] = "";
        pid_t child;
        int fd;

        snprintf(rules, sizeof rules, "call=malloc when=%d do=ENOMEM", when);
        child = fork();
        if (child == 0)
            allocate(rules);
        check(child > 0 && waitpid(child, &status, 0) == child);
        fd = openat(dir, "b", O_RDONLY);
        check(fd >= 0 && read(fd, said, sizeof said - 1) >= 0);
        close(fd);
        check((when < 4) == (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
        check((when < 4) == (strstr(said, "out of memory") != NULL));
    }
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    end();
}

static void *
reach_many(void *unused)
{
    for (int i = 0; i < 10000; i++)
        fault_point("many");
    return unused;
}

static void
threads_are_counted_together(void)
{
    pthread_t threads[4];

    begin();
    fault_plan("");
    for (size_t i = 0; i < 4; i++)
        check(pthread_create(&threads[i], NULL, reach_many, NULL) == 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    check(fault_count("point:many") == 40000 && fault_count("steps") == 40000);
    end();
}

static void
a_word_that_is_not_understood_ends_the_program(void)
{
    static const char *const wrong[] = { "when=0", "when=x", "when=3-", "do=EWHAT", "call=opne",
        "call=write,", "dO=kill", "do=", "when=3 then" };

    begin();
    check(freopen("/dev/null", "w", stderr));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const int status = work_apart(wrong[i]);

        check(WIFEXITED(status) && WEXITSTATUS(status) == 2);
    }
    end();
}

static const struct test tests[] = {
    { "without a rule steps are counted", without_a_rule_steps_are_counted },
    { "a sweep kills at every step once", a_sweep_kills_at_every_step_once },
    { "a kill comes before the step or after it", a_kill_comes_before_the_step_or_after_it },
    { "an error comes instead of the step or behind it",
        an_error_comes_instead_of_the_step_or_behind_it },
    { "a path narrows a rule", a_path_narrows_a_rule },
    { "a site narrows a rule to one function", a_site_narrows_a_rule_to_one_function },
    { "without memory the program ends with a sentence",
        without_memory_the_program_ends_with_a_sentence },
    { "threads are counted together", threads_are_counted_together },
    { "a word that is not understood ends the program",
        a_word_that_is_not_understood_ends_the_program },
};

TEST_MAIN(tests)

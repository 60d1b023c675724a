#include "client/context.h"

#include "tests/check.h"

#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

static void
connections_share_one_until_the_last_is_gone(void)
{
    struct context *first = context_take(), *second = context_take();

    check(first && first == second);
    context_return(&first);
    check(!first && zmq_ctx_get(context_zmq(second), ZMQ_IO_THREADS) == 1);
    context_return(&second);
    first = context_take();
    check(first && zmq_ctx_get(context_zmq(first), ZMQ_IO_THREADS) == 1);
    context_return(&first);
}

static void
a_child_that_was_forked_has_its_own(void)
{
    struct context *ours = context_take(), *its;
    pid_t child = fork();
    int status;

    if (child == 0) {
        its = context_take();
        _exit(its && its != ours && context_zmq(its) != context_zmq(ours) ? 0 : 1);
    }
    check(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    context_return(&ours);
}

static const struct test tests[] = {
    { "connections share one until the last is gone",
        connections_share_one_until_the_last_is_gone },
    { "a child that was forked has its own", a_child_that_was_forked_has_its_own },
};

TEST_MAIN(tests)

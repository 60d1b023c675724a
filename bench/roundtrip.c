/*
 * roundtrip - a bare ZeroMQ request and its answer, over ipc, between two
 * processes: DEALERs ask with 100 bytes, a ROUTER answers with --size bytes
 * that it does not copy.  Nothing else is done on either side.
 */

#include "bench/baseline.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

enum { REQUEST_BYTES = 100 };

static void
keep(void *bytes, void *hint)
{
    (void) bytes;
    (void) hint;
}

static void
serve(const struct options *options)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    void *context = zmq_ctx_new();
    void *router = zmq_socket(context, ZMQ_ROUTER);
    if (zmq_bind(router, options->endpoint) != 0)
        give_up(options->endpoint);
    char *answer = noise_new(options->size);
    for (;;) {
        zmq_msg_t peer, request, body;
        zmq_msg_init(&peer);
        zmq_msg_init(&request);
        if (zmq_msg_recv(&peer, router, 0) < 0 || zmq_msg_recv(&request, router, 0) < 0)
            continue;
        zmq_msg_init_data(&body, answer, options->size, keep, NULL);
        if (zmq_msg_send(&peer, router, ZMQ_SNDMORE) < 0 || zmq_msg_send(&body, router, 0) < 0)
            give_up("answer");
        zmq_msg_close(&request);
    }
}

struct asking {
    const struct options *options;
    void *dealers[THREADS_MAX];
};

static void
ask(void *context, unsigned thread, uint64_t nth)
{
    static const char request[REQUEST_BYTES];
    struct asking *self = context;
    (void) nth;
    zmq_msg_t body;
    zmq_msg_init(&body);
    if (zmq_send(self->dealers[thread], request, sizeof request, 0) < 0 ||
        zmq_msg_recv(&body, self->dealers[thread], 0) != (int) self->options->size)
        give_up("ask");
    zmq_msg_close(&body);
}

void
baseline_roundtrip(const struct options *options)
{
    pid_t server = fork();
    if (server == 0)
        serve(options);
    void *context = zmq_ctx_new();
    struct asking self = { .options = options };
    for (unsigned i = 0; i < options->plan.threads; i++) {
        self.dealers[i] = zmq_socket(context, ZMQ_DEALER);
        if (zmq_connect(self.dealers[i], options->endpoint) != 0)
            give_up(options->endpoint);
        ask(&self, i, 0);
    }
    struct measured measured;
    measure(&options->plan, ask, &self, &measured);
    printf("{");
    measured_print(&measured);
    printf("}\n");
    fflush(stdout);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    for (unsigned i = 0; i < options->plan.threads; i++)
        zmq_close(self.dealers[i]);
    zmq_ctx_term(context);
}

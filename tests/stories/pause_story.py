#!/usr/bin/python3
"""Server and clients are stopped for a while (SIGSTOP) and go on: late, and never wrong."""

import json
import os
import random
import signal
import time

from support import content_of, flaky, has, main, same, tree, until

PAUSES_UNDER_LOAD = 100


def pause(process, seconds):
    process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    process.send_signal(signal.SIGCONT)


def answers(place):
    history = place.path("history")
    return content_of(history).count(b"\ne ") if os.path.exists(history) else 0


def go_on(place):
    before = answers(place)
    until(lambda: answers(place) > before + 50, "answers")


def short_pauses(place):
    """From a moment to a second, so many in a row; clients wait, and none is told anything wrong."""
    place.configure(sync_type="sync", write_ack_count=1)
    server = place.start()
    chance = random.Random(1)
    clients = place.workload("--acks", "1")
    for _ in range(PAUSES_UNDER_LOAD):
        pause(server, min(1, chance.expovariate(1 / 0.05)))
        time.sleep(chance.uniform(0, 0.05))
    place.judge(clients)


def beyond_patience(place):
    """Clients give up waiting; what they asked for may happen, once, and they find the server again."""
    place.configure()
    server = place.start()
    clients = place.workload("--timeout", "300")
    for _ in range(3):
        go_on(place)
        pause(server, 1.5)
    go_on(place)
    place.judge(clients)


def late_acks(place):
    """A pause across the deadline of a wait: it is told what is so when the server is awake again."""
    control = place.say("control", "")
    place.configure([flaky("b1", place.path("b1"), control)], sync_type="sync",
                    write_ack_timeout_ms=800)
    server = place.start()
    place.say("control", "change slow 400")
    client = place.begin("write", "viking://resources/a", "--content", "a", "--json")
    until(lambda: os.path.exists(place.path("data/viking/default/resources/a")), "it is written")
    pause(server, 1.5)
    out, _ = client.communicate(timeout=20)
    answer = json.loads(out)
    same(client.returncode, 0 if answer["acked"] == 1 else 1)
    if answer["acked"] == 1:
        same(tree(place.path("b1/default/resources")), {b"a": b"a"})
    place.say("control", "")
    place.in_sync()
    same(tree(place.path("b1/default/resources")), {b"a": b"a"})


def paused_client(place):
    """In the middle of an upload, and of a download."""
    place.configure()
    place.start()
    body = os.urandom(64 << 20)
    with open(place.path("source"), "wb") as file:
        file.write(body)
    client = place.begin("put", place.path("source"), "viking://resources/big")
    until(lambda: tree(place.path("data/viking/.knarr-stage")), "the upload has begun")
    pause(client, 1)
    place.write("viking://resources/small", "served meanwhile")
    same(client.wait(60), 0)
    client = place.begin("get", "viking://resources/big", place.path("copy"))
    time.sleep(0.05)
    pause(client, 1)
    same(client.wait(60), 0)
    assert content_of(place.path("copy")) == body


def keeps_its_workspace(place):
    """Who is stopped still owns the workspace; nobody takes it over, so nobody needs to be fenced."""
    place.configure()
    server = place.start()
    place.write("viking://resources/a", "before", "--wait")
    server.send_signal(signal.SIGSTOP)
    second = place.spawn()
    same(second.wait(20), 1)
    has(place.last_words(), "another process (pid %d) is using" % server.pid)
    place.servers.remove(second)
    second.stdout.close()
    server.send_signal(signal.SIGCONT)
    place.write("viking://resources/a", "after", "--wait")
    server.send_signal(signal.SIGSTOP)
    place.stop(signal.SIGKILL)
    place.start()
    same(place.knarr("read", "viking://resources/a"), "after")


stories = [
    ("100 pauses under load break no promise", short_pauses),
    ("clients that gave up find the server again", beyond_patience),
    ("a wait whose deadline was slept through ends rightly", late_acks),
    ("a client that is stopped in a transfer completes it", paused_client),
    ("a stopped server keeps its workspace", keeps_its_workspace),
]

if __name__ == "__main__":
    main(stories)

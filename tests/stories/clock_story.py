#!/usr/bin/python3
"""Somebody turns the wall clock, and the server goes on by its own.

The server's wall clock is libfaketime's and does as the file "clock" says; its
monotonic clock is the kernel's, which nobody can turn.
"""

import glob
import json
import os
import random
import sys
import threading
import time

from support import content_of, flaky, has, main, same, tree, until

LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
JUMPS = ("-1h", "+1h", "-10y", "+10y", "2001-01-01 00:00:00")  # the last one stands still
JUMPS_UNDER_LOAD = 200


def turn(place, to):
    with open(place.path("clock.new"), "w") as file:
        file.write(to + "\n")
    os.rename(place.path("clock.new"), place.path("clock"))


def start(place, at="+0"):
    turn(place, at)
    place.server_environment = {
        "LD_PRELOAD": LIBRARIES[0], "FAKETIME_TIMESTAMP_FILE": place.path("clock"),
        "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
    return place.start()


class Turning:
    """The clock jumps all the time, as long as it is needed."""

    def __init__(self, place, jumps=1 << 30):
        self.place = place
        self.left = jumps
        self.thread = threading.Thread(target=self.run)

    def run(self):
        chance = random.Random(1)
        while self.left > 0:
            self.left -= 1
            turn(self.place, chance.choice(JUMPS))
            time.sleep(0.02)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.left = 0
        self.thread.join()


def one_flaky(place, line="", knarr=None, **backups):
    control = place.say("control", line)
    place.configure([flaky("b1", place.path("b1"), control)], knarr=knarr, **backups)


def is_really_turned(place):
    """Or the stories below would prove nothing."""
    place.configure()
    start(place, "2001-01-01 00:00:00")
    place.write("viking://resources/a", "a", "--wait")
    has(place.last_words(), "2001-01-01T00:00:00")
    assert "2001" in time.ctime(os.stat(place.path("data/viking/default/resources/a")).st_mtime)


def under_load(place):
    place.configure(sync_type="sync", write_ack_count=1)
    start(place)
    with Turning(place, JUMPS_UNDER_LOAD) as turning:
        clients = place.workload("--acks", "1")
        until(lambda: turning.left <= 0, "all jumps", 60)
    place.judge(clients)


def waits_are_exact(place):
    """Nobody is told of a missed quorum too early or too late."""
    one_flaky(place, sync_type="sync", write_ack_timeout_ms=600)
    start(place)
    place.write("viking://resources/a", "a")
    place.say("control", "change down")
    with Turning(place):
        for i in range(5):
            began = time.monotonic()
            done = place.run("write", "viking://resources/a", "--content", "a%d" % i, "--json")
            took = time.monotonic() - began
            same((done.returncode, json.loads(done.stdout)["acked"]), (1, 0))
            assert 0.55 < took < 2, took
    place.say("control", "")
    place.in_sync()
    same(tree(place.path("b1/default/resources")), {b"a": b"a4"})


def failures_in(place, seconds):
    before = place.status()["failures"]
    time.sleep(seconds)
    return place.status()["failures"] - before


def no_retry_storm(place):
    """Probes of a dead target, and of a path in quarantine, come at their own pace."""
    one_flaky(place, "", knarr={"breaker_max_ms": 400, "quarantine_ms": 600000},
              retry_quarantine_after_failures=1, retry_max_retries_per_round=1)
    start(place)
    place.write("viking://resources/a", "a", "--wait")
    place.say("control", "change fail retry io path=bad")
    place.write("viking://resources/bad", "bad")
    until(lambda: place.status()["quarantined"] == 1, "one path in quarantine")
    with Turning(place):
        same(failures_in(place, 2), 0)
    place.say("control", "change down")
    for i in range(5):
        place.write("viking://resources/f%d" % i, "b")
    until(lambda: place.status()["state"] == "down", "down")
    time.sleep(1)  # until the waits have grown to 400 ms
    with Turning(place):
        failures = failures_in(place, 3)
    assert 2 <= failures <= 3 / 0.4 * 2 + 1, failures


def turned_back_while_stopped(place):
    """What rests, rests no longer than it should; what is pending has waited since the start."""
    one_flaky(place, knarr={"quarantine_ms": 1500, "checkpoint_interval_ms": 50},
              retry_quarantine_after_failures=1, retry_max_retries_per_round=1)
    start(place, "+10y")
    place.write("viking://resources/good", "good", "--wait")
    place.say("control", "change fail retry io path=bad")
    place.write("viking://resources/bad", "bad")
    until(lambda: place.status()["quarantined"] == 1, "one path in quarantine")
    until(lambda: b"was told to fail" in content_of(place.path("data/.knarr/catalog.db-wal")),
          "a checkpoint has it, with its reason")
    same(place.stop(), 0)
    start(place, "-10y")
    until(lambda: place.status()["lag_ms"] > 300, "the lag grows")
    same(place.status()["quarantined"], 1)
    place.say("control", "")
    until(lambda: place.status()["state"] == "idle", "the probe comes in its time")
    same(tree(place.path("b1/default/resources"))[b"bad"], b"bad")


def turned_between_starts(place):
    """Every start, before, at and after the same second: each newest version wins."""
    place.configure()
    for i, at in enumerate(("+0", "-10y", "2001-01-01 00:00:00", "2001-01-01 00:00:00", "+10y",
                            "-1h", "+1h")):
        start(place, at)
        place.write("viking://resources/a", "version %d" % i)
        place.knarr("put", "-", "viking://resources/big", stdin=b"%d" % i * (300 << 10))
        place.stop(9)
    start(place)
    place.in_sync()
    same(place.knarr("read", "viking://resources/a"), "version 6")
    same(tree(place.path("b1/default/resources")), {b"a": b"version 6", b"big": b"6" * (300 << 10)})
    same(tree(place.path("b1")), tree(place.path("data/viking")))


stories = [
    ("the clock of these stories is turned", is_really_turned),
    ("200 jumps under load break no promise", under_load),
    ("a wait ends in its time however the clock jumps", waits_are_exact),
    ("a clock that jumps makes no retry storm", no_retry_storm),
    ("a clock turned back over a restart keeps nobody in quarantine", turned_back_while_stopped),
    ("order is not by the clock", turned_between_starts),
]

if __name__ == "__main__":
    if not LIBRARIES:
        print("no clock can be turned here: libfaketime is missing")
        sys.exit(77 if os.environ.get("KNARR_ALLOW_SKIP") == "1" else 1)
    main(stories)

#!/usr/bin/python3
"""What backups get, when, and what is told of them while they fail."""

import json
import os
import signal
import time

from support import backup, content_of, flaky, has, main, same, tree, until


def one_flaky(place, line="", knarr=None, **backups):
    control = place.say("control", line)
    place.configure([flaky("b1", place.path("b1"), control)], knarr=knarr, **backups)


def mixed(place, count, line="", **backups):
    """`count` backups, the last of them as the file "control" says."""
    control = place.say("control", line)
    items = [backup("b%d" % i, place.path("b%d" % i)) for i in range(1, count)]
    items.append(flaky("slow", place.path("slow"), control))
    place.configure(items, **backups)


def seconds_of(act):
    began = time.monotonic()
    act()
    return time.monotonic() - began


def write_many(place, count, directory="many"):
    os.makedirs(place.path("source"), exist_ok=True)
    for i in range(count):
        with open(place.path("source", "f%d" % i), "w") as file:
            file.write("content %d" % i)
    place.knarr("put", "-r", place.path("source"), "viking://resources/" + directory)


def replica(place, name="b1"):
    return tree(place.path(name, "default/resources"))


# ---- async and sync -------------------------------------------------------------------------------


def async_does_not_wait(place):
    one_flaky(place, sync_type="async")
    place.start()
    place.say("control", "change slow 3000")
    assert seconds_of(lambda: place.write("viking://resources/a", "a")) < 1.5
    assert b"a" not in replica(place)
    place.say("control", "")
    place.in_sync()
    same(replica(place), {b"a": b"a"})


def kth_ack(place):
    mixed(place, 3, sync_type="sync", write_ack_count=2)
    place.start()
    place.say("control", "change slow 3000")
    assert seconds_of(lambda: place.write("viking://resources/a", "a")) < 1.5
    same((replica(place, "b1"), replica(place, "b2")), ({b"a": b"a"}, {b"a": b"a"}))
    place.say("control", "")
    place.in_sync()
    same(replica(place, "slow"), {b"a": b"a"})


def all_acks(place):
    mixed(place, 2, sync_type="sync")
    place.start()
    place.say("control", "change slow 1000")
    assert seconds_of(lambda: place.write("viking://resources/a", "a")) >= 1
    same((replica(place, "b1"), replica(place, "slow")), ({b"a": b"a"}, {b"a": b"a"}))


def missed_quorum(place):
    mixed(place, 3, sync_type="sync", write_ack_count=3, write_ack_timeout_ms=600)
    place.start()
    place.say("control", "change fail retry io")
    took = [0.0]

    def write():
        began = time.monotonic()
        done = place.run("write", "viking://resources/a", "--content", "a", "--json")
        took[0] = time.monotonic() - began
        return done

    done = write()
    same(done.returncode, 1)
    assert 0.55 < took[0] < 2, took
    answer = json.loads(done.stdout)
    same((answer["required"], answer["acked"]), (3, 2))
    states = {copy["name"]: copy["state"] for copy in answer["backups"]}
    same((states["b1"], states["b2"]), ("acked", "acked"))
    assert states["slow"] in ("pending", "failed"), states
    has(done.stderr.decode(), "primary", "2", "3", "slow")
    has(json.dumps(answer), "was told to fail")
    # The primary has it, and so have those that acknowledged.
    same(place.knarr("read", "viking://resources/a"), "a")
    place.say("control", "")
    place.in_sync()
    same(replica(place, "slow"), {b"a": b"a"})


def wait_option(place):
    one_flaky(place, sync_type="async")
    place.start()
    place.say("control", "change slow 1000")
    assert seconds_of(lambda: place.write("viking://resources/a", "a", "--wait")) >= 1
    place.say("control", "change down")
    has(place.refused("write", "viking://resources/b", "--content", "b", "--wait",
                      "--timeout", "0.3"), "b1")
    same(place.knarr("read", "viking://resources/b"), "b")


def receipt(place):
    place.configure()
    place.start()
    first = json.loads(place.write("viking://resources/a", "abc", "--wait", "--json"))
    second = json.loads(place.write("viking://resources/a", "abcd", "--wait", "--json"))
    assert second["seq"] > first["seq"] > 0
    same((first["size"], second["size"]), (3, 4))
    assert first["hash"] and first["hash"] != second["hash"]
    same([(c["name"], c["state"]) for c in second["backups"]], [("b1", "acked")])
    has(place.write("viking://resources/a", "x", "--wait", "--receipt"),
        "seq ", "size      1", "hash ", "b1  acked")


def receipt_pending(place):
    one_flaky(place, sync_type="async")
    place.start()
    place.say("control", "change down")
    done = json.loads(place.write("viking://resources/a", "a", "--json"))
    same([(c["name"], c["state"]) for c in done["backups"]], [("b1", "pending")])


def sync_wait(place):
    mixed(place, 2)
    place.start()
    place.say("control", "change down")
    seq = str(json.loads(place.write("viking://resources/a", "a", "--json"))["seq"])
    place.knarr("sync", "wait", seq, "--on", "b1", "--timeout", "5")
    place.knarr("sync", "wait", "viking://resources/a", "--on", "b1", "--timeout", "5")
    place.refused("sync", "wait", seq, "--timeout", "0.3")
    place.refused("sync", "wait", "viking://resources/a", "--on", "slow", "--timeout", "0.3")
    place.refused("sync", "wait", "--timeout", "0.3")
    has(place.refused("sync", "wait", "--on", "nobody", "--timeout", "5"), "nobody")
    # What is not owed below a URI is not waited for.
    place.knarr("sync", "wait", "viking://resources/elsewhere", "--timeout", "5")
    place.say("control", "")
    place.knarr("sync", "wait", seq, "--timeout", "10")
    place.knarr("sync", "wait", "viking://resources", "--on", "slow", "--timeout", "10")


def memory_of(server):
    """KiB of it that are in memory."""
    with open("/proc/%d/status" % server.pid) as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


def die_waiting(place, count):
    """Clients that are killed while they wait for all; an upload says when that was noticed."""
    stage = place.path("data/viking/.knarr-stage")
    clients = [place.begin("sync", "wait") for _ in range(count)]
    clients.append(place.begin("put", "-", "viking://resources/large"))
    clients[-1].stdin.write(os.urandom(5 << 20))
    clients[-1].stdin.flush()
    until(lambda: os.path.isdir(stage) and os.listdir(stage), "the upload has begun")
    for client in clients:
        client.kill()
    until(lambda: not os.listdir(stage), "it is seen that they have gone", 15)


def impatient_clients(place):
    """They wait for thousands of files that do not come, and go: nothing is kept of it."""
    one_flaky(place, knarr={"breaker_max_ms": 30000}, retry_backoff_base_ms=2000)
    server = place.start()
    place.say("control", "change down")
    write_many(place, 4000)
    for _ in range(2):
        before = memory_of(server)
        die_waiting(place, 40)
        for _ in range(40):
            place.refused("sync", "wait", "--timeout", "0.01")
    # The second time, what the first was given is used again.
    assert memory_of(server) - before < 4 << 10, (before, memory_of(server))


# ---- failures ---------------------------------------------------------------------------------------


def dead_target(place):
    """Two hundred files for a backup that is down: a few probes, not two hundred failures."""
    one_flaky(place, knarr={"breaker_max_ms": 30000}, retry_backoff_base_ms=2000)
    place.start()
    place.say("control", "change down")
    write_many(place, 200)
    status = until(lambda: place.status()["state"] == "down" and place.status(), "it is down")
    same((status["quarantined"], status["dead"]), (0, 0))
    assert status["pending"] >= 200, status
    has(status["reason"], "was told to fail")
    before = status["failures"]
    write_many(place, 200, "more")
    time.sleep(0.5)
    # In flight when it went down, or a probe; nothing for the files written since.
    assert place.status()["failures"] - before <= 2, (before, place.status())


def drained(place):
    one_flaky(place, "change down")
    place.say("control", "")
    place.start()
    place.say("control", "change down")
    write_many(place, 300)
    until(lambda: place.status()["pending"] >= 300, "a backlog")
    place.say("control", "")
    until(lambda: place.status()["state"] == "idle", "idle again")
    status = place.status()
    same((status["pending"], status["pending_bytes"], status["lag_ms"], status["reason"]),
         (0, 0, 0, ""))
    same(replica(place), tree(place.path("data/viking/default/resources")))


def down_at_start(place):
    one_flaky(place, "open fail retry io")
    place.start()
    place.write("viking://resources/a", "a")
    until(lambda: place.status()["state"] in ("down", "stalled", "behind"), "not well")
    place.say("control", "")
    until(lambda: place.status()["state"] == "idle", "idle")
    same(replica(place), {b"a": b"a"})


def status_moves(place):
    """The lag grows while it is down, and nothing is left of it afterwards."""
    one_flaky(place)
    place.start()
    same(place.status()["state"], "idle")
    place.say("control", "change down")
    place.write("viking://resources/a", "abc")
    first = until(lambda: place.status()["pending"] == 1 and place.status(), "one is pending")
    time.sleep(0.5)
    second = place.status()
    assert second["lag_ms"] >= first["lag_ms"] + 300, (first, second)
    same((second["pending_bytes"], second["oldest_uri"]), (3, "viking://resources/a"))
    until(lambda: place.status()["state"] == "down", "down")
    same(place.entries("viking://resources/a")[0]["targets"][0]["in_sync"], False)
    place.say("control", "")
    until(lambda: place.status()["state"] == "idle", "idle")
    same(place.status()["lag_ms"], 0)
    same(place.entries("viking://resources/a")[0]["all_synced"], True)


def coalesced(place):
    one_flaky(place)
    place.start()
    place.say("control", "change down")
    for i in range(50):
        place.write("viking://resources/a", "version %d" % i)
    same(place.status()["pending"], 1)
    place.say("control", "")
    place.in_sync()
    same(replica(place), {b"a": b"version 49"})


def one_bad_path(place):
    """One path fails for ever: it is quarantined, with its reason, and costs the others nothing."""
    one_flaky(place, retry_quarantine_after_failures=2, retry_max_retries_per_round=1,
              knarr={"quarantine_ms": 600000})
    place.start()
    place.say("control", "change fail retry io path=bad")
    place.write("viking://resources/bad", "bad")
    for i in range(20):
        place.write("viking://resources/good%d" % i, "good")
    until(lambda: place.status()["quarantined"] == 1, "one path in quarantine")
    until(lambda: len(replica(place)) == 20, "the others are there")
    target = place.entries("viking://resources/bad")[0]["targets"][0]
    same((target["quarantined"], target["in_sync"]), (True, False))
    has(target["reason"], "was told to fail")
    has(place.knarr("sync", "status", "viking://resources/bad"), "quarantined")
    place.say("control", "")
    time.sleep(0.5)
    assert b"bad" not in replica(place)  # nobody tries before its time
    has(place.knarr("sync", "retry", "viking://resources/bad"), "1 path is tried again")
    place.in_sync()
    same(replica(place)[b"bad"], b"bad")
    same(place.status()["quarantined"], 0)


def quarantine_expires(place):
    one_flaky(place, retry_quarantine_after_failures=1, retry_max_retries_per_round=1,
              knarr={"quarantine_ms": 700})
    place.start()
    place.say("control", "change fail retry io path=bad")
    place.write("viking://resources/good", "good", "--wait")
    place.write("viking://resources/bad", "bad")
    until(lambda: place.status()["quarantined"] == 1, "one path in quarantine")
    place.say("control", "")
    until(lambda: replica(place).get(b"bad") == b"bad", "the probe succeeds")
    until(lambda: place.status()["state"] == "idle", "idle")


def quarantine_survives(place):
    one_flaky(place, retry_quarantine_after_failures=1, retry_max_retries_per_round=1,
              knarr={"quarantine_ms": 600000})
    place.start()
    place.say("control", "change fail retry io path=bad")
    place.write("viking://resources/good", "good", "--wait")
    place.write("viking://resources/bad", "bad")
    until(lambda: place.status()["quarantined"] == 1, "one path in quarantine")
    same(place.stop(), 0)
    place.start()
    status = place.status()
    same((status["quarantined"], status["pending"]), (1, 1))
    place.say("control", "")
    place.knarr("sync", "retry", "--wait")
    same(replica(place)[b"bad"], b"bad")


def isolated(place):
    """A backup that hangs costs neither the primary nor the other backup anything."""
    mixed(place, 2)
    place.start()
    place.say("control", "all slow 60000")
    assert seconds_of(lambda: write_many(place, 100)) < 10
    until(lambda: len(replica(place, "b1").get(b"many") or replica(place, "b1")) >= 100,
          "the other has all")
    place.stop(signal.SIGKILL)


# ---- memory ----------------------------------------------------------------------------------------


def memory_refilled(place):
    place.configure([{"name": "cache", "backend": "memory", "memory": {"max_bytes": 1 << 20}}])
    place.start()
    for i in range(30):
        place.write("viking://resources/f%d" % i, "content")
    place.in_sync()
    same(place.stop(), 0)
    place.start()
    until(lambda: place.status("cache")["applied"] >= 30, "it is filled again")
    until(lambda: place.status("cache")["state"] == "idle", "idle")


def memory_lazy(place):
    place.configure([{"name": "cache", "backend": "memory", "memory": {"refill": "lazy"}}])
    place.start()
    for i in range(10):
        place.write("viking://resources/f%d" % i, "content")
    place.in_sync()
    same(place.stop(), 0)
    place.start()
    status = place.status("cache")
    same((status["state"], status["pending"], status["applied"]), ("idle", 0, 0))
    place.write("viking://resources/new", "content", "--wait")
    same(place.status("cache")["applied"], 1)


def memory_full(place):
    """Least recently used files leave; no write fails and nothing is quarantined for it."""
    place.configure([{"name": "cache", "backend": "memory", "memory": {"max_bytes": 65536}}])
    place.start()
    for i in range(40):
        place.write("viking://resources/f%d" % i, "x" * 5000, "--wait")
    status = place.status("cache")
    same((status["state"], status["quarantined"], status["dead"]), ("idle", 0, 0))


# ---- operations ------------------------------------------------------------------------------------


def moved_with_a_directory(place):
    """The rename is the newest change of all that it moved."""
    place.configure()
    place.start()
    place.write("viking://resources/d/sub/a", "a")
    place.write("viking://resources/d/b", "b")
    seq = json.loads(place.knarr("mv", "viking://resources/d", "viking://resources/e", "--json"))["seq"]
    place.in_sync()
    found = {entry["path"]: entry["latest_seq"] for entry in place.entries("viking://resources/e")}
    same(found, {"/default/resources/" + path: seq for path in ("e", "e/sub/a", "e/b")})
    same(place.entries("viking://resources/d"), [])


def every_operation(place):
    """What clients do, in a row, arrives: also when a backup was away for half of it."""
    one_flaky(place)
    place.start()
    for half in ("", "change down"):
        place.say("control", half)
        root = "viking://resources/" + (half or "up").replace(" ", "-")
        place.knarr("mkdir", root + "/d/e")
        place.write(root + "/d/a", "one")
        place.write(root + "/d/a", " two", "--mode", "append")
        place.write(root + "/d/a", "O", "--offset", "0")
        place.write(root + "/d/b", "gone soon")
        place.knarr("truncate", root + "/d/a", "5")
        place.knarr("rm", root + "/d/b")
        place.knarr("mv", root + "/d/a", root + "/d/e/c")
        place.knarr("mv", root + "/d", root + "/f")
        place.write(root + "/d/new", "after the move")
        place.knarr("chmod", "600", root + "/f/e/c")
        place.knarr("mkdir", root + "/x/y")
        place.knarr("rm", "-r", root + "/x")
        same(place.knarr("read", root + "/f/e/c"), "One t")
    has(place.refused("write", root + "/f/e/c", "--content", "x", "--mode", "create"), "exist")
    place.say("control", "")
    place.in_sync()
    same(replica(place), tree(place.path("data/viking/default/resources")))
    mode = os.stat(place.path("b1/default/resources/up/f/e/c")).st_mode
    same(mode & 0o777, 0o600)


def survives_kill(place):
    """What was owed to a backup that is away is still owed after kill -9."""
    one_flaky(place)
    place.start()
    place.say("control", "change down")
    write_many(place, 50)
    place.knarr("rm", "viking://resources/many/f0")
    pending = place.status()["pending"]
    place.stop(signal.SIGKILL)
    place.start()
    assert place.status()["pending"] >= pending
    place.say("control", "")
    place.in_sync()
    same(replica(place), tree(place.path("data/viking/default/resources")))


stories = [
    ("async answers without the backup", async_does_not_wait),
    ("sync answers at the k-th acknowledgement, and the rest goes on", kth_ack),
    ("sync without a count waits for all", all_acks),
    ("a missed quorum says in time what exists where", missed_quorum),
    ("--wait waits, and --timeout ends it", wait_option),
    ("a receipt has number, size, hash and backups", receipt),
    ("a receipt says what is still pending", receipt_pending),
    ("sync wait takes a number, a URI, a backup", sync_wait),
    ("clients that give up waiting cost nothing", impatient_clients),
    ("a dead target costs a probe, not a failure for each file", dead_target),
    ("a backlog drains when the backup is back, and the status is idle", drained),
    ("a backup that is down never stops the server from starting", down_at_start),
    ("the status moves while a backup is down", status_moves),
    ("a backlog costs by paths, not by writes", coalesced),
    ("one bad path is quarantined alone, until an operator says retry", one_bad_path),
    ("a quarantine expires into a probe", quarantine_expires),
    ("a quarantine survives a restart", quarantine_survives),
    ("a backup that hangs costs the others nothing", isolated),
    ("a memory backup is filled again after a restart", memory_refilled),
    ("a lazy memory backup is not", memory_lazy),
    ("a full memory backup fails nothing", memory_full),
    ("what a directory takes along when it moves has a number", moved_with_a_directory),
    ("every operation arrives", every_operation),
    ("what is owed survives kill -9", survives_kill),
]

if __name__ == "__main__":
    main(stories)

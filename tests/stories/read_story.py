#!/usr/bin/python3
"""Reads from backups: who answers, what is never answered, and who stands in."""

import json
import os
import random
import signal

from support import backup, content_of, flaky, has, main, same, tree, until

ROOT = "viking://resources/"
MIB = 1 << 20


def reading(one, priority=10, write=True):
    operations = [{"operation": "read", "priority": priority}]
    if write:
        operations.append({"operation": "write", "priority": 1})
    return dict(one, operations=operations)


def memory(name, **more):
    return {"name": name, "backend": "memory", **more}


def reads(place, name="b1"):
    return place.status(name)["reads"]


def hits(place, name="b1"):
    return reads(place, name)["hits"]


def read(place, uri, *more):
    return place.knarr("read", ROOT + uri, *more)


def mark(place, name, uri, text):
    """Make a copy tell itself apart, behind the server's back."""
    path = place.path(name, "default/resources", uri)
    times = os.stat(path)
    with open(path, "r+") as file:
        file.write(text)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def without_it(place):
    place.configure([memory("b1"), backup("b2", place.path("b2"))])
    place.start()
    place.write(ROOT + "a", "x", "--wait")
    same(read(place, "a"), "x")
    same([reads(place, name) for name in ("b1", "b2")],
         [{"hits": 0, "misses": 0, "failures": 0, "stale": 0}] * 2)


def by_priority(place):
    place.configure([reading(backup("b1", place.path("b1")), 20),
                     reading(backup("b2", place.path("b2")), 10),
                     backup("b3", place.path("b3"))])
    place.start()
    place.in_sync()
    place.write(ROOT + "a", "first", "--wait")
    for name in ("b1", "b2", "b3"):
        mark(place, name, "a", "by " + name)
    same(read(place, "a"), "by b2")
    same(json.loads(place.knarr("explain", ROOT + "a", "--json"))["read"], "b2, b1, primary")
    os.unlink(place.path("b2/default/resources/a"))
    same(read(place, "a"), "by b1")
    same((hits(place, "b2"), reads(place, "b2")["misses"], hits(place, "b1")), (1, 1, 1))
    os.unlink(place.path("b1/default/resources/a"))
    same(read(place, "a"), "first")


def from_memory(place):
    place.configure([reading(memory("b1"))])
    place.start()
    place.in_sync()
    place.write(ROOT + "a", "x" * 100, "--wait")
    place.knarr("write", ROOT + "large", "-", "--wait", stdin=b"y" * 5 * MIB)
    same(read(place, "a"), "x" * 100)
    same(read(place, "large"), "y" * 5 * MIB)
    same(hits(place) > 5, True)
    same(read(place, "a", "--offset", "98"), "xx")
    place.stop(signal.SIGKILL)
    place.start()
    same(read(place, "a"), "x" * 100)
    place.in_sync()
    before = hits(place)
    same(read(place, "a"), "x" * 100)
    same(hits(place), before + 1)


def never_older(place):
    """A backup that takes nothing: what was acknowledged is read all the same, at once."""
    control = place.say("control", "")
    place.configure([reading(flaky("b1", place.path("b1"), control))])
    place.start()
    place.knarr("mkdir", ROOT + "d")
    place.write(ROOT + "d/a", "one", "--wait")
    place.write(ROOT + "d/b", "bee", "--wait")
    place.write(ROOT + "c", "sea", "--wait")
    same((read(place, "d/a"), hits(place)), ("one", 1))
    place.say("control", "change fail retry io")
    place.write(ROOT + "d/a", "two")
    same(read(place, "d/a"), "two")
    place.knarr("rm", ROOT + "d/b")
    has(place.refused("read", ROOT + "d/b"), "NOT_FOUND")
    place.knarr("mv", ROOT + "d", ROOT + "e")
    has(place.refused("read", ROOT + "d/a"), "NOT_FOUND")
    same(read(place, "e/a"), "two")
    place.knarr("mkdir", ROOT + "d")
    place.write(ROOT + "d/a", "six")
    same(read(place, "d/a"), "six")
    place.knarr("rm", "-r", ROOT + "e")
    has(place.refused("read", ROOT + "e/a"), "NOT_FOUND")
    same(hits(place), 1)
    same(reads(place)["stale"] > 4, True)
    place.stop(signal.SIGKILL)
    place.start()
    has(place.refused("read", ROOT + "d/b"), "NOT_FOUND")
    same(read(place, "d/a"), "six")
    same((hits(place), content_of(place.path("b1/default/resources/d/a"))), (0, b"one"))
    place.say("control", "")
    place.in_sync()
    same((read(place, "d/a"), read(place, "c"), hits(place)), ("six", "sea", 2))


def quarantined(place):
    control = place.say("control", "")
    place.configure([reading(flaky("b1", place.path("b1"), control))],
                    retry_quarantine_after_failures=1, retry_max_retries_per_round=1)
    place.start()
    place.write(ROOT + "bad", "one", "--wait")
    place.say("control", "put fail refused permission_denied path=bad")
    place.write(ROOT + "bad", "two")
    until(lambda: place.status()["dead"] == 1, "the path is dead")
    place.write(ROOT + "good", "x", "--wait", "--timeout", "5")
    same((read(place, "bad"), read(place, "good"), hits(place)), ("two", "x", 1))


def unreachable(place):
    """A copy that fails is passed over, and left alone for a while."""
    control = place.say("control", "")
    place.configure([reading(flaky("b1", place.path("b1"), control), 1),
                     reading(backup("b2", place.path("b2")), 2)])
    place.start()
    place.in_sync()
    place.write(ROOT + "a", "x", "--wait")
    place.say("control", "read fail retry network")
    for _ in range(20):
        same(read(place, "a"), "x")
    same((hits(place, "b1"), hits(place, "b2")), (0, 20))
    same(1 <= reads(place)["failures"] < 10, True)
    place.say("control", "")
    until(lambda: read(place, "a") and hits(place, "b1") > 0, "it is asked again")


def slow(place):
    """One that hangs costs one read its patience, and nobody else anything."""
    control = place.say("control", "")
    place.configure([reading(flaky("b1", place.path("b1"), control), 1)])
    place.start()
    place.in_sync()
    place.write(ROOT + "a", "x", "--wait")
    place.say("control", "read slow 4000")
    same(read(place, "a"), "x")
    for _ in range(10):
        same(read(place, "a"), "x")
    same((hits(place), reads(place)["failures"]), (0, 1))
    place.say("control", "")
    until(lambda: read(place, "a") and hits(place) > 0, "it is asked again")


def own_copy(place):
    """Without "write" nothing is sent there, and what is there is served, as the guide says."""
    control = place.say("control", "")
    place.configure([reading(flaky("own", place.path("own"), control), write=False),
                     backup("b1", place.path("b1"))])
    os.makedirs(place.path("own/default/resources"))
    for name in ("both", "only"):
        with open(place.path("own/default/resources", name), "w") as file:
            file.write("the operator's")
    place.start()
    place.write(ROOT + "both", "ours", "--wait")
    place.write(ROOT + "new", "ours", "--wait")
    same(os.path.exists(place.path("own/default/resources/new")), False)
    same([read(place, name) for name in ("both", "only", "new")],
         ["the operator's", "the operator's", "ours"])
    has(place.refused("read", ROOT + "none"), "NOT_FOUND")
    place.say("control", "read fail retry network")
    has(place.refused("read", ROOT + "only"), "UNAVAILABLE", "'own'")
    same(read(place, "new"), "ours")


def half_way(place):
    """The copy breaks in the middle of a large file: the next one goes on."""
    control = place.say("control", "")
    place.configure([reading(flaky("b1", place.path("b1"), control))])
    place.start()
    place.in_sync()
    bytes = random.Random(1).randbytes(64 * MIB)
    place.knarr("write", ROOT + "large", "-", "--wait", stdin=bytes)
    place.say("control", "read slow 10")
    client = place.begin("get", ROOT + "large", place.path("got"))
    until(lambda: hits(place) > 8, "it has begun")
    place.say("control", "read fail retry io")
    same(client.wait(60), 0, client.stderr.read())
    same(content_of(place.path("got")) == bytes, True)
    same((reads(place)["failures"] > 0, hits(place) < 60), (True, True))


def made_whole(place):
    """What a place had before it became a backup that serves reads is not served."""
    place.configure([])
    place.start()
    place.write(ROOT + "a", "ours")
    place.stop()
    os.makedirs(place.path("b1/default/resources"))
    for name in ("a", "gone"):
        with open(place.path("b1/default/resources", name), "w") as file:
            file.write("old")
    for serves in (backup("b1", place.path("b1")), reading(backup("b1", place.path("b1"))),
                   reading(backup("b1", place.path("b1")), write=False),
                   reading(backup("b1", place.path("b1")))):
        place.configure([serves])
        place.start()
        if len(serves.get("operations", [1, 2])) == 2:
            same(read(place, "a"), "ours")
            has(place.refused("read", ROOT + "gone"), "NOT_FOUND")
            place.in_sync()
        else:
            place.write(ROOT + "a", "more")
            place.write(ROOT + "a", "ours")
            mark(place, "b1", "a", "mine")
            same(read(place, "a"), "mine")
        same(place.stop(), 0)
    place.start()
    place.in_sync()
    same((read(place, "a"), hits(place)), ("ours", 1))
    same(sorted(tree(place.path("b1/default/resources"))), [b"a"])


def any_version(place):
    """As OpenViking does it, if the configuration asks for it; or up to some age."""
    control = place.say("control", "")
    items = [reading(flaky("b1", place.path("b1"), control))]
    place.configure(items, knarr={"read_consistency": "any"})
    place.start()
    place.write(ROOT + "a", "one", "--wait")
    place.say("control", "change fail retry io")
    place.write(ROOT + "a", "two")
    same(read(place, "a"), "one")
    place.stop()
    place.configure(items, knarr={"read_consistency": {"max_staleness_ms": 600000}})
    place.say("control", "")
    place.start()
    place.in_sync()
    place.say("control", "change fail retry io")
    place.write(ROOT + "a", "six")
    same(read(place, "a"), "two")
    place.stop()
    place.configure(items, knarr={"read_consistency": {"max_staleness_ms": 1}})
    place.start()
    same(read(place, "a"), "six")


def refused_settings(place):
    for given, said in (("newest", "'newest' is none of"), (1, "is none of"),
                        ({}, "max_staleness_ms: missing"),
                        ({"max_staleness_ms": -1}, "max_staleness_ms"),
                        ({"staleness": 1}, "staleness")):
        place.configure(knarr={"read_consistency": given})
        has(place.run(name="knarrd").stderr.decode(), "read_consistency", said)


def at_random(place):
    """One client after the other: whatever was acknowledged last is what is read."""
    control = place.say("control", "")
    place.configure([reading(flaky("b1", place.path("b1"), control), 1),
                     reading(memory("b2"), 2)], knarr={"backup_window_items": 16})
    place.start()
    draw = random.Random(7)
    now = {}
    dirs = ["d0", "d1", "d2"]
    deeds = ["", "", "change fail retry io", "change slow 5", "read fail retry io",
             "rename fail retry io", "put lose retry io", "flush fail retry io", "all down"]
    for d in dirs:
        place.knarr("mkdir", ROOT + d)
    for step in range(400):
        d, other, f = draw.choice(dirs), draw.choice(dirs), "f%d" % draw.randrange(4)
        deed = draw.random()
        if deed < 0.06:
            place.say("control", draw.choice(deeds))
        elif deed < 0.35:
            now[d + "/" + f] = "%d" % step
            place.write(ROOT + d + "/" + f, "%d" % step)
        elif deed < 0.42 and d + "/" + f in now:
            del now[d + "/" + f]
            place.knarr("rm", ROOT + d + "/" + f)
        elif deed < 0.47 and d != other:
            place.knarr("rm", "-r", ROOT + other)
            place.knarr("mv", ROOT + d, ROOT + other)
            place.knarr("mkdir", ROOT + d)
            now = {(other + p[2:] if p[:2] == d else p): v for p, v in now.items()
                   if p[:2] != other}
        else:
            expected = now.get(d + "/" + f)
            done = place.run("read", ROOT + d + "/" + f)
            same((done.returncode, done.stdout.decode()),
                 (0, expected) if expected is not None else (1, ""),
                 "step %d, %s: %s" % (step, d + "/" + f, done.stderr))
    place.say("control", "")
    place.in_sync()
    for path, text in now.items():
        same(read(place, path), text)
    same((hits(place, "b1") > 0, hits(place, "b2") > 0), (True, True))


stories = [
    ("without a backup that serves reads the primary does", without_it),
    ("the lowest priority is asked first, and the primary last", by_priority),
    ("a memory backup answers, also large files, and again after a restart", from_memory),
    ("what is deleted, older or moved away is never read", never_older),
    ("a path that cannot be brought there is read elsewhere", quarantined),
    ("a copy that fails is passed over for a while", unreachable),
    ("a copy that hangs costs nobody anything", slow),
    ("a backup that only serves reads has what its operator put there", own_copy),
    ("a large read goes on with the next copy", half_way),
    ("a backup is made whole before it serves reads", made_whole),
    ("older versions are read if the configuration asks for it", any_version),
    ("a consistency that does not exist is refused", refused_settings),
    ("no read is older than what was acknowledged, whatever happens", at_random),
]

if __name__ == "__main__":
    main(stories)

#!/usr/bin/python3
"""How the server starts, refuses to start, and stops; and the guide, word by word."""

import json
import os
import re
import signal
import time

from support import backup, content_of, flaky, has, main, same, tree, until

GUIDE = """{
"storage": {
"workspace": "./data",
"agfs": {
"backend": "local",
"backups": {
"sync_type": "async",
"items": [
{
"name": "local-backup",
"backend": "local",
"local": {
"local_dir": "./data/backup"
}
}
]
}
}
}
}"""


def fails(place, code, *parts):
    """The server ends by itself with this status and these words on standard error."""
    server = place.spawn()
    same(server.wait(20), code, place.last_words())
    has(place.last_words(), *parts)


# ---- the guide ------------------------------------------------------------------------------


def guide(place):
    place.write_conf(GUIDE)
    has(place.knarr("doctor", name="openviking-server"), "All checks passed.")
    place.start("openviking-server")
    place.knarr("write", "viking://resources/multiwrite-check.txt", "--content",
                "multi-write check", "--wait", name="openviking")
    same(place.knarr("read", "viking://resources/multiwrite-check.txt", name="openviking"),
         "multi-write check")
    # "If you use a local backup, you can also inspect the backup directory directly."
    same(content_of(place.path("data/backup/default/resources/multiwrite-check.txt")),
         b"multi-write check")
    # "... are internal files and are hidden from ordinary directory listings."
    same(place.knarr("ls", "-a", "viking://resources").split(), ["multiwrite-check.txt"])
    same(place.status("local-backup")["state"], "idle")
    place.stop(signal.SIGKILL)
    place.start("openviking-server")
    same(place.knarr("read", "viking://resources/multiwrite-check.txt", name="openviking"),
         "multi-write check")


def guide_history(place):
    """"Multi-write only replicates writes that happen after it is enabled.\""""
    place.configure([])
    place.start()
    place.write("viking://resources/old", "old")
    same(place.stop(), 0)
    place.configure()
    place.start()
    place.write("viking://resources/new", "new", "--wait")
    same(tree(place.path("b1/default/resources")), {b"new": b"new"})


def guide_recovers(place):
    """The configuration examples of the guide for sync mode and for a cache load as printed."""
    conf = json.loads(GUIDE)
    backups = conf["storage"]["agfs"]["backups"]
    backups.update(sync_type="sync", write_ack_count=1, write_ack_timeout_ms=5000)
    backups["items"].append({"name": "cache-backend", "backend": "memfs",
                             "operations": [{"operation": "write", "priority": 1}]})
    place.write_conf(json.dumps(conf))
    place.start()
    place.write("viking://resources/a", "a")
    place.in_sync()


# ---- refusing to start ------------------------------------------------------------------------


def all_problems(place):
    place.write_conf("""{
 "storage": {
  "workspace": "./data",
  "agfs": {
   "backnd": "local",
   "knarr": { "durability": "powr", "journal_segment_bytes": 7 },
   "backups": {
    "sync_type": "asynch",
    "write_ack_count": 3,
    "items": [
     { "name": "b1", "backend": "local", "local": { "local_dir": "./b1" } },
     { "name": "b1", "backend": "local", "local": { "local_dir": "./b2" } },
     { "name": "b3", "backend": "local", "local": { "local_dir": "./data/viking/inside" } }
    ]
   }
  }
 },
 "encrypton": {}
}
""")
    fails(place, 2, ":5: storage.agfs.backnd", "'backend'", ":6: storage.agfs.knarr.durability",
          "'power'", "journal_segment_bytes", ":8: storage.agfs.backups.sync_type", "'async'",
          ":12: storage.agfs.backups.items[1]", ":13: storage.agfs.backups.items[2]",
          "encrypton", "'encryption'")
    assert not os.path.exists(place.path("data"))


def no_file(place):
    fails(place, 2, "ov.conf")


def other_file(place):
    """A problem begins with the file that it is in, whoever named it."""
    place.conf = place.path("other.conf")
    place.write_conf('{\n"encrypton": {}\n}')
    for name in ("knarr", "knarrd"):
        has(place.run("doctor", name=name).stdout.decode(), " " + place.conf + ":2: encrypton")
    for name in ("knarrd", "openviking-server"):
        done = place.run(name=name)
        same((done.returncode, done.stderr.decode().startswith(place.conf + ":2: encrypton")),
             (2, True), done.stderr)
    has(place.refused("ls", code=2), "knarr: " + place.conf + ":2: encrypton")


def second_instance(place):
    place.configure()
    server = place.start()
    second = place.spawn()
    same(second.wait(20), 1)
    has(place.last_words(), "another process (pid %d) is using" % server.pid)
    place.servers.remove(second)
    second.stdout.close()
    place.write("viking://resources/a", "still served")


# ---- identity ---------------------------------------------------------------------------------


def with_one_write(place, items):
    place.configure(items)
    place.start()
    place.write("viking://resources/a", "one", "--wait")
    same(place.stop(), 0)


def renamed(place):
    with_one_write(place, [backup("old", place.path("b"))])
    place.configure([backup("new", place.path("b"))])
    fails(place, 1, "knarrd backup rename old new")
    same(place.run("backup", "rename", "old", "new", name="knarrd").returncode, 0)
    place.start()
    place.write("viking://resources/b", "two", "--wait")
    same(tree(place.path("b/default/resources")), {b"a": b"one", b"b": b"two"})


def moved(place):
    with_one_write(place, [backup("b", place.path("b"))])
    place.configure([backup("b", place.path("elsewhere"))])
    fails(place, 1, "is not where it was", "knarrd backup accept b")
    same(place.run("backup", "accept", "b", name="knarrd").returncode, 0)
    place.start()
    place.write("viking://resources/b", "two", "--wait")
    # A new, empty backup: only what was written since is owed to it.
    same(tree(place.path("elsewhere/default/resources")), {b"b": b"two"})
    same(tree(place.path("b/default/resources")), {b"a": b"one"})


def swapped(place):
    both = [backup("b1", place.path("p1")), backup("b2", place.path("p2"))]
    with_one_write(place, both)
    place.configure([backup("b1", place.path("p2")), backup("b2", place.path("p1"))])
    fails(place, 1, "was called 'b2' until now")
    place.configure(both)
    place.start()


def lost(place):
    """The directory is gone, as when a disk was not mounted: never filled silently."""
    with_one_write(place, [backup("b", place.path("b"))])
    os.rename(place.path("b"), place.path("unmounted"))
    fails(place, 1, "is not where it was")
    os.rmdir(place.path("b"))  # what the look at it has made
    os.rename(place.path("unmounted"), place.path("b"))
    place.start()
    place.write("viking://resources/b", "two", "--wait")


def catalog_set_aside(place):
    """As doctor and the server advise when it is damaged: what backups lack is found again."""
    control = place.say("control", "")
    place.configure([flaky("b1", place.path("b1"), control)])
    place.start()
    place.write("viking://resources/a", "one", "--wait")
    place.say("control", "change down")
    place.write("viking://resources/a", "two")
    place.write("viking://resources/b", "new")
    same(place.stop(), 0)
    place.say("control", "")
    for name in ("catalog.db", "catalog.db-wal"):
        if os.path.exists(place.path("data/.knarr", name)):
            os.rename(place.path("data/.knarr", name), place.path(name + ".damaged"))
    place.start()
    same(place.knarr("read", "viking://resources/a"), "two")
    until(lambda: tree(place.path("b1/default/resources")) == {b"a": b"two", b"b": b"new"},
          "the backup is made equal")


def left_out(place):
    """Out of the configuration and back: it was never told to be anything but this backup."""
    both = [backup("b1", place.path("b1")), backup("b2", place.path("b2"))]
    with_one_write(place, both)
    place.configure(both[:1])
    place.start()
    place.write("viking://resources/a", "two")
    place.write("viking://resources/b", "new", "--wait")
    same(place.stop(), 0)
    place.configure(both)
    place.start()
    until(lambda: tree(place.path("b2/default/resources")) == {b"a": b"two", b"b": b"new"},
          "it is made equal")


def rename_mistakes(place):
    with_one_write(place, [backup("b", place.path("b"))])
    for words, why in ((("nobody", "b"), b"no backup was ever called 'nobody'"),
                       (("b", "c"), b"the configuration has no backup 'c'"),
                       (("b", "primary"), b"the configuration has no backup 'primary'"),
                       (("b", "b"), b"there is a backup 'b' already")):
        done = place.run("backup", "rename", *words, name="knarrd")
        same((done.returncode, why in done.stderr), (1, True), done.stderr)
    same(place.run("backup", "rename", "b", name="knarrd").returncode, 2)
    same(place.run("backup", "accept", "nobody", name="knarrd").returncode, 1)
    place.start()
    done = place.run("backup", "accept", "b", name="knarrd")
    same((done.returncode, b"another process (pid" in done.stderr), (1, True), done.stderr)


# ---- running, stopping --------------------------------------------------------------------------


def no_such_command(place):
    """Status 2, and what there is; also for one who asked for help."""
    place.configure()
    for words in (("sync",), ("help", "sync")):
        has(place.refused(*words, code=2), "knarr sync status", "knarr sync wait")
    for words in (("snyc",), ("help", "snyc")):
        has(place.refused(*words, code=2), "'snyc' is no command", "--help")
    has(place.knarr("help"), "sync retry")
    has(place.knarr("help", "sync", "retry"), "Usage: knarr sync retry")


def server_help(place):
    for words in ("doctor", "backup rename OLD NEW", "backup accept NAME", "--config"):
        has(place.knarr("--help", name="knarrd"), words)


def stops(place):
    """SIGTERM in the middle of many writes: every one answered is there afterwards."""
    place.configure()
    place.start()
    clients = [place.begin("write", "viking://resources/f%d" % i, "--content", "c%d" % i)
               for i in range(40)]
    began = time.monotonic()
    same(place.stop(), 0)
    assert time.monotonic() - began < 10
    answered = [i for i, client in enumerate(clients) if client.wait(60) == 0]
    place.start()
    for i in answered:
        same(place.knarr("read", "viking://resources/f%d" % i), "c%d" % i)
    place.in_sync()
    for i in answered:
        same(content_of(place.path("b1/default/resources/f%d" % i)), b"c%d" % i)


def clean_start(place):
    """What kill -9 leaves to be done again, SIGTERM does not."""
    def starts():
        return [dict(word.split("=", 1) for word in line.split() if "=" in word)
                for line in content_of(place.log.name).decode().splitlines()
                if " recovered " in line]

    place.configure(knarr={"checkpoint_interval_ms": 3600000})
    for how, redone in ((signal.SIGKILL, "0"), (signal.SIGTERM, "21"), (None, "0")):
        place.start()
        same(starts()[-1]["redone"], redone, how)
        for i in range(20):
            place.write("viking://resources/f%d" % i, "content", "--wait")
        place.write("viking://resources/large", "x" * 100000)
        if how:
            place.stop(how)


def refused_stays_refused(place):
    """The primary fails after the journal has the promise: no start may keep it after all."""
    place.configure()
    place.server_environment = {"KNARR_FAULT": "call=rename path=bad do=ENOSPC"}
    place.start()
    place.write("viking://resources/good", "good")
    has(place.refused("write", "viking://resources/bad", "--content", "bad"), "space")
    place.stop(signal.SIGKILL)
    place.server_environment = {}
    place.start()
    place.in_sync()
    for where in ("data/viking", "b1"):
        same(tree(place.path(where, "default/resources")), {b"good": b"good"})


def rename_is_finished(place):
    """A directory's rename was promised; the server died before the primary did it, or after."""
    old, new = "viking://resources/old", "viking://resources/new"
    place.configure()
    for how in ("kill", "kill-after"):
        place.start()
        place.write(old + "/f", how, "--wait")
        same(place.stop(), 0)
        place.server_environment = {"KNARR_FAULT": "call=rename path=/new do=" + how}
        place.start()
        place.refused("mv", old, new)
        same(place.stop(signal.SIGKILL), -signal.SIGKILL)
        place.server_environment = {}
        place.start()
        place.in_sync()
        for where in ("data/viking", "b1"):
            same(tree(place.path(where, "default/resources")),
                 {b"new": None, b"new/f": how.encode()}, where)
        place.knarr("rm", "-r", new)
        same(place.stop(), 0)


def rename_is_not_repeated(place):
    """What took the old name after the rename stays where it is."""
    place.configure()
    place.start()
    place.write("viking://resources/old/f", "first")
    place.knarr("mv", "viking://resources/old", "viking://resources/new")
    place.write("viking://resources/old/g", "second")
    place.stop(signal.SIGKILL)
    place.start()
    place.in_sync()
    for where in ("data/viking", "b1"):
        same(tree(place.path(where, "default/resources")),
             {b"new": None, b"new/f": b"first", b"old": None, b"old/g": b"second"}, where)


def stops_with_backlog(place):
    control = place.say("control", "change down")
    place.configure([flaky("b1", place.path("b1"), control)])
    place.start()
    for i in range(50):
        place.write("viking://resources/f%d" % i, "c%d" % i)
    same(place.stop(), 0)
    place.say("control", "")
    place.start()
    place.in_sync()
    same(len(tree(place.path("b1/default/resources"))), 50)


def stops_with_slow_backup(place):
    """A backup that takes its time does not hold up the end for longer than ten seconds."""
    control = place.say("control", "")
    place.configure([flaky("b1", place.path("b1"), control)])
    place.start()
    place.say("control", "change slow 1000")
    for i in range(30):
        place.write("viking://resources/f%d" % i, "c")
    same(place.stop(), 0)
    place.say("control", "")
    place.start()
    place.in_sync()
    same(len(tree(place.path("b1/default/resources"))), 30)


def says_ready(place):
    place.configure()
    server = place.spawn()
    line = server.stdout.readline().decode()
    assert re.match(r"knarrd \S+ is ready at ipc://", line), line
    mode = os.stat(place.path("data/.knarr/knarr.sock")).st_mode & 0o777
    assert mode & 0o077 == 0 or os.stat(place.path("data/.knarr")).st_mode & 0o077 == 0


def without_backups(place):
    place.configure([])
    place.start()
    place.write("viking://resources/a", "alone", "--wait")
    same(place.knarr("read", "viking://resources/a"), "alone")
    same(place.knarr("sync", "status"), "There are no backups.\n")
    same(json.loads(place.knarr("sync", "status", "--json"))["backups"], [])
    place.in_sync()
    place.stop(signal.SIGKILL)
    place.start()
    same(place.knarr("read", "viking://resources/a"), "alone")


def tells_json(place):
    place.configure(knarr={"log_format": "json", "log_level": "debug"})
    place.start()
    place.write("viking://resources/a", "a content that no log may show", "--wait")
    same(place.stop(), 0)
    lines = place.last_words().splitlines()
    assert lines and all(json.loads(line) for line in lines)
    assert "a content that no log may show" not in place.last_words()


stories = [
    ("the guide's text works word by word", guide),
    ("what was there before is not replicated, as the guide says", guide_history),
    ("the guide's other examples load", guide_recovers),
    ("a broken configuration is status 2 with every problem, and makes nothing", all_problems),
    ("a missing configuration is status 2", no_file),
    ("a problem names the file that it is in", other_file),
    ("a second server on a workspace is refused", second_instance),
    ("a backup's new name is noticed, and accepted when told", renamed),
    ("a backup's new place is noticed, and begins anew when told", moved),
    ("two backups that changed places are noticed", swapped),
    ("a backup whose directory is gone is noticed", lost),
    ("a catalog that was set aside is made anew", catalog_set_aside),
    ("a backup that was left out for a while is made equal", left_out),
    ("mistakes in backup commands are told", rename_mistakes),
    ("a command that there is not is told what there is", no_such_command),
    ("help of the server says what commands there are", server_help),
    ("SIGTERM stops within ten seconds and loses nothing", stops),
    ("a start after SIGTERM redoes nothing", clean_start),
    ("what was refused stays refused after a crash", refused_stays_refused),
    ("a rename that a crash cut short is finished", rename_is_finished),
    ("a rename that was done is not done again", rename_is_not_repeated),
    ("SIGTERM keeps the backlog", stops_with_backlog),
    ("SIGTERM does not wait for a slow backup", stops_with_slow_backup),
    ("one line says that the server is ready, and only its user can reach it", says_ready),
    ("without backups it is a plain store", without_backups),
    ("the log is JSON where told so, and shows no content", tells_json),
]

if __name__ == "__main__":
    main(stories)

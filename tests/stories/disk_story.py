#!/usr/bin/python3
"""Disks that are full or read-only for a while: a clear error each time, nothing lost, and back."""

import os
import re
import resource
import signal
import subprocess
import sys

from support import backup, has, main, same, tree, until

MIB = 1 << 20


class Mounted:
    """A small file system at a directory of the place, as long as it is needed."""

    def __init__(self, place, name, size):
        self.path = place.path(name)
        self.place = place
        os.makedirs(self.path)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % size, "none", self.path],
                       check=True)

    def remount(self, options):
        subprocess.run(["mount", "-o", "remount," + options, self.path], check=True)

    def fill(self):
        """Until nothing more fits."""
        with open(os.path.join(self.path, ".filler"), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def empty(self):
        os.remove(os.path.join(self.path, ".filler"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.place.servers:
            server.kill()
            server.wait()
        subprocess.run(["umount", self.path], check=True)


def replica(place, name):
    return {path: content for path, content in tree(place.path(name, "default/resources")).items()}


def backup_full(place):
    with Mounted(place, "b1", MIB) as disk:
        place.configure([backup("b1", place.path("b1")), backup("b2", place.path("b2"))])
        place.start()
        place.write("viking://resources/before", "before", "--wait")
        disk.fill()
        for i in range(20):
            place.write("viking://resources/f%d" % i, "x" * 8000)
        place.knarr("sync", "wait", "--on", "b2", "--timeout", "20")
        status = until(lambda: place.status("b1")["reason"] and place.status("b1"), "a reason")
        has(status["reason"], "No space left")
        same(status["dead"], 0)
        disk.empty()
        place.in_sync()
        same(replica(place, "b1"), replica(place, "b2"))
        same(place.stop(), 0)


def backup_full_at_start(place):
    with Mounted(place, "b1", MIB) as disk:
        disk.fill()
        place.configure([backup("b1", place.path("b1"))])
        place.start()
        place.write("viking://resources/a", "x" * 8000)
        disk.empty()
        place.in_sync()
        same(len(replica(place, "b1")), 1)
        same(place.stop(), 0)
        place.start()


def backup_read_only(place):
    with Mounted(place, "b1", MIB) as disk:
        place.configure([backup("b1", place.path("b1"))])
        place.start()
        place.write("viking://resources/before", "before", "--wait")
        disk.remount("ro")
        place.write("viking://resources/a", "written")
        until(lambda: "Read-only" in place.status("b1")["reason"], "the reason is told")
        disk.remount("rw")
        place.knarr("sync", "retry")
        place.in_sync()
        same(replica(place, "b1"), {b"before": b"before", b"a": b"written"})


def workspace_full(place):
    """Refused, then possible again; what was answered is there after a crash in between."""
    with Mounted(place, "data", 16 * MIB) as disk:
        place.configure([backup("b1", place.path("b1"))])
        place.start()
        place.write("viking://resources/before", "before", "--wait")
        disk.fill()
        answered, refused = [], 0
        for i in range(400):
            done = place.run("write", "viking://resources/f%d" % i, "--content", "x" * 60000)
            if done.returncode == 0:
                answered.append(i)
                continue
            assert b"space" in done.stderr, done.stderr
            refused += 1
            if refused == 3:
                break
        assert refused > 0, "nothing was refused"
        same(place.knarr("read", "viking://resources/before"), "before")
        disk.empty()
        place.write("viking://resources/after", "after")
        place.stop(signal.SIGKILL)
        place.start()
        for i in answered:
            same(len(place.knarr("read", "viking://resources/f%d" % i)), 60000, i)
        same(place.knarr("read", "viking://resources/after"), "after")
        place.in_sync()
        same(replica(place, "b1"), tree(place.path("data/viking/default/resources")))


def large_file_on_full_disk(place):
    with Mounted(place, "data", 24 * MIB) as disk:
        place.configure([backup("b1", place.path("b1"))])
        place.start()
        place.write("viking://resources/big", "small before", "--wait")
        with open(place.path("source"), "wb") as file:
            file.write(os.urandom(30 * MIB))
        has(place.refused("put", place.path("source"), "viking://resources/big"), "space")
        same(place.knarr("read", "viking://resources/big"), "small before")
        place.write("viking://resources/big", "small after", "--wait")
        stage = os.path.join(disk.path, "viking/.knarr-stage")
        until(lambda: not os.path.isdir(stage) or not os.listdir(stage), "the stage is removed")


def few_descriptors(place):
    """A limit that is too low is refused and the right one named; that one is enough."""
    place.configure([backup("b%d" % i, place.path("b%d" % i)) for i in range(1, 9)])
    os.makedirs(place.path("bin"))

    def limited_to(descriptors):
        with open(place.path("bin/knarrd"), "w") as file:
            file.write("#!/bin/sh\nulimit -n %d\nexec %s/knarrd \"$@\"\n"
                       % (descriptors, place.programs))
        os.chmod(place.path("bin/knarrd"), 0o755)
        return place.path("bin/knarrd")

    refused = subprocess.run([limited_to(160), "--config", place.path("ov.conf")],
                             capture_output=True, timeout=30)
    same(refused.returncode, 1)
    needed = int(re.search(rb"need (\d+) file descriptors, and the limit is 160",
                           refused.stderr).group(1))
    place.start(limited_to(needed))
    os.makedirs(place.path("source"))
    for i in range(200):
        os.makedirs(place.path("source/d%d" % i))
        with open(place.path("source/d%d/f" % i), "w") as file:
            file.write("content %d" % i)
    place.knarr("put", "-r", place.path("source"), "viking://resources/many")
    place.in_sync(60)
    for i in range(1, 9):
        same(tree(place.path("b%d/default/resources/many" % i)), tree(place.path("source")))


def every_descriptor_limit(place):
    """Served, or refused with a sentence; never an abort."""
    limits = [*range(8, 132), *range(132, 257, 8)]
    place.configure()
    served = refused = 0
    for limit in limits:
        server = subprocess.Popen(
            [os.path.join(place.programs, "knarrd"), "--config", place.conf],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
        place.clients.append(server)
        if "ready" in server.stdout.readline():
            place.write("viking://resources/a", "limit %d" % limit)
            same(place.knarr("read", "viking://resources/a"), "limit %d" % limit)
            server.terminate()
            served += 1
        _, said = server.communicate(timeout=20)
        if server.returncode != 0:
            refused += 1
            same((server.returncode, bool(said)), (1, True), "limit %d: %s" % (limit, said))
    same((served + refused, served > 0, refused > 0), (len(limits), True, True))


stories = [
    ("a backup on a full disk falls behind, and catches up when there is space", backup_full),
    ("a backup that is full at the start is no reason not to start", backup_full_at_start),
    ("a backup that becomes read-only catches up when it is writable", backup_read_only),
    ("a full workspace refuses writes, and loses none that was answered", workspace_full),
    ("a large file that does not fit leaves the old one and no stage", large_file_on_full_disk),
    ("few file descriptors are survived", few_descriptors),
    ("every limit of descriptors is enough or refused", every_descriptor_limit),
]

if __name__ == "__main__":
    if os.geteuid() != 0:
        print("only root can mount a small disk")
        sys.exit(77)
    main(stories)

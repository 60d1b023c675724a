#!/usr/bin/python3
"""Each thing that doctor can find, made for real: its label, its status, the exit status."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys

from support import backup, content_of, flaky, has, main, same, until

NOBODY = 65534


def examine(place, code, user=None):
    more = {"user": user, "group": user, "extra_groups": []} if user else {}
    done = place.run("doctor", "--json", name="openviking-server", **more)
    same(done.returncode, code, "%s%s" % (done.stdout.decode(), done.stderr.decode()))
    found = json.loads(done.stdout)
    for check in found["checks"]:
        assert (check["status"] == "PASS") == (check["fix"] is None), check
    same(found["failed"], sum(c["status"] == "FAIL" for c in found["checks"]))
    same(found["warnings"], sum(c["status"] == "WARN" for c in found["checks"]))
    return {check["label"]: check for check in found["checks"]}


def finds(place, label, status, *parts, code=None, user=None):
    checks = examine(place, (1 if status == "FAIL" else 0) if code is None else code, user)
    same(checks[label]["status"], status, checks[label])
    has(checks[label]["detail"], *parts)
    return checks


def fill(place, files=20, how=signal.SIGTERM):
    """A store that was used and stopped; cleanly, unless told how."""
    place.start()
    for i in range(files):
        place.write("viking://resources/f%d" % i, "content %d" % i)
    place.in_sync()
    same(place.stop(how), 0 if how == signal.SIGTERM else -how)


def segment(place):
    journal = place.path("data/.knarr/journal")
    return os.path.join(journal, sorted(n for n in os.listdir(journal) if n.endswith(".wal"))[0])


def change(path, offset, byte):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(byte)


def snapshot(directory):
    """Names, modes and contents of everything."""
    found = {}
    for here, _, files in os.walk(directory):
        found[here] = os.stat(here).st_mode
        for name in files:
            path = os.path.join(here, name)
            if stat.S_ISSOCK(os.stat(path).st_mode):
                continue
            found[path] = (os.stat(path).st_mode, content_of(path))
    return found


# ---- healthy -------------------------------------------------------------------------------


def fresh(place):
    place.configure()
    checks = examine(place, 0)
    for label in ("Config", "Workspace", "Journal", "Catalog", "Primary", "Backup b1", "Places",
                  "Disk"):
        same(checks[label]["status"], "PASS", checks[label])
    same(sorted(os.listdir(place.directory)), ["log", "ov.conf"])


def used(place):
    place.configure()
    fill(place)
    before = snapshot(place.path("data")), snapshot(place.path("b1"))
    checks = examine(place, 0)
    assert all(check["status"] == "PASS" for check in checks.values()), checks
    same((snapshot(place.path("data")), snapshot(place.path("b1"))), before)


def crashed(place):
    place.configure()
    place.start()
    place.write("viking://resources/a", "a", "--wait")
    place.stop(signal.SIGKILL)
    before = snapshot(place.path("data/.knarr"))
    has(finds(place, "Catalog", "PASS", "knows: 1")["Backup b1 identity"]["detail"], "marked as")
    same(snapshot(place.path("data/.knarr")), before)


def running(place):
    place.configure()
    server = place.start()
    place.write("viking://resources/a", "a", "--wait")
    finds(place, "Workspace", "PASS", "a server is running (pid %d)" % server.pid)
    place.write("viking://resources/b", "b", "--wait")
    same(place.knarr("ls", "viking://resources").split(), ["a", "b"])
    same(place.stop(), 0)


def as_text(place):
    place.configure()
    out = place.knarr("doctor")
    same(out.splitlines()[:2], ["", "OpenViking Doctor"])
    same(out.splitlines()[-1], "All checks passed.")
    has(out, "  Config: ", "PASS  ")
    os.makedirs(place.path("data/.knarr"), 0o755)
    out = place.knarr("doctor")
    has(out, "WARN  ", "      Fix: chmod 700 ")
    same(out.splitlines()[-1], "1 warning(s). Review the suggestions above.")
    place.write_conf("{")
    out = place.knarr("doctor", code=1)
    same(out.splitlines()[-1], "1 check(s) failed. See above for fix suggestions.")


def usage(place):
    place.configure()
    same(place.run("doctor", "twice", name="knarrd").returncode, 2)
    same(place.run("doctor", "--frobnicate", name="knarrd").returncode, 2)


# ---- the configuration, the workspace ----------------------------------------------------------


def all_problems(place):
    place.write_conf("""{
 "storage": {
  "workspace": "./data",
  "agfs": {
   "backend": "lokal",
   "backups": {
    "sync_typ": "async",
    "items": [ { "name": "primary", "backend": "local" } ]
   }
  }
 }
}
""")
    checks = finds(place, "Config", "FAIL", ":5: storage.agfs.backend", "'local'",
                   ":7: storage.agfs.backups.sync_typ", "sync_type",
                   ":8: storage.agfs.backups.items[0].name")
    same(list(checks), ["Config"])


def no_file(place):
    finds(place, "Config", "FAIL", "ov.conf")


def open_workspace(place):
    place.configure()
    os.makedirs(place.path("data/.knarr"))
    os.chmod(place.path("data/.knarr"), 0o750)
    finds(place, "Workspace", "WARN", "mode 0750")


def workspace_is_file(place):
    place.configure()
    with open(place.path("data"), "w"):
        pass
    finds(place, "Workspace", "FAIL", "data")


def torn_journal(place):
    place.configure()
    place.start()
    for i in range(5):
        place.write("viking://resources/f%d" % i, "x" * 2000)
    place.in_sync()
    place.stop(signal.SIGKILL)
    path = segment(place)
    image = content_of(path)
    # In the last record: a commit that did not reach the disk as a whole.
    at = image.rstrip(b"\0").rfind(b"x" * 100)
    change(path, at, b"y")
    finds(place, "Journal", "WARN", "bytes at the end")
    same(place.start().poll(), None)


def flipped_byte(place):
    place.configure(knarr={"checkpoint_interval_ms": 3600000})
    fill(place, how=signal.SIGKILL)  # a clean stop would leave no record to damage
    path = segment(place)
    at = content_of(path).find(b"content 3")
    assert at > 0
    change(path, at, b"C")
    checks = finds(place, "Journal", "FAIL", "damaged at byte")
    has(checks["Journal"]["fix"], "docs/OPERATIONS.md")


def damaged_catalog(place):
    place.configure()
    fill(place)
    change(place.path("data/.knarr/catalog.db"), 0, b"nothing that is a database")
    has(finds(place, "Catalog", "FAIL", "damaged")["Catalog"]["fix"], "catalog.db.damaged")


# ---- backends -----------------------------------------------------------------------------------


def read_only(place):
    """As somebody else, for root may write everywhere."""
    place.configure()
    os.makedirs(place.path("data"))
    os.makedirs(place.path("b1"))
    os.chown(place.path("data"), NOBODY, NOBODY)
    os.chmod(place.path("b1"), 0o555)
    checks = finds(place, "Backup b1", "FAIL", "making a directory failed", "b1", user=NOBODY)
    has(checks["Backup b1"]["fix"], "chown")
    same(checks["Primary"]["status"], "PASS")


def parent_is_file(place):
    place.configure([backup("b1", place.path("log/below/b1"))])
    checks = finds(place, "Backup b1", "FAIL", "log")
    same(checks["Primary"]["status"], "PASS")


def missing_parent(place):
    place.configure([backup("b1", "/proc/nowhere/b1")])
    finds(place, "Backup b1", "FAIL", "/proc/nowhere")


def each_step(place):
    """A backend that fails at one thing only: that thing is named, and nothing is left behind."""
    control = place.say("control", "")
    place.configure([flaky("b1", place.path("b1"), control)])
    finds(place, "Backup b1", "PASS")
    for call, what in (("open", "was told to fail"), ("mkdir", "making a directory failed"),
                       ("put", "writing a file failed"), ("read", "reading it back failed"),
                       ("rename", "renaming it failed"), ("list", "listing it failed"),
                       ("remove", "deleting it failed"), ("flush", "flushing failed")):
        place.say("control", call + " fail retry io")
        checks = finds(place, "Backup b1", "FAIL", what)
        has(checks["Backup b1"]["fix"], "dmesg")
        same(checks["Primary"]["status"], "PASS")
        same([n for n in os.listdir(place.path("b1")) if n.startswith(".knarr")], [], call)
    place.say("control", "all down")
    has(finds(place, "Backup b1", "FAIL")["Backup b1"]["fix"], "can be reached")


def full_disk(place):
    place.configure()
    os.makedirs(place.path("b1"))
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place.path("b1")])
    same(mount.returncode, 0, "mount")
    try:
        with open(place.path("b1/filler"), "wb") as file:
            try:
                file.write(b"x" * (1 << 20))
                file.flush()
            except OSError:
                pass
        checks = finds(place, "Backup b1", "FAIL", "No space left")
        has(checks["Backup b1"]["fix"], "free some space")
        same(checks["Backup b1 space"]["status"], "WARN")
    finally:
        subprocess.run(["umount", place.path("b1")], check=True)


def small_disk(place):
    place.configure()
    os.makedirs(place.path("data"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", place.path("data")],
                   check=True)
    try:
        finds(place, "Disk", "FAIL", "GB free")
    finally:
        subprocess.run(["umount", place.path("data")], check=True)


def by_link(place):
    place.configure([backup("b1", place.path("b1")), backup("b2", place.path("link"))])
    os.makedirs(place.path("b1"))
    os.symlink("b1", place.path("link"))
    finds(place, "Config", "FAIL", "storage.agfs.backups.items[1]")


def by_bind_mount(place):
    place.configure([backup("b1", place.path("b1")), backup("b2", place.path("b2"))])
    os.makedirs(place.path("b1"))
    os.makedirs(place.path("b2"))
    subprocess.run(["mount", "--bind", place.path("b1"), place.path("b2")], check=True)
    try:
        finds(place, "Config", "FAIL", "storage.agfs.backups.items[1]")
    finally:
        subprocess.run(["umount", place.path("b2")], check=True)


def by_marker(place):
    place.configure([backup("b1", place.path("b1"))])
    fill(place)
    shutil.copytree(place.path("b1"), place.path("b2"))
    place.configure([backup("b1", place.path("b1")), backup("b2", place.path("b2"))])
    checks = finds(place, "Places", "FAIL", "'b1'", "'b2'", "same place")
    has(checks["Backup b2 identity"]["detail"], "knarrd backup rename b1 b2")


def other_place(place):
    place.configure([backup("b1", place.path("b1"))])
    fill(place)
    os.rename(place.path("b1"), place.path("gone"))
    finds(place, "Backup b1 identity", "FAIL", "is not where it was", "knarrd backup accept b1")
    assert not os.path.exists(place.path("b1"))


def wrong_marker(place):
    place.configure([backup("b1", place.path("b1"))])
    fill(place)
    with open(place.path("b1/.knarr-place"), "w") as file:
        file.write("00000000-0000-4000-8000-000000000000")
    finds(place, "Backup b1 identity", "FAIL", "is not where it was")


def encrypted(place):
    place.configure()
    os.makedirs(place.path("b1"))
    with open(place.path("b1/backend_meta.json"), "wb") as file:
        file.write(b"OVE1\x01\x01" + bytes(94))
    finds(place, "Backup b1 shape", "FAIL", "encrypted")


def stale_temporaries(place):
    place.configure()
    fill(place)
    os.makedirs(place.path("data/viking/.knarr-stage"), exist_ok=True)
    for name in ("data/viking/default/.knarr~1f", "data/viking/default/resources/.knarr~2",
                 "data/viking/.knarr-stage/0000000000000001"):
        with open(place.path(name), "w"):
            pass
    # A tree that was to be deleted, set aside where the root would not have it.
    aside = "data/viking/default/resources/.knarr~187aa8b5c0ffee00/sub"
    os.makedirs(place.path(aside))
    for name in ("file", ".knarr~3"):
        with open(place.path(aside, name), "w"):
            pass
    checks = finds(place, "Primary leftovers", "WARN", "temporaries: 3", "stages: 1")
    same(checks["Backup b1 leftovers"]["status"], "PASS")
    fix = checks["Primary leftovers"]["fix"]
    subprocess.run(fix[fix.index("find '"):], shell=True, check=True)
    finds(place, "Primary leftovers", "WARN", "temporaries: 0", "stages: 1")
    place.start()
    until(lambda: not os.path.exists(place.path("data/viking/.knarr-stage")), "stages are removed")
    place.stop()
    finds(place, "Primary leftovers", "PASS", "none in")


def set_aside(place):
    """The server deletes it when it starts."""
    place.configure()
    fill(place)
    os.makedirs(place.path("b1/.knarr~187aa8b5c0ffee00/sub"))
    place.start()
    same(os.path.exists(place.path("b1/.knarr~187aa8b5c0ffee00")), False)
    place.stop()


def world_writable(place):
    place.configure()
    os.makedirs(place.path("b1"))
    os.chmod(place.path("b1"), 0o777)
    finds(place, "Backup b1 access", "WARN", "mode 0777")


def few_files(place):
    place.configure()
    done = subprocess.run(
        ["sh", "-c", "ulimit -n 64; exec %s/knarrd doctor --json" % place.programs],
        cwd=place.directory, capture_output=True, env=place.environment())
    same(done.returncode, 0, done.stderr)
    status = {c["label"]: c["status"] for c in json.loads(done.stdout)["checks"]}
    same(status["Open files"], "WARN")


stories = [
    ("before the first start all is well, and nothing is left behind", fresh),
    ("after a clean stop all is well, and not a byte is changed", used),
    ("after a crash the catalog is read and not a byte of it changed", crashed),
    ("a running server is said to run, and is not disturbed", running),
    ("the text looks like OpenViking's", as_text),
    ("wrong usage is status 2", usage),
    ("a broken configuration is one failure with every problem", all_problems),
    ("a missing configuration is a failure", no_file),
    ("a workspace that others may look into is a warning", open_workspace),
    ("a workspace that is a file is a failure", workspace_is_file),
    ("a torn journal is a warning, and the server starts", torn_journal),
    ("a flipped byte in the journal is a failure", flipped_byte),
    ("a damaged catalog is a failure", damaged_catalog),
    ("a backup that cannot be written is a failure", read_only),
    ("a backup below a file is a failure", parent_is_file),
    ("a backup whose parent cannot be made is a failure", missing_parent),
    ("a backend that fails at one thing is told by it", each_step),
    ("a full disk is a failure", full_disk),
    ("a workspace on a small disk is a failure", small_disk),
    ("two names for one place by a link are a failure", by_link),
    ("two names for one place by a bind mount are a failure", by_bind_mount),
    ("two places with one marker are a failure", by_marker),
    ("a backup that is not where it was is a failure", other_place),
    ("a backup with another marker is a failure", wrong_marker),
    ("an encrypted place under a plain configuration is a failure", encrypted),
    ("what a crash left behind is a warning", stale_temporaries),
    ("a tree that was set aside goes when the server starts", set_aside),
    ("a place that everybody can change is a warning", world_writable),
    ("too few open files are a warning", few_files),
]

if __name__ == "__main__":
    if os.geteuid() != 0:
        print("only root can mount what is full, read-only or bound to two names")
        sys.exit(77)
    main(stories)

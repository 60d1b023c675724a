#!/usr/bin/python3
"""What is in files and what they are called: any bytes, any size, and nobody's internal names."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

from support import content_of, has, main, same, tree, until

MIB = 1 << 20
CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/examples",
                      "knarr_client.py")


def peak_kb(process):
    """VmHWM: the most memory that the process ever had."""
    with open("/proc/%d/status" % process.pid) as file:
        return int(next(line.split()[1] for line in file if line.startswith("VmHWM")))


def peak_of(client):
    """The same of a child until it ends."""
    peak = 0
    while client.poll() is None:
        try:
            peak = max(peak, peak_kb(client))
        except (StopIteration, FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.005)
    return peak


def make_file(path, size):
    """Content that no hole and no repetition hides; its hash."""
    seen = hashlib.sha256()
    block = os.urandom(MIB)
    with open(path, "wb") as file:
        for i in range(0, size, MIB):
            piece = (i.to_bytes(8, "big") + block)[:min(MIB, size - i)]
            file.write(piece)
            seen.update(piece)
    return seen.hexdigest()


def hash_of(path):
    seen = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(MIB), b""):
            seen.update(piece)
    return seen.hexdigest()


# ---- names -------------------------------------------------------------------------------------------


def internal_names(place):
    place.configure()
    place.start()
    place.write("viking://resources/a", "a")
    for name in (".redirect.json", ".sync_log.json", ".path.ovlock", ".exact.ovlock.x.1",
                 ".knarr-place", ".knarr~1", ".Sync_Log.JSON", ".KNARR-x", ".sync_log.json/x"):
        inside = "viking://resources/" + name
        for words in (("write", inside, "--content", "x"), ("read", inside), ("stat", inside),
                      ("ls", inside), ("tree", inside), ("mkdir", inside), ("rm", inside),
                      ("rm", "-r", inside), ("truncate", inside, "0"), ("chmod", "600", inside),
                      ("mv", inside, "viking://resources/b"),
                      ("mv", "viking://resources/a", inside),
                      ("put", place.path("ov.conf"), inside), ("get", inside, place.path("got")),
                      ("glob", "*", "-u", inside), ("grep", "x", "-u", inside)):
            done = place.run(*words)
            assert done.returncode == 1, "%s: exit status %d\n%s" % (
                " ".join(words), done.returncode, done.stderr.decode())
    with open(place.path("data/viking/default/resources/.sync_log.json"), "w") as file:
        file.write("planted")
    same(place.knarr("ls", "-a", "viking://resources").split(), ["a"])
    assert "planted" not in place.knarr("grep", "planted", "-u", "viking://resources")
    assert "sync_log" not in place.knarr("glob", "**", "-u", "viking://resources")
    assert "sync_log" not in place.knarr("tree", "-a", "viking://resources")


def odd_names(place):
    place.configure()
    place.start()
    names = [b"with space", b"tab\there", b"new\nline", b"quote'\"`$(x)", b"\xff\xfe no utf-8",
             "Ærøskøbing — 船".encode(), b"-rf", b"*", b"~", b"...", b"ab:c", b"\x01\x7f",
             b"c" * 255]
    for number, name in enumerate(names):
        uri = b"viking://resources/odd/" + name
        place.knarr("write", uri, "--content", str(number))
        same(place.knarr("read", uri), str(number), name)
    listed = json.loads(place.knarr("ls", "-a", "viking://resources/odd", "--json"))
    entries = listed["entries"] if isinstance(listed, dict) else listed
    found = [os.fsencode(entry["name"]) for entry in entries]
    same(sorted(found), sorted(names))
    place.in_sync()
    same(tree(place.path("b1/default/resources/odd")),
         {name: b"%d" % number for number, name in enumerate(names)})
    for name in names:
        place.knarr("mv", b"viking://resources/odd/" + name, b"viking://resources/moved/" + name)
        place.knarr("rm", b"viking://resources/moved/" + name)
    place.in_sync()
    same(tree(place.path("b1/default/resources/moved")), {})


def refused_names(place):
    place.configure()
    place.start()
    # A component of 256 bytes is shortened by OpenViking's rule; these are refused.
    for uri in ("viking://resources/../x", "viking://resources/a/./b", "viking://queue/x",
                "viking://resources/a\\b", "viking://", "http://resources/x", "C:/x",
                "viking://resources/a%2fb", "viking://resources/" + "d/" * 2100 + "x"):
        done = place.run("write", uri, "--content", "x")
        assert done.returncode == 1, "%s: %d %s" % (uri, done.returncode, done.stderr)
    outside = set(os.listdir(place.directory)) - {"ov.conf", "log", "data", "b1"}
    same(outside, set())


def links_in_the_primary(place):
    """Somebody put a link there: nothing is read or written through it, and it stays."""
    place.configure()
    place.start()
    place.write("viking://resources/real/a", "one")
    primary = place.path("data/viking/default/resources")
    os.symlink("real", os.path.join(primary, "link"))
    for words in (("read", "link/a"), ("stat", "link/a"), ("write", "link/a", "--content", "two"),
                  ("write", "link/new", "--content", "two"), ("rm", "link/a")):
        done = place.run(words[0], "viking://resources/" + words[1], *words[2:])
        assert done.returncode == 1, "%s: exit status %d" % (" ".join(words), done.returncode)
    same(os.readlink(os.path.join(primary, "link")), "real")
    same(tree(os.path.join(primary, "real")), {b"a": b"one"})


# ---- content -----------------------------------------------------------------------------------------


def empty_file(place):
    place.configure()
    place.start()
    place.write("viking://resources/empty", "", "--wait")
    same(place.knarr("read", "viking://resources/empty"), "")
    same(tree(place.path("b1/default/resources")), {b"empty": b""})
    place.write("viking://resources/empty", "filled", "--wait")
    place.knarr("truncate", "viking://resources/empty", "0", "--wait")
    same(tree(place.path("b1/default/resources")), {b"empty": b""})
    place.stop(signal.SIGKILL)
    place.start()
    same(place.knarr("stat", "viking://resources/empty").count("\n") > 0, True)


def sizes(place):
    """Around every bound there is: journal body, frame, credit."""
    place.configure()
    place.start()
    wanted = {}
    for size in (1, 4095, 4096, 65535, 65536, 65537, MIB - 1, MIB, MIB + 1, 8 * MIB + 1):
        content = os.urandom(size)
        name = "s%d" % size
        wanted[name.encode()] = content
        with open(place.path("source"), "wb") as file:
            file.write(content)
        place.knarr("put", place.path("source"), "viking://resources/" + name, "--wait")
        place.knarr("get", "viking://resources/" + name, place.path("got"))
        assert content_of(place.path("got")) == content, size
        part = place.run("read", "viking://resources/" + name, "--offset", str(size // 2),
                         "--limit", "1000").stdout
        assert part == content[size // 2:size // 2 + 1000], size
    assert tree(place.path("b1/default/resources")) == wanted
    place.stop(signal.SIGKILL)
    place.start()
    place.in_sync()
    assert tree(place.path("data/viking/default/resources")) == wanted


def streams(place):
    """200 MiB through small memory, on both ends."""
    place.configure()
    server = place.start()
    size = 200 * MIB
    wanted = make_file(place.path("big"), size)
    place.write("viking://resources/warm", "up", "--wait")
    before = peak_kb(server)
    client = place.begin("put", place.path("big"), "viking://resources/big", "--wait")
    put_peak = peak_of(client)
    same(client.wait(), 0, client.stderr.read())
    client = place.begin("get", "viking://resources/big", place.path("got"))
    get_peak = peak_of(client)
    same(client.wait(), 0, client.stderr.read())
    grown = peak_kb(server) - before
    same(hash_of(place.path("got")), wanted)
    same(hash_of(place.path("b1/default/resources/big")), wanted)
    same(hash_of(place.path("data/viking/default/resources/big")), wanted)
    assert grown < 48 * 1024, "the server grew by %d KiB" % grown
    assert put_peak < 48 * 1024, "put took %d KiB" % put_peak
    assert get_peak < 48 * 1024, "get took %d KiB" % get_peak


def from_pipe(place):
    place.configure()
    place.start()
    content = os.urandom(3 * MIB + 7)
    place.knarr("put", "-", "viking://resources/piped", "--wait", stdin=content)
    same(place.run("get", "viking://resources/piped", "-").stdout == content, True)
    place.knarr("write", "viking://resources/written", "-", stdin=b"from standard input")
    same(place.knarr("read", "viking://resources/written"), "from standard input")


def directories(place):
    place.configure()
    place.start()
    for name in ("source/a", "source/deep/er/b", "source/empty/"):
        os.makedirs(os.path.dirname(place.path(name)), exist_ok=True)
        if not name.endswith("/"):
            with open(place.path(name), "w") as file:
                file.write(name)
    place.knarr("put", "-r", place.path("source"), "viking://resources/copy")
    place.knarr("get", "-r", "viking://resources/copy", place.path("got"))
    same(tree(place.path("got")), tree(place.path("source")))
    place.in_sync()
    same(tree(place.path("b1/default/resources/copy")), tree(place.path("source")))


def dates_in_uris(place):
    """{calendar:today} is the server's business, wherever a URI is said."""
    place.configure()
    place.start()
    year = time.strftime("%Y")  # but for the last second of one
    place.write("viking://resources/{calendar:year}/a", "a", "--wait")
    same(content_of(place.path("b1/default/resources", year, "a")), b"a")
    same(place.knarr("read", "viking://resources/{calendar:year}/a"), "a")
    place.knarr("get", "-r", "viking://resources/{calendar:year}", place.path("got"))
    same(tree(place.path("got")), {b"a": b"a"})
    has(place.knarr("glob", "*", "-u", "viking://resources/{calendar:year}"), year + "/a")
    has(place.refused("read", "viking://resources/{calendar:now}"), "today, yesterday")


def python_client(place):
    place.configure()
    place.start()
    wanted = make_file(place.path("source"), 20 * MIB + 3)

    def client(*words):
        return subprocess.run([sys.executable, CLIENT, place.endpoint(), *words],
                              capture_output=True, text=True, timeout=120)

    done = client("put", place.path("source"), "viking://resources/by-python")
    same(done.returncode, 0, done.stderr)
    has(done.stdout, "seq ", "%d bytes" % (20 * MIB + 3))
    done = client("get", "viking://resources/by-python", place.path("got"))
    same(done.returncode, 0, done.stderr)
    same(hash_of(place.path("got")), wanted)
    has(client("ls", "viking://resources").stdout, "by-python")
    place.in_sync()
    same(hash_of(place.path("b1/default/resources/by-python")), wanted)


def python_client_is_short(place):
    """The example that the documentation promises."""
    same(content_of(CLIENT).count(b"\n") < 80, True)


# ---- clients that die -----------------------------------------------------------------------------------


def client_dies(place):
    """Killed in the middle of an upload: nothing is left, nobody waits for it."""
    place.configure()
    place.start()
    place.write("viking://resources/big", "what was there before", "--wait")
    client = place.begin("put", "-", "viking://resources/big")
    client.stdin.write(os.urandom(5 * MIB))
    client.stdin.flush()
    stage = place.path("data/viking/.knarr-stage")
    until(lambda: os.path.isdir(stage) and os.listdir(stage), "the upload has begun")
    client.kill()
    client.wait()
    began = time.monotonic()
    same(place.knarr("read", "viking://resources/big"), "what was there before")
    place.write("viking://resources/big", "written since", "--wait")
    place.write("viking://resources/other", "not blocked", "--wait")
    assert time.monotonic() - began < 5, "blocked for %.1f s" % (time.monotonic() - began)
    until(lambda: not os.listdir(stage), "the stage is removed", 15)
    same(tree(place.path("b1/default/resources")),
         {b"big": b"written since", b"other": b"not blocked"})


def server_dies(place):
    """kill -9 in the middle of an upload: the old version, and no stage after the start."""
    place.configure()
    place.start()
    place.write("viking://resources/big", "what was there before", "--wait")
    client = place.begin("put", "-", "viking://resources/big")
    client.stdin.write(os.urandom(5 * MIB))
    client.stdin.flush()
    stage = place.path("data/viking/.knarr-stage")
    until(lambda: os.path.isdir(stage) and os.listdir(stage), "the upload has begun")
    place.stop(signal.SIGKILL)
    place.start()
    same(place.knarr("read", "viking://resources/big"), "what was there before")
    until(lambda: not os.path.isdir(stage) or not os.listdir(stage), "the stage is removed")


def many_at_once(place):
    """Sixteen clients on one path: one of the versions, the same everywhere."""
    place.configure()
    place.start()
    clients = [place.begin("write", "viking://resources/hot", "--content", "version %d " % i * 1000)
               for i in range(16)]
    for client in clients:
        same(client.wait(60), 0, client.stderr.read())
    place.in_sync()
    found = place.knarr("read", "viking://resources/hot")
    assert found in ["version %d " % i * 1000 for i in range(16)], found[:40]
    same(content_of(place.path("b1/default/resources/hot")), found.encode())


stories = [
    ("internal names are refused by every operation and shown by none", internal_names),
    ("names are bytes", odd_names),
    ("names that lead elsewhere are refused", refused_names),
    ("nothing is read or written through a link in the primary", links_in_the_primary),
    ("an empty file is a file", empty_file),
    ("files of every size come back as they went", sizes),
    ("200 MiB stream through small memory", streams),
    ("a pipe can be put and got", from_pipe),
    ("directories can be put and got", directories),
    ("the Python example puts and gets", python_client),
    ("the Python example is short", python_client_is_short),
    ("dates stand for variables in URIs", dates_in_uris),
    ("a client killed in an upload leaves nothing and blocks nobody", client_dies),
    ("a server killed in an upload keeps the old version", server_dies),
    ("many clients on one path leave one version", many_at_once),
]

if __name__ == "__main__":
    main(stories)

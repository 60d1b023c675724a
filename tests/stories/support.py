"""support - a server and its clients in a directory of their own, for stories.

    Place   a directory with an ov.conf; start(), stop(), knarr(...), status(...)
    stories a list of (sentence, function of a Place); main(stories) tells them

    story.py PROGRAMS [PART OF A SENTENCE]

Every process that this starts, it ends.  A wait polls a condition with a deadline.
"""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

READY_SECONDS = 30
ANSWER_SECONDS = 120
END_SECONDS = 5


def backup(name, place, **more):
    return {"name": name, "backend": "local", "local": {"local_dir": place}, **more}


def flaky(name, place, control):
    """A local backup that does as the file `control` says (backends/flaky.c)."""
    return {"name": name, "backend": "flaky", "flaky": {"place": "local:%s?%s" % (place, control)}}


def until(condition, what, seconds=20):
    """What the condition gives as soon as it gives something true."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError("not within %d s: %s" % (seconds, what))
        time.sleep(0.02)


def same(found, expected, what=""):
    assert found == expected, "%s: %r, expected %r" % (what, found, expected)


def has(text, *parts):
    for part in parts:
        assert part in text, "%r is not in:\n%s" % (part, text)


class Place:
    def __init__(self, programs, directory):
        self.programs = programs
        self.directory = directory
        self.conf = os.path.join(directory, "ov.conf")
        self.servers = []
        self.clients = []
        self.server_environment = {}
        self.log = open(os.path.join(directory, "log"), "wb")

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def environment(self):
        return dict(os.environ, OPENVIKING_CONFIG_FILE=self.conf, HOME=self.directory,
                    PATH=self.programs + os.pathsep + os.environ["PATH"])

    def endpoint(self):
        return "ipc://" + self.path("data/.knarr/knarr.sock")

    # ---- the configuration -------------------------------------------------------------

    def configure(self, items=None, knarr=None, agfs=None, **backups):
        """One backup "b1" in b1/ unless told otherwise; quick retries."""
        settings = {"breaker_max_ms": 200, "journal_segment_bytes": 1 << 20, **(knarr or {})}
        if items is None:
            items = [backup("b1", self.path("b1"))]
        both = {"backend": "local", "knarr": settings, **(agfs or {})}
        if items:
            both["backups"] = {"retry_interval_ms": 50, "retry_backoff_base_ms": 10,
                               "items": items, **backups}
        self.write_conf(json.dumps({"storage": {"workspace": self.path("data"), "agfs": both}},
                                   indent=1))

    def write_conf(self, text):
        with open(self.conf, "w") as file:
            file.write(text)

    def say(self, control, line):
        """Steer a flaky backup; an empty line makes it healthy."""
        with open(self.path(control + ".new"), "w") as file:
            file.write(line + "\n")
        os.rename(self.path(control + ".new"), self.path(control))
        return self.path(control)

    # ---- the server ----------------------------------------------------------------------

    def spawn(self, name="knarrd", more=()):
        server = subprocess.Popen(
            [os.path.join(self.programs, name), "--config", self.conf, *more], cwd=self.directory,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log,
            env={**self.environment(), **self.server_environment})
        self.servers.append(server)
        return server

    def start(self, name="knarrd"):
        server = self.spawn(name)
        end = time.monotonic() + READY_SECONDS
        said = b""
        while b"ready" not in said:
            left = end - time.monotonic()
            assert left > 0 and select.select([server.stdout], [], [], left)[0], "never ready"
            more = os.read(server.stdout.fileno(), 4096)
            assert more, "the server ended: %s" % self.last_words()
            said += more
        return server

    def stop(self, how=signal.SIGTERM, seconds=10):
        """Its exit status; after SIGTERM it has ten seconds."""
        server = self.servers.pop()
        server.send_signal(how)
        try:
            return server.wait(seconds)
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()
            server.stdout.close()

    def last_words(self):
        self.log.flush()
        with open(self.log.name, "rb") as file:
            return file.read()[-2000:].decode(errors="replace")

    # ---- its clients -----------------------------------------------------------------------

    def run(self, *words, stdin=None, name="knarr", **more):
        return subprocess.run(
            [os.path.join(self.programs, name), *words], cwd=self.directory, input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True,
            timeout=ANSWER_SECONDS, env=self.environment(), **more)

    def knarr(self, *words, code=0, stdin=None, name="knarr"):
        """Standard output as text; the exit status must be as told."""
        done = self.run(*words, stdin=stdin, name=name)
        assert done.returncode == code, "%s: exit status %d, expected %d\n%s%s\n%s" % (
            " ".join(map(str, words)), done.returncode, code, done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"), self.last_words())
        return done.stdout.decode(errors="surrogateescape")

    def refused(self, *words, code=1):
        """Standard error of a command that must fail."""
        done = self.run(*words)
        same(done.returncode, code, "%s: %s" % (" ".join(map(str, words)), done.stderr))
        return done.stderr.decode(errors="replace")

    def begin(self, *words):
        client = subprocess.Popen(
            [os.path.join(self.programs, "knarr"), *words], cwd=self.directory,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self.environment())
        self.clients.append(client)
        return client

    def write(self, uri, content, *more):
        return self.knarr("write", uri, "--content", content, *more)

    def status(self, name="b1", uri=None):
        found = json.loads(self.knarr("sync", "status", *([uri] if uri else []), "--json"))
        return next(backup for backup in found["backups"] if backup["name"] == name)

    def entries(self, uri):
        return json.loads(self.knarr("sync", "status", uri, "--json"))["entries"]

    def in_sync(self, seconds=20):
        self.knarr("sync", "wait", "--timeout", str(seconds))

    # ---- a history ---------------------------------------------------------------------------

    def workload(self, *more):
        """Clients that get into each other's way, until judge()."""
        clients = subprocess.Popen(
            [os.path.join(self.programs, "workload"), "--endpoint", self.endpoint(), "--history",
             self.path("history"), "--seconds", str(ANSWER_SECONDS), "--seed", "1", "--stay", *more],
            stdin=subprocess.DEVNULL)
        self.clients.append(clients)
        return clients

    def judge(self, clients):
        """End the clients and the server: no promise was broken, and b1 has all."""
        same(clients.poll(), None, "the clients' status")
        clients.kill()
        clients.wait()
        self.in_sync(60)
        same(self.stop(), 0)
        with open(self.path("history"), "a") as file:
            file.write("m %d stop\n" % time.monotonic_ns())
        checked = subprocess.run(
            [os.path.join(self.programs, "history_check"), self.path("history"),
             self.path("data/viking"), self.path("b1")], capture_output=True, text=True)
        same(checked.returncode, 0, checked.stdout)
        same(int(re.search(r"applied (\d+)", checked.stdout).group(1)) > 0, True, checked.stdout)

    def close(self):
        for client in self.clients:
            if client.poll() is None:
                client.kill()
            client.communicate()
        for server in self.servers:
            end_gently(server)
            server.stdout.close()
        self.log.close()


def end_gently(server):
    """A server that is killed tells nothing of what was covered, or leaked."""
    server.terminate()
    try:
        server.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def content_of(path):
    with open(path, "rb") as file:
        return file.read()


def tree(directory):
    """All that is below, but for what is internal: {relative path: content, or None}."""
    found = {}
    for here, directories, files in os.walk(os.fsencode(directory)):
        directories[:] = [d for d in directories if not d.startswith(b".knarr")]
        for name in directories + files:
            if name.startswith(b".knarr") or name == b"backend_meta.json":
                continue
            path = os.path.join(here, name)
            inside = os.path.relpath(path, os.fsencode(directory))
            found[inside] = None if os.path.isdir(path) else content_of(path)
    return found


def tell(programs, sentence, story):
    directory = tempfile.mkdtemp(prefix="knarr-story-")
    os.chmod(directory, 0o755)
    place = Place(programs, directory)
    try:
        story(place)
        print("ok", sentence, flush=True)
        return True
    except Exception as failure:  # the others are told all the same
        print("NOT SO", sentence, flush=True)
        print("   ", type(failure).__name__, str(failure).replace("\n", "\n    "), flush=True)
        for server in place.servers:
            if server.poll() is not None:
                print("    the server ended with status", server.poll(), flush=True)
        print("    the server said:", place.last_words().replace("\n", "\n    "), flush=True)
        return False
    finally:
        place.close()
        shutil.rmtree(directory, ignore_errors=True)


def main(stories):
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: %s PROGRAMS [PART OF A SENTENCE]" % sys.argv[0])
    programs = os.path.abspath(sys.argv[1])
    part = sys.argv[2] if len(sys.argv) == 3 else ""
    chosen = [(sentence, story) for sentence, story in stories if part in sentence]
    if not chosen:
        sys.exit("no sentence has '%s' in it" % part)
    told = [tell(programs, sentence, story) for sentence, story in chosen]
    sys.exit(0 if all(told) else 1)

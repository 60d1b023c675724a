"""crash - a server, its clients and its end, for tests that kill.

    Lane   one workspace with its backups, a history, and the rounds on it:

           start ──ready──▶ snapshot ──▶ workload ──▶ death ──▶ snapshot of backups
             ▲                                                       │
             └───────────────────────────────────────────────────────┘
           finish: start, wait until the backups have all, check the history

Every server this starts, it ends.  Times are CLOCK_MONOTONIC, as in the history.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import time

START_SECONDS = 30
SETTLE_SECONDS = 60


class Broken(Exception):
    """What must not happen; the text says what did."""


def configuration(directory, backups, acks, durability="power", ack_timeout_ms=5000, **knarr):
    backup_conf = {
        "sync_type": "sync" if acks else "async",
        "retry_interval_ms": 50,
        "retry_backoff_base_ms": 10,
        "items": [
            {"name": name, "backend": "local", "local": {"local_dir": place}}
            for name, place in backups
        ],
    }
    if acks:
        backup_conf["write_ack_count"] = acks
        backup_conf["write_ack_timeout_ms"] = ack_timeout_ms
    return {
        "storage": {
            "workspace": os.path.join(directory, "data"),
            "agfs": {
                "backend": "local",
                "backups": backup_conf,
                "knarr": {
                    "endpoint": "ipc://" + os.path.join(directory, "socket"),
                    "durability": durability,
                    "journal_segment_bytes": 1 << 20,
                    "breaker_max_ms": 50,
                    "quarantine_ms": 100,
                    **knarr,
                },
            },
        }
    }


class Lane:
    def __init__(self, programs, directory, acks=0, backups=2, records=None, copies=None,
                 **settings):
        self.name = os.path.basename(directory)
        self.programs = programs
        self.directory = directory  # what the server uses
        self.copies = copies or directory  # where the backups are
        self.records = records or directory  # what must survive a power cut
        os.makedirs(self.directory, exist_ok=True)
        os.makedirs(self.records, exist_ok=True)
        self.history = os.path.join(self.records, "history")
        self.counters = os.path.join(self.records, "counters")
        self.backups = [
            ("backup%d" % i, os.path.join(self.copies, "backup%d" % i))
            for i in range(1, backups + 1)
        ]
        self.primary = os.path.join(directory, "data", "viking")
        self.endpoint = "ipc://" + os.path.join(directory, "socket")
        self.conf = os.path.join(self.records, "ov.conf")
        with open(self.conf, "w") as file:
            json.dump(configuration(directory, self.backups, acks, **settings), file, indent=1)
        self.log = open(os.path.join(self.records, "server.log"), "ab")
        self.server = None
        self.workload = None
        self.runs = 0
        self.seed = None  # of the last workload
        self.shots = 0
        self.deaths = 0

    def program(self, name):
        return os.path.join(self.programs, name)

    def tell(self, line):
        with open(self.history, "a") as file:
            file.write(line + "\n")

    # ---- the server ----------------------------------------------------------------

    def start(self, fault=None, kill_after=None, under=()):
        """True when it serves; False when it ended before, as after so many seconds.

        `under` is a command in front of the server's; it must become the server."""
        environment = dict(os.environ)
        environment.pop("KNARR_FAULT", None)
        if fault:
            environment["KNARR_FAULT"] = fault
            environment["KNARR_FAULT_COUNT"] = os.path.join(self.records, "counts")
        self.log.write(b"---- start %s\n" % (fault or "").encode())
        self.log.flush()
        self.log_start = os.fstat(self.log.fileno()).st_size
        self.tell("m %d start" % time.monotonic_ns())
        self.server = subprocess.Popen(
            [*under, self.program("knarrd"), "--config", self.conf],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=environment,
        )
        if kill_after is None:
            return self._is_ready()
        time.sleep(kill_after)
        self.server.kill()
        return self._is_ready()

    def _is_ready(self):
        end = time.monotonic() + START_SECONDS
        said = b""
        while b"ready" not in said:
            if not select.select([self.server.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise Broken("the server was not ready within %d s" % START_SECONDS)
            more = os.read(self.server.stdout.fileno(), 4096)
            if not more:
                return False
            said += more
        return True

    def is_running(self):
        return self.server is not None and self.server.poll() is None

    def fired(self):
        """What faults met since the last start: "fault: KIND at CALL N", for each rule."""
        with open(self.log.name, "rb") as file:
            file.seek(self.log_start)
            return [line.decode() for line in file.read().splitlines() if line.startswith(b"fault: ")]

    def wait_for_death(self, seconds):
        try:
            self.server.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def kill(self, how=signal.SIGKILL, mark="kill"):
        """End it (or find it ended) and note that; its exit status."""
        if self.server is None:
            return None
        if self.is_running():
            self.server.send_signal(how)
        try:
            status = self.server.wait(15)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
            raise Broken("the server did not end within 15 s of signal %d" % how)
        finally:
            self.server.stdout.close()
            self.tell("m %d %s" % (time.monotonic_ns(), mark))
            self.end_workload()
            self.server = None
        self.deaths += 1
        return status

    # ---- its clients -----------------------------------------------------------------

    def begin_workload(self, seed, threads=4, count=1 << 20, large=2, acks=None, more=()):
        self.runs += 1
        self.seed = seed
        command = [
            self.program("workload"), "--endpoint", self.endpoint, "--history", self.history,
            "--seed", str(seed), "--run", str(self.runs), "--threads", str(threads),
            "--count", str(count), "--large", str(large), *more,
        ]
        if acks is not None:
            command += ["--acks", str(acks)]
        self.workload = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=self.log)

    def wait_for_workload(self, seconds):
        """Its status; None when it still runs.  Ends early when the server does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                return self.workload.wait(0.01)
            except subprocess.TimeoutExpired:
                if not self.is_running():
                    return None
        return None

    def end_workload(self):
        if self.workload:
            self.workload.kill()
            self.workload.wait()
            self.workload = None

    # ---- what is there ---------------------------------------------------------------

    def see(self, places, letter="s"):
        """Snapshots of (who, directory) pairs, noted in the history.  A file is one already."""
        self.shots += 1
        command = [self.program("history_snapshot")]
        lines = []
        at = time.monotonic_ns()
        for who, place in places:
            file = place if os.path.isfile(place) else "shot-%d-%s" % (self.shots, who)
            if file != place:
                command += [place, os.path.join(self.records, file)]
            lines.append("%s %d %s %s" % (letter, at, who, file))
        if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
            raise Broken("no snapshot of %s" % places)
        self.tell("\n".join(lines))

    def see_primary(self):
        self.see([("primary", self.primary)])

    def see_backups(self, after_cut=False):
        if not after_cut:
            self.see(self.backups)
            return
        redone = [(name, self._redone(place)) for name, place in self.backups]
        self.see(redone, "p")
        for _, copy in redone:
            shutil.rmtree(copy, ignore_errors=True)

    def _redone(self, place):
        """A copy that has what its log has, too: that is durable in this place, whoever sends more."""
        copy = place + ".redone"
        shutil.rmtree(copy, ignore_errors=True)  # a cut brings back what was removed
        if os.path.isdir(place):
            shutil.copytree(place, copy, symlinks=True)
            done = subprocess.run([self.program("redo_place"), copy], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True)
            if done.returncode != 0:
                raise Broken(done.stderr)
        return copy

    # ---- the end -----------------------------------------------------------------------

    def settle(self):
        """A server without faults brings everything to rest."""
        if not self.start():
            raise Broken("the server does not start again: %s" % self.last_words())
        self.see_primary()
        self.wait_until_in_sync()
        self.note_counters()

    def wait_until_in_sync(self):
        done = subprocess.run(
            [self.program("knarr"), "--endpoint", self.endpoint, "sync", "wait", "--timeout",
             str(SETTLE_SECONDS)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        if done.returncode != 0:
            raise Broken("the backups do not catch up: %s%s" % (done.stdout, done.stderr))

    def note_counters(self):
        """What became of all that each backup was promised, for the checker to add up (I10)."""
        done = subprocess.run(
            [self.program("knarr"), "--endpoint", self.endpoint, "sync", "status", "--json"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        if done.returncode != 0:
            raise Broken("no status: %s" % done.stderr)
        with open(self.counters, "w") as file:
            for one in json.loads(done.stdout)["backups"]:
                print(one["name"], one["promised"], one["applied"], one["superseded"],
                      one["excluded"], one["dead"], one["pending"] - one["dead"], file=file)

    def check(self, at_rest=True, more=()):
        """The checker's last line as a dict, and what it complained of."""
        command = [self.program("history_check")]
        if os.path.exists(self.counters):
            command += ["--counters", self.counters]
        command.append(self.history)
        if at_rest:
            command += [self.primary] + [place for _, place in self.backups] + list(more)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        lines = done.stdout.splitlines()
        if done.returncode not in (0, 1) or not lines:
            raise Broken("the history cannot be checked: %s" % done.stderr)
        words = lines[-1].split()
        return dict(zip(words[::2], map(int, words[1::2]))), lines[:-1]

    def last_words(self):
        self.log.flush()
        with open(self.log.name, "rb") as file:
            return b" | ".join(file.read().splitlines()[-4:]).decode(errors="replace")

    def close(self, remove):
        try:
            self.kill()
        finally:
            self.end_workload()
            self.log.close()
            if remove:
                for place in {self.directory, self.copies, self.records}:
                    shutil.rmtree(place, ignore_errors=True)

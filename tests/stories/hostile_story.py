"""What strangers may do to a server that has a socket: little.

Raw peers speak just enough of ZMTP 3 to be dangerous; clients are DEALERs that say
what no library would.  Growth is of the whole process, after it has been warmed up.
"""

import os
import resource
import socket
import struct
import time

import msgpack
import zmq

from support import content_of, main, same, until

MIB = 1 << 20
PEERS = 20
LARGEST = MIB + (64 << 10)  # a frame: actors/actor.c
GROWTH_VIRTUAL = 32 * MIB
GROWTH_RESIDENT = 4 * MIB
UNREAD_BOUND = 64 * MIB  # of contents, for a client that reads nothing: actors/answers.c

# Signature, version 3.1, mechanism NULL, no server, filler.
GREETING = (b"\xff" + b"\0" * 8 + b"\x7f" + b"\x03\x01" + b"NULL".ljust(20, b"\0") + b"\0"
            + b"\0" * 31)
READY = b"\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"


# ---- the process, seen from outside ----------------------------------------------------------


def memory(server):
    with open("/proc/%d/status" % server.pid) as file:
        lines = dict(line.split(":", 1) for line in file)
    return tuple(int(lines[name].split()[0]) * 1024 for name in ("VmSize", "VmRSS"))


def grew_little(server, before, what, virtual=GROWTH_VIRTUAL, resident=GROWTH_RESIDENT):
    now = memory(server)
    for name, old, new, most in zip(("VmSize", "RSS"), before, now, (virtual, resident)):
        assert new - old <= most, "%s: %s grew by %.1f MiB" % (what, name, (new - old) / MIB)


# ---- peers and clients -------------------------------------------------------------------------


def raw(place, *said):
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(place.path("data/.knarr/knarr.sock"))
    peer.sendall(b"".join(said))
    return peer


def is_closed(peer, seconds):
    """The server hung up; whatever it said before is of no interest."""
    peer.settimeout(seconds)
    try:
        while peer.recv(65536):
            pass
        return True
    except ConnectionError:
        return True
    except socket.timeout:
        return False


class Client:
    def __init__(self, place):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.sndhwm = 0
        self.socket.rcvhwm = 1
        self.socket.rcvbuf = 4096
        self.socket.connect(place.endpoint())
        self.say("GREET", 1, "hostile", "", "")
        same(self.hear()[0], "WELCOME")

    def say(self, *fields, body=None):
        frames = [msgpack.packb(fields)] + ([body] if body is not None else [])
        self.socket.send_multipart(frames)

    def hear(self, seconds=20):
        assert self.socket.poll(seconds * 1000), "no answer"
        header = self.socket.recv_multipart()[0]
        return msgpack.unpackb(header)

    def ping(self):
        begun = time.monotonic()
        self.say("PING", 1)
        same(self.hear()[:3], ["ANSWER", 1, 0])
        return time.monotonic() - begun

    def close(self):
        self.socket.close()


def begin(place):
    """A server that has allocated what it always does."""
    place.configure()
    server = place.start()
    with open(place.path("large"), "wb") as file:
        file.write(os.urandom(3 * MIB))
    place.knarr("put", place.path("large"), "viking://resources/large")
    place.knarr("get", "viking://resources/large", place.path("back"))
    client = Client(place)
    for _ in range(100):
        client.ping()
    for i in range(30):  # connections that come and go, too
        Client(place).close()
    place.in_sync()
    return server, client


# ---- stories -------------------------------------------------------------------------------------


def frames_of_8_gib(place):
    server, client = begin(place)
    before = memory(server)
    assert not is_closed(raw(place, GREETING, READY), 0.5), "a peer that is polite was hung up on"
    peers = [raw(place, GREETING, READY, b"\x02" + struct.pack(">Q", 8 << 30), b"x" * 100)
             for _ in range(PEERS)]
    for peer in peers:
        assert is_closed(peer, 10), "a peer that announced 8 GiB was kept"
    assert client.ping() < 2
    grew_little(server, before, "8 GiB frames")
    peers = [raw(place, GREETING, READY, b"\x03" + struct.pack(">Q", (1 << 63) - 1))
             for _ in range(PEERS)]
    for peer in peers:
        assert is_closed(peer, 10)
    grew_little(server, before, "frames of 2^63-1 behind others")
    same(place.stop(), 0)


def largest_frames(place):
    """Of a size that is not refused, so that there is room for them before they come."""
    server, client = begin(place)
    before = memory(server)
    peers = [raw(place, GREETING, READY, b"\x02" + struct.pack(">Q", LARGEST), b"x" * 100)
             for _ in range(PEERS)]
    for peer in peers:
        assert not is_closed(peer, 0.05)
    assert client.ping() < 2
    grew_little(server, before, "the largest frames")
    peer = raw(place, GREETING, READY, b"\x02" + struct.pack(">Q", LARGEST + 1))
    assert is_closed(peer, 10), "a larger one was not refused"


def frames_of_8_gib_before_the_handshake(place):
    server, client = begin(place)
    before = memory(server)
    commands = [b"\x06" + struct.pack(">Q", 8 << 30), b"\x02" + struct.pack(">Q", 8 << 30),
                b"\x04\xff" + b"\x05READY" + b"\xff" * 200, b"\x04\x07\x06READYX"]
    peers = [raw(place, GREETING, commands[i % len(commands)]) for i in range(PEERS)]
    for peer in peers:
        assert is_closed(peer, 15), "a peer that never shook hands was kept"
    assert client.ping() < 2
    grew_little(server, before, "frames instead of READY")
    same(place.stop(), 0)


def msgpack_bombs(place):
    server, client = begin(place)
    bombs = [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff",
             b"\xc6\xff\xff\xff\xff", b"\x92\xa4PING\xdd\xff\xff\xff\xff", b"\x91" * 65536,
             b"\xdc\xff\xff" * 20000, b"\x92\xa4PING\xc9\xff\xff\xff\xff\x01",
             b"\x92\xa4PING\xcb" + b"\0" * 8]
    for bomb in bombs:  # the log's and the allocator's own first time
        client.socket.send(bomb)
    client.ping()
    before = memory(server)
    peers = [Client(place) for _ in range(PEERS)]
    for _ in range(20):
        for peer in peers:
            for bomb in bombs:
                peer.socket.send(bomb)
        for peer in peers:  # what libzmq keeps for the server is another test's
            peer.ping()
    assert client.ping() < 2
    grew_little(server, before, "msgpack bombs")
    for peer in peers:
        peer.close()
    same(place.stop(), 0)
    malformed = content_of(place.log.name).count(b" malformed ")
    assert 0 < malformed < 60, "%d lines about %d bombs" % (malformed, 20 * PEERS * len(bombs))


def half_a_handshake(place):
    server, client = begin(place)
    before = memory(server)
    whole = GREETING + READY
    peers = [raw(place, whole[:length]) for length in range(0, len(whole) - 1, 4)]
    slow = [raw(place) for _ in range(PEERS)]
    for i in range(30):  # a byte now and then
        for peer in slow:
            try:
                peer.send(whole[i:i + 1])
            except ConnectionError:
                pass
        assert client.ping() < 2
        time.sleep(0.1)
    grew_little(server, before, "%d half-open handshakes" % len(peers + slow))
    for peer in peers + slow:
        assert is_closed(peer, 15), "a peer that never shook hands was kept"
    same(place.stop(), 0)


def more_than_may_connect(place):
    """And do not GREET; without a bound they take all descriptors, and libzmq aborts."""
    place.configure(knarr={"clients_max": 8})
    server = place.start()
    client = Client(place)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (300, 300))
    peers = [raw(place, GREETING, READY) for _ in range(15)]
    for peer in peers:
        assert not is_closed(peer, 0.05), "one of 16 was shut out"
    for _ in range(400):
        late = socket.socket(socket.AF_UNIX)
        late.connect(place.path("data/.knarr/knarr.sock"))
        assert is_closed(late, 10), "one more than 16 was let in"
    assert client.ping() < 2
    for peer in peers:
        peer.close()
    Client(place).ping()
    place.write("viking://resources/a", "a", "--wait")
    same(place.stop(), 0)


def an_open_connection_does_not_delay_the_end(place):
    server, client = begin(place)
    peers = [raw(place, GREETING[:i]) for i in range(PEERS)]
    for i in range(500):
        client.say("READ", 10 + i, "viking://resources/large", 0, MIB, 0)
    begun = time.monotonic()
    same(place.stop(), 0)
    assert time.monotonic() - begun < 10
    for peer in peers:
        peer.close()


def reads_that_nobody_reads(place):
    server, client = begin(place)
    greedy = Client(place)
    before = memory(server)
    for i in range(10000):
        greedy.say("READ", 10 + i, "viking://resources/large", i % 3 * MIB, MIB, 0)
    slowest = 0
    end = time.monotonic() + 3
    while time.monotonic() < end:
        slowest = max(slowest, client.ping())
        grew_little(server, before, "10,000 unread READs", UNREAD_BOUND + GROWTH_VIRTUAL,
                    UNREAD_BOUND)
    assert slowest < 1, "another client waited for %.1f s" % slowest
    place.write("viking://resources/b.txt", "b")
    contents = set()
    while len(contents) < 1024:  # now it reads, and is given what it may have
        tag, number, *_ = greedy.hear()
        if tag == "CONTENT":
            contents.add(number)
    same(contents, set(range(10, 1034)))
    greedy.close()
    until(lambda: client.ping() < 1, "an answer")
    same(place.stop(), 0)


def answers_that_nobody_reads(place):
    server, client = begin(place)
    mute = Client(place)
    before = memory(server)
    for i in range(100000):
        mute.say("PING", 10 + i)
    assert client.ping() < 5
    grew_little(server, before, "100,000 unread PINGs", resident=8 * MIB)
    mute.close()
    same(place.stop(), 0)


def credit_that_nobody_reads(place):
    server, client = begin(place)
    mute = Client(place)
    unknown = default = 2 ** 64 - 1
    mute.say("WRITE", 5, "viking://resources/slow", 0, 0, unknown, 0, default, 0, 0, body=b"x")
    before = memory(server)
    for i in range(1, 50000):
        mute.say("DATA", 5, i, 0, body=b"x")
    mute.say("DATA", 5, 50000, 1, body=b"x")
    until(lambda: os.path.exists(place.path("b1/default/resources/slow")), "the replica")
    same(os.path.getsize(place.path("b1/default/resources/slow")), 50001)
    grew_little(server, before, "50,000 pieces", resident=16 * MIB)
    mute.close()
    same(place.stop(), 0)


main([
    ("20 peers that announce 8 GiB are shown the door", frames_of_8_gib),
    ("and those who do so before the handshake", frames_of_8_gib_before_the_handshake),
    ("20 peers that announce what is allowed take little", largest_frames),
    ("msgpack bombs are duds", msgpack_bombs),
    ("half a handshake is ended, however slow it goes on", half_a_handshake),
    ("one connection too many is shut out until others go", more_than_may_connect),
    ("a connection left open does not delay the end", an_open_connection_does_not_delay_the_end),
    ("a client that reads nothing of 10,000 READs costs 64 MiB, and nobody else",
     reads_that_nobody_reads),
    ("answers that nobody reads are bounded", answers_that_nobody_reads),
    ("so is credit", credit_that_nobody_reads),
])

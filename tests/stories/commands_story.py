#!/usr/bin/python3
"""Every command of both programs once, well and not well, by its exit status.

Where the address sanitizer is built in, a leak changes that status; so this is
also the proof that every command gives back what it took, also where it fails.
"""

import os
import signal

from support import has, main, same

A, D, E = "viking://resources/a", "viking://resources/d", "viking://resources/e"
NOWHERE = "viking://resources/nowhere"

# The exit status, and the words; each list goes on from the one before.
FILES = [
    (0, "write", A, "--content", "one"),
    (0, "write", A, "--content", " two", "--append", "--receipt"),
    (0, "write", A, "--content", "O", "--offset", "0", "--wait", "--json"),
    (0, "write", A, "--from-file", "source/f", "--acks", "1"),
    (1, "write", A, "--content", "x", "--mode", "create"),
    (1, "write", A + "/below", "--content", "x"),
    (1, "write", "viking://resources/../../up", "--content", "x"),
    (2, "write", A),
    (2, "write", A, "--content", "x", "--offset", "far"),
    (0, "read", A),
    (0, "read", A, "--offset", "1", "--limit", "2"),
    (1, "read", NOWHERE),
    (1, "read", "viking://resources"),
    (0, "truncate", A, "5"),
    (1, "truncate", NOWHERE, "5"),
    (2, "truncate", A, "much"),
]
TRANSFERS = [
    (0, "put", "source/f", A),
    (0, "put", "-r", "source", D),
    (1, "put", "nowhere", A),
    (1, "put", "source", A),
    (0, "get", A, "got"),
    (0, "get", A, "-"),
    (0, "get", "-r", D, "tree"),
    (1, "get", NOWHERE, "nothing"),
    (1, "get", A, "no/such/directory"),
]
LISTS = [
    (0, "ls"),
    (0, "ls", "-l", "-a", "-r", "viking://resources"),
    (0, "ls", "--json", D),
    (1, "ls", NOWHERE),
    (0, "tree"),
    (0, "tree", "-L", "2", "--json"),
    (1, "tree", NOWHERE),
    (0, "stat", A),
    (0, "stat", "--json", D),
    (1, "stat", NOWHERE),
    (0, "glob", "**/f*"),
    (0, "glob", "*", "-u", D, "-n", "1"),
    (1, "glob", "*", "-u", NOWHERE),
    (0, "grep", "wor.d", "-u", "viking://resources", "-i", "-n", "2", "-L", "3"),
    (1, "grep", "(", "-u", "viking://resources"),
    (1, "grep", "x", "-u", NOWHERE),
]
NAMES = [
    (0, "mkdir", E),
    (1, "mkdir", A),
    (0, "mv", D, E + "/d", "--wait"),
    (1, "mv", NOWHERE, E),
    (0, "chmod", "600", A),
    (2, "chmod", "rwx", A),
    (1, "chmod", "600", NOWHERE),
    (1, "rm", E),
    (0, "rm", "-r", E, "--receipt"),
    (0, "rm", NOWHERE),
]
REPLICATION = [
    (0, "sync", "status"),
    (0, "sync", "status", A, "--json"),
    (0, "sync", "retry", A),
    (0, "sync", "retry", "--wait", "--json"),
    (0, "sync", "wait", "--timeout", "20"),
    (0, "sync", "wait", A, "--on", "b1", "--receipt"),
    (1, "sync", "wait", A, "--on", "nobody"),
    (1, "sync", "wait", "999999", "--timeout", "1"),
    (1, "sync", "wait", "viking://nowhere/a"),
    (2, "sync", "wait", "0"),
    (2, "sync", "wait", "1x"),
    (2, "sync", "wait", "vikin://resources/a"),
    (0, "system", "backend", "sync-status", A),
    (0, "system", "backend", "sync-retry", A),
    (2, "system", "backend", "sync-status"),
    (0, "health"),
    (0, "ping", "--json"),
]
WITHOUT_A_SERVER = [
    (0, "--help"),
    (0, "--version"),
    (2,),
    (2, "fly"),
    (2, "write"),
    (2, "ls", "--no-such-option"),
    (1, "--endpoint", "ipc:///nowhere/socket", "ls"),
    (1, "--endpoint", "ipc:///nowhere/socket", "put", "source/f", A),
    (2, "--config", "nowhere.conf", "ls"),
]
SERVER = [
    (0, "--help"),
    (0, "--version"),
    (2, "fly"),
    (2, "--no-such-option"),
    (2, "backup", "rename", "b1"),
    (1, "backup", "rename", "b9", "b8"),
    (1, "backup", "accept", "b9"),
    (0, "backup", "accept", "b1"),
    (0, "doctor"),
    (0, "doctor", "--json"),
    (2, "doctor", "twice"),
    (2, "--config", "nowhere.conf"),
    (1, "--config", "nowhere.conf", "doctor"),
]


def ask(place, commands, name="knarr"):
    wrong = []
    for code, *words in commands:
        done = place.run(*words, name=name)
        if done.returncode != code:
            wrong.append("%s %s: exit status %d, not %d: %s" % (
                name, " ".join(words), done.returncode, code, done.stderr.decode()[-3000:]))
    assert not wrong, "\n".join(wrong)


def prepare(place):
    place.configure()
    os.mkdir(place.path("source"))
    for name in ("f", "g"):
        with open(place.path("source", name), "w") as file:
            file.write("hello\nWorld\n")


def serving(place):
    prepare(place)
    place.start()
    for commands in (FILES, TRANSFERS, LISTS, NAMES, REPLICATION):
        ask(place, commands)
    ask(place, [(0, "doctor")])
    same(place.stop(), 0)


def alone(place):
    prepare(place)
    ask(place, WITHOUT_A_SERVER)


def server_words(place):
    prepare(place)
    place.start()
    same(place.stop(), 0)
    ask(place, SERVER, "knarrd")


def server_is_killed(place):
    """Also a start that has something to do again, and a server with clients that hang on."""
    prepare(place)
    place.start()
    for i in range(20):
        place.write("viking://resources/f%d" % i, "x" * 1000 * i)
    place.stop(signal.SIGKILL)
    place.start()
    client = place.begin("sync", "wait", "999999")
    client.stdout.close()
    has(place.knarr("read", "viking://resources/f9"), "xxx")
    same(place.stop(), 0)


stories = [
    ("every command ends as it should, well or not", serving),
    ("commands that find no server end, too", alone),
    ("every command of the server ends as it should", server_words),
    ("a server that recovered, and has clients, ends well", server_is_killed),
]

if __name__ == "__main__":
    main(stories)

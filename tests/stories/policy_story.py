#!/usr/bin/python3
"""What backups exclude: matching, the life of an excluded file, and what is told of it."""

import json
import os
import signal

from support import backup, content_of, flaky, has, main, same, tree, until

MIB = 1 << 20
ROOT = "viking://resources/"


def extensions(*patterns):
    return {"type": "FileExtensionPolicy", "extensions": list(patterns)}


def over_size(mib):
    return {"type": "FileOverSizePolicy", "max_size_mb": mib}


def excluding(place, *rules, control=None, **more):
    """Backup "all" gets everything, "some" all but what the rules take."""
    some = backup("some", place.path("some")) if control is None else \
        flaky("some", place.path("some"), place.say("control", control))
    some["excludes"] = list(rules)
    place.configure([backup("all", place.path("all")), some], **more)


def put(place, uri, size, letter="x", *more):
    place.knarr("write", ROOT + uri, "-", "--wait", *more, stdin=letter.encode() * size)


def names(place, name="some"):
    return sorted(path.decode() for path in tree(place.path(name, "default/resources")))


def everything(place):
    place.in_sync()
    same(tree(place.path("all/default/resources")),
         tree(place.path("data/viking/default/resources")))


def excluded(place, uri):
    """{backup: rule} of one path that excludes it."""
    entry = place.entries(ROOT + uri)[0]
    assert not {t["name"] for t in entry["targets"]} & {e["name"] for e in entry["excluded"]}
    return {e["name"]: e["rule"] for e in entry["excluded"]}


# ---- matching -----------------------------------------------------------------------------------


def whole_extension(place):
    excluding(place, extensions("(pdf|ppt|zip)"))
    place.start()
    for uri in ("report.PDF", "a.zip", "deck.Ppt", "x.zip/inside.txt", "pdf-notes.txt",
                "zipper.md", "zip", "a.zip.txt", "x.zip/b.zip"):
        put(place, uri, 3)
    place.knarr("mkdir", ROOT + "empty.zip")
    everything(place)
    same(names(place), ["a.zip.txt", "empty.zip", "pdf-notes.txt", "x.zip", "x.zip/inside.txt",
                        "zip", "zipper.md"])
    same(excluded(place, "report.PDF"),
         {"some": "excludes[0]: FileExtensionPolicy '(pdf|ppt|zip)'"})


def strictly_larger(place):
    excluding(place, over_size(1), extensions("(mp4|zip)"))
    place.start()
    put(place, "just", MIB)
    put(place, "over", MIB + 1)
    put(place, "both.zip", MIB + 1)
    put(place, "small.zip", 1)
    everything(place)
    same(names(place), ["just"])
    same(excluded(place, "over"), {"some": "excludes[0]: FileOverSizePolicy 1 MiB"})
    same(excluded(place, "both.zip"), {"some": "excludes[0]: FileOverSizePolicy 1 MiB"})
    same(excluded(place, "small.zip"), {"some": "excludes[1]: FileExtensionPolicy '(mp4|zip)'"})
    same(excluded(place, "just"), {})


def refused_configurations(place):
    def said(*words, agfs=None, rules=()):
        place.configure([dict(backup("b1", place.path("b1")), excludes=list(rules))], agfs=agfs)
        has(place.run(name="knarrd").stderr.decode(), *words)

    said("the pattern '(pdf|zip' at byte 1", "is not closed", rules=[extensions("(pdf|zip")])
    said("the pattern '.*' at byte 1", "is any character", rules=[extensions(".*")])
    said("must not contain target", rules=[dict(over_size(1), target=["b1"])])
    redirect = [dict(extensions("(pdf|zip)"), target=["b1"])]
    said("redirects[0].target[0]", "x.zip", "'b1', which excludes it: see line",
         "storage.agfs.backups.items[0].excludes[1]", agfs={"redirects": redirect},
         rules=[extensions("mp4"), extensions("(mp4|ZIP)")])
    said("redirect target 'b2' not found", agfs={"redirects": [dict(over_size(1), target=["b2"])]})
    said("redirects are not supported yet", agfs={"redirects": redirect})


# ---- a life ---------------------------------------------------------------------------------------


def growing_and_shrinking(place):
    """By append, at an offset, by truncate and by rewriting; small and large ones."""
    excluding(place, over_size(1))
    place.start()
    put(place, "f", MIB)
    same(names(place), ["f"])
    put(place, "f", 1, "y", "--mode", "append")
    everything(place)
    same(names(place), [])
    place.knarr("truncate", ROOT + "f", "7", "--wait")
    same(content_of(place.path("some/default/resources/f")), b"x" * 7)
    put(place, "f", MIB, "z", "--offset", "7")
    everything(place)
    same(names(place), [])
    put(place, "f", 5, "w")
    same(content_of(place.path("some/default/resources/f")), b"wwwww")
    place.knarr("truncate", ROOT + "f", str(MIB + 1), "--wait")
    everything(place)
    same(names(place), [])
    same(excluded(place, "f"), {"some": "excludes[0]: FileOverSizePolicy 1 MiB"})
    place.knarr("rm", ROOT + "f", "--wait")
    put(place, "f", 1)
    everything(place)
    same(names(place), ["f"])


def renamed_across(place):
    excluding(place, extensions("zip"), over_size(1))
    place.start()
    put(place, "a.txt", 3)
    place.knarr("mv", ROOT + "a.txt", ROOT + "a.zip", "--wait")
    everything(place)
    same(names(place), [])
    place.knarr("mv", ROOT + "a.zip", ROOT + "b.ZIP", "--wait")
    place.knarr("chmod", "600", ROOT + "b.ZIP", "--wait")
    place.knarr("mv", ROOT + "b.ZIP", ROOT + "b.txt", "--wait")
    same(content_of(place.path("some/default/resources/b.txt")), b"xxx")
    same(os.stat(place.path("some/default/resources/b.txt")).st_mode & 0o777, 0o600)
    # Over another file, in both directions.
    put(place, "c.zip", 4, "c")
    place.knarr("mv", ROOT + "c.zip", ROOT + "b.txt", "--wait")
    same(content_of(place.path("some/default/resources/b.txt")), b"cccc")
    put(place, "large", MIB + 1)
    place.knarr("mv", ROOT + "large", ROOT + "b.txt", "--wait")
    everything(place)
    same(names(place), [])
    same(excluded(place, "b.txt"), {"some": "excludes[1]: FileOverSizePolicy 1 MiB"})
    same(place.status("some")["failures"], 0)


def trees(place):
    """A directory moves with what the backup has of it, and goes as a whole."""
    excluding(place, extensions("zip"))
    place.start()
    for uri in ("d/a.txt", "d/b.zip", "d/e/c.zip", "d/e/d.txt", "d/only/z.zip"):
        put(place, uri, 3)
    everything(place)
    same(names(place), ["d", "d/a.txt", "d/e", "d/e/d.txt", "d/only"])
    place.knarr("mv", ROOT + "d", ROOT + "m.zip", "--wait")
    everything(place)
    same(names(place), ["m.zip", "m.zip/a.txt", "m.zip/e", "m.zip/e/d.txt", "m.zip/only"])
    same((excluded(place, "m.zip"), excluded(place, "m.zip/b.zip")),
         ({}, {"some": "excludes[0]: FileExtensionPolicy 'zip'"}))
    place.knarr("chmod", "700", ROOT + "m.zip", "--wait")
    same(excluded(place, "m.zip"), {})
    place.knarr("mv", ROOT + "m.zip/e/c.zip", ROOT + "m.zip/only/c.txt", "--wait")
    everything(place)
    has(" ".join(names(place)), "m.zip/only/c.txt")
    place.knarr("rm", "-r", ROOT + "m.zip", "--wait")
    everything(place)
    same(names(place), [])
    same(place.status("some")["failures"], 0)


def while_away(place):
    """What crosses the limits while a backup is down, or the server is killed, arrives the same."""
    excluding(place, extensions("zip"), over_size(1), control="")
    place.start()
    for uri, size in (("grows", 1), ("shrinks", MIB + 1), ("in.txt", 1), ("out.zip", 1),
                      ("d/e/x.txt", 1), ("gone.zip", 1)):
        put(place, uri, size)
    place.in_sync()
    place.say("control", "change down")
    place.knarr("truncate", ROOT + "grows", str(2 * MIB))
    place.knarr("truncate", ROOT + "shrinks", "5")
    place.knarr("mv", ROOT + "in.txt", ROOT + "in.zip")
    place.knarr("mv", ROOT + "out.zip", ROOT + "out.txt")
    place.knarr("mv", ROOT + "d/e/x.txt", ROOT + "d/e/x.zip")
    place.knarr("mv", ROOT + "d", ROOT + "f")
    place.knarr("rm", ROOT + "gone.zip")
    same(place.entries(ROOT + "grows")[0]["excluded"][0]["in_sync"], False)
    has(place.knarr("sync", "status", ROOT + "grows"),
        "some: excluded, still to be removed by excludes[1]: FileOverSizePolicy 1 MiB")
    place.stop(signal.SIGKILL)
    place.start()
    place.say("control", "")
    everything(place)
    same(names(place), ["f", "f/e", "out.txt", "shrinks"])
    same(place.entries(ROOT + "grows")[0]["excluded"][0]["in_sync"], True)
    has(place.knarr("sync", "status", ROOT + "grows"), "some: excluded by excludes[1]")


def killed_at_once(place):
    """No crash brings an excluded file to a backup, or leaves one that grew."""
    excluding(place, over_size(1), control="")
    place.start()
    put(place, "f", 1)
    place.say("control", "change down")
    for size in (MIB + 1, 2, MIB + 2):
        place.knarr("truncate", ROOT + "f", str(size))
        place.stop(signal.SIGKILL)
        place.start()
    place.write(ROOT + "new.txt", "new")
    place.stop(signal.SIGKILL)
    place.say("control", "")
    place.start()
    everything(place)
    same(names(place), ["new.txt"])


def other_policies(place):
    """Existing files keep their place until they are changed; a comparison settles all."""
    excluding(place)
    place.start()
    for name in ("keep.zip", "rewrite.zip", "remove.zip", "a.txt"):
        put(place, name, 3)
    same(place.stop(), 0)
    excluding(place, extensions("zip"))
    place.start()
    same(names(place), ["a.txt", "keep.zip", "remove.zip", "rewrite.zip"])
    put(place, "rewrite.zip", 4)
    place.knarr("rm", ROOT + "remove.zip", "--wait")
    everything(place)
    same(names(place), ["a.txt", "keep.zip"])
    same(place.stop(), 0)
    # And what was excluded comes when it is changed, whatever the change is.
    excluding(place)
    place.start()
    same(names(place), ["a.txt", "keep.zip"])
    place.knarr("chmod", "600", ROOT + "rewrite.zip", "--wait")
    everything(place)
    same(content_of(place.path("some/default/resources/rewrite.zip")), b"xxxx")


def refilled(place):
    """A memory backup is filled with what it shall have, and has nothing else."""
    cache = {"name": "cache", "backend": "memory", "memory": {}, "excludes": [extensions("zip"),
                                                                            over_size(1)]}
    place.configure([cache])
    place.start()
    for i in range(5):
        put(place, "f%d.txt" % i, 3)
        put(place, "f%d.zip" % i, 3)
    put(place, "large", MIB + 1)
    same(place.stop(), 0)
    place.start()
    place.in_sync()
    until(lambda: place.status("cache")["state"] == "idle", "idle")
    # The root, its directories, and five files: nothing was fetched to be thrown away.
    status = place.status("cache")
    assert 5 <= status["applied"] <= 9, status
    same(status["failures"], 0)


# ---- who counts -------------------------------------------------------------------------------------


def who_acknowledges(place):
    """Only who gets a file is waited for: also if those that do not are down."""
    excluding(place, extensions("zip"), control="", sync_type="sync", write_ack_count=2,
              write_ack_timeout_ms=20000)
    place.start()
    put(place, "a.txt", 1)
    place.say("control", "change down")
    answer = json.loads(place.write(ROOT + "a.zip", "x", "--json"))
    same((answer["required"], answer["acked"]), (1, 1))
    same([(c["name"], c["state"]) for c in answer["backups"]],
         [("all", "acked"), ("some", "excluded")])
    same(answer["backups"][1]["reason"], "excludes[0]: FileExtensionPolicy 'zip'")
    place.write(ROOT + "a.zip", "again", "--wait")
    place.knarr("rm", ROOT + "a.zip", "--wait")
    has(place.refused("write", ROOT + "b.txt", "--content", "x", "--timeout", "0.3"),
        "1/2 backups succeeded (required 2)")


def nobody_gets_it(place):
    """A copy that is asked for and that no policy allows is missed; --wait waits for none."""
    place.configure([dict(backup("b1", place.path("b1")), excludes=[extensions("zip")])],
                    sync_type="sync", write_ack_count=1)
    place.start()
    has(place.refused("write", ROOT + "a.zip", "--content", "x"),
        "sync write quorum failed: 0/0 backups succeeded (required 1)",
        "the primary has the change as seq", "b1: excluded: excludes[0]")
    same(place.knarr("read", ROOT + "a.zip"), "x")
    place.write(ROOT + "a.zip", "y", "--wait")
    place.write(ROOT + "a.txt", "y")


def counted(place):
    excluding(place, extensions("zip"))
    place.start()
    put(place, "f.txt", 1)
    for i in range(3):
        put(place, "f%d.zip" % i, 1)
    same((place.status("some")["excluded"], place.status("all")["excluded"]), (3, 0))
    # Where nothing was, nothing is compared: the backup hears of one file only.
    same((place.status("some")["applied"], place.status("all")["applied"]), (1, 4))


def explained(place):
    """Before it is written, as it is, and for a size that it might have."""
    reads = backup("reads", place.path("reads"), operations=[{"operation": "read", "priority": 1}])
    place.configure([backup("all", place.path("all")),
                     dict(backup("some", place.path("some")),
                          excludes=[extensions("zip"), over_size(1)]), reads],
                    sync_type="sync", write_ack_count=2, write_ack_timeout_ms=5000)
    place.start()

    def explain(uri, *more):
        return json.loads(place.knarr("explain", ROOT + uri, *more, "--json"))

    found = explain("a.txt")
    same(found["backups"], [{"name": "all", "gets": True}, {"name": "some", "gets": True},
                            {"name": "reads", "gets": False}])
    same((found["exists"], found["size"], found["read"]), (False, 0, "reads, primary"))
    same(found["sync"], {"required": 2, "timeout_ms": 5000})
    found = explain("a.txt", "--size", str(MIB + 1))
    same(found["backups"][1], {"name": "some", "gets": False,
                               "rule": "excludes[1]: FileOverSizePolicy 1 MiB"})
    same(found["sync"]["required"], 1)
    put(place, "a.zip", 3)
    found = explain("a.zip")
    same((found["exists"], found["size"], found["path"]), (True, 3, "/default/resources/a.zip"))
    has(place.knarr("explain", ROOT + "a.zip"), "some  excluded by excludes[0]",
        "all  gets it", "reads  receives no writes", "waits for 1", "read      reads, primary")
    place.knarr("mkdir", ROOT + "d.zip")
    same([b["gets"] for b in explain("d.zip")["backups"]], [True, True, False])
    has(place.knarr("explain", ROOT + "d.zip"), "a directory")
    has(place.refused("explain", ROOT + ".redirect.json"), "PERMISSION_DENIED")
    place.refused("explain", ROOT + "a.txt", "--size", "many", code=2)


stories = [
    ("a pattern takes a whole extension, in either case, and no directory", whole_extension),
    ("a size is strictly greater, and the first rule decides", strictly_larger),
    ("contradictions and bad patterns are refused with their places", refused_configurations),
    ("a file that grows leaves, and one that shrinks arrives whole", growing_and_shrinking),
    ("a file is renamed across a policy, both ways", renamed_across),
    ("a directory moves and goes with what the backup has of it", trees),
    ("what crosses while a backup is away ends the same", while_away),
    ("no kill brings an excluded file, or leaves one", killed_at_once),
    ("what was written under other policies stays until it is changed", other_policies),
    ("a memory backup is filled with what it shall have", refilled),
    ("only backups that get a file acknowledge it", who_acknowledges),
    ("a copy that no backup may have is missed", nobody_gets_it),
    ("exclusions are counted", counted),
    ("who would get a file is explained before it is written", explained),
]

if __name__ == "__main__":
    main(stories)

"""C1: how often a body is copied in user space for one more backup; see bench/copies.h."""

import os

from suite.pairs import Row
from suite.server import Server

KIB = 1024
COUNTS = {KIB: 2000, 64 * KIB: 400, 1024 * KIB: 60}  # of bodies of each size
BACKUPS = 8
RUNS = 3


def copied(bench):
    for size, count in COUNTS.items():
        none = [bytes_copied(bench, 0, size, count) / (size * count) for _ in range(RUNS)]
        many = [bytes_copied(bench, BACKUPS, size, count) / (size * count) for _ in range(RUNS)]
        more = [(a - b) / BACKUPS for a, b in zip(many, none)]
        yield Row('C1', f'copies of a {size // KIB:,} KiB body in user space, N = {BACKUPS} less '
                  'those for none, per backup', more, 0, at_most=True, ours=max(many),
                  base=max(none))


def bytes_copied(bench, backups, size, count):
    place = bench.image.directory(bench.unique('copies'))
    told = os.path.join(place, 'copied')
    counting = {'LD_PRELOAD': os.path.join(bench.programs.build, 'bench', 'libcopies.so'),
                'KNARR_COPIES': told}
    with Server(bench.programs, place, backups=backups, environment=counting) as server:
        server.load('write', 'new', count=count, size=size, marks='yes',
                    drains='yes' if backups else 'no')
    with open(told) as counted:
        return int(counted.read())

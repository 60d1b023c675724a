"""W9: larger files, up to one that is streamed."""

import os
import time

from suite.pairs import Row, interleave, number, row
from suite.place import call
from suite.server import Server
from suite.writes import against_classic

rate = number('rate')
GIB = 1 << 30
ROUNDS = 5  # of several seconds for each side


def w9(bench):
    results = against_classic(bench, backups=1, threads=1, size=65536)
    yield row('W9', '64 KiB, 1 client ÷ D1 of that size', results, rate, 1.3)
    results = against_classic(bench, backups=1, threads=1, size=1 << 20)
    yield row('W9', '1 MiB, 1 client, N = 1 ÷ D1/2', results, number('drained_rate'), 1.2, to=rate,
              scale=1 / 2)
    yield from streamed(bench)


def streamed(bench):
    """1 GiB put through the command line, drained, against two copies each synced."""
    place = bench.image.directory(bench.unique('stream'))
    source = os.path.join(place, 'source')
    call('dd', 'if=/dev/urandom', 'of=' + source, 'bs=1M', f'count={GIB >> 20}', 'status=none')
    with Server(bench.programs, place) as server:
        server.load('write', 'new', seconds=0.5, drains='yes')
        server.forget_peak()
        before = server.memory('VmHWM')

        # The same two names again and again, on both sides: 1 GiB each time fills any image.
        def put(_):
            start = time.monotonic()
            server.knarr('put', source, 'viking://resources/large.bin')
            server.drain()
            return {'rate': GIB / (time.monotonic() - start) / 1e6}

        def copy(_):
            start = time.monotonic()
            for name in 'copy-1', 'copy-2':
                call('cp', source, os.path.join(place, name))
                call('sync', os.path.join(place, name))
            return {'rate': GIB / (time.monotonic() - start) / 1e6}
        results = interleave(bench.rounds(ROUNDS), bench.image.settle, put, copy)
        grown = (server.memory('VmHWM') - before) / (1 << 20)
    yield row('W9', '1 GiB streamed, N = 1, MB/s ÷ cp + fsync, twice', results, rate, 0.9)
    yield Row('W9', 'growth of the server’s RSS meanwhile, MiB', [grown], 16, at_most=True,
              unit=' MiB')

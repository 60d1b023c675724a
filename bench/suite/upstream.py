"""W8: against an emulation of OpenViking's I/O pattern, which never syncs."""

from suite.pairs import interleave, number, row
from suite.server import Server

rate = number('rate')
TARGETS = {10: (0.5, 2), 1_000: (4, 15), 10_000: (40, 150), 100_000: (600, 2_000)}


def w8(bench):
    for durability, column in ('power', 0), ('process', 1):
        for files, targets in TARGETS.items():
            yield against(bench, files, durability, targets[column])


def against(bench, files, durability, target):
    place = bench.image.directory(bench.unique('knarr'))
    up = bench.image.directory(bench.unique('up'))
    with Server(bench.programs, place, knarr={'durability': durability}) as server:
        server.load('fill', 'new', threads=32, count=files, drains='yes')
        results = interleave(
            bench.pairs, bench.image.settle,
            lambda i: server.load('write', 'new', tag=i, seconds=bench.seconds, drains='yes'),
            lambda i: bench.programs.baseline('upstream', place=up, files=files, tag=i,
                                              seconds=bench.seconds))
    said = 'durable' if durability == 'power' else 'without fsync'
    return row('W8', f'directory of {files:,}, ours {said} ÷ an emulation of OpenViking’s I/O '
               'without fsync', results, rate, target)

"""J1: the journal by itself, against the least a log can cost; and a restart."""

from suite.pairs import Row, interleave, number, row
from suite.server import Server

RESTARTS = 5


def j1(bench):
    for batch, target in (1, 0.85), (64, 0.6):
        place = bench.image.directory(bench.unique('journal'))
        results = interleave(
            bench.pairs, bench.image.settle,
            lambda i: bench.programs.journal('append', place=place, size=128, batch=batch, tag=i,
                                             seconds=bench.seconds),
            lambda i: bench.programs.baseline('append', place=place, size=128, batch=batch,
                                              seconds=bench.seconds))
        yield row('J1', f'append 128 B, batch {batch} ÷ pwrite + fdatasync', results,
                  number('records'), target)
    place = bench.image.directory(bench.unique('replay'))
    records = bench.many(1_000_000)
    rates = [bench.programs.journal('replay', place=place, size=128, files=records,
                                    tag=i)['rate'] for i in range(RESTARTS)]
    yield Row('J1', f'records read back per second, of {records:,}', rates, 1_000_000, unit='/s')
    yield Row('J1', f'kill -9 after {records:,} writes, seconds from start to serving',
              restarts(bench, records), 3, at_most=True, unit=' s')


def restarts(bench, records):
    """kill -9 at the end of many writes, as far from the last checkpoint as chance has it."""
    place = bench.image.directory(bench.unique('restart'))
    longest = {'checkpoint_interval_ms': 3_600_000}
    with Server(bench.programs, place, knarr=longest) as server:
        server.load('fill', 'many', threads=32, size=1, count=records)
        server.kill()
    seconds = []
    for i in range(RESTARTS):
        with Server(bench.programs, place, knarr=longest) as server:
            seconds.append(server.start_seconds)
            # The next start is not to find that this one has just made a checkpoint.
            server.load('fill', f'more-{i}', threads=32, size=1,
                        count=bench.many(40_000) + i * 5_000)
            server.kill()
    return seconds

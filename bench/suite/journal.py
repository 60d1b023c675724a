"""J1: the journal by itself, against the least a log can cost; and a restart."""

from suite.pairs import Row, interleave, number, row
from suite.server import Server


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
    rates = [bench.programs.journal('replay', place=place, size=128, files=1_000_000,
                                    tag=i)['rate'] for i in range(3)]
    yield Row('J1', 'records read back per second', rates, 1_000_000, unit='/s')
    yield Row('J1', 'seconds from start to serving, 1,000,000 records', restarts(bench), 3,
              at_most=True, unit=' s')


def restarts(bench):
    """kill -9 after a million writes that no checkpoint has let go, and start again."""
    place = bench.image.directory(bench.unique('restart'))
    longest = {'checkpoint_interval_ms': 3_600_000}
    seconds = []
    with Server(bench.programs, place, knarr=longest) as server:
        server.load('fill', 'many', threads=32, size=1, count=1_000_000)
        server.process.kill()
        server.process.wait()
    for _ in range(3):
        with Server(bench.programs, place, knarr=longest) as server:
            seconds.append(server.start_seconds)
            server.process.kill()
            server.process.wait()
    return seconds

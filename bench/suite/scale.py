"""W6 and W7: what does not depend on a sick backup, on the past, or on a backlog."""

from suite.pairs import Row, interleave, number, row
from suite.place import Image
from suite.server import Server

rate, p99 = number('rate'), number('p99_us')


def w6(bench):
    """One side with a backup whose file system is full, the other with both healthy."""
    with Image(bench.directory, 'full', gigabytes=1, inodes=100_000) as full:
        sick_place = bench.image.directory(bench.unique('sick'))
        well_place = bench.image.directory(bench.unique('well'))
        sick_backups = [sick_place + '/backup-0', full.directory('backup-1')]
        with Server(bench.programs, sick_place, backups=sick_backups) as sick, \
                Server(bench.programs, well_place, backups=2) as well:
            sick.load('write', 'new', seconds=0.1, tag='first', drains='yes')
            full.fill()
            for threads in 1, 32:
                results = interleave(
                    bench.pairs, bench.image.settle,
                    lambda i: sick.load('write', 'new', threads=threads, seconds=bench.seconds,
                                        tag=f'{threads}-{i}'),
                    lambda i: well.load('write', 'new', threads=threads, seconds=bench.seconds,
                                        tag=f'{threads}-{i}'))
                clients = f'async, 1 of 2 backups full, {threads} clients'
                yield row('W6', clients + ', rate ÷ both healthy', results, rate, 0.9)
                yield row('W6', clients + ', p99 ÷ both healthy', results, p99, 1.1, at_most=True)


def w7(bench):
    yield from directories(bench, bench.many(500_000))
    yield from backlog(bench, bench.many(1_000_000))


def directories(bench, files):
    place = bench.image.directory(bench.unique('flat'))
    with Server(bench.programs, place) as server:
        server.load('fill', 'small', count=10)
        server.load('fill', 'large', threads=32, count=files, drains='yes')

        def into(uri):
            return lambda i: server.load('write', uri, threads=1, count=1000, tag=i, drains='yes')
        # A fresh small directory for each run: 1,000 writes would make it large.
        results = interleave(bench.pairs, bench.image.settle, into('large'),
                             lambda i: into(f'small-{i}')(i))
        yield row('W7', f'rate in a directory of {files:,} files ÷ of few', results, rate, 0.87)


def backlog(bench, paths):
    with Image(bench.directory, 'dead', gigabytes=1, inodes=100_000) as dead:
        behind_place = bench.image.directory(bench.unique('behind'))
        fresh_place = bench.image.directory(bench.unique('fresh'))
        with Server(bench.programs, behind_place, backups=[dead.directory('behind')]) as behind, \
                Server(bench.programs, fresh_place, backups=[dead.directory('fresh')]) as fresh:
            dead.fill()
            fresh.load('write', 'new', seconds=1, tag='first')
            behind.load('write', 'new', seconds=1, tag='first')
            before = behind.memory()
            behind.load('fill', 'pending', threads=32, count=paths)
            each = (behind.memory() - before) / paths
            results = interleave(
                bench.pairs, bench.image.settle,
                lambda i: behind.load('write', f'new-{i}', count=1000, tag=i),
                lambda i: fresh.load('write', f'new-{i}', count=1000, tag=i))
    yield row('W7', f'rate with {paths:,} pending on a dead backup ÷ hardly any', results, rate,
              0.85)
    yield Row('W7', 'memory per pending path, bytes', [each], 256, at_most=True, unit=' B')

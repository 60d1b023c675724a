"""W6 and W7: what does not depend on a sick backup, on the past, or on a backlog."""

from suite.pairs import Row, interleave, number, row
from suite.server import Server

rate, p99 = number('rate'), number('p99_us')


def w6(bench):
    """One side with a backup whose file system is full, the other with both healthy."""
    with bench.image_of('full', gigabytes=1, inodes=100_000) as full:
        sick_place = bench.image.directory(bench.unique('sick'))
        well_place = bench.image.directory(bench.unique('well'))
        sick_backups = [sick_place + '/backup-0', full.directory('backup-1')]
        with Server(bench.programs, sick_place, backups=sick_backups) as sick, \
                Server(bench.programs, well_place, backups=2) as well:
            sick.load('write', 'new', seconds=0.1, tag='first', drains='yes')
            full.fill()
            for threads in 1, 32:
                def write(server, *healthy):
                    def side(i):
                        done = server.load('write', 'new', threads=threads, seconds=bench.seconds,
                                           tag=f'{threads}-{i}')
                        # What is on its way still is not the other side's burden.
                        server.drain(*healthy)
                        return done
                    return side
                results = interleave(bench.pairs, bench.image.settle, write(sick, 'backup-0'),
                                     write(well))
                clients = f'async, 1 of 2 backups full, {threads} client{"s" * (threads > 1)}'
                yield row('W6', clients + ', rate ÷ both healthy', results, rate, 0.9)
                yield row('W6', clients + ', p99 ÷ both healthy', results, p99, 1.1, at_most=True)


def w7(bench):
    yield from directories(bench, bench.many(500_000))
    yield from backlog(bench, bench.many(1_000_000))


def directories(bench, files):
    place = bench.image.directory(bench.unique('flat'))
    with Server(bench.programs, place) as server:
        server.load('fill', 'large', threads=32, count=files, drains='yes')

        def into(uri):
            return lambda i: server.load('write', uri, threads=1, count=1000, tag=i, drains='yes')

        def small(i):
            # A fresh one for each run: 1,000 writes have made the last one large.
            server.load('fill', f'small-{i}', count=10, drains='yes')
            return into(f'small-{i}')(i)
        results = interleave(bench.pairs, bench.image.settle, into('large'), small)
        yield row('W7', f'1,000 new files in a directory of {files:,} ÷ of 10', results, rate, 0.87)


def backlog(bench, paths):
    with bench.image_of('dead', gigabytes=1, inodes=100_000) as dead:
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
            yield row('W7', f'rate with {paths:,} paths pending on a dead backup ÷ hardly any',
                      results, rate, 0.85)
            yield Row('W7', 'memory per pending path, bytes', [each], 256, at_most=True, unit=' B')
            behind.kill()
        with Server(bench.programs, behind_place, backups=[dead.path + '/behind']) as behind:
            yield Row('W7', 'that server killed: seconds from start to serving',
                      [behind.start_seconds], 3, at_most=True, unit=' s')

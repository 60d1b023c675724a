"""R1: a read through the server, against the file opened directly plus a bare round trip."""

from suite.pairs import Row, quantile
from suite.server import Server

FILES = {1024: 1000, 1 << 20: 64}


def r1(bench):
    place = bench.image.directory(bench.unique('reads'))
    with Server(bench.programs, place) as server:
        for size, files in FILES.items():
            server.load('fill', f'of{size}', size=size, count=files, threads=4, drains='yes')
            for threads in 1, 32:
                yield measured(bench, server, size, files, threads)


def measured(bench, server, size, files, threads):
    directory = server.find(f'of{size}')
    options = {'size': size, 'threads': threads, 'seconds': bench.seconds}
    ratios, ours, bases = [], [], []
    for i in range(bench.pairs + 1):
        read = 1 / server.load('read', f'of{size}', files=files, **options)['rate']
        direct = 1 / bench.programs.baseline('reads', place=directory, files=files,
                                             **options)['rate']
        trip = 1 / bench.programs.baseline('roundtrip', endpoint=f'ipc://{bench.image.path}/trip',
                                           **options)['rate']
        if i > 0:
            ratios.append(read / (direct + trip))
            ours.append(read * 1e6)
            bases.append((direct + trip) * 1e6)
    name = '1 KiB' if size == 1024 else '1 MiB'
    return Row('R1', f'read {name}, {threads} client{"s" if threads > 1 else ""}, time ÷ '
               '(open + pread + close, plus a bare round trip)', ratios, 1.3, at_most=True,
               ours=quantile(ours, 0.5), base=quantile(bases, 0.5))

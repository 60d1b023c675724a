"""W1 to W5: small files, written and replicated, against the classic durable write."""

import os

from suite.pairs import interleave, number, row
from suite.server import Server

rate, p50, p99 = number('rate'), number('p50_us'), number('p99_us')
drained = number('drained_rate')


def classic(bench, threads=1, copies=1, size=1024):
    """D1, or D16: temp + fdatasync + rename + directory fsync."""
    place = bench.image.directory(bench.unique('classic'))
    return lambda i: bench.programs.baseline(
        'files', place=place, threads=threads, copies=copies, size=size, tag=i,
        seconds=bench.seconds)


def served(bench, server, threads=1, size=1024, **options):
    return lambda i: server.load('write', 'new', threads=threads, size=size, tag=i,
                                 seconds=bench.seconds, drains='yes', **options)


def against_classic(bench, backups, threads, base_threads=1, base_copies=1, size=1024, sync=None):
    place = bench.image.directory(bench.unique('knarr'))
    with Server(bench.programs, place, backups=backups, sync=sync) as server:
        return interleave(bench.pairs, bench.image.settle,
                          served(bench, server, threads=threads, size=size),
                          classic(bench, base_threads, base_copies, size))


def w1(bench):
    for backups, target in (1, 1.6), (2, 1.5), (8, 1.0):
        results = against_classic(bench, backups, threads=1)
        yield row('W1', f'1 client, N = {backups}, files/s ÷ D1', results, rate, target)


def w2(bench):
    for backups, target in (1, 1.4), (2, 1.0), (8, 0.45):
        results = against_classic(bench, backups, threads=32, base_threads=16)
        if backups == 1:
            yield row('W2', '32 clients, N = 1, acknowledged/s ÷ D16', results, rate, 1.7)
        yield row('W2', f'32 clients, N = {backups}, drained/s ÷ D16', results, drained, target,
                  to=rate)


def w3(bench):
    results = against_classic(bench, backups=1, threads=1)
    yield row('W3', '1 client, p50 ÷ D1', results, p50, 0.6, at_most=True)
    yield row('W3', '1 client, p99 ÷ D1', results, p99, 1.2, at_most=True)


def w4(bench):
    one = {'sync_type': 'sync', 'write_ack_count': 1}
    results = against_classic(bench, 1, threads=1, base_copies=2, sync=one)
    yield row('W4', 'sync, 1 of 1, 1 client ÷ two D1 in sequence', results, rate, 2.5)
    both = {'sync_type': 'sync', 'write_ack_count': 2}
    results = against_classic(bench, 2, threads=32, base_threads=16, sync=both)
    yield row('W4', 'sync, all of 2, 32 clients ÷ D16/3', results, rate, 2.0, scale=1 / 3)


def w5(bench):
    """Both sides acknowledge when two have it; ours has a third, which takes 500 ms for each."""
    sync = {'sync_type': 'sync', 'write_ack_count': 2}
    slow_place = bench.image.directory(bench.unique('slow'))
    well_place = bench.image.directory(bench.unique('well'))
    control = os.path.join(slow_place, 'control')
    with open(control, 'w') as out:
        out.write('put slow 500\n')
    with Server(bench.faulty, slow_place, backups=3, sync=sync, flaky=control) as slow, \
            Server(bench.faulty, well_place, backups=2, sync=sync) as well:
        for threads in 1, 16:
            options = {'threads': threads, 'seconds': bench.seconds}
            results = interleave(
                bench.pairs, bench.image.settle,
                lambda i: slow.load('write', 'new', tag=f'{threads}-{i}', **options),
                lambda i: well.load('write', 'new', tag=f'{threads}-{i}', **options))
            clients = f'{threads} client{"s" * (threads > 1)}'
            yield row('W5', f'sync, 2 of 3, one slowed to 500 ms, {clients}, p99 ÷ without the '
                      'slow one', results, p99, 1.15, at_most=True)
        with open(control, 'w'):
            pass  # healthy again, so that it can stop

"""L1: a backlog after an outage, and one file on its way, against today's tools."""

import os
import subprocess
import time

from suite.pairs import Row, interleave, number, row
from suite.place import call
from suite.server import Server

rate = number('rate')
ROUNDS = 3           # of a minute each
RSYNC_FILES = 5_000  # it needs a second for each 800


def l1(bench):
    with bench.image_of('drain', gigabytes=12, inodes=3_000_000) as target:
        place = bench.image.directory(bench.unique('drain'))
        with Server(bench.programs, place, backups=[target.directory('backup')],
                    knarr={'breaker_max_ms': 500}) as server:
            files = bench.many(100_000)
            few = min(files, RSYNC_FILES)
            results = interleave(bench.rounds(ROUNDS), target.settle,
                                 outage(server, target, files),
                                 copied(server, target, files, few))
            yield row('L1', f'{files:,} × 1 KiB of backlog, files/s ÷ cp -r + syncfs', results,
                      rate, 0.5)
            yield row('L1', f'the same ÷ rsync -a --fsync (of {few:,})', results, rate, 8,
                      to=number('rsync'))
            yield visible(bench, server, target)


def outage(server, target, files):
    """Fill the backup's file system, write, make room, and time until all is there."""
    def drain(i):
        target.fill()
        server.load('fill', f'batch-{i}', threads=32, count=files)
        target.settle()
        target.empty()
        start = time.monotonic()
        server.knarr('sync', 'retry')
        server.drain()
        return {'rate': files / (time.monotonic() - start)}
    return drain


def copied(server, target, files, few):
    """cp -r of what is there already, and rsync of a part of it."""
    def copy(i):
        source = server.find(f'batch-{i if os.path.isdir(server.find(f"batch-{i}")) else i - 1}')
        start = time.monotonic()
        call('cp', '-r', source, target.directory(f'cp-{i}'))
        target.settle()
        done = {'rate': files / (time.monotonic() - start)}
        return {**done, 'rsync': rsynced(source, target.directory(f'rsync-{i}'), few)}
    return copy


def rsynced(source, target, files):
    names = ''.join(f'{n}\n' for n in range(files))
    start = time.monotonic()
    subprocess.run(['rsync', '-a', '--fsync', '--files-from=-', source, target], input=names,
                   text=True, check=True)
    return files / (time.monotonic() - start)


LSYNCD = '''settings {{ nodaemon = true, logfile = "{place}/log" }}
sync {{ default.rsync, source = "{place}/source", target = "{place}/target", delay = 0 }}
'''


def visible(bench, server, target):
    """One write until its file can be seen on the backup."""
    place = bench.image.directory(bench.unique('lsyncd'))
    os.makedirs(place + '/source')
    os.makedirs(place + '/target')
    with open(place + '/conf', 'w') as out:
        out.write(LSYNCD.format(place=place))
    server.load('fill', 'seen', count=1, drains='yes')
    watch = next(os.path.join(directory, 'seen')
                 for directory, names, _ in os.walk(target.path + '/backup') if 'seen' in names)
    lsyncd = subprocess.Popen(['lsyncd', place + '/conf'], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(2)
    try:
        ours, theirs = [], []
        for i in range(bench.pairs):
            ours.append(server.load('visible', 'seen', count=20, tag=i, watch=watch)['p50_us'])
            theirs.append(lsynced(place, i))
    finally:
        lsyncd.terminate()
        lsyncd.wait()
    return Row('L1', 'one write until visible, lsyncd without delay ÷ ours',
               [b / a for a, b in zip(ours, theirs)], 5, ours=sorted(ours)[len(ours) // 2],
               base=sorted(theirs)[len(theirs) // 2])


def lsynced(place, i):
    name = f'file-{i}'
    start = time.monotonic()
    with open(f'{place}/source/{name}', 'wb') as out:
        out.write(bytes(1024))
    while not os.path.exists(f'{place}/target/{name}'):
        if time.monotonic() > start + 30:
            raise RuntimeError('lsyncd does not copy')
    return (time.monotonic() - start) * 1e6
